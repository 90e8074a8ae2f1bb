"""``heedful attend``: which input items each output item looked at."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from heedful.cli import options
from heedful.errors import DataError, SettingsError

if TYPE_CHECKING:
    from heedful.codec import Row
    from heedful.predictor import Predictor
    from heedful.results import Alignment, Hypothesis


def attend(
    model: options.Model,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="The input: text, or the path of a picture, sound or array; several columns stand between tabs: $'run\\tV;PST'",
        ),
    ],
    *,
    target: Annotated[
        str | None, typer.Option("--target", metavar="TEXT", help="Force this output instead of searching for one.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write a .png, .svg, .json, .txt or .pharaoh file instead."),
    ] = None,
    beam_size: options.BeamSize = None,
    length_penalty: options.LengthPenalty = None,
    precision: options.InPrecision = None,
    threads: options.Threads = None,
) -> None:
    """Show which input items each output item looked at: input down the left, output across, brighter is more.

    Without --out the map is drawn in the terminal; with it, only the output text goes to standard output.
    """
    from heedful.checkpoint import write_beside
    from heedful.cli import show
    from heedful.cli.incoming import fault
    from heedful.data.corpus import split_source_line
    from heedful.inspection.renderers import for_path
    from heedful.predictor import Predictor, check_attends

    render = None if out is None else for_path(out)
    source = options.as_text(source, "SOURCE")
    options.use_threads(threads)
    predictor = Predictor.load(model)
    check_attends(predictor)
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
    show.unknown(predictor.unknown([row]))
    if target is None:
        search = options.searching(
            predictor.settings, "attend", beam_size=beam_size, length_penalty=length_penalty, precision=precision
        )
        found = predictor.search([row], search)[0].hypotheses[0]
    else:
        found = _forced(predictor, row, options.as_text(target, "--target"))
    attention = cast("Alignment", found.attention)  # check_attends has seen to it
    attention = predictor.pictured(attention, row)
    title = f"{' | '.join(map(str, row))} → {found.text}"
    if out is None or render is None:
        show.heatmap(attention, title)
        return
    write_beside(out, render(attention, title=title))
    show.put(found.text)
    show.say(f"{out} written")


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
