"""Bytes to lines of text: split on line feeds only, strict UTF-8, every complaint with file:line."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from heedful.errors import DataError

LONGEST = 1_000_000
"""A line of more bytes than this is no sentence, and would take all memory as a batch."""
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_MARKS = {b"\xff\xfe\x00\x00": "UTF-32", b"\x00\x00\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


@dataclass(frozen=True)
class Lines:
    """The lines of a file, None where one is bad; ``problems`` says why, by line number counted from one."""

    name: str
    texts: list[str | None]
    problems: dict[int, str]
    notes: list[str]


def expand(path: str, base: Path | None = None) -> Path:
    """The path with its ``$VARIABLE``s filled in; a relative one starts at ``base``.

    Raises:
        DataError: a variable is not set.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if not os.environ.get(name):
            raise DataError(f"{path}: the environment variable {name} is not set", f"export {name}=/folder/of/the/data")
        return os.environ[name]

    full = Path(_VARIABLE.sub(value, path)).expanduser()
    return full if base is None else base / full


def read_lines(file: Path | str | BinaryIO, name: str | None = None) -> list[str]:
    r"""The lines of a file or binary stream; ``name`` is what messages call it. A byte order mark and \\r\\n are dropped.

    Raises:
        DataError: the file can't be read, or a line is no text; the message names file:line.
    """
    lines = read(file, name)
    if lines.problems:
        raise DataError([*lines.problems.values()], "fix the line" if len(lines.problems) == 1 else "fix these lines")
    return [text for text in lines.texts if text is not None]


def read(file: Path | str | BinaryIO, name: str | None = None) -> Lines:
    """The lines of a file or binary stream, with the problems of the bad ones.

    Raises:
        DataError: there is no such file, it can't be read, or it is UTF-16.
    """
    if not isinstance(file, Path | str):
        return _read(file, name or str(getattr(file, "name", "input")))
    name = name or str(file)
    try:
        with Path(file).open("rb") as stream:
            return _read(stream, name)
    except FileNotFoundError:
        raise DataError(f"{name}: no such file", "check the path") from None
    except IsADirectoryError:
        raise DataError(f"{name}: is a folder", "name a file in it") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(f"{name}: can't be read ({reason.lower()})", "check the path and its permissions") from None


def _read(stream: BinaryIO, name: str) -> Lines:
    found = Lines(name, [], {}, [])
    returns: list[int] = []  # lines with \r before their \n
    ended = 0
    for number, raw in enumerate(stream, start=1):  # binary files split on \n alone
        line = _without_mark(raw, found) if number == 1 else raw
        text: str | None = None
        if line.endswith(b"\n"):
            ended, line = number, line[:-1]
        if line.endswith(b"\r"):
            returns.append(number)
        if len(line) > LONGEST:
            found.problems[number] = f"{name}:{number}: a line of {len(line):,} bytes, more than {LONGEST:,}"
        elif b"\0" in line:
            found.problems[number] = f"{name}:{number}: a NUL byte; this may not be text, or not UTF-8"
        else:
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError as error:
                byte = f"byte {error.start + 1} is 0x{line[error.start]:02x}"
                found.problems[number] = f"{name}:{number}: not UTF-8 ({byte})"
        found.texts.append(text)
    _drop_returns(found, returns, ended)
    return found


def _without_mark(line: bytes, found: Lines) -> bytes:
    for mark, encoding in _MARKS.items():
        if line.startswith(mark):
            way_out = f"convert it: iconv -f {encoding} -t UTF-8 {found.name} > utf8.txt"
            raise DataError(f"{found.name}: this is {encoding}, expected UTF-8", way_out)
    if line.startswith(b"\xef\xbb\xbf"):
        found.notes.append(f"{found.name}: begins with a byte order mark (BOM), which was dropped")
        return line[3:]
    return line


def _drop_returns(found: Lines, returns: list[int], ended: int) -> None:
    r"""Takes \\r from the line ends if all lines have it; if only some do, nobody knows which of them mean it."""
    if not returns:
        return
    if len([number for number in returns if number <= ended]) == ended:
        found.texts[:] = [text and text.removesuffix("\r") for text in found.texts]
        found.notes.append(f"{found.name}: lines end in \\r\\n (Windows); the \\r was dropped")
        return
    for number in returns:
        found.texts[number - 1] = None
        problem = f"{found.name}:{number}: ends in \\r\\n, and other lines do not; convert the file with dos2unix"
        found.problems.setdefault(number, problem)
