"""The heatmap as a drawing whose text stays text: it can be searched, copied, read aloud, and needs no font here."""

import base64
import io
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from heedful.inspection.brightness import hexadecimal
from heedful.inspection.labels import is_right_to_left, visible, visible_text
from heedful.inspection.overlay import Overlay, Picture, is_over_a_picture
from heedful.inspection.overlay import plan as plan_overlay
from heedful.inspection.sheet import ATTENTION, BAR, CARD, QUIET_TEXT, AxisNames, Label, Sheet, plan
from heedful.results import Alignment

FONTS = (
    "'Noto Sans', 'DejaVu Sans', 'Noto Sans CJK KR', 'Noto Sans KR', 'Noto Sans JP', 'Apple SD Gothic Neo', 'Malgun Gothic', "
    "'Noto Sans Devanagari', 'Noto Sans Arabic', 'Noto Sans Hebrew', 'Noto Sans Thai', system-ui, sans-serif"
)
MOST_TITLED = 3600  # cells before they are merged, and no longer say their number under the pointer
LEVELS = 64  # of brightness, once cells are merged: the eye tells no more apart on a picture that dense


def render(alignment: Alignment, *, title: str = "", names: AxisNames = ATTENTION) -> str:
    """A complete SVG document: no script, no style sheet, nothing fetched, no identifiers that could clash in a page.

    An alignment to a picture is drawn on it; the picture stands in the document, once a panel. What is drawn is called
    attention of output units to input units, unless ``names`` says what else it is.

    Raises:
        ValueError: there are names for the axes of a picture, which has none; or a weight is not a finite number.
    """
    if is_over_a_picture(alignment):
        if names != ATTENTION:
            raise ValueError("an alignment to a picture is drawn on the picture: there are no axes to name")
        overlay = plan_overlay(alignment, title)
        described = f"Attention of {len(alignment.target)} output units, drawn over what they looked at."
        return _document(overlay, title, described, [*map(_image, overlay.pictures), *_rules(overlay)])
    sheet, named = plan(alignment, title, names), names.shown()
    titled = sheet.bright.size == alignment.weights.size <= MOST_TITLED  # neither dense nor with several units a dot
    described = (
        f"{named.bar[:1].upper()}{named.bar[1:]} of {len(alignment.target)} {named.across} units, across, "
        f"to {len(alignment.source)} {named.down} units, down."
    )
    cells = _cells(alignment, sheet) if titled else _runs(sheet)
    return _document(
        sheet, title or named.bar, described, ['<g shape-rendering="crispEdges">', *cells, *_bar(sheet), "</g>"]
    )


def _document(sheet: Sheet | Overlay, title: str, described: str, drawn: list[str]) -> str:
    size = f'width="{sheet.width}" height="{sheet.height}" viewBox="0 0 {sheet.width} {sheet.height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family={quoteattr(FONTS)}>',
        f"<title>{escape(visible_text(title) or 'attention')}</title>",
        f"<desc>{escape(described)} Brighter is more.</desc>",
        f'<rect width="{sheet.width}" height="{sheet.height}" rx="10" fill="{CARD}"/>',
        *drawn,
        *map(text_element, sheet.labels),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _image(picture: Picture) -> str:
    left, top, width, height = picture.box
    place = f'x="{left}" y="{top}" width="{width}" height="{height}" preserveAspectRatio="none"'
    name = f"<title>{escape(picture.name)}</title>" if picture.name else ""
    return f'<image {place} href="data:image/png;base64,{_encoded(picture.pixels)}">{name}</image>'


def _encoded(pixels: NDArray[np.uint8]) -> str:
    from PIL import Image  # here, since plain maps need none; it comes along with matplotlib

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=9)
    return base64.b64encode(file.getvalue()).decode()


def _rules(overlay: Overlay) -> Iterator[str]:
    for left, top, width, height in overlay.rules:
        yield f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="{QUIET_TEXT}"/>'


def _cells(alignment: Alignment, sheet: Sheet) -> Iterator[str]:
    """One rectangle a cell, with a note for the pointer."""
    wide, high = (side - sheet.gap for side in sheet.cell)
    inputs, outputs = [visible(unit) for unit in alignment.source], [visible(unit) for unit in alignment.target]
    for row, source in enumerate(inputs):
        for column, target in enumerate(outputs):
            x, y = sheet.place.left + column * sheet.cell[0], sheet.place.top + row * sheet.cell[1]
            weight = float(sheet.bright[row, column])
            # Isolates keep a right-to-left unit from swapping the two sides of the arrow.
            note = escape(f"\u2068{target}\u2069 ← \u2068{source}\u2069: {weight:.2f}")
            place = f'x="{x}" y="{y}" width="{wide}" height="{high}"'
            yield f'<rect {place} fill="{hexadecimal(weight)}"><title>{note}</title></rect>'


def _runs(sheet: Sheet) -> Iterator[str]:
    """One path a level of brightness, made of the runs of that level along the rows, on a map that is dark already."""
    rows, columns = sheet.bright.shape
    wide, high = sheet.cell
    box = f'x="{sheet.place.left}" y="{sheet.place.top}" width="{columns * wide}" height="{rows * high}"'
    yield f'<rect {box} fill="{hexadecimal(0.0)}"/>'
    levels = np.rint(sheet.bright * (LEVELS - 1)).astype(np.int64)
    change = np.ones((rows, columns), dtype=bool)
    change[:, 1:] = levels[:, 1:] != levels[:, :-1]
    starts = np.flatnonzero(change)
    lengths = np.diff(np.append(starts, rows * columns))  # a row's first cell always starts a run
    of_run = levels.ravel()[starts]
    for level in range(1, LEVELS):
        here = np.flatnonzero(of_run == level)
        if not here.size:
            continue
        ys, xs = np.divmod(starts[here], columns)
        runs = zip((xs * wide).tolist(), (ys * high).tolist(), (lengths[here] * wide).tolist(), strict=True)
        path = "".join(f"M{x} {y}h{length}v{high}h-{length}z" for x, y, length in runs)
        place = f'transform="translate({sheet.place.left} {sheet.place.top})"'
        yield f'<path {place} fill="{hexadecimal(level / (LEVELS - 1))}" d="{path}"/>'


def _bar(sheet: Sheet) -> Iterator[str]:
    """The colour bar, in steps: a gradient would need an identifier, and two pictures in one page would share it."""
    x, y, _, _ = sheet.bar
    steps = 48
    for step in range(steps):
        from_x, to_x = (x + BAR[0] * at / steps for at in (step, step + 1))
        fill = hexadecimal(step / (steps - 1))
        yield f'<path fill="{fill}" d="M{from_x:g} {y}H{to_x:g}v{BAR[1]}H{from_x:g}z"/>'


def text_element(label: Label) -> str:
    """The label as a ``<text>`` element."""
    anchor, direction = label.anchor, ""
    if is_right_to_left(label.text):
        # Read from right to left, a line starts at its right end.
        anchor = {"start": "end", "end": "start", "middle": "middle"}[anchor]
        direction = ' direction="rtl" unicode-bidi="isolate"'
    turn = f' transform="rotate({label.turn} {label.x:g} {label.y:g})"' if label.turn else ""
    place = f'x="{label.x:g}" y="{label.y:g}" font-size="{label.size:g}" text-anchor="{anchor}"'
    return f'<text {place} fill="{label.colour}"{direction}{turn}>{escape(label.text)}</text>'
