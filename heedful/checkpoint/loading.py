"""A folder into a checkpoint: which folder a path means, and what a run can go on from."""

import os
from pathlib import Path

from heedful.checkpoint.checkpoint import ALWAYS, CARD, METRICS, Checkpoint
from heedful.checkpoint.contents import read
from heedful.checkpoint.folder import MANIFEST
from heedful.checkpoint.writing import located, older
from heedful.errors import ModelFolderError


def load(path: Path, *, with_training: bool = False) -> Checkpoint:
    """Reads a model folder, or the best one of a run's folder.

    A save that was killed in the middle of exchanging two folders leaves the one before under another name: it is found.

    Raises:
        ModelFolderError: there is none, or it is damaged, altered, or newer than this code.
    """
    path = Path(path)
    while True:
        before = _standing(path)
        try:
            place, shown = _place(path)
            return read(place, shown, with_training=with_training)
        except ModelFolderError:
            # Somebody saved while we read: what we held was taken away, and another one stands there now.
            if _standing(path) == before:
                raise


def newest(run: Path) -> tuple[Checkpoint, Path, list[str]]:
    """What a run can go on from: of its folders that verify, the one of most updates, with training state if any has.

    Returns the checkpoint, its folder, and a line for each folder that is damaged.

    Raises:
        ModelFolderError: none verifies.
    """
    run = Path(run)
    found: list[tuple[Checkpoint, Path]] = []
    notes: list[str] = []
    for name in ("last", "best"):
        for place in (run / name, older(run / name)):
            if not os.path.lexists(place):
                continue
            try:
                if place.is_symlink():
                    raise ModelFolderError(f"{place}: is a link, and a run holds none")
                found.append((read(place, place, with_training=True), place))
            except ModelFolderError as error:
                notes.append(f"damaged: {error}")
    if not found:
        reason = "\n".join(notes) or "no model was saved in it"
        raise ModelFolderError(f"{run}: nothing to go on from: {reason}; train again with --overwrite")
    # The first of equals: last before best, and each before the one it replaced.
    checkpoint, place = max(found, key=lambda pair: (pair[0].training is not None, pair[0].update))
    if notes:
        notes.append(f"going on from {place}, after {max(checkpoint.update, 0):,} updates")
    return checkpoint, place, notes


def _place(path: Path) -> tuple[Path, Path]:
    """The folder that ``path`` means, and what messages call it.

    Raises:
        ModelFolderError: it means none.
    """
    if path.is_dir():
        try:
            names = frozenset(os.listdir(path))
        except OSError as error:
            raise ModelFolderError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from None
        if ((ALWAYS - {METRICS, CARD}) | {MANIFEST}) & names:  # a run has a metrics.json, too, and maybe a README.md
            return path, path
        return _best(path, names)
    if os.path.lexists(path):
        raise ModelFolderError(
            f"{path}: is not a folder, and a model is one; name the folder that `heedful train` wrote"
        )
    if older(located(path)).is_dir():
        return older(located(path)), path
    raise ModelFolderError(f"no model at {path}; name a folder that `heedful train` wrote")


def _best(run: Path, names: frozenset[str]) -> tuple[Path, Path]:
    """The best model of a run, where these names stand."""
    best = run / "best"
    if best.is_symlink():
        raise ModelFolderError(f"{best}: is a link, and a run holds none; name the model itself")
    if best.is_dir():
        return best, best
    if older(best).is_dir():
        return older(best), best
    if names & {"last", "recipe.toml", "journal.jsonl"}:
        raise ModelFolderError(f"{run}: is a run without a best model yet; train on with --resume, or use its last/")
    raise ModelFolderError(f"{run}: is not a model folder; name one that `heedful train` wrote")


def _standing(path: Path) -> list[tuple[int, int] | None]:
    """What stands where ``path`` may lead: another answer later means that somebody saved in between."""
    return [_identity(place) for one in (located(path), located(path) / "best") for place in (one, older(one))]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns
