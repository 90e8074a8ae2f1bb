"""One process to a run."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from heedful.checkpoint import RunLock
from heedful.errors import HeedfulError

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from heedful.checkpoint import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_held_once_and_let_go(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "mine"
    with RunLock(run):
        with pytest.raises(HeedfulError, match=f"{run}: process {os.getpid()} is writing into this run"), RunLock(run):
            pass
        with RunLock(tmp_path / "runs" / "other"):
            pass
    with RunLock(run):
        assert json.loads((run / ".lock").read_text())["pid"] == os.getpid()
    assert list(run.iterdir()) == []


def test_let_go_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), RunLock(tmp_path):
        raise KeyError
    with RunLock(tmp_path):
        pass


def test_another_process_and_its_death(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    holder = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(HeedfulError, match=re.escape(f"process {holder.pid} is writing")), RunLock(tmp_path):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()
    assert (tmp_path / ".lock").exists()
    with RunLock(tmp_path):
        assert json.loads((tmp_path / ".lock").read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "1", "start": 2}', '{"pid": -1, "start": 2}', "[" * 4000])
def test_a_lock_nobody_can_read(tmp_path: Path, content: str) -> None:
    (tmp_path / ".lock").write_text(content)
    with RunLock(tmp_path):
        pass


def test_a_folder_emptied_meanwhile(tmp_path: Path) -> None:
    with RunLock(tmp_path):
        (tmp_path / ".lock").unlink()
        (tmp_path / ".lock").write_text("somebody else's")
    assert (tmp_path / ".lock").exists()


def test_places_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for run in (tmp_path / "file", tmp_path / "file" / "run", Path("/proc/none")):
        with pytest.raises(HeedfulError, match=f"{run}: cannot be written"), RunLock(run):
            pass
    (tmp_path / ".lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HeedfulError, match="cannot be written"), RunLock(tmp_path):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_where_the_file_system_has_no_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", unsupported)
    with RunLock(tmp_path):
        record = json.loads((tmp_path / ".lock").read_text())
        with pytest.raises(HeedfulError, match=f"process {os.getpid()}"), RunLock(tmp_path):
            pass
    finished = subprocess.Popen([sys.executable, "-c", ""])
    finished.wait()
    for stale in ({**record, "pid": finished.pid}, {**record, "start": record["start"] - 1}):
        (tmp_path / ".lock").write_text(json.dumps(stale))
        with RunLock(tmp_path):
            assert json.loads((tmp_path / ".lock").read_text()) == record
