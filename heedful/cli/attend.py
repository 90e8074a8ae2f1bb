"""``heedful attend``: which input items each output item looked at."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from heedful.cli import options
from heedful.errors import DataError, SettingsError

if TYPE_CHECKING:
    from heedful.codec import Row
    from heedful.predictor import Predictor
    from heedful.results import Alignment, Hypothesis

PAGE = ".html"


def attend(  # noqa: PLR0913 (one argument an option)
    model: options.Model,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="The input: text, or the path of a picture, sound or array; several columns stand between tabs: $'run\tV;PST'",
        ),
    ],
    *,
    target: Annotated[
        str | None, typer.Option("--target", metavar="TEXT", help="Force this output instead of searching for one.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write a .png, .svg, .html, .json, .txt or .pharaoh file instead."),
    ] = None,
    n_best: Annotated[
        int | None,
        typer.Option(
            "--n-best",
            min=1,
            metavar="N",
            help="Hypotheses to choose from, in an HTML page; the whole beam unless said.",
        ),
    ] = None,
    language: Annotated[
        options.Language | None,
        typer.Option("--language", help="What an HTML page is written in; English unless said."),
    ] = None,
    beam_size: options.BeamSize = None,
    length_penalty: options.LengthPenalty = None,
    precision: options.InPrecision = None,
    threads: options.Threads = None,
) -> None:
    """Show which input items each output item looked at: input down the left, output across, brighter is more.

    Without --out the map is drawn in the terminal; with it, only the output text goes to standard output. A .html file
    is a page to point at: it has every hypothesis of the beam, and opens without a network.
    """
    from heedful.checkpoint import write_beside
    from heedful.cli import show
    from heedful.inspection.renderers import for_path
    from heedful.predictor import Predictor, check_attends

    render = None if out is None else for_path(out)
    page = out is not None and out.suffix.lower() == PAGE
    _check_count(n_best, target, page=page)
    if language is not None and not page:
        raise SettingsError(f"--language is for a page that is read; write one with --out map{PAGE}, or leave it out")
    source = options.as_text(source, "SOURCE")
    options.use_threads(threads)
    predictor = Predictor.load(model)
    check_attends(predictor)
    row = _row(predictor, source)
    show.unknown(predictor.unknown([row]))
    if target is None:
        search = options.searching(
            predictor.settings, "attend", beam_size=beam_size, n_best=n_best, length_penalty=length_penalty,
            precision=precision,
        )  # fmt: skip
        if page and n_best is None:
            search = search.model_copy(update={"n_best": search.beam_size})
        found = predictor.search([row], search)[0].hypotheses
    else:
        found = (_forced(predictor, row, options.as_text(target, "--target")),)
    best = found[0]
    if out is None or render is None:
        show.heatmap(_map(predictor, row, best), f"{' | '.join(map(str, row))} → {best.text}")
        return
    given = _given(row)
    if page:
        written: str | bytes = _page(predictor, row, found, given, language or options.Language.EN)
    else:
        written = render(_map(predictor, row, best), title=f"{given} → {best.text}")
    write_beside(out, written)
    show.put(best.text)
    show.say(f"{out} written")


def _check_count(n_best: int | None, target: str | None, *, page: bool) -> None:
    """Refuses to count hypotheses where there is but one."""
    if n_best is not None and target is not None:
        raise SettingsError("--n-best counts what a search finds, and --target forces one output; leave out either")
    if n_best is not None and not page:
        raise SettingsError(f"--n-best is for a page to choose from; write one with --out map{PAGE}, or leave it out")


def _row(predictor: "Predictor", source: str) -> "Row":
    """The source as the model reads it.

    Raises:
        DataError: there is nothing in it to look at, or what it names cannot be read.
    """
    from heedful.cli.incoming import fault
    from heedful.data.corpus import split_source_line

    row = split_source_line(source, predictor.codec.data, "SOURCE") if source else ()
    if not row or not any(row):
        raise DataError("SOURCE is empty", "give it at least one unit")
    found_rows, problems = predictor.codec.looked([row])
    if problems:
        raise DataError(f"SOURCE: {problems[0]}", "check the file")
    row = found_rows[0] or row
    if not any(predictor.split(row)):
        raise DataError("SOURCE is empty", "give it at least one unit")
    if problem := fault(predictor, row):
        raise DataError(f"SOURCE: {problem}", "check the text and the units that the model was trained on")
    return row


def _map(predictor: "Predictor", row: "Row", found: "Hypothesis") -> "Alignment":
    """The hypothesis' map, with what it is drawn on."""
    return predictor.pictured(cast("Alignment", found.attention), row)  # check_attends has seen to it


def _given(row: "Row") -> str:
    """The source as a file that somebody may be sent says it: text as it is, a picture or a sound by its name alone."""
    return " | ".join(item if isinstance(item, str) else Path(str(item)).name for item in row)


def _page(
    predictor: "Predictor", row: "Row", found: "tuple[Hypothesis, ...]", given: str, language: options.Language
) -> str:
    from heedful.inspection.map_page import render_maps

    pictured = [replace(each, attention=_map(predictor, row, each)) for each in found]
    return render_maps(pictured, title=given, language=language.value)


def _forced(predictor: "Predictor", row: "Row", target: str) -> "Hypothesis":
    """This very output, as if the search had found it."""
    from heedful.cli import show

    units = predictor.target_units.split(target)
    if not units:
        raise SettingsError("--target is empty; give the text to look at, or leave the option out")
    if unknown := predictor.codec.target_vocabulary.unknown(units):
        common = " ".join(map(repr, dict.fromkeys(unknown)))
        show.say(f"note: {len(unknown):,} of {len(units):,} units of --target are unknown to the model: {common}")
    return predictor.force([row], [target])[0]
