"""``heedful influence``: what each source item does to the states of a model and to its output."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heedful.cli import comparing, options
from heedful.errors import DataError, SettingsError

if TYPE_CHECKING:
    from heedful.codec import Row
    from heedful.predictor import Predictor
    from heedful.study.influence_findings import Findings, Stage

KINDS = (".html", ".json")
STAGES: "dict[Stage, str]" = {
    "final": "the final state",
    "states": "every hidden state",
    "outputs": "every output unit",
}


def influence(
    model: options.Model,
    sources: Annotated[
        str | None,
        typer.Argument(
            metavar="[SOURCES]", help="Sources, one a line, as predict reads them; a run's dev data unless named."
        ),
    ] = None,
    *,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="A page for people (.html), or the numbers (.json).")
    ],
    language: options.InLanguage = options.Language.EN,
    count: Annotated[int, typer.Option("--count", min=1, metavar="N", help="Most sources that are measured.")] = 200,
    threads: options.Threads = None,
) -> None:
    """Show what each source item does to what comes later, as a page or as numbers.

    To the encoder's final state, by distance from the end of the source; to every hidden state; and to every unit of the
    model's own output: exact derivatives, and what erasing the item changes, beside the attention weights. Of more than
    --count sources as many are taken, evenly apart.
    """
    from heedful.checkpoint import write_beside
    from heedful.cli import show
    from heedful.predictor import Predictor
    from heedful.study.influence_findings import find

    if out.suffix.lower() not in KINDS:
        raise SettingsError(f"--out {out}: influence writes {' or '.join(KINDS)}; name such a file")
    options.use_threads(threads)
    predictor = Predictor.load(model)
    rows = _of_the_run(model) if sources is None else _of_a_file(predictor, sources)
    rows = [row for row in rows if any(predictor.split(row))]
    if not rows:
        raise DataError(f"{sources or model}: there is no source to measure", "give at least one that is not empty")
    rows = [rows[at * len(rows) // min(count, len(rows))] for at in range(min(count, len(rows)))]
    show.unknown(predictor.unknown(rows))
    measured = show.count(len(rows), "source")
    found = find(predictor, rows, lambda stage: show.say(f"{measured}: {STAGES[stage]}"))
    given = [str(model), *([] if sources is None else [str(sources)]), "--out", str(out), "--count", str(count)]
    command = comparing.command("influence", *given, "--language", language.value)
    write_beside(out, _written(found, out, language, command))
    show.say(f"{out} written")


def _written(found: "Findings", out: Path, language: options.Language, command: str) -> str:
    if out.suffix.lower() == ".json":
        import json

        return json.dumps(found.record(), ensure_ascii=False, allow_nan=False) + "\n"
    from heedful.inspection.html import render_page
    from heedful.study.influence_report import report

    return render_page(report(found, language.value, command))


def _of_the_run(model: Path) -> "list[Row]":
    """The distinct sources of a run's dev data.

    Raises:
        SettingsError: it is a model by itself. DataError: its data are gone, or bad.
    """
    from heedful.cli import show
    from heedful.evaluation.report import group_references
    from heedful.training.recipe import compose, read_table
    from heedful.training.run import RECIPE, corpora

    recipe = model / RECIPE
    if not recipe.is_file():
        raise SettingsError(
            f"{model} is a model by itself and has no dev data; name sources, one a line: heedful influence {model} sources.txt"
        )
    _, dev = corpora(compose(read_table(recipe), [], str(recipe)).recipe.data)
    show.notes(dev.notes, dev.skipped, dev.name)
    return list(group_references(dev.sources, dev.targets)[0])


def _of_a_file(predictor: "Predictor", name: str) -> "list[Row]":
    """Every line that is not empty.

    Raises:
        DataError: the file, or a line of it, can't be used.
    """
    from heedful.cli.incoming import incoming, problems

    source = incoming(name)
    looked = list(problems(predictor, source, source.lines()))
    if bad := [why for _, _, why in looked if why]:
        raise DataError(bad, "fix the line" if len(bad) == 1 else "fix these lines")
    return [row for _, row, _ in looked if row is not None]
