"""What attention weights are like: how spread they are, and whether they lie where they ought to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.floating]
"""(target unit, source position); rows sum to one."""
Link = tuple[int, int]
"""A source position and a target unit, both counted from zero, as in Pharaoh's i-j."""


def entropy(weights: Weights) -> NDArray[np.float64]:
    """The entropy of each row in nats: 0 where one position has it all, log n where n of them share evenly."""
    rows = np.asarray(weights, dtype=np.float64)
    return -(rows * np.log(np.where(rows > 0, rows, 1.0))).sum(axis=1)


@dataclass(frozen=True)
class Gold:
    """Right links of one sentence: the ``sure`` ones, and the ``possible`` ones, which include them (Och and Ney 2003).

    ``whole`` says that every target unit is accounted for, so that a link which is none of these is an error. Where only
    fields of several positions are known, it is not, and an error rate would mean nothing.
    """

    sure: frozenset[Link]
    possible: frozenset[Link]
    whole: bool = True

    @classmethod
    def of_spans(cls, spans: Sequence[tuple[int, int] | None]) -> "Gold":
        """Every position of a unit's span is possible; the whole of a span of one position is sure."""
        possible = {(source, unit) for unit, span in enumerate(spans) if span for source in range(*span)}
        sure = {(span[0], unit) for unit, span in enumerate(spans) if span and span[1] - span[0] == 1}
        return cls(frozenset(sure), frozenset(possible), len(sure) == len(spans))


@dataclass(frozen=True)
class Found:
    """Attention against right links, over the target units that have any: units, weight on the right, and hits."""

    units: int
    weight: float
    hits: int


def on_gold(weights: Weights, gold: Gold) -> Found:
    """The summed weight on possible positions, and how often the most attended position is one of them."""
    right = np.zeros(weights.shape, dtype=bool)
    for source, unit in gold.possible:
        if unit < right.shape[0] and source < right.shape[1]:
            right[unit, source] = True
    linked = right.any(axis=1)
    best = right[np.arange(len(right)), weights.argmax(axis=1)] if weights.size else np.zeros(0, dtype=bool)
    return Found(int(linked.sum()), float((weights * right).sum()), int(best[linked].sum()))


@dataclass(frozen=True)
class Counted:
    """What the alignment error rate is made of; sums of it over sentences are counts of a corpus."""

    links: int
    sure: int
    on_sure: int
    on_possible: int


def count_links(weights: Weights, gold: Gold) -> Counted:
    """Links from every target unit to its most attended position, against the right ones."""
    if not weights.size:
        return Counted(0, len(gold.sure), 0, 0)
    made = set(zip(weights.argmax(axis=1).tolist(), range(len(weights)), strict=True))
    return Counted(len(made), len(gold.sure), len(made & gold.sure), len(made & gold.possible))


def alignment_error_rate(counted: Sequence[Counted]) -> float:
    """In percent: 1 - (|A and S| + |A and P|) / (|A| + |S|) (Och and Ney 2003, section 4.1)."""
    links, sure = sum(each.links for each in counted), sum(each.sure for each in counted)
    right = sum(each.on_sure + each.on_possible for each in counted)
    return 100 * (1 - right / (links + sure)) if links + sure else 0.0
