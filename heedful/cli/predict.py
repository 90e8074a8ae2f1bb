"""``heedful predict``: an output for every input line."""

import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from heedful.cli import options
from heedful.errors import DataError

if TYPE_CHECKING:
    from heedful.cli.incoming import Incoming
    from heedful.codec import Row
    from heedful.predictor import Predictor
    from heedful.search.settings import SearchSettings


def predict(  # noqa: PLR0913 (one argument an option)
    model: options.Model,
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", help="Sources, one a line; standard input unless named.")
    ] = None,
    *,
    beam_size: options.BeamSize = None,
    n_best: Annotated[
        int | None, typer.Option("--n-best", min=1, metavar="N", help="Hypotheses to write for each line, in JSON.")
    ] = None,
    length_penalty: options.LengthPenalty = None,
    precision: options.InPrecision = None,
    batch_size: options.BatchSize = None,
    json: options.Json = False,
    threads: options.Threads = None,
    on_bad: options.Bad = None,
) -> None:
    """Write an output for every input line: output line i belongs to input line i.

    A line holds the source columns in the recipe's order, between tabs. An empty line gives an empty line. With
    --on-bad skip a line that can't be used gives an empty one too.
    """
    if n_best is not None and n_best > 1 and not json:
        raise typer.BadParameter("more than one hypothesis a line needs --json", param_hint="'--n-best'")
    from heedful.cli.incoming import incoming
    from heedful.predictor import BATCH_SIZE, Predictor

    source = incoming(file)
    options.use_threads(threads)
    predictor = Predictor.load(model)
    search = options.searching(
        predictor.settings, "predict", beam_size=beam_size, n_best=n_best if json else None,
        length_penalty=length_penalty, precision=precision,
    )  # fmt: skip
    writer = Writer(
        predictor, search if json else search.model_copy(update={"n_best": 1}), batch_size or BATCH_SIZE, json
    )
    writer.run(source, skip=on_bad is options.OnBad.skip)


class Writer:
    """Predicts chunk after chunk, and counts what there is to say at the end."""

    def __init__(self, predictor: "Predictor", search: "SearchSettings", batch_size: int, json: bool) -> None:
        self.predictor, self.search, self.batch_size, self.json = predictor, search, batch_size, json
        self.unknown: Counter[str] = Counter()
        self.unknown_count = self.units = 0
        self.bad: list[str] = []

    def run(self, source: "Incoming", *, skip: bool) -> None:
        """Answers everything that comes in.

        A bad line ends it before anything is written, as far as the input can be read ahead: a file to its end, a
        stream to the end of the chunk.

        Raises:
            DataError: a line is bad, and ``skip`` is not said.
        """
        from heedful.cli import incoming, show

        if source.live:
            show.say("reading lines from the terminal; Ctrl-D ends")
        if source.again and not skip:
            _stop_at([why for _, _, why in incoming.problems(self.predictor, source, source.lines()) if why])
        # Frames of a chunk stand in one store, and a batch is made of one.
        for chunk in source.chunks(incoming.FRAMES_AT_ONCE if self.predictor.codec.data.framed else incoming.CHUNK):
            looked = list(incoming.problems(self.predictor, source, chunk))
            bad = [why for _, _, why in looked if why]
            if not skip:
                _stop_at(bad)
            self.bad += bad
            self.write([(line.text, row) for line, row, _ in looked])
        self.tell()

    def write(self, lines: "list[tuple[str, Row | None]]") -> None:
        """The outputs of these lines; a line without a row gets an empty one."""
        from heedful.cli import show
        from heedful.results import Result

        rows = [row for _, row in lines if row is not None]
        found = self.predictor.unknown(rows)
        self.unknown.update(dict(found.most_common))
        self.unknown_count, self.units = self.unknown_count + found.count, self.units + found.total
        results = iter(self.predictor.search(rows, self.search, self.batch_size))
        for text, row in lines:
            result = Result(text, ()) if row is None else next(results)
            if self.json:
                show.json_line(result.record())
            else:
                show.put(result.text)
        sys.stdout.flush()

    def tell(self) -> None:
        """What was odd about the input."""
        from heedful.cli import show
        from heedful.data.batches import UnknownReport

        common = tuple(self.unknown.most_common(5))
        show.unknown(UnknownReport(self.unknown_count, self.units, common))
        if self.bad:
            lines = show.count(len(self.bad), "bad line")
            show.say(f"note: {lines} answered with an empty one, the first: {self.bad[0]}")


def _stop_at(bad: list[str]) -> None:
    if bad:
        raise DataError(
            bad, "fix the line or pass --on-bad skip" if len(bad) == 1 else "fix these lines or pass --on-bad skip"
        )
