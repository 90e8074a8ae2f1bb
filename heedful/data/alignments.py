"""Right alignments from a file: one line a pair, ``i-j`` a sure link, ``i?j`` a possible one, both counted from zero."""

import re
from pathlib import Path

from heedful.data.lines import read
from heedful.errors import DataError

LINK = re.compile(r"(\d+)([-?p])(\d+)")
Links = tuple[frozenset[tuple[int, int]], frozenset[tuple[int, int]]]
"""Sure links, and possible ones, which include them: (source position, target unit)."""


def read_alignments(path: Path) -> list[Links]:
    """The links of every line; an empty line has none.

    Raises:
        DataError: the file is missing or not text, or something on a line is no link; file and line are named.
    """
    lines = read(path)
    found: list[Links] = []
    problems: list[str] = []
    for number, text in enumerate(lines.texts, start=1):
        links = [LINK.fullmatch(each) for each in (text or "").split()]
        if text is None or not all(links):
            problems.append(lines.problems.get(number) or f"{lines.name}:{number}: links are written 3-4 or 3?4")
            continue
        each = [(int(link[1]), int(link[3]), link[2] == "-") for link in links if link]
        sure = frozenset((source, target) for source, target, certain in each if certain)
        found.append((sure, frozenset((source, target) for source, target, _ in each)))
    if problems:
        raise DataError(problems, "one line a pair, source position first, counted from zero")
    return found
