"""Writing that is whole or has not happened: beside, synced, renamed.

Never through the system's temporary folder, which may lie on another file system, where nothing can be renamed into
place.
"""

import errno
import os
import re
import secrets
import shutil
import stat
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from heedful.errors import HeedfulError

_writing = threading.Lock()
"""One write at a time in this process: what carries our own number and is not being written is then surely stale."""


def write_beside(path: Path, content: bytes | str) -> None:
    """Writes a file that is there whole or as it was before.

    Raises:
        HeedfulError: it cannot be written; what stood there before still does.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    with _writing, told(path, needed=len(data)):
        target = located(path)
        if target.exists() and not target.is_file():
            raise HeedfulError(f"{path}: is not a plain file; choose another name")
        target.parent.mkdir(parents=True, exist_ok=True)
        _clear_stale(target)
        temporary = _beside(target)
        try:
            _write(temporary, data)
            os.replace(temporary, target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync(target.parent)


def write_folder(
    path: Path, files: Mapping[str, bytes], check: Callable[[Path], object], ours: Callable[[Path], bool]
) -> None:
    """Writes a folder of files that is there whole, or as it was before.

    Files are written in their order, so the one that vouches for the others comes last. ``check`` reads the folder back
    before it takes its place and raises if it is not as it should be. ``ours`` says whether a folder in the way is one
    of ours: no other is replaced, nor removed where ``older(path)`` stands.

    Killed at any instant, either ``path`` or ``older(path)`` is whole, if one ever was.

    Raises:
        HeedfulError: it cannot be written; what stood there before still does.
    """
    path = Path(path)
    with _writing, told(path, needed=sum(map(len, files.values()))):
        target, old = located(path), older(located(path))
        left = _left(path, target, old, ours)
        target.parent.mkdir(parents=True, exist_ok=True)
        _clear_stale(target)
        temporary = _beside(target)
        try:
            temporary.mkdir()
            for name, content in files.items():
                _write(temporary / name, content)
            _sync(temporary)
            check(temporary)
            if target.exists():
                # Only now, with the new one whole: an older one may be all that a killed run has left.
                if left:
                    _discard(old, target)
                target.rename(old)
                left = True
            temporary.rename(target)
        except BaseException:
            if left and old.exists() and not target.exists():
                old.rename(target)
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        _sync(target.parent)
        if left:
            _discard(old, target)


def _left(path: Path, target: Path, old: Path, ours: Callable[[Path], bool]) -> bool:
    """Whether ``old`` is one of ours that a killed run left.

    Raises:
        HeedfulError: something that is not ours stands where we write, or where we put what stood there.
    """
    replaces, left = os.path.lexists(target), os.path.lexists(old)
    if replaces and not _is(target, ours):
        raise HeedfulError(f"{path}: is there already and is not a model folder; choose another name or move it away")
    if left and not _is(old, ours):
        if replaces:
            raise HeedfulError(f"{old}: is in the way of replacing {path}, and nothing of ours; move it away")
        return False
    return left


def _is(place: Path, ours: Callable[[Path], bool]) -> bool:
    return not place.is_symlink() and place.is_dir() and ours(place)


def _discard(old: Path, target: Path) -> None:
    """Removes a folder of ours. What a killed process leaves of it bears a stale name: under its own it is whole or gone."""
    with suppress(OSError):
        going = _beside(target)
        old.rename(going)
        shutil.rmtree(going, ignore_errors=True)


def located(path: Path) -> Path:
    """The absolute path, with links followed in its parents and not in its name."""
    path = Path(path)
    return path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()


def older(path: Path) -> Path:
    """Where the folder before the one at ``path`` stands while the two change places."""
    return path.with_name(f".{path.name}.old")


def alive(pid: int) -> bool:
    """Whether a process of this number is running."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it runs, as somebody else
        return True
    return True


@contextmanager
def told(path: Path, needed: int) -> Generator[None, None, None]:
    """Turns what the operating system refuses into one line about ``path``."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            standing = next(place for place in [located(path), *located(path).parents] if place.is_dir())
            free = shutil.disk_usage(standing).free
            raise HeedfulError(
                f"{path}: the disk is full: {needed:,} bytes needed, {free:,} free; what was saved before is untouched; "
                f"make room, or write elsewhere"
            ) from error
        reason = (error.strerror or str(error)).lower()
        raise HeedfulError(f"{path}: cannot be written: {reason}; check the folder, or write elsewhere") from error


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.tmp-{os.getpid()}-{secrets.token_hex(4)}")


def _clear_stale(target: Path) -> None:
    """Removes what killed processes left beside ``target``."""
    stale = re.compile(re.escape(f".{target.name}.tmp-") + r"(\d+)-[0-9a-f]{8}")
    with os.scandir(target.parent) as entries:
        left = [(entry.path, match) for entry in entries if (match := stale.fullmatch(entry.name))]
    for path, match in left:
        pid = int(match[1])
        if pid != os.getpid() and alive(pid):
            continue
        if stat.S_ISDIR(os.lstat(path).st_mode):
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    with os.fdopen(handle, "wb", buffering=0) as file:
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems do not sync folders, and need not
            raise
    finally:
        os.close(handle)
