"""From numbers to places along a side of a chart, and what is written there."""

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from heedful.inspection.labels import shortened, visible_text
from heedful.inspection.sheet import text_width

SIZE = 13  # of a chart's text
MOST_CELLS = 24  # terminal cells of a name before it is cut
MOST_TICKS = 6
NEAR = 1e-9  # an end that is a tick but for its last digit is a tick
LEAN = 35  # degrees, of names that have no room side by side


@dataclass(frozen=True)
class Scale:
    """A side of a chart: its ends, and its ticks (a value, and what is written there)."""

    ends: tuple[float, float]
    ticks: tuple[tuple[float, str], ...]
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """Where between the ends a value lies: 0 at the first, 1 at the second."""
        first, last = self.ends
        if self.logarithmic:
            return math.log(value / first) / math.log(last / first)
        return (value - first) / (last - first)

    @property
    def widest(self) -> float:
        """The width in dots of the widest text."""
        return max((text_width(text, SIZE) for _, text in self.ticks), default=0.0)

    def turn(self, room: float) -> int:
        """Degrees by which the texts have to lean, so that they do not touch on a side of so many dots."""
        ends = [(self.share(value) * room, text_width(text, SIZE) / 2) for value, text in sorted(self.ticks)]
        pairs = itertools.pairwise(ends)
        return LEAN if any(x + half + 8 > after - other for (x, half), (after, other) in pairs) else 0

    def before(self, room: float) -> float:
        """How far texts that lean reach beyond the start of a side of so many dots."""
        lean = math.cos(math.radians(LEAN))
        return max(
            (text_width(text, SIZE) * lean - self.share(value) * room for value, text in self.ticks), default=0.0
        )

    def beyond(self, room: float) -> float:
        """How far texts that do not lean reach beyond its end."""
        ends = [text_width(text, SIZE) / 2 - (1 - self.share(value)) * room for value, text in self.ticks]
        return max(ends, default=0.0)


def rounded(ends: tuple[float, float], *, logarithmic: bool = False) -> Scale:
    """A scale between the ends, with some round numbers on it."""
    low, high = ends
    if logarithmic:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        found = [float(f"{step}e{decade}") for decade in decades for step in ((1,) if high / low > 500 else (1, 2, 5))]
        found = [value for value in found if low <= value <= high]
        if len(found) > 1:
            grouped = is_grouped(found)
            texts = (shown(value, decimals_of(value), grouped=grouped) for value in found)
            return Scale(ends, tuple(zip(found, texts, strict=True)), logarithmic=True)
    step = next(step for step in _steps((high - low) / MOST_TICKS) if (high - low) / step <= MOST_TICKS)
    places = [count * step for count in range(math.ceil(low / step - NEAR), math.floor(high / step + NEAR) + 1)]
    decimals, grouped = decimals_of(step), is_grouped(ends)
    texts = (shown(value, decimals, grouped=grouped) for value in places)
    return Scale(ends, tuple(zip(places, texts, strict=True)), logarithmic)


def _steps(least: float) -> Iterator[float]:
    """Round steps around the least one that would do, smaller ones first."""
    decade = math.floor(math.log10(least))
    return (float(f"{step}e{decade}") for step in (1, 2, 2.5, 5, 10, 20))


def bounded(values: Iterable[float | None], bottom: float | None, top: float | None) -> tuple[float, float]:
    """The span of the values with some room around it, but for the ends that are given.

    Raises:
        ValueError: the first end is not below the second.
    """
    low, high = span([*values, bottom, top], 0.06)
    low, high = low if bottom is None else bottom, high if top is None else top
    if low >= high:
        raise ValueError(f"a chart cannot go from {low} up to {high}")
    return low, high


def named(ticks: Iterable[tuple[float, str]]) -> tuple[tuple[float, str], ...]:
    """Ticks of one's choice, with names that can be shown."""
    return tuple((float(value), cut(text)) for value, text in ticks)


def cut(text: str, cells: int = MOST_CELLS) -> str:
    """A text that can be shown, not wider than so many terminal cells."""
    return shortened(visible_text(text), cells)


def span(values: Iterable[float | None], margin: float, *, logarithmic: bool = False) -> tuple[float, float]:
    """From the least to the greatest finite value, and a share of that on both sides; never empty.

    Raises:
        ValueError: a value has no logarithm.
    """
    found = [float(value) for value in values if value is not None and math.isfinite(value)]
    if logarithmic and found and min(found) <= 0:
        raise ValueError(f"{min(found)} has no place on a logarithmic axis")
    if not found:
        return (1.0, 10.0) if logarithmic else (0.0, 1.0)
    low, high = (math.log(end) if logarithmic else end for end in (min(found), max(found)))
    beyond = margin * (high - low) or (0.5 if logarithmic else 0.05 * abs(high) or 0.5)
    low, high = low - beyond, high + beyond
    return (math.exp(low), math.exp(high)) if logarithmic else (low, high)


def decimals_of(step: float) -> int:
    """How many decimals a number has, six at most."""
    return next((places for places in range(6) if abs(round(step, places) - step) <= 1e-6 * abs(step)), 6)


def shown(value: float, decimals: int, *, grouped: bool = False) -> str:
    """A number as it is written on an axis or in a table: with a real minus, and with commas if its column has them."""
    if not math.isfinite(value):
        return str(value)
    return f"{round(value, decimals) + 0.0:{',' if grouped else ''}.{decimals}f}".replace("-", "−")  # no minus at zero


def is_grouped(values: Iterable[float]) -> bool:
    """Whether numbers that stand together need commas: one of them has five digits."""
    return any(math.isfinite(value) and abs(value) >= 10_000 for value in values)
