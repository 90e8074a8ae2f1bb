"""How things look: rich on a terminal, plain lines elsewhere. Data goes to standard output, talk to standard error."""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from heedful.data.batches import UnknownReport
    from heedful.evaluation.report import Report
    from heedful.results import Alignment

PLAIN_WIDTH = 200
"""Columns of a table that goes to a file: nothing is cut there, and nobody's window is narrow."""
MAP_WIDTH = 100
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def console(*, stderr: bool) -> Console:
    """A console on the stream as it is now. Nothing that we print is markup."""
    found = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not found.is_terminal and "COLUMNS" not in os.environ:
        found = Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=PLAIN_WIDTH)
    return found


def clean(text: str) -> str:
    """Text from a file or a model without what could take over a terminal: controls are spelled out."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def near(text: str) -> str:
    """The text with the paths of files below this folder as one would type them here."""
    try:
        here = re.escape(str(Path.cwd()).rstrip("/"))
    except OSError:  # somebody removed it under our feet
        return text
    return re.sub(rf"(?<![\w/.-]){here}/", "", text) if here else text


def say(message: str, *, style: str = "", on: Console | None = None) -> None:
    """A line of talk."""
    target = on or console(stderr=True)
    target.print(Text(clean(near(message)), style=style), soft_wrap=not target.is_terminal)


def error(message: str) -> None:
    """The line that says what went wrong."""
    target = console(stderr=True)
    # Never wrapped by us: whoever copies a path or greps for file:line wants the line whole.
    target.print(Text.assemble(("error: ", "bold red"), clean(near(message))), soft_wrap=True)


def put(line: str) -> None:
    """A line of data."""
    sys.stdout.write(f"{line}\n")


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = (0,)) -> None:
    """A table on standard output; columns are numbers and stand to the right, but for the ``left`` ones."""
    made = Table(header_style="bold", box=None)
    for place, head in enumerate(heads):
        made.add_column(head, justify="left" if place in left else "right", overflow="fold", no_wrap=place == 0)
    for row in rows:
        made.add_row(*(Text(clean(cell)) for cell in row))
    target = console(stderr=False)
    target.print(Text(clean(title), style="bold"), soft_wrap=True)  # a title is no part of the width
    target.print(made)


def report(found: "Report") -> None:
    """A report as two tables."""
    rows = [
        [name, f"{each.value:.2f}", f"{each.low:.2f} to {each.high:.2f}", each.signature]
        for name, each in found.metrics.items()
    ]
    heads = ["metric", "%", "95 % interval", "signature"]
    table(count(found.count, "source"), heads, rows, left=(0, 3))
    put("")
    lengths = [
        [_between(row.low, row.high), f"{row.count:,}", f"{row.accuracy:.2f}", f"{row.error_rate:.2f}"]
        for row in found.by_length
    ]
    table("by source length", ["units", "sources", "accuracy", "error rate"], lengths)


def _between(low: int, high: int) -> str:
    return f"{low} to {high}" if low < high else str(low)


def scores(found: "Report") -> str:
    """The metrics of a report in one line."""
    return ", ".join(
        f"{name} {each.value:.1f} % (95 %: {each.low:.1f} to {each.high:.1f})" for name, each in found.metrics.items()
    )


def heatmap(alignment: "Alignment", title: str, *, stderr: bool = False) -> None:
    """A map in the terminal: in colours if it has any, as wide as it is."""
    from heedful.inspection import text

    target = console(stderr=stderr)
    # sixteen colours are too few for a scale: shades say more
    colour = target.is_terminal and target.color_system in ("256", "truecolor") and not target.no_color
    width = target.width if target.is_terminal or "COLUMNS" in os.environ else MAP_WIDTH
    drawn = text.render(alignment, title=title, colour=colour, width=width)
    if colour:  # through rich, which knows how many colours this terminal has
        target.print(Text.from_ansi(drawn), soft_wrap=True, end="")
    else:
        (sys.stderr if stderr else sys.stdout).write(drawn)


def unknown(found: "UnknownReport") -> None:
    """How many source units the model does not know."""
    if found.count:
        common = " ".join(repr(unit) for unit, _ in found.most_common[:5])
        say(f"note: {found.count:,} of {found.total:,} source units are unknown to the model, such as {common}")


def notes(lines: Sequence[str], skipped: Sequence[str] = (), name: str = "") -> None:
    """What there is to say about a file."""
    for line in lines:
        say(f"note: {line}")
    if skipped:
        say(
            f"note: {len(skipped):,} bad row{'s' if len(skipped) > 1 else ''} of {name} skipped, the first: {skipped[0]}"
        )


def count(number: int, thing: str, things: str = "") -> str:
    """``1 row``, ``2 rows``."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def duration(seconds: float) -> str:
    """``45 s``, ``3 min 05 s``, ``2 h 10 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def json_line(record: Any) -> None:
    """One JSON object on a line of standard output."""
    import json

    put(json.dumps(record, ensure_ascii=False))
