"""Attention in NumPy, in double precision: one query, one source position at a time, as the papers write it.

``p`` has a scorer's or a reach's parameters by name. ``memory`` has the real positions alone: there is no padding here.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Parameters = Mapping[str, NDArray[np.float64]]


def dot(q: Vector, m: Vector, p: Parameters) -> float:
    """q . m (Luong 2015, section 3.1)."""
    return float(q @ m)


def general(q: Vector, m: Vector, p: Parameters) -> float:
    """q W m (Luong 2015, section 3.1)."""
    return float(q @ p["weight"] @ m)


def additive(q: Vector, m: Vector, p: Parameters) -> float:
    """v . tanh(W q + U m + b) (Bahdanau 2015, appendix A.1.2)."""
    return float(p["value"] @ np.tanh(p["query.weight"] @ q + p["memory.weight"] @ m + p["query.bias"]))


def concat(q: Vector, m: Vector, p: Parameters) -> float:
    """v . tanh(W [q; m] + b) (Luong 2015, section 3.1), where W = [W_q W_m]."""
    joined = np.concatenate([p["query.weight"], p["memory.weight"]], axis=1)
    return float(p["value"] @ np.tanh(joined @ np.concatenate([q, m]) + p["query.bias"]))


def location(q: Vector, m: Vector, p: Parameters, previous: list[float], place: int) -> float:
    """v . tanh(W q + U m + F a + b), a: the step before's weights around the place, zero beyond the ends (Chorowski 2015)."""
    around = p["location"].shape[1]
    a = [
        previous[s] if 0 <= s < len(previous) else 0.0 for s in range(place - around // 2, place - around // 2 + around)
    ]
    inner = p["query.weight"] @ q + p["memory.weight"] @ m + p["location"] @ np.array(a) + p["query.bias"]
    return float(p["value"] @ np.tanh(inner))


SCORES: dict[str, Callable[[Vector, Vector, Parameters], float]] = {
    "dot": dot,
    "general": general,
    "concat": concat,
    "additive": additive,
}


def softmax(scores: list[float]) -> list[float]:
    """exp(score) / sum of exp(score)."""
    largest = max(scores)
    powers = [math.exp(score - largest) for score in scores]
    return [power / sum(powers) for power in powers]


def everywhere(
    q: Vector, scores: list[float], step: int, window: int, p: Parameters, previous: list[float]
) -> list[float]:
    """Luong 2015, section 3.1, *global*."""
    return softmax(scores)


def local_m(
    q: Vector, scores: list[float], step: int, window: int, p: Parameters, previous: list[float]
) -> list[float]:
    """Luong 2015, section 3.2, *local-m*: the window stands at the step, and in the end rests on the last position."""
    centre = min(step, len(scores) - 1)
    inside = [s for s in range(len(scores)) if abs(s - centre) <= window]
    shares = softmax([scores[s] for s in inside])
    return [shares[inside.index(s)] if s in inside else 0.0 for s in range(len(scores))]


def local_p(
    q: Vector, scores: list[float], step: int, window: int, p: Parameters, previous: list[float]
) -> list[float]:
    """Luong 2015, section 3.2, *local-p*: softmax within the window times the Gaussian, made to sum to one again.

    The predicted position lies between the first and the last one: (S - 1) s(v . tanh(W q)).
    """
    centre = (len(scores) - 1) / (1 + math.exp(-float(p["value"] @ np.tanh(p["query.weight"] @ q))))
    return around(centre, scores, window)


def monotonic(
    q: Vector, scores: list[float], step: int, window: int, p: Parameters, previous: list[float]
) -> list[float]:
    """From the mean place of the step before, on by at most the window, never beyond the last place."""
    before = sum(s * weight for s, weight in enumerate(previous))
    move = window / (1 + math.exp(-float(p["value"] @ np.tanh(p["query.weight"] @ q))))
    return around(min(before + move, len(scores) - 1), scores, window)


def around(centre: float, scores: list[float], window: int) -> list[float]:
    """Softmax within the window times a Gaussian whose deviation is half of it, made to sum to one again."""
    inside = [s for s in range(len(scores)) if abs(s - centre) <= window]
    shares = softmax([scores[s] for s in inside])
    gaussian = [math.exp(-((s - centre) ** 2) / (2 * (window / 2) ** 2)) for s in inside]
    products = dict(zip(inside, [share * bell for share, bell in zip(shares, gaussian, strict=True)], strict=True))
    return [products.get(s, 0.0) / sum(products.values()) for s in range(len(scores))]


WEIGHTS: dict[str, Callable[[Vector, list[float], int, int, Parameters, list[float]], list[float]]] = {
    "global": everywhere,
    "local-m": local_m,
    "local-p": local_p,
    "monotonic": monotonic,
}


def attend(
    q: Vector,
    memory: Matrix,
    step: int,
    scorer: str,
    reach: str,
    window: int,
    scoring: Parameters,
    reaching: Parameters,
    previous: Vector | None = None,
) -> tuple[Vector, Vector]:
    """Context and weights of one query; ``previous`` are the weights of the step before, zeros if None."""
    before = [0.0] * len(memory) if previous is None else previous.tolist()
    if scorer == "location":
        scores = [location(q, m, scoring, before, place) for place, m in enumerate(memory)]
    else:
        scores = [SCORES[scorer](q, m, scoring) for m in memory]
    weights = WEIGHTS[reach](q, scores, step, window, reaching, before)
    context = np.zeros(memory.shape[1])
    for weight, m in zip(weights, memory, strict=True):
        context = context + weight * m
    return context, np.array(weights)
