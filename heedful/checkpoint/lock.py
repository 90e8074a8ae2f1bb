"""One process to a run: two that write into one folder would take each other's checkpoints apart."""

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from heedful.checkpoint.writing import alive, told
from heedful.errors import HeedfulError


class RunLock:
    """Keeps a run's folder to this process: ``with RunLock(run): ...``.

    The operating system holds the lock (flock) and drops it when the process ends, however it ends, so the lock of a
    killed run is simply taken over. ``.lock`` says who holds it. Where the file system has no locks, the process
    number and its start time in ``.lock`` decide instead.

    Entering makes the folder and writes into it, so a place that cannot be written to is found before any work is done.
    Whoever empties a run's folder does so inside the lock, and leaves ``.lock`` alone.
    """

    def __init__(self, run: Path) -> None:
        self.run = Path(run)
        self.path = self.run / ".lock"
        self._handle = -1

    def __enter__(self) -> Self:
        """Takes the lock.

        Raises:
            HeedfulError: another process has it (the message names it), or the folder cannot be written to.
        """
        with told(self.run, needed=64):
            self.run.mkdir(parents=True, exist_ok=True)
            while self._handle < 0:
                self._handle = self._taken()
            os.ftruncate(self._handle, 0)
            os.write(self._handle, json.dumps({"pid": os.getpid(), "start": _started(os.getpid())}).encode())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Lets the run go."""
        handle, self._handle = self._handle, -1
        # Unlinked while still held: whoever waits on this file notices that the name has moved on (see _taken).
        if _same(handle, self.path):
            self.path.unlink(missing_ok=True)
        os.close(handle)

    def _taken(self) -> int:
        """A handle that holds the lock, or -1 when the file was replaced meanwhile."""
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise self._refusal(_holder(handle)[0]) from None
            except OSError:  # this file system knows no locks
                pid, start = _holder(handle)
                if pid is not None and alive(pid) and _started(pid) == start:
                    raise self._refusal(pid) from None
            if _same(handle, self.path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        return -1

    def _refusal(self, pid: int | None) -> HeedfulError:
        who = f"process {pid}" if pid is not None else "another process"
        return HeedfulError(
            f"{self.run}: {who} is writing into this run; wait for it, stop it, or choose another folder"
        )


def _holder(handle: int) -> tuple[int | None, int | None]:
    try:
        record = json.loads(os.pread(handle, 4096, 0))
        pid, start = record["pid"], record["start"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None, None
    return (pid, start) if type(pid) is int and pid > 0 else (None, None)


def _started(pid: int) -> int | None:
    """When a process started, in ticks since the machine did: numbers of processes come round again, these do not."""
    try:
        # The command's name stands in brackets and may hold blanks and brackets itself.
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def _same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False
