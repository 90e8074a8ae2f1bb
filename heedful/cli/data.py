"""``heedful data``: check files of pairs, or make one."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heedful.choices import TASKS
from heedful.cli import options
from heedful.errors import SettingsError

if TYPE_CHECKING:
    from heedful.data.check import CheckReport, FileReport, Finding
    from heedful.data.settings import DataSettings, Place

FEW = 5


def check(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE", help="Files of pairs: the one to train on first, then dev and test."),
    ] = None,
    *,
    recipe: Annotated[
        Path | None,
        typer.Option("--recipe", metavar="RECIPE.toml", help="Columns and units, and files if none is named."),
    ] = None,
    sets: options.Set = None,
    json: options.Json = False,
) -> None:
    """Say what is in files of pairs: rows, lengths, units; and what may be wrong: bad and repeated rows, leaks.

    Units are guessed from the text unless a recipe or --set data.source.unit=... data.target.unit=... names them. This
    is a report: it ends with 0 whatever it found, and with 3 if a file can't be read or has no row that can be used.
    """
    named, among = options.separated(files or [])
    if not named and recipe is None and not sets:
        raise typer.BadParameter("name a file of pairs, or --recipe RECIPE.toml")
    from heedful.cli import show
    from heedful.data.check import check as check_corpora
    from heedful.data.corpus import read_corpus

    settings, places = _asked(named, recipe, options.read_overrides([*(sets or []), *among]))
    report = check_corpora([read_corpus(place, settings, on_bad="skip") for place in places], settings)
    if json:
        show.json_line(report.record())
    else:
        _show(report)


def make(
    task: Annotated[str, typer.Argument(metavar="TASK", help=f"One of {', '.join(TASKS)}.")],
    *,
    count: Annotated[int | None, typer.Option("--count", min=1, metavar="N", help="How many pairs; 10,000.")] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="S", help="The same seed makes the same pairs; 1.")
    ] = None,
    lengths: Annotated[
        tuple[int, int] | None,
        typer.Option("--lengths", metavar="SHORTEST LONGEST", help="Letters in a source of copy or reverse; 5 12."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to write; standard output unless named.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it stands already.")] = False,
) -> None:
    """Write pairs of a built-in task: source, tab, target. Pictures stand in a folder beside the file."""
    from heedful.cli import show
    from heedful.data import toy
    from heedful.data.settings import TASK_COUNT, TASK_SEED

    if out is not None and out.exists() and not overwrite:
        raise SettingsError(f"{out} stands already; pass --overwrite or another --out")
    name = task.removeprefix("task:")
    if name == "digits" and out is None:
        raise SettingsError(
            "digits are pictures, which need a place: pass --out FILE.tsv, and they stand in FILE_pictures/"
        )
    if lengths is not None and name == "digits":
        raise SettingsError("task:digits has lengths of its own; --lengths is for copy and reverse")
    many, chance = count or TASK_COUNT, TASK_SEED if seed is None else seed
    if out is not None and name == "digits":
        from heedful.data.pictures import write_pictures

        drawn, folder = toy.digit_pictures(many, chance), out.with_name(f"{out.stem}_pictures")
        if folder.exists() and any(folder.iterdir()):
            if not overwrite:
                raise SettingsError(f"{folder} stands already; pass --overwrite or another --out")
            for old in folder.glob("*.png"):
                old.unlink()
        named = write_pictures([pixels for pixels, _ in drawn], folder)
        pairs = [(f"{folder.name}/{file}", target) for file, (_, target) in zip(named, drawn, strict=True)]
    else:
        pairs = toy.make(name, many, chance, lengths)
    lines = [f"{source}\t{target}" for source, target in pairs]
    if out is None:
        for line in lines:
            show.put(line)
        return
    from heedful.checkpoint import write_beside  # here: it loads torch, which pairs on standard output do not need

    write_beside(out, "".join(f"{line}\n" for line in lines))
    show.say(f"{out}: {show.count(len(lines), 'pair')} of {name} written")


def _asked(
    files: Sequence[str], recipe: Path | None, overrides: list[tuple[str, Any]]
) -> "tuple[DataSettings, list[Place]]":
    """The settings to read by, and what to read: the files, or the recipe's own."""
    from heedful.training.recipe import compose, read_table

    table = {} if recipe is None else read_table(recipe)
    where = "--set" if recipe is None else str(recipe)
    settings = compose(table, overrides, where).recipe.data
    places: list[Place] = list(files) or [place for place in (settings.train, settings.dev) if place is not None]
    if not places:
        raise SettingsError(f"{where} names no data.train; name a FILE")
    told = [*table.get("data", {}), *(key.removeprefix("data.") for key, _ in overrides)]
    if len(settings.source) == 1 and not any(key.startswith(("source", "target")) for key in told):
        settings = compose(_guessed(table, settings, places[0]), overrides, where).recipe.data
    return settings, places


def _guessed(table: dict[str, Any], settings: "DataSettings", place: "Place") -> dict[str, Any]:
    """The table with the units that training would choose for this file."""
    from heedful.data.corpus import read_corpus
    from heedful.training.choosing import guess_unit

    corpus = read_corpus(place, settings, on_bad="skip")
    units = guess_unit([str(source[0]) for source in corpus.sources]), guess_unit(corpus.targets)
    guess = {"source": {"column": 1, "unit": units[0]}, "target": {"column": 2, "unit": units[1]}}
    return {**table, "data": {**table.get("data", {}), **guess}}


def _show(report: "CheckReport") -> None:
    from heedful.cli import show

    for place, file in enumerate(report.files):
        if place:
            show.put("")
        _show_file(file)
    for leak in report.leaks:
        _find(
            f"{show.count(leak.sources.count, 'source')} of {leak.second} in {leak.first}, too", leak.sources.examples
        )
    for unseen in report.unseen:
        common = " ".join(f"{unit!r}" for unit, _ in unseen.commonest[:FEW])
        what = f"{unseen.count:,} of {unseen.total:,} {unseen.side} units of {unseen.name}"
        _find(f"{what} are not in {report.files[0].name}: {common}", [])
    for side, groups in report.look_alikes.items():
        for group in groups:
            each = ", ".join(f"{sign} {code} {name} ({count:,})" for sign, code, name, count in group.characters)
            _find(f"{side}: characters that look alike: {each}", [])


def _show_file(file: "FileReport") -> None:
    from heedful.cli import show

    rows = []
    for side in file.sides:
        lengths = [side.lengths.shortest, side.lengths.median, side.lengths.most, side.lengths.longest]
        numbers = [*lengths, side.total, side.distinct, side.once]
        rows.append(
            [side.name, side.unit, *(f"{number:,g}" if number < 1e6 else f"{number:,.0f}" for number in numbers)]
        )
    heads = ["side", "unit", "least", "median", "95 %", "most", "units", "distinct", "once"]
    show.table(f"{file.name}: {show.count(file.rows, 'row')}", heads, rows, left=(0, 1))
    for side in file.sides:
        if not side.commonest:  # frames
            continue
        common, rare = (" ".join(repr(unit) for unit, _ in few) for few in (side.commonest, side.rarest))
        show.put(show.clean(f" {side.name}: commonest {common}; rarest {rare}"))
    for note in file.notes:
        _find(note, [])
    if file.bad:
        _find(f"{show.count(len(file.bad), 'bad row')}, which training refuses unless told --on-bad skip", file.bad)
    findings: list[tuple[Finding, str]] = [
        (file.repeated, "that say again what an earlier one says"),
        (file.several_targets, "with several targets"),
        (file.edge_blanks, "with a blank at an edge"),
    ]
    for finding, what in findings:
        if finding.count:
            thing = "source" if finding is file.several_targets else "row"
            _find(f"{show.count(finding.count, thing)} {what}", finding.examples)
    if not (file.notes or file.bad or any(finding.count for finding, _ in findings)):
        show.put("  nothing odd in it")


def _find(what: str, examples: Sequence[str]) -> None:
    from heedful.cli import show

    show.put(f"- {show.clean(what)}")
    for example in examples[:FEW]:
        show.put(f"    {show.clean(example)}")
    if len(examples) > FEW:
        show.put(f"    ... and {len(examples) - FEW:,} more")


app = typer.Typer(no_args_is_help=True)
options.add(app, "check", check, "say what is in files of pairs, and what may be wrong with them")
options.add(app, "make", make, "write pairs of a built-in task")
