"""``heedful evaluate``: how good a model is on pairs."""

from typing import Annotated

import typer

from heedful.cli import options


def evaluate(  # noqa: PLR0913 (one argument an option)
    model: options.Model,
    data: Annotated[
        list[str], typer.Argument(metavar="DATA.tsv | SOURCE TARGET", help="A file of pairs, or two of parallel text.")
    ],
    *,
    json: options.Json = False,
    beam_size: options.BeamSize = None,
    length_penalty: options.LengthPenalty = None,
    precision: options.InPrecision = None,
    batch_size: options.BatchSize = None,
    threads: options.Threads = None,
    on_bad: options.Bad = None,
) -> None:
    """Score a model on pairs: every metric with its 95 % interval, and a table by source length.

    Lines with one source are references of it: an output that equals any of them is right.
    """
    if len(data) > 2:
        raise typer.BadParameter(f"one file of pairs, or two of parallel text; found {len(data)}")
    from heedful.checkpoint import load
    from heedful.cli import show
    from heedful.data.corpus import read_corpus
    from heedful.predictor import BATCH_SIZE, Predictor

    options.use_threads(threads)
    checkpoint = load(model)
    predictor = Predictor.from_checkpoint(checkpoint)
    search = options.searching(
        predictor.settings, "evaluate", beam_size=beam_size, length_penalty=length_penalty, precision=precision
    )
    place = data[0] if len(data) == 1 else (data[0], data[1])
    corpus = read_corpus(place, predictor.codec.data, on_bad=on_bad.value if on_bad else "stop")
    show.notes(corpus.notes, corpus.skipped, corpus.name)
    show.unknown(predictor.unknown(corpus.sources))
    report, _ = predictor.evaluate(corpus, checkpoint.evaluation, search, batch_size or BATCH_SIZE)
    if json:
        show.json_line(report.record())
    else:
        show.report(report)
