"""Arms x seeds: trained, measured, and set side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from heedful.checkpoint import RunLock
from heedful.data.alignments import Links
from heedful.data.settings import DataSettings
from heedful.data.units import build
from heedful.errors import DataError, DivergedError, ModelFolderError, SettingsError
from heedful.evaluation.attention import Gold
from heedful.study.grid import Arm
from heedful.study.measuring import Items, Measured, digest_of, gold_of, measure, model_digest
from heedful.study.running import ARMS, Planned, Told, finished, plan, run_all
from heedful.study.scored import Comparison, Scored
from heedful.training.prepare import corpora

OF_UNITS = ("error_rate", "item_accuracy")
"""Metrics that count target units: those of arms with other units cannot be compared."""


def compare(
    arms: Sequence[Arm],
    seeds: int,
    out: Path,
    *,
    jobs: int = 1,
    threads: int = 1,
    told: Told = lambda progress: None,
    links: Sequence[Links] | None = None,
    timed: bool = True,
) -> Comparison:
    """Trains what is not finished, measures what is not measured, and sets the arms side by side.

    ``links`` are right alignments, one for each line of the dev data. ``timed``: prediction is timed, arm after arm in
    turns, when nothing else of ours runs any more.

    Raises:
        SettingsError: ``out`` holds something else, arms are scored on different sources, or training data changed since a
            run was finished. DataError: the links do not fit the dev sources. DivergedError: no run came to an end. What
            training raises.
    """
    check_folder(out)
    planned = plan(arms, seeds, out)
    with RunLock(out):
        items = scored_on(arms, links)
        trained = check_training_data(planned)
        diverged = run_all(planned, jobs, threads, told)
        scored = gather(arms, planned, items, links, trained)
        if not scored:
            raise DivergedError("; ".join(diverged))
        speeds: tuple[float, ...] = ()
        if timed:
            from heedful.study.cost import prediction_speeds

            speeds = prediction_speeds(scored, out, threads)
    notes = tuple(dict.fromkeys([*(note for arm in arms for note in arm.notes), *diverged]))
    return Comparison(arms[0].recipe.training.metric, tuple(scored), notes, speeds)


def check_folder(out: Path) -> None:
    """Refuses a folder that is no comparison's.

    Raises:
        SettingsError: it is a file, or holds something and no runs of ours.
    """
    if out.exists() and not out.is_dir():
        raise SettingsError(f"{out} is a file, and a comparison is a folder; choose another --out")
    if out.is_dir() and any(each.name != ".lock" for each in out.iterdir()) and not (out / ARMS).is_dir():
        raise SettingsError(f"{out} stands already and is no comparison; choose another --out")


def scored_on(arms: Sequence[Arm], links: Sequence[Links] | None = None) -> Items:
    """The dev sources that all arms are scored on; asked before anything is trained.

    Raises:
        SettingsError: arms are scored on different sources, or in different units. DataError: the links are not as many as
            the sources.
    """
    settings = {arm.recipe.data.model_dump_json(): arm.recipe.data for arm in arms}
    first, *others = [Items.of(corpora(each)[1]) for each in settings.values()]
    if any(each.digest != first.digest for each in others):
        raise SettingsError("--vary: the arms are scored on different dev sources, and only equal ones can be compared")
    units = {arm.recipe.data.target.unit for arm in arms}
    metric = arms[0].recipe.training.metric
    if len(units) > 1 and metric in OF_UNITS:
        raise SettingsError(
            f"--vary data.target.unit: {metric} counts units, and these arms have others ({', '.join(sorted(units))}); "
            f"rank them by --set training.metric=accuracy"
        )
    if links is not None:
        _check_links(links, first, arms[0].recipe.data)
    return first


def _check_links(links: Sequence[Links], items: Items, data: DataSettings) -> None:
    if len(links) != len(items.sources):
        raise DataError(
            f"{len(links):,} lines of alignments, and {len(items.sources):,} distinct dev sources",
            "give one line for each of them, in their order",
        )
    if data.framed:
        return
    columns = [build(column.unit, column.split) for column in data.source]
    target = build(data.target.unit, data.target.split)
    problems: list[str] = []
    for number, ((_, possible), source, references) in enumerate(
        zip(links, items.sources, items.references, strict=True), start=1
    ):
        units = sum(len(unit.split(str(item))) for unit, item in zip(columns, source, strict=True))
        sizes = units, len(target.split(references[0]))
        if any(one >= sizes[0] or other >= sizes[1] for one, other in possible):
            problems.append(
                f"alignments, line {number}: a link leaves the {sizes[0]} source and {sizes[1]} target units"
            )
    if problems:
        raise DataError(problems, "links are i-j, source position first, both counted from zero")


def check_training_data(planned: Sequence[Planned]) -> dict[str, str]:
    """The digest of the training pairs of every data table, by its JSON.

    Raises:
        SettingsError: a finished run was trained on others, or by another recipe.
    """
    tables = {each.arm.recipe.data.model_dump_json(): each.arm.recipe.data for each in planned}
    trained = {told: Items.of(corpora(data)[0]).digest for told, data in tables.items()}
    for each in planned:
        if not finished(each):
            continue
        had = Measured.read(each.folder)
        now = trained[each.arm.recipe.data.model_dump_json()]
        if had is not None and had.model == model_digest(each.folder) and had.trained not in ("", now):
            raise SettingsError(
                f"{each.folder}: its training data changed since it was trained; choose another --out, or remove that folder"
            )
    return trained


def gather(
    arms: Sequence[Arm],
    planned: Sequence[Planned],
    items: Items,
    links: Sequence[Links] | None,
    trained: Mapping[str, str],
) -> list[Scored]:
    """Every arm that has a finished run, with the measures of its runs.

    What is missing, or was made of another model, on other dev data or other links, is measured.

    Raises:
        ModelFolderError: a finished run is damaged.
    """
    found: list[Scored] = []
    told = items.digest, digest_of(links)
    for arm in arms:
        gold = gold_of(arm.recipe, items, links)
        runs = [each for each in planned if each.arm == arm and finished(each)]
        measured: list[Measured] = []
        for each in runs:
            had = Measured.read(each.folder)
            if had is None or (had.digest, had.links, had.model) != (*told, model_digest(each.folder)):
                had = _measured(each, items, gold, told[1], trained[arm.recipe.data.model_dump_json()])
            measured.append(had)
        if runs:
            folders = tuple(each.folder for each in runs)
            found.append(Scored(arm, tuple(each.seed for each in runs), folders, tuple(measured), items))
    return found


def _measured(planned: Planned, items: Items, gold: Sequence[Gold] | None, links: str, trained: str) -> Measured:
    try:
        found = measure(planned.folder, planned.recipe, items, gold)
    except ModelFolderError as error:
        raise ModelFolderError(f"{error}; to train it again, remove {planned.folder}") from None
    found = replace(found, links=links, trained=trained)
    found.write(planned.folder)
    return found
