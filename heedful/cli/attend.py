"""``heedful attend``: which input items each output item looked at."""

from pathlib import Path
from typing import Annotated

import typer

from heedful.cli import options
from heedful.errors import DataError, SettingsError


def attend(
    model: options.Model,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="The input text; several columns stand between tabs: $'run\\tV;PST'")
    ],
    target: Annotated[
        str | None, typer.Option("--target", metavar="TEXT", help="Force this output instead of searching for one.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write a .png, .svg, .json, .txt or .pharaoh file instead."),
    ] = None,
    beam_size: options.BeamSize = None,
    length_penalty: options.LengthPenalty = None,
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
    if target is not None and not options.as_text(target, "--target").strip():
        raise SettingsError("--target is empty; give the text to look at, or leave the option out")
    options.use_threads(threads)
    predictor = Predictor.load(model)
    check_attends(predictor)
    if not source.strip():
        raise DataError("SOURCE is empty", "give it at least one unit")
    row = split_source_line(source, predictor.codec.data, "SOURCE")
    if problem := fault(predictor, row):
        raise DataError(f"SOURCE {problem}", "check the text and the units that the model was trained on")
    show.unknown(predictor.unknown([row]))
    if target is None:
        search = options.searching(predictor.settings, "attend", beam_size=beam_size, length_penalty=length_penalty)
        found = predictor.search([row], search)[0].hypotheses[0]
    else:
        found = predictor.force([row], [target])[0]
    assert found.attention is not None  # check_attends has seen to it
    title = f"{' | '.join(row)} → {found.text}"
    if out is None or render is None:
        show.heatmap(found.attention, title)
        return
    write_beside(out, render(found.attention, title=title))
    show.put(found.text)
    show.say(f"{out} written")
