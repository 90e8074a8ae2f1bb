"""SVG elements for a chart that stands in a page: no identifiers, no style sheet, colours by the page's variables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from heedful.inspection.labels import visible_text
from heedful.inspection.palette import LIGHT, variable

_NAMES = {colour: name for name, colour in LIGHT.items()}
_LETTERS = {1: "M", 2: "L", 3: "Q", 4: "C"}  # matplotlib's codes of a path
CLOSED = 79  # and that of its end at its start

Colour = tuple[float, float, float, float]  # red, green, blue and opacity, from 0 to 1


@dataclass(frozen=True)
class Paint:
    """How a path is painted. Colours are those of ``palette.LIGHT``; None is no paint. Widths and dashes in dots."""

    fill: Colour | None = None
    stroke: Colour | None = None
    width: float = 1.0
    dashes: Sequence[float] = ()
    round_ends: bool = False


def document(elements: Iterable[str], width: int, height: int, title: str) -> str:
    """The whole drawing: as wide as its place in the page, named for who cannot see it."""
    named = visible_text(title)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" width="100%" viewBox="0 0 {width} {height}" role="img"'
    )
    return "\n".join(
        [f"{head} aria-label={quoteattr(named)}>", f"<title>{escape(named)}</title>", *filter(None, elements), "</svg>"]
    )


def group(name: str) -> str:
    """The start of a group; the pointer over it is told its name."""
    return f"<g><title>{escape(visible_text(name))}</title>"


def path(segments: Iterable[tuple[Sequence[float], int]], height: float, paint: Paint) -> str:
    """A path through points that count upwards, on a drawing of this height. Empty if there is nothing to see."""
    data = "".join("Z" if code == CLOSED else _LETTERS[code] + _places(points, height) for points, code in segments)
    if not data or (paint.fill is None and paint.stroke is None):
        return ""
    return f'<path d="{data}" {" ".join(_attributes(paint))}/>'


def clipped(element: str, box: tuple[float, float, float, float]) -> str:
    """What of the element lies in the box (x, y, width, height): a drawing in the drawing, since it needs no name."""
    x, y, width, height = map(_number, box)
    return f'<svg x="{x}" y="{y}" width="{width}" height="{height}" viewBox="{x} {y} {width} {height}">{element}</svg>'


def ink(colour: Colour) -> str:
    """A colour of the palette as the page's variable for it.

    Raises:
        KeyError: it is none of the palette's: a chart that would not follow the page.
    """
    return variable(_NAMES["#" + "".join(f"{round(255 * part):02x}" for part in colour[:3])])


def _attributes(paint: Paint) -> Iterable[str]:
    yield f'fill="{ink(paint.fill)}"' if paint.fill else 'fill="none"'
    if paint.fill and paint.fill[3] < 1:
        yield f'fill-opacity="{_number(paint.fill[3])}"'
    if paint.stroke:
        yield f'stroke="{ink(paint.stroke)}" stroke-width="{_number(paint.width)}" stroke-linejoin="round"'
        if paint.stroke[3] < 1:
            yield f'stroke-opacity="{_number(paint.stroke[3])}"'
        if paint.dashes:
            yield f'stroke-dasharray="{" ".join(map(_number, paint.dashes))}"'
        if paint.round_ends:
            yield 'stroke-linecap="round"'


def _places(points: Sequence[float], height: float) -> str:
    pairs = zip(points[::2], points[1::2], strict=True)
    return " ".join(f"{_number(x)} {_number(height - y)}" for x, y in pairs)


def _number(value: float) -> str:
    return f"{round(float(value), 2) + 0.0:g}" if abs(value) < 1e4 else f"{float(value):.0f}"
