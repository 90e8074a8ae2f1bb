"""What stands on a page of a report: plain values, in the language of its readers. ``html.py`` sets them."""

from dataclasses import dataclass
from typing import Literal

from heedful.inspection.palette import LIGHT

Cell = str | int | float | None
"""What a table holds: words, a count, a measured number, or nothing (an en dash)."""


@dataclass(frozen=True)
class Table:
    """Rows under a head. Floats are shown with so many ``digits`` after the point, and sorted by what they are.

    Raises:
        ValueError: a row has more cells than the head, or fewer.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    digits: int = 1

    def __post_init__(self) -> None:
        for at, row in enumerate(self.rows):
            if len(row) != len(self.head):
                raise ValueError(f"row {at} of the table has {len(row)} cells under {len(self.head)} heads")


@dataclass(frozen=True)
class Figure:
    """A drawing, as the text of one ``<svg>`` element (it stands in the page as it is), and what it shows.

    ``svg`` is trusted: it comes from this room's ``charts.py`` or ``svg.py``, which escape what they are given.
    """

    svg: str
    caption: str


@dataclass(frozen=True)
class Verdict:
    """What came of a claim; ``text`` says it in the page's language."""

    kind: Literal["holds", "does not hold", "not decided"]
    text: str


@dataclass(frozen=True)
class Section:
    """One matter: its ``claim`` in a sentence, what came of it, and what shows it.

    ``name`` is the anchor that links lead to: letters, digits, hyphens. ``code`` are blocks of commands, or a recipe.
    """

    name: str
    heading: str
    claim: str = ""
    verdict: Verdict | None = None
    text: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    code: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """The whole page. ``lead`` are its first paragraphs; ``language`` is that of all its words: ``en`` or ``ko``.

    Raises:
        ValueError: two sections have one name, or a name has blanks in it or is empty: no link could lead there.
    """

    title: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]
    language: str = "en"
    footer: str = ""

    def __post_init__(self) -> None:
        names = [section.name for section in self.sections]
        for name in names:
            if not name or any(character.isspace() for character in name) or names.count(name) > 1:
                raise ValueError(f"a section cannot be called {name!r}: a link leads to one name without blanks")


def standing_alone(figure: Figure) -> str:
    """The drawing as a file of its own: on paper, since what it stands on is no page of ours."""
    paper = f'<rect width="100%" height="100%" fill="{LIGHT["paper"]}"/>'
    head, end, rest = figure.svg.strip().partition("</title>")
    return f"{head}{end}{paper}{rest}\n" if end else f"{head}\n"
