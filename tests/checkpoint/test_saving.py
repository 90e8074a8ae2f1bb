"""A model folder is there whole, or as it was before."""

import errno
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from heedful.checkpoint import LengthModel, TrainingState, load, save, write_beside
from heedful.errors import HeedfulError, ModelFolderError
from tests.checkpoint.folders import make

ROOT = Path(__file__).parents[2]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "model",
    [
        {"attention": "fixed", "cell": "gru"},
        {"attention": "bahdanau", "reach": "local-p"},
        {"attention": "first-layer", "num_layers": 2, "encoder_cell": "rnn"},
        {"attention": "luong", "input_feeding": True, "tie_embeddings": True, "embedding_size": 4},
    ],
)
def test_what_is_saved_is_loaded(tmp_path: Path, model: dict[str, Any]) -> None:
    saved = make(**model)
    save(saved, tmp_path / "model")
    loaded = load(tmp_path / "model", with_training=True)
    assert loaded.model == saved.model
    assert loaded.data == saved.data.model_copy(update={"train": None, "dev": None})
    assert (loaded.search, loaded.evaluation, loaded.lengths) == (saved.search, saved.evaluation, saved.lengths)
    assert loaded.source_vocabularies == saved.source_vocabularies
    assert loaded.target_vocabulary == saved.target_vocabulary
    assert loaded.metrics == saved.metrics
    assert loaded.weights.keys() == saved.weights.keys()
    assert all(torch.equal(tensor, saved.weights[name]) for name, tensor in loaded.weights.items())
    assert loaded.training is not None
    assert saved.training is not None
    assert loaded.training.record == saved.training.record
    assert torch.equal(loaded.training.tensors["rng"], saved.training.tensors["rng"])
    assert loaded.update == 3


def test_training_state_is_left_out_unless_asked_for(folder: Path) -> None:
    assert load(folder).training is None


def test_nothing_says_where_the_data_lay(folder: Path) -> None:
    assert not [name for name, content in contents(folder).items() if b"secret" in content]


def test_two_saves_are_the_same_bytes(tmp_path: Path) -> None:
    one = make()
    other = replace(one, weights=dict(reversed(one.weights.items())))
    save(one, tmp_path / "one")
    save(other, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_loading_and_saving_leave_the_generator_alone(tmp_path: Path) -> None:
    model = make()
    before = torch.get_rng_state()
    save(model, tmp_path / "model")
    load(tmp_path / "model")
    assert torch.equal(torch.get_rng_state(), before)


def test_tensors_that_share_their_numbers_and_odd_layouts(tmp_path: Path) -> None:
    whole = torch.arange(12.0).reshape(3, 4)
    tensors = {"whole": whole, "part": whole[1:], "turned": whole.T, "none": torch.empty(0, 3)}
    save(replace(make(), training=TrainingState({"update": 1}, tensors)), tmp_path / "model")
    training = load(tmp_path / "model", with_training=True).training
    assert training is not None
    assert all(torch.equal(training.tensors[name], tensor) for name, tensor in tensors.items())


def test_the_card_says_what_it_is(folder: Path) -> None:
    card = (folder / "README.md").read_text(encoding="utf-8")
    for part in (
        "lstm",
        "luong (general, global)",
        "tags split by ';', 2 of them known",
        "accuracy | 93.21 (90 to 95.5)",
        "bleu | 31.5 |",
    ):
        assert part in card


def test_saving_again_replaces_and_leaves_nothing_beside(folder: Path) -> None:
    save(make(4), folder)
    assert load(folder).update == 4
    assert [path.name for path in folder.parent.iterdir()] == ["best"]


def test_a_damaged_model_is_replaced(folder: Path) -> None:
    (folder / "weights.safetensors").write_bytes(b"")
    (folder / "manifest.json").unlink()
    save(make(4), folder)
    assert load(folder).update == 4


@pytest.mark.parametrize("name", ["thesis.txt", "manifest.json"])
def test_no_folder_but_a_models_is_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text('{"name": "a web page", "short_name": "page"}')
    (tmp_path / "mine" / "index.html").write_text("")
    with pytest.raises(HeedfulError, match="mine: is there already and is not a model folder"):
        save(make(), tmp_path / "mine")
    assert (tmp_path / "mine" / name).exists()


def test_no_link_and_no_file_is_replaced(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "file").write_text("")
    for name in ("link", "file"):
        with pytest.raises(HeedfulError, match=f"{name}: is there already"):
            save(make(4), tmp_path / name)
    assert load(folder).update == 3


def test_stale_folders_are_cleared_and_living_ones_are_not(folder: Path) -> None:
    finished = subprocess.Popen([sys.executable, "-c", ""])
    finished.wait()
    stale = [folder.parent / f".best.tmp-{pid}-0123abcd" for pid in (finished.pid, os.getpid())]
    living = folder.parent / f".best.tmp-{os.getppid()}-0123abcd"
    other = folder.parent / ".last.tmp-x"
    for path in (*stale, living, other):
        path.mkdir()
        (path / "weights.safetensors").write_text("")
    save(make(4), folder)
    assert not any(path.exists() for path in stale)
    assert living.exists()
    assert other.exists()


@pytest.mark.parametrize("step", ["mkdir", "open", "write", "fsync", "rename"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_refuses_leaves_what_was_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    take = os.open

    def refuse(*arguments: Any, **options: Any) -> int:
        if step == "open" and not arguments[1] & os.O_CREAT:  # reading and removing go on
            return take(*arguments, **options)
        raise OSError(number, os.strerror(number))

    before = contents(folder)
    model = make(4)
    with monkeypatch.context() as patch:
        if step == "write":
            patch.setattr("heedful.checkpoint.writing.memoryview", refuse, raising=False)
        else:
            patch.setattr(os, step, refuse)
        with pytest.raises(HeedfulError) as caught:
            save(model, folder)
    assert contents(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["best"]
    assert "\n" not in str(caught.value)
    expected = r"best: the disk is full: [\d,]+ bytes needed, [\d,]+ free" if number == errno.ENOSPC else "read-only"
    assert re.search(expected, str(caught.value))
    assert type(caught.value).exit_code == 1


FULL = """
import os
from pathlib import Path
from heedful.checkpoint import load, save
from heedful.errors import HeedfulError
from tests.checkpoint.folders import make
best = Path("run/best")
save(make(3), best)
Path("filler").write_bytes(b"x" * (os.statvfs(".").f_bavail * os.statvfs(".").f_frsize - 4096))
try:
    save(make(4), best)
except HeedfulError as error:
    print(load(best).update, os.listdir("run"), error)
"""


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """In a file system of 128 KiB, which is gone with the process that made it."""
    mounted = f"mount -t tmpfs -o size=128k tmpfs {shlex.quote(str(tmp_path))} && cd {shlex.quote(str(tmp_path))}"
    inside = ["unshare", "--mount", "sh", "-c"]
    if not shutil.which("unshare") or subprocess.run([*inside, mounted], capture_output=True, check=False).returncode:
        pytest.skip("no file system of our own here")
    program = f"{mounted} && exec {shlex.quote(sys.executable)} -c {shlex.quote(FULL)}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    outcome = subprocess.run([*inside, program], env=environment, capture_output=True, text=True, check=True)
    assert re.match(r"3 \['best'\] run/best: the disk is full: [\d,]+ bytes needed, [\d,]+ free;", outcome.stdout)


@pytest.mark.parametrize("instant", [1, 2])
def test_interrupted_between_the_two_renames(folder: Path, monkeypatch: pytest.MonkeyPatch, instant: int) -> None:
    rename = os.rename
    calls: list[Path] = []

    def interrupted(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) == instant:
            raise KeyboardInterrupt
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", interrupted)
        with pytest.raises(KeyboardInterrupt):
            save(make(4), folder)
    assert load(folder).update == 3
    assert [path.name for path in folder.parent.iterdir()] == ["best"]


def test_a_place_that_cannot_be() -> None:
    with pytest.raises(HeedfulError, match="/proc/none/best: cannot be written"):
        save(make(), Path("/proc/none/best"))
    with pytest.raises(HeedfulError, match="/dev/null/best: cannot be written"):
        save(make(), Path("/dev/null/best"))


def test_a_read_only_folder(folder: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    folder.parent.chmod(0o555)
    try:
        with pytest.raises(HeedfulError, match="permission denied"):
            save(make(4), folder)
    finally:
        folder.parent.chmod(0o755)
    assert load(folder).update == 3


def test_what_would_not_load_is_not_saved(folder: Path) -> None:
    model = make(4)
    name = "output_bias"
    for tensor, reason in [
        (torch.full_like(model.weights[name], torch.nan), "not finite"),
        (torch.zeros(2), "the settings imply"),
        (model.weights[name].double(), "the settings imply"),
    ]:
        with pytest.raises(HeedfulError, match=f"best.*weights.safetensors.*{reason}"):
            save(replace(model, weights={**model.weights, name: tensor}), folder)
    with pytest.raises(ValueError, match="JSON"):
        save(replace(model, metrics={"bleu": float("inf")}), folder)
    assert load(folder).update == 3
    assert [path.name for path in folder.parent.iterdir()] == ["best"]


def test_killed_at_every_step_and_at_random(tmp_path: Path) -> None:
    """In a process of its own, which forks: see ``killing.py``."""
    command = [sys.executable, "-m", "tests.checkpoint.killing", str(tmp_path), "20"]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert outcome.returncode == 0, outcome.stderr


def test_read_while_somebody_saves(folder: Path) -> None:
    models = [make(update, training=False) for update in range(4, 8)]
    stop = threading.Event()
    seen: list[int] = []
    failures: list[ModelFolderError] = []

    def read() -> None:
        while not stop.is_set():
            try:
                seen.append(load(folder).update)
            except ModelFolderError as error:
                failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(5):
        for model in models:
            save(model, folder)
    stop.set()
    reader.join()
    assert not failures
    assert seen


def test_write_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "metrics.json"
    write_beside(path, "é")
    assert path.read_bytes() == "é".encode()
    write_beside(path, b"\x00")
    assert path.read_bytes() == b"\x00"

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        with pytest.raises(HeedfulError, match="metrics.json: the disk is full: 3 bytes needed"):
            write_beside(path, "abc")
    assert path.read_bytes() == b"\x00"
    assert [each.name for each in path.parent.iterdir()] == ["metrics.json"]
    with pytest.raises(HeedfulError, match="not a plain file"):
        write_beside(tmp_path / "new", "")


def test_longest_output() -> None:
    lengths = LengthModel(slope=1.25, margin=-3)
    assert [lengths.longest(units) for units in (0, 2, 4, 5, 100)] == [1, 1, 2, 4, 122]


def test_a_bit_anywhere(folder: Path, tmp_path: Path) -> None:
    draw = random.Random(0)
    names = sorted(path.name for path in folder.iterdir())
    for number in range(200):
        name = names[number % len(names)]
        content = bytearray((folder / name).read_bytes())
        place = draw.randrange(len(content) * 8)
        content[place // 8] ^= 1 << place % 8
        copy = tmp_path / f"copy-{number}"
        shutil.copytree(folder, copy)
        (copy / name).write_bytes(content)
        with pytest.raises(ModelFolderError) as caught:
            load(copy)
        assert str(copy) in str(caught.value)
        assert name == "manifest.json" or name in str(caught.value)
        shutil.rmtree(copy)
