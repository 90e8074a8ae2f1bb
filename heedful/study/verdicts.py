"""What a measure says about a claim: computed from its interval, never written by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from heedful.evaluation.comparison import LEAST
from heedful.evaluation.significance import Paired

Kind = Literal["holds", "does not hold", "not decided"]
Side = Literal["above", "below", "within"]


@dataclass(frozen=True)
class Measure:
    """A number with its 95 % interval, and where the claim wants it: above or below ``level``, or within ± ``level``.

    ``name`` says what was measured. ``telling``: whether it can decide anything, which it can't over a handful of items.
    """

    name: str
    value: float
    low: float
    high: float
    claimed: Side = "above"
    level: float = 0.0
    digits: int = 1
    telling: bool = True

    @classmethod
    def of(cls, name: str, found: Paired, claimed: Side = "above", level: float = 0.0, digits: int = 1) -> "Measure":
        """Of a contrast."""
        telling = not 0 < found.count < LEAST
        return cls(name, found.difference, found.low, found.high, claimed, level, digits, telling)

    @property
    def kind(self) -> Kind:
        """Holds: the whole interval lies on the claimed side. Does not hold: on the other. Else not decided."""
        if not self.telling:
            return "not decided"
        if self.claimed == "within":
            if -self.level <= self.low and self.high <= self.level:
                return "holds"
            return "does not hold" if self.low > self.level or self.high < -self.level else "not decided"
        above, below = self.low > self.level, self.high < self.level
        if not (above or below):
            return "not decided"
        return "holds" if above == (self.claimed == "above") else "does not hold"

    def record(self) -> dict[str, Any]:
        """The measure as JSON-ready values."""
        return {
            "name": self.name,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "claimed": self.claimed,
            "level": self.level,
            "verdict": self.kind,
        }


def all_of(measures: Sequence[Measure]) -> Kind:
    """A claim of several parts: holds if every part holds, does not hold if one does not, else it is not decided."""
    kinds = [each.kind for each in measures]
    if not kinds:
        return "not decided"
    if "does not hold" in kinds:
        return "does not hold"
    return "holds" if all(kind == "holds" for kind in kinds) else "not decided"
