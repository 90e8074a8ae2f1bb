"""A training run in a folder: recipe, journal, best and last model, metrics and pictures; started, or gone on with."""

import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from heedful.checkpoint import Checkpoint, RunLock, load, newest, save, write_beside
from heedful.codec import Seen
from heedful.data.corpus import Corpus
from heedful.data.media import Told, settled_data
from heedful.data.settings import DataSettings
from heedful.errors import DataError, MissingPackageError, ModelFolderError, SettingsError
from heedful.evaluation.report import Report
from heedful.inspection.renderers import RENDERERS
from heedful.predictor import Predictor
from heedful.training import journal
from heedful.training.choosing import guess_unit, sized
from heedful.training.prepare import Prepared, corpora, prepare
from heedful.training.recipe import Composed, compose, differences, read_table
from heedful.training.signals import Stopping
from heedful.training.state import Snapshot
from heedful.training.trainer import Trainer

RECIPE, JOURNAL, METRICS, BEST, LAST = "recipe.toml", "journal.jsonl", "metrics.json", "best", "last"
PICTURES = 3
OURS = {RECIPE, JOURNAL, METRICS, BEST, LAST, ".lock"}

Scored = list[tuple[Seen, str, list[str]]]


class FolderKeeper:
    """Keeps the best and the last model of a run in its folder."""

    def __init__(self, run: Path) -> None:
        self.run = run

    def best(self, checkpoint: Checkpoint) -> None:
        """Writes ``best/``."""
        save(checkpoint, self.run / BEST)

    def last(self, checkpoint: Checkpoint) -> None:
        """Writes ``last/``."""
        save(checkpoint, self.run / LAST)


class Ended(NamedTuple):
    """What a run came to: the best model, its dev report, and why training ended."""

    predictor: Predictor
    report: Report
    reason: str


def choose(
    table: Mapping[str, Any],
    overrides: Sequence[tuple[str, Any]],
    where: str,
    read: Callable[[DataSettings], tuple[Corpus, Corpus]] = corpora,
    varied: Container[str] = (),
) -> tuple[Composed, Corpus, Corpus]:
    """The resolved recipe of a run with its corpora.

    Units are guessed where neither the table nor an override names any, from the pairs as ``read`` gives them by
    letters; rows are then read, and judged, in the units that they have. What is still open is sized to them. ``varied``:
    see ``compose``.

    Raises:
        SettingsError, DataError: see ``compose`` and ``corpora``.
    """
    settings = compose(table, overrides, where, varied).recipe.data
    notes: list[str] = []
    filled = {room: dict(values) for room, values in table.items()}
    filled.setdefault("data", {})
    told = {key for key, _ in overrides} | {f"data.{key}" for key in filled["data"]}
    named = any(key.startswith(("data.source", "data.target")) for key in told)
    if not settings.is_task and len(settings.source) == 1 and not named:
        source, target = _guessed(read, settings)
        filled["data"] |= {"source": {"column": 1, "unit": source}, "target": {"column": 2, "unit": target}}
        notes.append(f"units chosen: {source} -> {target}; others: --set data.source.unit=... data.target.unit=...")
    said = compose(filled, overrides, where, varied).recipe
    train, dev = read(said.data)
    composed = compose(sized(filled, train, said), overrides, where, varied)
    recipe = composed.recipe.resolved()
    return (
        Composed(
            recipe.model_copy(update={"data": settled_data(recipe.data, train.sources)}), [*composed.notes, *notes]
        ),
        train,
        dev,
    )


def _guessed(read: Callable[[DataSettings], tuple[Corpus, Corpus]], settings: DataSettings) -> tuple[str, str]:
    """The units of both sides, from the rows that can be read; letters where none can, which the real reading will say."""
    try:
        rows, _ = read(settings.model_copy(update={"max_units": sys.maxsize, "on_bad": "skip"}))
    except DataError:
        return "letters", "letters"
    return guess_unit([str(text) for (text,) in rows.sources]), guess_unit(rows.targets)


def start(
    table: Mapping[str, Any],
    overrides: Sequence[tuple[str, Any]],
    where: str,
    out: Path,
    watch: journal.Watcher,
    *,
    overwrite: bool = False,
    initial: Path | None = None,
) -> Ended:
    """Trains into a new folder.

    Raises:
        SettingsError: the folder stands already and ``overwrite`` is not said. Others: see ``Trainer.train``.
    """
    if out.exists() and not out.is_dir():
        raise SettingsError(f"{out} is a file, and a run is a folder; choose another --out")
    if out.exists() and any(out.iterdir()) and not overwrite:
        raise SettingsError(f"{out} stands already; pass --overwrite, another --out, or --resume {out}")
    begin = load(initial) if initial is not None else None
    if begin is not None:
        table = _with_units(table, begin)
    composed, train, dev = choose(table, overrides, where, lambda settings: corpora(settings, _telling(watch)))
    prepared = prepare(composed.recipe, train, dev, begin)
    prepared = prepared._replace(notes=[*composed.notes, *prepared.notes])
    new = not out.exists()
    try:
        with RunLock(out):
            _clear(out)
            write_beside(out / RECIPE, prepared.recipe.toml())
            return _train(prepared, out, watch, None)
    finally:
        if new and not (out / BEST).exists() and not (out / LAST).exists():
            shutil.rmtree(out, ignore_errors=True)  # nothing half-written stays behind


def resume(
    out: Path,
    watch: journal.Watcher,
    table: Mapping[str, Any] | None = None,
    overrides: Sequence[tuple[str, Any]] = (),
) -> Ended:
    """Goes on with a run as if it had never been interrupted.

    Raises:
        SettingsError: a recipe or override given differs from the run's, or the data changed. ModelFolderError: nothing
            there verifies.
    """
    if not (out / RECIPE).exists():
        raise ModelFolderError(
            f"{out}: is no run, there is no {RECIPE} in it; name the --out of an earlier heedful train"
        )
    stored = read_table(out / RECIPE)
    recipe = compose(stored, [], str(out / RECIPE)).recipe
    table = table or {}
    # Judged within what is stored: whether a key has an effect depends on others that need not be said again.
    within = {room: stored[room] for room in ("data", "model") if room in stored}
    given = compose({**within, **table}, overrides, "--resume").recipe
    said = {f"{room}.{key}" for room, keys in table.items() for key in keys}
    said |= {".".join(key.split(".")[:2]) for key, _ in overrides}
    if (threads := given.training.threads) is not None:  # another machine has other cores; the bits may differ there
        recipe = recipe.model_copy(update={"training": recipe.training.model_copy(update={"threads": threads})})
    if changed := differences(given, recipe, said):
        raise SettingsError(f"--resume goes on with the recipe stored in {out}, but {'; '.join(changed)}; leave it out")
    with RunLock(out):
        checkpoint, _, notes = newest(out)
        train, dev = corpora(recipe.data, _telling(watch))
        prepared = prepare(recipe, train, dev, checkpoint)
        prepared = prepared._replace(notes=[*notes, *prepared.notes])
        if checkpoint.training is None:
            raise ModelFolderError(f"{out}: the model verifies, but what resuming needs is gone; use --init-from {out}")
        return _train(prepared, out, watch, checkpoint)


def _telling(watch: journal.Watcher) -> Told:
    """Tells the watcher how many files of frames are prepared."""
    return lambda done, total: watch(journal.Preparing(0, done, total))


def _train(prepared: Prepared, out: Path, watch: journal.Watcher, resumed: Checkpoint | None) -> Ended:
    fingerprint = _fingerprint(prepared)
    snapshot = None
    if resumed is not None and resumed.training is not None:
        if resumed.training.record.get("data") != fingerprint:
            raise SettingsError(
                f"--resume: the data changed since {out} was begun; use --init-from {out} --out elsewhere"
            )
        snapshot = Snapshot(dict(resumed.training.record), resumed.training.tensors)
    if resumed is None or snapshot is None:
        write = journal.Journal(out / JOURNAL)
    else:
        write = journal.Journal(out / JOURNAL, resumed.update, snapshot.record["validated"])

    def both(event: journal.Event) -> None:
        write(event)
        watch(event)

    with Stopping() as stopping:
        trainer = Trainer(prepared, FolderKeeper(out), both, stopping, fingerprint)
        reason = trainer.train(snapshot)
    return finish(out, prepared, reason)


def finish(out: Path, prepared: Prepared, reason: str) -> Ended:
    """Scores the best model on dev with the recipe's search, and draws a few of its heatmaps."""
    best = load(out / BEST)
    predictor = Predictor.from_checkpoint(best)
    report, scored = predictor.evaluate(prepared.dev, prepared.recipe.evaluation)
    record: dict[str, Any] = dict(report.record())
    save(replace(best, metrics={**best.metrics, "dev": record["metrics"]}), out / BEST)
    write_beside(out / METRICS, json.dumps(record, ensure_ascii=False, indent=2) + "\n")
    draw(out, predictor, scored)
    return Ended(predictor, report, reason)


def draw(out: Path, predictor: Predictor, scored: Scored) -> list[Path]:
    """Heatmaps of the first few dev sources, as PNG and, where no font has their letters, as SVG alone."""
    if predictor.network.settings.attention == "fixed":
        return []
    drawn: list[Path] = []
    for place, result in enumerate(predictor.search([source for source, _, _ in scored[:PICTURES]]), start=1):
        if result.attention is None or not result.attention.target:
            continue
        looked = predictor.pictured(result.attention, scored[place - 1][0])
        for kind in ("svg", "png"):
            path = out / f"attention-{place}.{kind}"
            try:
                write_beside(path, RENDERERS[kind](looked))
            except MissingPackageError:
                continue
            drawn.append(path)
    return drawn


def _with_units(table: Mapping[str, Any], initial: Checkpoint) -> dict[str, Any]:
    """The table with the columns and units of the model that training begins from, where it names none."""
    filled = {room: dict(values) for room, values in table.items()}
    data = initial.data.model_dump(mode="json", exclude_none=True)
    filled["data"] = {key: data[key] for key in ("source", "target")} | filled.get("data", {})
    shape = initial.model.model_dump(mode="json", exclude_none=True)
    given = filled.get("model", {})
    for one, pair in (("cell", {"encoder_cell", "decoder_cell"}), ("num_layers", {"encoder_layers", "decoder_layers"})):
        if pair <= given.keys():
            shape.pop(one)  # the pair says it
    filled["model"] = {**shape, **given}
    return filled


def _clear(out: Path) -> None:
    """Empties a run's folder of what a run writes; anything else in it stays."""
    for path in out.iterdir():
        if path.name == ".lock":
            continue
        if path.name in OURS or (path.name.startswith("attention-") and path.is_file()):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _fingerprint(prepared: Prepared) -> str:
    """What the training pairs are, in a few letters: resuming on others is refused."""
    digest = hashlib.blake2b(digest_size=16)
    for column in (*prepared.train.columns, prepared.train.target):
        for told in column.told():
            digest.update(told)
    for source, target in zip(prepared.dev.sources, prepared.dev.targets, strict=True):
        digest.update("\t".join((*map(str, source), target, "\n")).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
