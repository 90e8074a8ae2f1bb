"""What a model's influences come to over many sources: curves, shares and agreement, with intervals over the sources."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from heedful.codec import Row
from heedful.evaluation.agreement import agreement
from heedful.evaluation.averages import Average, average, averages
from heedful.predictor import Predictor
from heedful.study.influence import Influence, Part, drop, final_influence, memory_influence, output_influence

WORK, ALL_WORK = 1 << 21, 1 << 23
"""Source positions read for the states of one source, and of all: exact derivatives of states cost a reading each."""
MOST_READ = 50
"""Sources whose states are looked at."""
COMPARED = (("weights", "gradient"), ("weights", "erasure"), ("gradient", "erasure"))
"""What is compared with what; the last says how well two measures of influence agree with each other."""
Stage = Literal["final", "states", "outputs"]


@dataclass(frozen=True)
class Curve:
    """Influence on the final state by distance from the end of the source, where 0 is the last item.

    ``points`` are relative to the mean of each source, 1 for an item that moves the state as much as others do. ``first``
    and ``last`` are the shares, 0 to 1, that the first and last third of the items have of the sum; even is a third.
    """

    distance: tuple[int, ...]
    points: tuple[Average, ...]
    first: Average | None
    last: Average | None

    def record(self) -> dict[str, Any]:
        """The curve as JSON-ready values."""
        thirds = {"first_third": self.first, "last_third": self.last}
        return {
            "distance": list(self.distance),
            "mean": [each.mean for each in self.points],
            "low": [each.low for each in self.points],
            "high": [each.high for each in self.points],
            "count": [each.count for each in self.points],
            **{name: recorded(share) for name, share in thirds.items()},
        }


@dataclass(frozen=True, eq=False)
class States:
    """What each item does to each hidden state of one source, (state, item); ``states`` are the positions looked at."""

    source: tuple[str, ...]
    states: tuple[int, ...]
    influence: Influence


@dataclass(frozen=True)
class Compared:
    """How two maps agree, averaged over sources; see ``evaluation.agreement.Agreement``."""

    tau: Average | None
    same_top: Average | None
    chance: Average | None

    def record(self) -> dict[str, Any]:
        """The comparison as JSON-ready values."""
        return {
            "kendall_tau_b": recorded(self.tau),
            "same_top": recorded(self.same_top),
            "chance": recorded(self.chance),
        }


@dataclass(frozen=True, eq=False)
class Explained:
    """One source with the model's output, and what each item did to each unit of it, (unit, item).

    ``weights`` is None without attention; ``falls`` are those of log p when the item is erased, in nats.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: NDArray[np.float32] | None
    gradient: Influence
    falls: Influence

    def record(self) -> dict[str, Any]:
        """The source as JSON-ready values."""
        return {
            "source": list(self.source),
            "target": list(self.target),
            "weights": None if self.weights is None else self.weights.tolist(),
            "gradient": self.gradient.tolist(),
            "erasure": self.falls.tolist(),
        }


@dataclass(frozen=True, eq=False)
class Findings:
    """Everything that was measured. ``curves`` has the whole final state, and its halves where it has two directions.

    ``excess`` is by how much gradient and erasing agree better with each other (tau-b) than the weights do with them on
    average. ``own_is_most`` is the share of hidden states that their own item moves most, ``own_share`` the share that the own
    item has of all influence on a state; both 0 to 1, over the sources whose ``states`` were looked at.
    """

    attention: str
    reads: Part
    curves: dict[Part, Curve]
    states: tuple[States, ...]
    own_is_most: Average | None
    own_share: Average | None
    compared: dict[tuple[str, str], Compared]
    excess: Average | None
    explained: tuple[Explained, ...]

    @property
    def count(self) -> int:
        """The number of sources."""
        return len(self.explained)

    def record(self) -> dict[str, Any]:
        """The findings as JSON-ready values."""
        halves = {part: curve.record() for part, curve in self.curves.items() if part != "both"}
        return {
            "count": self.count,
            "attention": self.attention,
            "final": self.curves["both"].record() | halves,
            "memory": {
                "count": len(self.states),
                "own_is_most": recorded(self.own_is_most),
                "own_share": recorded(self.own_share),
            },
            "agreement": {f"{one}-{other}": each.record() for (one, other), each in self.compared.items()},
            "excess": recorded(self.excess),
            "sources": [each.record() for each in self.explained],
        }


def recorded(found: Average | None) -> dict[str, float | int] | None:
    """An average as JSON-ready values; None where there is none."""
    return None if found is None else found.record()


def find(predictor: Predictor, sources: Sequence[Row], told: Callable[[Stage], None] = lambda _: None) -> Findings:
    """Measures these sources, and what the model wrote for each of them.

    ``told`` hears of every stage as it begins.

    Raises:
        DataError: a source is empty or can't be read.
    """
    labels = [tuple(unit for column in predictor.split(source) for unit in column) for source in sources]
    top = list(predictor.network.encoder.recurrent.each())[-1]
    reads: Part = "forwards" if top.backwards is None else "backwards" if top.forwards is None else "both"
    told("final")
    curves = _curves(predictor, sources, reads)
    told("states")
    states = _states(predictor, sources, labels)
    told("outputs")
    outputs = [result.text for result in predictor.search(sources)]
    forced = predictor.force(sources, outputs)
    gradients, falls = output_influence(predictor, sources, outputs), drop(predictor, sources, outputs)
    explained = tuple(
        Explained(label, each.units, each.attention.weights if each.attention else None, gradient, fall)
        for label, each, gradient, fall in zip(labels, forced, gradients, falls, strict=True)
    )
    return Findings(
        predictor.network.settings.attention,
        reads,
        curves,
        states,
        average(np.array([_own_is_most(each) for each in states])),
        average(np.array([_own_share(each) for each in states])),
        *_compared(explained),
        explained,
    )


def _curves(predictor: Predictor, sources: Sequence[Row], reads: Part) -> dict[Part, Curve]:
    if reads != "both":
        return {"both": curve(final_influence(predictor, sources))}
    there, back = (final_influence(predictor, sources, part) for part in ("forwards", "backwards"))
    whole = [np.hypot(one, other) for one, other in zip(there, back, strict=True)]  # squares of the halves add up
    return {"both": curve(whole), "forwards": curve(there), "backwards": curve(back)}


def curve(norms: Sequence[Influence]) -> Curve:
    """Influences of several sources by distance from the end, as far as one source in ten reaches."""
    relative = np.full((len(norms), max(map(len, norms))), np.nan)
    shares = np.full((len(norms), 2), np.nan)
    for row, each in enumerate(norms):
        if not each.any():
            continue
        relative[row, : len(each)] = each[::-1] / each.mean()
        if len(each) >= 3:
            third = np.clip(len(each) / 3 - np.arange(len(each)), 0.0, 1.0)  # an item on the border counts in part
            shares[row] = each @ third / each.sum(), each @ third[::-1] / each.sum()
    least = max(1, len(norms) // 10)
    points = {at: each for at, each in enumerate(averages(relative)) if each is not None and each.count >= least}
    first, last = averages(shares)
    return Curve(tuple(points), tuple(points.values()), first, last)


def _states(predictor: Predictor, sources: Sequence[Row], labels: Sequence[tuple[str, ...]]) -> tuple[States, ...]:
    """The first sources, as many as the work allows; of a long one some states, evenly apart."""
    found: list[States] = []
    left = ALL_WORK
    for source, label in zip(sources[:MOST_READ], labels, strict=False):
        each = len(label) * predictor.network.encoder.size
        many = min(len(label), max(1, WORK // each))
        if found and many * each > left:
            break
        left -= many * each
        states = np.unique(np.linspace(0, len(label) - 1, many).round().astype(np.int64)).tolist()
        found.append(States(label, tuple(states), memory_influence(predictor, source, states)))
    return tuple(found)


def _own_is_most(found: States) -> float:
    """Over sources of more than one item: with one there is no other."""
    if len(found.source) < 2:
        return np.nan
    return float(np.mean(found.influence.argmax(axis=1) == found.states))


def _own_share(found: States) -> float:
    if len(found.source) < 2:
        return np.nan
    own = found.influence[np.arange(len(found.states)), list(found.states)]
    sums = found.influence.sum(axis=1)
    return float(np.mean(own[sums > 0] / sums[sums > 0])) if sums.any() else np.nan


def _compared(explained: Sequence[Explained]) -> tuple[dict[tuple[str, str], Compared], Average | None]:
    maps: dict[str, list[NDArray[Any]]] = {
        "gradient": [each.gradient for each in explained],
        "erasure": [np.abs(each.falls) for each in explained],
    }
    weights = [each.weights for each in explained if each.weights is not None]
    if len(weights) == len(explained):
        maps["weights"] = [*weights]
    found: dict[tuple[str, str], Compared] = {}
    taus: list[NDArray[np.float64]] = []
    for one, other in COMPARED:
        if one in maps:
            made = agreement(maps[one], maps[other])
            found[one, other] = Compared(*(average(each) for each in (made.tau, made.same_top, made.chance)))
            taus.append(made.tau)
    return found, average(taus[2] - (taus[0] + taus[1]) / 2) if "weights" in maps else None
