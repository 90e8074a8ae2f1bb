"""What is measured inside a trained model for the lecture: one number a source, kept beside the run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from heedful.checkpoint import write_beside
from heedful.codec import Row
from heedful.evaluation.agreement import agreement
from heedful.evaluation.metrics import Statistics
from heedful.predictor import Predictor
from heedful.study.influence import drop, final_influence, memory_influence, output_influence
from heedful.study.measuring import Items

INSIDE = "inside.json"
SOURCES = 60
"""So many dev sources, the first ones, are looked into."""
MAPPED = 15
"""And of so many of them every hidden state is looked at, which costs a derivative each."""
Numbers = tuple[float, ...]


@dataclass(frozen=True)
class Inside:
    """Influences in a model, a number a source each; see ``influence``.

    ``thirds`` are the shares, in percent, of all influence on the final state that the first and the last third of the items
    have; ``relative`` is the influence of every item over the mean of its source, in source order. ``own`` is the percentage
    of hidden states that their own item moves most, ``example`` one map of it (state, item) with its ``units``. The last
    three are Kendall's tau-b of attention with the gradient, with erasing, and of these two with each other.
    """

    digest: str
    model: str
    thirds: tuple[tuple[float, float], ...]
    relative: tuple[Numbers, ...]
    own: Numbers
    units: tuple[str, ...]
    example: tuple[Numbers, ...]
    weights_gradient: Numbers = ()
    weights_erasure: Numbers = ()
    gradient_erasure: Numbers = ()

    @staticmethod
    def read(path: Path, digest: str, model: str) -> "Inside | None":
        """What was kept; None where it is missing, unreadable, or of other sources or another model."""
        try:
            found = _ADAPTER.validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None
        return found if (found.digest, found.model) == (digest, model) else None

    def write(self, path: Path) -> None:
        """Beside the run's other files."""
        write_beside(path, _ADAPTER.dump_json(self))


_ADAPTER = TypeAdapter(Inside)


def look_inside(predictor: Predictor, items: Items, *, outputs: bool, model: str = "") -> Inside:
    """Looks into a model; ``outputs``: into what it writes as well (its references, with teacher forcing)."""
    rows = [row for row, source in enumerate(items.sources[:SOURCES]) if sum(map(len, predictor.split(source))) >= 3]
    sources: list[Row] = [items.sources[row] for row in rows]
    final = final_influence(predictor, sources)
    maps = [memory_influence(predictor, source) for source in sources[:MAPPED]]
    shown = min(range(len(maps)), key=lambda place: abs(len(maps[place]) - 10))
    agreeing: list[Numbers] = [(), (), ()]
    if outputs:
        agreeing = _agreeing(predictor, sources, [items.references[row][0] for row in rows])
    return Inside(
        digest=items.digest,
        model=model,
        thirds=tuple(_thirds(each) for each in final),
        relative=tuple(_rounded(each / max(float(each.mean()), 1e-30)) for each in final),
        own=_rounded([100 * float(np.mean(each.argmax(axis=1) == np.arange(len(each)))) for each in maps]),
        units=tuple(unit for column in predictor.split(sources[shown]) for unit in column),
        example=tuple(_rounded(row) for row in maps[shown] / max(float(maps[shown].max()), 1e-30)),
        weights_gradient=agreeing[0],
        weights_erasure=agreeing[1],
        gradient_erasure=agreeing[2],
    )


def _agreeing(predictor: Predictor, sources: Sequence[Row], targets: Sequence[str]) -> list[Numbers]:
    forced = predictor.force(sources, targets)
    weights = [each.attention.weights for each in forced if each.attention is not None]
    if len(weights) < len(sources):
        return [(), (), ()]
    gradient = output_influence(predictor, sources, targets)
    erased = [np.abs(each) for each in drop(predictor, sources, targets)]
    pairs = ((weights, gradient), (weights, erased), (gradient, erased))
    taus = [agreement(one, other).tau for one, other in pairs]
    there = ~np.isnan(np.sum(taus, axis=0))  # where all items are equal in a map, there is no order to agree with
    return [_rounded(tau[there]) for tau in taus]


def _thirds(norms: NDArray[np.float64]) -> tuple[float, float]:
    """The shares of the first and the last third, in percent; an item on the border counts in part."""
    third = np.clip(len(norms) / 3 - np.arange(len(norms)), 0.0, 1.0)
    whole = max(float(norms.sum()), 1e-30)
    return round(100 * float(norms @ third) / whole, 3), round(100 * float(norms @ third[::-1]) / whole, 3)


def _rounded(values: Sequence[float] | NDArray[np.floating]) -> Numbers:
    return tuple(round(float(value), 4) for value in values)


def columns(*values: Sequence[float]) -> Statistics:
    """Numbers a source as sums to be resampled: (source, the sum of the values, how many there are)."""
    total = np.sum([np.asarray(each, dtype=np.float64) for each in values], axis=0)
    return np.stack([total, np.full(len(total), len(values), dtype=np.float64)], axis=1)
