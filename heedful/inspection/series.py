"""What a chart shows: numbers with their names and intervals. ``charts.py`` draws them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """Points in the order of ``x``, and the ends of their intervals. A ``y`` that is not finite leaves a gap.

    Raises:
        ValueError: the lengths differ, or an interval has one end.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if (self.low is None) != (self.high is None):
            raise ValueError(f"the line {self.name!r} has one end of its intervals; give low and high")
        lengths = {len(values) for values in (self.x, self.y, self.low, self.high) if values is not None}
        if len(lengths) > 1:
            raise ValueError(f"the line {self.name!r} has x, y, low, high of different lengths: {sorted(lengths)}")

    def intervals(self) -> list[tuple[float, float, float]]:
        """``x``, low and high of the points that have a finite interval."""
        if self.low is None or self.high is None:
            return []
        return [ends for ends in zip(self.x, self.low, self.high, strict=True) if all(map(math.isfinite, ends))]

    def heights(self) -> list[float]:
        """Every value that counts upwards: the points, and the ends of their intervals."""
        return [*self.y, *(end for _, low, high in self.intervals() for end in (low, high))]


@dataclass(frozen=True)
class Bar:
    """A value and its interval, a row of a forest plot. A value that is not finite leaves its row empty.

    Raises:
        ValueError: the interval has one end.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if (self.low is None) != (self.high is None):
            raise ValueError(f"the row {self.name!r} has one end of its interval; give low and high")

    def note(self) -> str:
        """The row in words: its name, its value and its interval."""
        interval = "" if self.low is None or self.high is None else f" ({self.low:.4g} … {self.high:.4g})"
        return f"{self.name}: " + f"{self.value:.4g}{interval}".replace("-", "−")
