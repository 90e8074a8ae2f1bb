r"""Lines to predict, as they come: strict UTF-8, split on line feeds only, never more than one chunk in memory.

The rules are those of ``data/lines.py``; only the line ends differ, since the rest of a stream is not known yet: the
first line says whether lines end in \r\n.
"""

import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from heedful.codec import Row
from heedful.data.corpus import split_source_line
from heedful.data.lines import LONGEST
from heedful.errors import DataError
from heedful.predictor import Predictor

CHUNK = 2_000
FRAMES_AT_ONCE = 256
CHUNK_BYTES = 4_000_000
"""A chunk ends at so many lines or bytes, whichever comes first."""
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Line(NamedTuple):
    """A line: its number from one, its text without the line end, and what is wrong with it."""

    number: int
    text: str
    problem: str | None


@dataclass(frozen=True)
class Incoming:
    """Where lines come from. ``again`` says that they can be read twice, ``live`` that somebody waits for each answer."""

    name: str
    path: Path | None
    again: bool
    live: bool

    def lines(self) -> Iterator[Line]:
        """Every line.

        Raises:
            DataError: the file can't be read, or is UTF-16.
        """
        if self.path is None:
            yield from _lines(sys.stdin.buffer, self.name)
            return
        try:
            with self.path.open("rb") as stream:
                yield from _lines(stream, self.name)
        except OSError as error:
            raise _unreadable(self.name, error) from None

    def chunks(self, most: int) -> Iterator[list[Line]]:
        """The lines in chunks of so many at most; one by one where somebody waits."""
        lines = self.lines()
        while chunk := _chunk(lines, 1 if self.live else most):
            yield chunk


def incoming(file: str | None) -> Incoming:
    """What this name means: a file, or standard input for none and ``-``.

    Raises:
        DataError: there is no such file, or nothing stands at standard input.
    """
    if file is None or file == "-":
        if sys.stdin is None or sys.stdin.closed:
            raise DataError("stdin is closed", "name a FILE, or send lines: heedful predict MODEL < lines.txt")
        return Incoming("stdin", None, again=False, live=sys.stdin.isatty())
    path = Path(file)
    try:
        kind = path.stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise _unreadable(file, error) from None
    return Incoming(file, path, again=stat.S_ISREG(kind), live=False)


def fault(predictor: Predictor, row: Row) -> str | None:
    """What is wrong with a source, if anything is."""
    most = predictor.codec.data.max_units
    texts = [(str(item), unit) for item, unit in zip(row, predictor.source_units, strict=True) if unit is not None]
    # No text has more than three units a character, so short ones need no counting.
    if (
        3 * sum(len(text) for text, _ in texts) > most
        and (count := sum(len(unit.split(text)) for text, unit in texts)) > most
    ):
        return f"{count:,} units, more than the model's max_units = {most:,}"
    if predictor.unreadable([row]):
        return "no unit of it was seen in training"
    return None


def problems(
    predictor: Predictor, source: Incoming, lines: Iterable[Line]
) -> Iterator[tuple[Line, Row | None, str | None]]:
    """Each line with its source columns (None: empty or bad) and what is wrong with it, as ``FILE:line: ...``.

    Files of frames, named relative to the input file, are read, a chunk of them at a time.
    """
    found = _of_text(predictor, source.name, lines)
    if not predictor.codec.data.framed:
        yield from found
        return
    base = None if source.path is None else source.path.parent
    while some := list(islice(found, FRAMES_AT_ONCE)):
        rows = [row for _, row, _ in some if row is not None]
        seen, bad = predictor.codec.looked(rows, base)
        number = 0
        for line, row, why in some:
            if row is None:
                yield line, None, why
                continue
            wrong = bad.get(number)
            yield line, seen[number], None if wrong is None else f"{source.name}:{line.number}: {wrong}"
            number += 1


def _of_text(predictor: Predictor, name: str, lines: Iterable[Line]) -> Iterator[tuple[Line, Row | None, str | None]]:
    for line in lines:
        where = f"{name}:{line.number}"
        if line.problem:
            yield line, None, f"{where}: {line.problem}"
        elif not line.text:
            yield line, None, None
        else:
            try:
                row = split_source_line(line.text, predictor.codec.data, where)
            except DataError as error:
                yield line, None, error.problems[0]
                continue
            wrong = fault(predictor, row)
            yield line, None if wrong else row, f"{where}: {wrong}" if wrong else None


def _chunk(lines: Iterator[Line], most: int) -> list[Line]:
    found: list[Line] = []
    held = 0
    for line in islice(lines, most):
        found.append(line)
        held += len(line.text)
        if held > CHUNK_BYTES:
            break
    return found


def _lines(stream: BinaryIO, name: str) -> Iterator[Line]:
    windows = False
    number = 0
    while raw := stream.readline(LONGEST + 3):  # a line within the limit, a mark before it and \r\n behind
        number += 1
        length = len(raw)
        while not raw.endswith(b"\n") and (rest := stream.readline(LONGEST)):
            length += len(rest)
            raw = raw[:LONGEST] + rest[-1:]  # too long already: only its end matters
        if number == 1:
            raw, windows = _first(raw, name), raw.endswith(b"\r\n")
        yield _line(number, raw, length, windows)


def _first(raw: bytes, name: str) -> bytes:
    if raw.startswith(UTF_16):
        raise DataError(f"{name}: this is UTF-16, expected UTF-8", f"convert it: iconv -f UTF-16 -t UTF-8 {name}")
    return raw.removeprefix(b"\xef\xbb\xbf")


def _line(number: int, raw: bytes, length: int, windows: bool) -> Line:
    raw = raw.removesuffix(b"\n")
    if windows:
        raw = raw.removesuffix(b"\r")
    try:
        text, problem = raw.decode("utf-8"), None
    except UnicodeDecodeError as error:
        text = raw.decode("utf-8", "replace")
        problem = f"not UTF-8 (byte {error.start + 1} is 0x{raw[error.start]:02x})"
    if length > LONGEST + 3 or len(raw) > LONGEST:
        return Line(number, "", f"a line of {length:,} bytes, more than {LONGEST:,}")
    if "\0" in text:
        problem = "a NUL byte; this may not be text, or not UTF-8"
    elif problem is None and text.endswith("\r"):
        problem = "ends in \\r\\n, and the first line does not; convert the file with dos2unix"
    return Line(number, text, problem)


def _unreadable(name: str, error: OSError | ValueError) -> DataError:
    if isinstance(error, FileNotFoundError):
        return DataError(f"{name}: no such file", "check the path")
    if isinstance(error, IsADirectoryError):
        return DataError(f"{name}: is a folder", "name a file in it")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return DataError(f"{name}: can't be read ({reason.lower()})", "check the path and its permissions")
