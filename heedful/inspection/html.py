"""A page as one HTML file: nothing is fetched, and nothing but the page's own script, which sorts tables, may run."""

import base64
import hashlib
import html
import math
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import quote

from heedful.errors import SettingsError
from heedful.inspection.labels import visible
from heedful.inspection.page import Cell, Figure, Page, Section, Table, Verdict
from heedful.inspection.scale import is_grouped, shown
from heedful.inspection.styles import SCRIPT, STYLE

# What the page says of its own, by language.
FURNITURE = {
    "en": {"contents": "Contents", "claim": "Claim", "verdict": "Verdict", "code": "How to repeat it"},
    "ko": {"contents": "차례", "claim": "주장", "verdict": "판정", "code": "다시 해 보려면"},
}

# A sign for each verdict, with another outline: they are told apart in grey, and without their colours.
SIGNS = {
    "holds": '<circle cx="8" cy="8" r="8" fill="currentColor"/><path d="M4.4 8.4l2.4 2.4 4.8-5.2" stroke="var(--paper)"/>',
    "does not hold": '<path d="M0 0h16v16H0z" fill="currentColor"/><path d="M5 5l6 6M11 5l-6 6" stroke="var(--paper)"/>',
    "not decided": '<circle cx="8" cy="8" r="6.9" stroke="currentColor" stroke-dasharray="2.6 1.7"/>',
}

# No letters: they would break the file, or turn the order of a line around and hide what it says.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
_PROLOG = re.compile(r"\A\s*(<\?xml[^>]*\?>)?\s*(<!DOCTYPE[^>]*>)?\s*")


def render_page(page: Page) -> str:
    """The whole file. It works from a disk without a network, and without its script, in light, in dark and on paper.

    Raises:
        SettingsError: the page is in a language whose words are not here; the message names those that are.
    """
    if page.language not in FURNITURE:
        raise SettingsError(f"a page speaks {', '.join(FURNITURE)}; found language {page.language!r}")
    words = FURNITURE[page.language]
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="{page.language}">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy()}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<link rel="icon" href="data:,">',
        f"<title>{written(page.title)}</title>",
        f"<style>{STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        f'<header class="lead"><h1>{written(page.title)}</h1>',
        *_paragraphs(page.lead),
        "</header>",
        *_contents(page.sections, words),
        *_claims(page.sections, words),
        *(line for section in page.sections for line in _section(section, words)),
        "</main>",
        f"<footer>{''.join(_paragraphs([page.footer]))}</footer>" if page.footer else "",
        f"<script>{SCRIPT}</script>",
        "</body>",
        "</html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def policy() -> str:
    """What a browser may do for this page: show it, and run the one script that has this fingerprint."""
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src {fingerprint(SCRIPT)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def fingerprint(text: str) -> str:
    """What a page's policy calls a script or a style sheet that stands in the page: another one does not work there."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _contents(sections: tuple[Section, ...], words: dict[str, str]) -> Iterator[str]:
    """Links to the sections; those with a verdict stand in the overview already."""
    listed = [section for section in sections if section.verdict is None]
    if len(sections) > 1 and listed:
        entries = "".join(f"<li>{_link(section, section.heading)}</li>" for section in listed)
        yield f'<nav aria-label="{words["contents"]}"><h2>{words["contents"]}</h2><ol>{entries}</ol></nav>'


def _claims(sections: tuple[Section, ...], words: dict[str, str]) -> Iterator[str]:
    """The overview: each claim, and what came of it."""
    rows = [
        f"<tr><td>{_link(section, section.heading)}{_beneath(section.claim)}</td><td>{_badge(section.verdict)}</td></tr>"
        for section in sections
        if section.verdict is not None
    ]
    if rows:
        head = "".join(f'<th scope="col">{words[word]}</th>' for word in ("claim", "verdict"))
        yield f'<div class="scroll claims"><table><thead><tr>{head}</tr></thead>\n<tbody>'
        yield from rows
        yield "</tbody></table></div>"


def _section(section: Section, words: dict[str, str]) -> Iterator[str]:
    yield f'<section id="{written(section.name)}">\n<h2>{written(section.heading)}</h2>'
    if section.claim:
        yield f'<p class="claim">{written(section.claim)}</p>'
    if section.verdict is not None:
        yield f"<div>{_badge(section.verdict)}</div>"
    yield from _paragraphs(section.text)
    if section.figures:
        yield '<div class="figures">'
        yield from map(_figure, section.figures)
        yield "</div>"
    for table in section.tables:
        yield from _table(table)
    if section.code:
        if section.figures or section.tables:  # else the section is about nothing else, and its heading says so
            yield f"<h3>{words['code']}</h3>"
        yield from (f'<pre tabindex="0"><code>{written(block)}</code></pre>' for block in section.code)
    yield "</section>"


def _paragraphs(texts: Iterable[str]) -> Iterator[str]:
    return (f"<p>{written(text)}</p>" for text in texts)


def _link(section: Section, text: str) -> str:
    return f'<a href="#{quote(section.name)}">{written(text)}</a>'


def _beneath(claim: str) -> str:
    return f"<p>{written(claim)}</p>" if claim else ""


def _badge(verdict: Verdict) -> str:
    sign = f'<svg viewBox="0 0 16 16" fill="none" stroke-width="2" aria-hidden="true">{SIGNS[verdict.kind]}</svg>'
    return f'<span class="verdict {verdict.kind.replace(" ", "-")}">{sign}{written(verdict.text)}</span>'


def _figure(figure: Figure) -> str:
    """A chart fills the page's width; a map is as wide as it is, and smaller where there is no room."""
    svg = _PROLOG.sub("", figure.svg).strip()
    if not svg.startswith("<svg"):
        raise ValueError(f"a figure is an <svg> element; found {svg[:40]!r}")
    kind = ' class="wide"' if 'width="100%"' in svg.partition(">")[0] else ""
    return f'<figure{kind}><div class="scroll">{svg}</div>\n<figcaption>{written(figure.caption)}</figcaption></figure>'


def _table(table: Table) -> Iterator[str]:
    columns = [_column([row[at] for row in table.rows], table.digits) for at in range(len(table.head))]
    yield '<div class="scroll table"><table class="sortable">'
    if table.caption:
        yield f"<caption>{written(table.caption)}</caption>"
    heads = (_head(text, column) for text, column in zip(table.head, columns, strict=True))
    yield f"<thead><tr>{''.join(heads)}</tr></thead>\n<tbody>"
    for row in table.rows:
        cells = (_cell(cell, column) for cell, column in zip(row, columns, strict=True))
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"


class _Column(NamedTuple):
    """How the cells of a column are set: numbers alone at the right, with commas if one of them is long."""

    kind: str
    digits: int
    grouped: bool


def _column(cells: list[Cell], digits: int) -> _Column:
    numbers = [cell for cell in cells if isinstance(cell, int | float)]
    alone = bool(numbers) and not any(isinstance(cell, str) for cell in cells)
    return _Column(' class="number"' if alone else "", digits, is_grouped(numbers))


def _head(text: str, column: _Column) -> str:
    """The button wakes up with the script; without it, it is text."""
    button = f'<button type="button" disabled>{written(text)}</button>'
    return f'<th scope="col" aria-sort="none"{column.kind}>{button}</th>'


def _cell(cell: Cell, column: _Column) -> str:
    """Sorted by its value; without one, last."""
    if isinstance(cell, str):
        return f"<td{column.kind}>{written(cell)}</td>"
    text = "–" if cell is None else shown(cell, column.digits * isinstance(cell, float), grouped=column.grouped)
    value = 'data-none=""' if cell is None or not math.isfinite(cell) else f'data-value="{cell!r}"'
    return f"<td{column.kind} {value}>{text}</td>"


def written(text: str) -> str:
    """Text that is only text: in an element, in an attribute, in a file of UTF-8."""
    return html.escape(_HIDDEN.sub(lambda found: visible(found.group()), text.replace("\r\n", "\n")))
