"""Reading a folder of files that a manifest vouches for.

Nothing is believed before it is checked, nothing is read before its size is known to be what it should be, and nothing
outside the folder is touched.

The manifest finds damage, and files that were exchanged one by one. It is no signature: whoever rewrites a file and the
manifest with it passes here, and meets the checks of ``checkpoint.py``.
"""

import hashlib
import os
import re
import stat
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from heedful.checkpoint.formats import JSON, from_json, to_json
from heedful.errors import ModelFolderError

MANIFEST = "manifest.json"
FORMAT = "heedful-model"
VERSION = 1
"""Counts up when a folder is written that a reader of the version before would misread."""

_ENTRIES = 64
_MANIFEST_BYTES = 1 << 20
_SUM = re.compile("[0-9a-f]{64}")
_COPY = "copy the model folder again, or use another one"


def manifest(files: Mapping[str, bytes]) -> bytes:
    """What vouches for these files."""
    sums = {
        name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in sorted(files.items())
    }
    return to_json({"format": FORMAT, "version": VERSION, "files": sums})


def is_ours(path: Path, known: frozenset[str]) -> bool:
    """Whether a folder is a model folder, whole or damaged, or empty: one that may be replaced."""
    entries = {entry.name: entry.is_file(follow_symlinks=False) for entry in os.scandir(path)}
    if entries.get(MANIFEST):  # other programs have a manifest.json, too
        with (path / MANIFEST).open("rb") as file:
            if f'"format": "{FORMAT}"'.encode() in file.read(64):
                return True
    return all(plain and name in known | {MANIFEST} for name, plain in entries.items())


@dataclass(frozen=True)
class Vouched:
    """One file's line in the manifest."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Folder:
    """An open folder whose names, kinds and sizes are as its manifest says. Contents are checked as they are read.

    ``shown`` is what messages call it. The handle keeps to this very folder, though another take its place meanwhile.
    """

    shown: Path
    handle: int
    files: Mapping[str, Vouched]

    def start(self, name: str, count: int) -> bytes:
        """The first bytes of a file, not yet checked."""
        with self._opened(name) as handle:
            return os.pread(handle, count, 0)

    def read(self, name: str, limit: int) -> bytes:
        """A file's bytes, checked.

        Raises:
            ModelFolderError: they are not those that the manifest vouches for, or more than ``limit``.
        """
        vouched = self.files[name]
        if vouched.size > limit:
            self.refuse(name, f"{vouched.size:,} bytes, at most {limit:,} are read")
        with self._opened(name) as handle, os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(vouched.size)
        if hashlib.sha256(content).hexdigest() != vouched.sha256:
            self.refuse(name, "was altered since it was saved (its sha256 is not the manifest's)")
        return content

    def check(self, name: str, limit: int) -> None:
        """Checks a file's bytes without keeping them."""
        vouched = self.files[name]
        if vouched.size > limit:
            self.refuse(name, f"{vouched.size:,} bytes, at most {limit:,} are read")
        with self._opened(name) as handle, os.fdopen(handle, "rb", closefd=False) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != vouched.sha256:
                self.refuse(name, "was altered since it was saved (its sha256 is not the manifest's)")

    def json(self, name: str, limit: int) -> dict[str, JSON]:
        """The table in a JSON file, checked."""
        try:
            value = from_json(self.read(name, limit))
        except ValueError as error:
            self.refuse(name, str(error))
        if not isinstance(value, dict):
            self.refuse(name, "not a table of keys")
        return value

    def refuse(self, name: str, reason: str, way_out: str = _COPY) -> NoReturn:
        """Raises the error that names this file.

        Raises:
            ModelFolderError: always.
        """
        raise ModelFolderError(f"{self.shown / name}: {reason}; {way_out}")

    @contextmanager
    def _opened(self, name: str) -> Generator[int, None, None]:
        """A handle on a plain file of this folder: follows no link and does not wait on a pipe."""
        try:
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self.handle)
        except OSError as error:
            self.refuse(name, f"cannot be read: {(error.strerror or str(error)).lower()}")
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                self.refuse(name, "not a plain file")
            yield handle
        finally:
            os.close(handle)


@contextmanager
def opened(path: Path, known: frozenset[str], shown: Path) -> Generator[Folder, None, None]:
    """A folder whose files have the names, kinds and sizes that its manifest vouches for.

    Raises:
        ModelFolderError: it has not.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise ModelFolderError(f"{shown}: cannot be opened: {(error.strerror or str(error)).lower()}") from None
    try:
        bare = Folder(shown, handle, {})
        sizes = _sizes(bare, known)
        yield Folder(shown, handle, _vouched(bare, sizes))
    finally:
        os.close(handle)


def _sizes(folder: Folder, known: frozenset[str]) -> dict[str, int]:
    """The size of each file, all of them plain and of known names."""
    sizes: dict[str, int] = {}
    with os.scandir(folder.handle) as entries:
        for entry in entries:
            if len(sizes) > _ENTRIES:
                raise ModelFolderError(
                    f"{folder.shown}: too many files for a model folder; name the folder of one model"
                )
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError as error:
                folder.refuse(entry.name, f"cannot be read: {(error.strerror or str(error)).lower()}")
            if stat.S_ISLNK(status.st_mode):
                folder.refuse(entry.name, "is a link, and a model folder holds none", "copy the folder with its files")
            if not stat.S_ISREG(status.st_mode):
                folder.refuse(entry.name, "is not a plain file", "remove it, or use another model")
            if entry.name not in known | {MANIFEST}:
                folder.refuse(
                    entry.name, "does not belong to the model (the manifest does not vouch for it)", "move it away"
                )
            sizes[entry.name] = status.st_size
    return sizes


def _vouched(folder: Folder, sizes: Mapping[str, int]) -> dict[str, Vouched]:
    """The manifest, when it fits the files that are there."""
    files = _manifest(folder, sizes)
    for name in sorted(files.keys() | sizes.keys() - {MANIFEST}):
        if name not in sizes:
            folder.refuse(name[:80], "is missing, and the manifest vouches for it")
        if name not in files:
            folder.refuse(name, "does not belong to the model (the manifest does not vouch for it)", "move it away")
        if sizes[name] != files[name].size:
            folder.refuse(
                name, f"{sizes[name]:,} bytes, and the manifest says {files[name].size:,}: cut short or altered"
            )
    return files


def _manifest(folder: Folder, sizes: Mapping[str, int]) -> dict[str, Vouched]:
    """What the manifest says, when it is one of ours to the letter."""
    if MANIFEST not in sizes:
        folder.refuse(MANIFEST, "is missing, so nothing vouches for the other files")
    if sizes[MANIFEST] > _MANIFEST_BYTES:
        folder.refuse(MANIFEST, f"{sizes[MANIFEST]:,} bytes, at most {_MANIFEST_BYTES:,} are read")
    content = folder.start(MANIFEST, _MANIFEST_BYTES)
    try:
        record = from_json(content)
    except ValueError as error:
        folder.refuse(MANIFEST, f"is damaged: {error}")
    if not isinstance(record, dict) or record.get("format") != FORMAT or type(record.get("version")) is not int:
        folder.refuse(MANIFEST, f"is not that of a {FORMAT} folder")
    if record["version"] != VERSION:
        newer = f"format {record['version']}, and this version of Heedful reads format {VERSION}"
        folder.refuse(MANIFEST, newer, "upgrade Heedful: pip install --upgrade heedful")
    found = record.get("files")
    if record.keys() != {"format", "version", "files"} or not isinstance(found, dict):
        folder.refuse(MANIFEST, "is damaged: it vouches for no files")
    files = {name: _line(folder, name, line) for name, line in found.items()}
    if to_json(record) != content:  # the same values in other bytes: somebody's hand, or a flipped bit
        folder.refuse(MANIFEST, "was altered since it was saved")
    return files


def _line(folder: Folder, name: str, line: JSON) -> Vouched:
    """One file that the manifest vouches for."""
    if name in ("", ".", "..", MANIFEST) or "/" in name or "\\" in name or "\0" in name:
        folder.refuse(MANIFEST, f"names {name[:80]!r}, which is not a file of the folder")
    if not isinstance(line, dict) or line.keys() != {"size", "sha256"} or type(line["size"]) is not int:
        folder.refuse(MANIFEST, f"is damaged: it does not vouch for {name[:80]!r}")
    if not isinstance(line["sha256"], str) or not _SUM.fullmatch(line["sha256"]):
        folder.refuse(MANIFEST, f"is damaged: it has no sha256 of {name[:80]!r}")
    return Vouched(line["size"], line["sha256"])
