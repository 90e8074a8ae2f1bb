"""Where an exported folder may stand, asked before any work is done: nothing of a user's, and of a model, is in its way."""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from heedful.checkpoint.checkpoint import SETTINGS
from heedful.checkpoint.folder import FORMAT as MODEL_FORMAT
from heedful.checkpoint.writing import located, older, told
from heedful.errors import SettingsError
from heedful.export.folder import FORMAT, MANIFEST, RUNNER

RUN = ("recipe.toml", "journal.jsonl")
"""What stands in a run's folder."""
_START = 256
"""So many bytes of a file say which format it is of."""


def check(out: Path, *, overwrite: bool) -> None:
    """Refuses a place where a folder can't be written, or would do harm.

    Raises:
        SettingsError: it lies in a model folder; we stand in it; something else stands there, or what an export wrote and
            ``overwrite`` is not said. HeedfulError: the file system refuses.
    """
    with told(out, 0):
        target = located(out)
    _check_feet(out, target)
    _check_models(out, target)
    _check_standing(out, target, overwrite=overwrite)
    standing = next(place for place in (*target.parents, target) if os.path.lexists(place))
    with told(out, 0), tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=standing):
        pass  # the only way to know that it can be written


def is_ours(path: Path) -> bool:
    """Whether a folder holds what an export wrote and nothing else: one that may be replaced."""
    return not strangers(path)


def strangers(path: Path) -> list[str]:
    """Files and folders here that no export wrote, or that somebody edited since."""
    files = _vouched(path / MANIFEST)
    entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    if files is None:
        return [entry.name for entry in entries]
    ours = (MANIFEST, *(entry.name for entry in entries if _is_cache(entry)))
    return [
        f"{entry.name} (edited)" if entry.name in files else entry.name
        for entry in entries
        if entry.name not in ours and not _is_as_written(entry, files.get(entry.name))
    ]


def _vouched(manifest: Path) -> dict[str, Any] | None:
    """The lines of an export's manifest; None where it is none."""
    if manifest.is_symlink() or not manifest.is_file():
        return None
    try:
        record = json.loads(manifest.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return None
    files = record.get("files") if isinstance(record, dict) and record.get("format") == FORMAT else None
    return files if isinstance(files, dict) else None


def _is_as_written(entry: "os.DirEntry[str]", line: Any) -> bool:
    if not isinstance(line, dict) or not entry.is_file(follow_symlinks=False):
        return False
    if entry.stat(follow_symlinks=False).st_size != line.get("size"):
        return False
    with Path(entry.path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == line.get("sha256")


def _is_cache(entry: "os.DirEntry[str]") -> bool:
    """Whether this is what Python leaves of ``from runner import Runner``."""
    if entry.name != "__pycache__" or not entry.is_dir(follow_symlinks=False):
        return False
    stem = Path(RUNNER).stem
    return all(each.suffix == ".pyc" and each.name.startswith(f"{stem}.") for each in Path(entry.path).iterdir())


def _check_feet(out: Path, target: Path) -> None:
    try:
        here = Path.cwd()
    except OSError:  # it is gone already
        return
    if target in (here, *here.parents):
        raise SettingsError(
            f"{out} is the folder that you are in, or above it; name one to be made, as --onnx exported"
        )


def _check_models(out: Path, target: Path) -> None:
    for place in (target, *target.parents):
        if _is_model(place):
            raise SettingsError(
                f"{out} lies in the model folder {place}, which could not be loaded with it; choose another --onnx"
            )


def _is_model(place: Path) -> bool:
    if place.name in ("best", "last") and any((place.parent / name).is_file() for name in RUN):
        return True
    return any(_says(place / name, f'"format": "{MODEL_FORMAT}"'.encode()) for name in (MANIFEST, SETTINGS))


def _says(path: Path, words: bytes) -> bool:
    """Whether a file begins with these words, more or less."""
    try:
        with path.open("rb") as file:
            return words in file.read(_START)
    except OSError:
        return False


def _check_standing(out: Path, target: Path, *, overwrite: bool) -> None:
    """Refuses what stands there, but for what an export wrote."""
    if target.is_symlink():
        raise SettingsError(f"{out} is a link, and an exported model is a folder of its own; choose another --onnx")
    if not os.path.lexists(target):
        return
    if not target.is_dir():
        raise SettingsError(f"{out} is a file, and an exported model is a folder; choose another --onnx")
    with told(out, 0):
        odd = strangers(target)
    if odd:
        few = ", ".join(odd[:5]) + (f" and {len(odd) - 5:,} more" if len(odd) > 5 else "")
        raise SettingsError(f"{out} holds what no export wrote: {few}; move it away or choose another --onnx")
    if any(target.iterdir()) and not overwrite:
        raise SettingsError(f"{out} stands already; pass --overwrite or another --onnx")
    before = older(target)
    if os.path.lexists(before) and (before.is_symlink() or not before.is_dir() or strangers(before)):
        raise SettingsError(f"{before} is in the way of replacing {out}, and nothing of ours; move it away")
