"""Charts for a page: matplotlib lays them out and draws them, with a pen of ours that writes inline SVG.

The pen, and not matplotlib's SVG file, because a page needs what the file cannot give: colours that follow the page from
light to dark, no identifiers (two charts on a page would share them), no style sheet that reaches over the whole page,
and text that is measured without a font, so that Hangul has its room on a machine that has no letters for it.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, IdentityTransform, Transform
from matplotlib.typing import ColorType

from heedful.inspection import strokes
from heedful.inspection.frame import SAMPLE, WIDTH, Frame, around_lines, around_rows
from heedful.inspection.palette import LIGHT, SERIES
from heedful.inspection.scale import Scale, bounded, named, rounded, span
from heedful.inspection.series import Bar, Line
from heedful.inspection.strokes import Paint
from heedful.inspection.svg import text_element

__all__ = ["Bar", "Line", "bars", "lines"]

MOST_BARRED = 8  # points whose intervals are drawn one by one; those of more make a band
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", (0, (7, 3)), (0, (2, 2.5)), (0, (8, 3, 2, 3)), (0, (14, 4)))


def lines(  # noqa: PLR0913 (each says one thing about the picture)
    series: Sequence[Line],
    *,
    title: str,
    across: str,
    up: str,
    logarithmic: bool = False,
    ticks: Sequence[tuple[float, str]] | None = None,
    bottom: float | None = None,
    top: float | None = None,
    level: float | None = None,
) -> str:
    """One ``<svg>``: a line a series, with markers and its intervals, told apart without colours too.

    Args:
        series: what is drawn; more than six repeat colours, with other markers and dashes.
        title: what the chart shows, for who cannot see it.
        across: what counts from left to right, with its unit.
        up: what counts upwards, with its unit.
        logarithmic: whether ``across`` has a logarithmic scale.
        ticks: places on ``across`` and what is written there; None chooses round numbers.
        bottom: where ``up`` begins; None leaves room around what there is. What lies beyond is cut off.
        top: where ``up`` ends.
        level: a thin line across, at zero or at a baseline.

    Raises:
        ValueError: the scale is logarithmic and a value on it is not positive, or ``bottom`` is not below ``top``.
    """
    values = [value for each in series for value in each.heights()]
    upward = rounded(bounded([*values, level], bottom, top))
    ends = span([*(x for each in series for x in each.x), *(x for x, _ in ticks or ())], 0.04, logarithmic=logarithmic)
    along = Scale(ends, named(ticks), logarithmic) if ticks is not None else rounded(ends, logarithmic=logarithmic)
    frame = around_lines([line.name for line in series], along, upward, across, up)
    axes = _axes(frame)
    axes.grid(axis="y", color=LIGHT["rule"], linewidth=1)
    if level is not None:
        axes.axhline(level, color=LIGHT["quiet"], linewidth=1, dashes=(4, 3), zorder=1.5)
    for at, line in enumerate(series):
        _draw(axes, line, at)
    samples = [_sample(x, frame.height - y, at) for at, (x, y) in enumerate(frame.samples)]
    return _finished([axes, *samples], frame, title)


def bars(
    values: Sequence[Bar],
    *,
    title: str,
    along: str,
    level: float | None = None,
    band: tuple[float, float] | None = None,
) -> str:
    """One ``<svg>``: a row a value, in their order: a point with its interval, or bars where nothing has an interval.

    Args:
        values: what is drawn; the pointer over a row is told its numbers.
        title: what the chart shows, for who cannot see it.
        along: what counts from left to right, with its unit.
        level: a thin line down, at no difference for example; bars begin there, or at zero.
        band: a shaded range, of differences too small to matter for example.
    """
    barred = all(each.low is None for each in values)
    start = (0.0 if level is None else level) if barred else level
    ends = span([*(end for each in values for end in (each.value, each.low, each.high)), start, *(band or ())], 0.05)
    frame = around_rows([each.name for each in values], rounded(ends), along)
    axes = _axes(frame)
    axes.grid(axis="x", color=LIGHT["rule"], linewidth=1)
    if band:
        axes.axvspan(*band, color=LIGHT["band"], linewidth=0)
    if start is not None:
        axes.axvline(start, color=LIGHT["quiet"], linewidth=1, dashes=(4, 3), zorder=1.5)
    for at, value in enumerate(values):
        _draw_row(axes, value, at, start if barred else None)
    return _finished([axes], frame, title)


def _axes(frame: Frame) -> Axes:
    """An empty plot in its place on the drawing, with its ticks and without their texts, which are ours."""
    place, along, upward = frame.place, frame.along, frame.upward
    figure = Figure((WIDTH / 72, frame.height / 72), dpi=72, frameon=False)  # a dot is a point
    share = (place.left / WIDTH, 1 - place.bottom / frame.height, place.width / WIDTH, place.height / frame.height)
    axes = figure.add_axes(share, frameon=False)
    axes.set_xscale("log" if along.logarithmic else "linear")
    axes.set(xticks=[value for value, _ in along.ticks], yticks=[value for value, _ in upward.ticks])
    axes.set(xlim=along.ends, ylim=upward.ends)
    axes.minorticks_off()
    axes.tick_params(labelbottom=False, labelleft=False, left=False, bottom=False)
    axes.set_axisbelow(True)
    return axes


def _draw(axes: Axes, line: Line, at: int) -> None:
    """A series: its intervals under it, as bars while they are few, else as a band."""
    colour = LIGHT[SERIES[at % len(SERIES)]]
    intervals = line.intervals()
    if len(intervals) > MOST_BARRED:
        x, low, high = zip(*intervals, strict=True)
        axes.fill([*x, *reversed(x)], [*low, *reversed(high)], color=colour, alpha=0.15, linewidth=0, zorder=1)
    else:
        for where, low, high in intervals:
            axes.plot([where, where], [low, high], color=colour, linewidth=1.5, alpha=0.55, zorder=2)
    drawn = _dressed(Line2D(line.x, line.y), at)
    if len(line.x) > 4 * MOST_BARRED:
        drawn.set_markevery(math.ceil(len(line.x) / (2 * MOST_BARRED)))
    drawn.set_gid(line.name)
    axes.add_line(drawn)


def _draw_row(axes: Axes, value: Bar, at: int, start: float | None) -> None:
    """A row of a forest plot, or a bar from ``start``."""
    colour, note = LIGHT[SERIES[0]], value.note()
    if not math.isfinite(value.value):
        return
    if start is not None:
        axes.barh([at], [value.value - start], height=0.56, left=start, color=colour, zorder=2, gid=note)
        return
    if value.low is not None and value.high is not None:
        axes.plot([value.low, value.high], [at, at], color=colour, linewidth=2.5, solid_capstyle="round", gid=note)
    axes.plot(
        [value.value], [at], linestyle="none", color=colour, marker="o", markersize=9, markeredgewidth=0, gid=note
    )


def _sample(x: float, y: float, at: int) -> Line2D:
    """A piece of a line with its marker in the middle, at dots from the lower left."""
    return _dressed(
        Line2D([x, x + SAMPLE / 2, x + SAMPLE], [y, y, y], transform=IdentityTransform(), markevery=[1]), at
    )


def _dressed(line: Line2D, at: int) -> Line2D:
    """The line in the colour, with the dashes and the marker of a series."""
    line.set(color=LIGHT[SERIES[at % len(SERIES)]], linewidth=2, linestyle=DASHES[at % len(DASHES)], zorder=3)
    line.set(marker=MARKERS[at % len(MARKERS)], markersize=6.5, markeredgewidth=0)
    return line


def _finished(drawn: Sequence[Artist], frame: Frame, title: str) -> str:
    pen = _Pen(frame.height)
    for each in drawn:
        each.draw(pen)
    return strokes.document([*pen.elements, *map(text_element, frame.labels)], WIDTH, frame.height, title)


class _Pen(RendererBase):
    """Draws what matplotlib asks for as SVG elements."""

    def __init__(self, height: int) -> None:
        super().__init__()
        self.height = height
        self.elements: list[str] = []
        self._named: list[bool] = []

    def flipy(self) -> bool:
        """Places count upwards; they are turned where they are written."""
        return False

    def open_group(self, s: str, gid: str | None = None) -> None:
        """Group what has a name."""
        self._named.append(gid is not None)
        self.elements.extend([] if gid is None else [strokes.group(gid)])

    def close_group(self, s: str) -> None:
        """End a group."""
        self.elements.extend(["</g>"] if self._named.pop() else [])

    def draw_path(
        self,
        gc: GraphicsContextBase,
        path: Path,
        transform: Transform,
        rgbFace: ColorType | None = None,  # noqa: N803
    ) -> None:
        """Write a path, cut at the edge of the plot where it goes beyond it."""
        drawn = strokes.path(_segments(path, transform), self.height, _paint(gc, rgbFace))
        edge, extents = gc.get_clip_rectangle(), path.get_extents(transform)
        if edge and not all(edge.padded(0.5).contains(*corner) for corner in (extents.min, extents.max)):
            drawn = strokes.clipped(drawn, (edge.x0, self.height - edge.y1, edge.width, edge.height))
        self.elements.append(drawn)

    def draw_markers(
        self,
        gc: GraphicsContextBase,
        marker_path: Path,
        marker_trans: Transform,
        path: Path,
        trans: Transform,
        rgbFace: ColorType | None = None,  # noqa: N803
    ) -> None:
        """Write each marker whose middle is on the plot as a whole: none is cut in half at the edge."""
        edge, paint = gc.get_clip_rectangle(), _paint(gc, rgbFace)
        marker = marker_path.transformed(marker_trans)
        for places, _ in _segments(path, trans):
            x, y = places[-2:]
            if not edge or edge.padded(0.5).contains(x, y):
                self.elements.append(strokes.path(_segments(marker, Affine2D().translate(x, y)), self.height, paint))


def _segments(path: Path, transform: Transform) -> Iterator[tuple[list[float], int]]:
    for places, code in path.iter_segments(transform, simplify=False):
        yield places.tolist(), int(code)


def _paint(gc: GraphicsContextBase, face: ColorType | None) -> Paint:
    line, (_, dashes) = gc.get_rgb(), gc.get_dashes()
    return Paint(
        fill=None if face is None else to_rgba(face),
        stroke=line if gc.get_linewidth() > 0 and line[3] > 0 else None,
        width=gc.get_linewidth(),
        dashes=() if dashes is None else np.asarray(dashes, dtype=np.float64).tolist(),
        round_ends=gc.get_capstyle() == "round",
    )
