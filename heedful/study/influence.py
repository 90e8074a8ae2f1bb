"""What a source item does to what comes later: derivatives by the vector that stands for it, and erasing that vector.

How much a state h depends on item j is measured by the Frobenius norm of the Jacobian dh/dx_j, where x_j is the vector
that the reader gives to item j (Pascanu, Mikolov and Bengio 2013, section 2, follow the same derivatives through time;
the norm by a word's vector is first-derivative saliency, Li, Chen, Hovy and Jurafsky 2016, section 4). Every norm here is
exact, none is sampled: a source stands in a batch once for each number whose derivative is asked, and one way back
through that batch gives a row of the Jacobian in each of its rows.

Erasing is what Li, Monroe and Jurafsky 2016 (equation 1) call the importance of a unit: how much the logarithm of a
probability falls when the unit's vector is set to zero. It is no derivative, so the two can disagree.

Everything is measured on vectors, so that text, pictures, sound and several columns are one case; dropout is off, and the
numbers do not depend on what else stands in a batch.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from heedful.codec import Row
from heedful.errors import SettingsError
from heedful.model.seq2seq import Network
from heedful.predictor import Predictor
from heedful.study.entering import Entered, Targets, entered, forced, still

Influence = NDArray[np.float64]
Part = Literal["both", "forwards", "backwards"]
"""Which directions of an encoder's final state: all that there is, or one half of it."""

MOST_POSITIONS = 4096
"""Source positions on one way back through the encoder: some 200 MB of what it keeps for a wide LSTM of two layers."""
MOST_ASKED = 1 << 16
"""Source positions times target units on one way back through a decoder, each of which may keep a row of scores."""


def final_influence(predictor: Predictor, sources: Sequence[Row], part: Part = "both") -> list[Influence]:
    """What each item does to the final state: ||dh/dx_j||_F, (position,) a source.

    h is the hidden state of the encoder's top layer after the last item that it reads: the context that ``fixed`` hands
    over. Where it has two directions, ``part`` may ask for the half that reads forwards or backwards; the squares of the
    halves add up to the square of the whole.

    Raises:
        DataError: a source is empty or can't be read. SettingsError: the encoder has no such direction.
    """
    network = predictor.network
    features = _features(network, part)

    def final(vectors: Tensor, real: Tensor, _: Tensor, feature: Tensor) -> Tensor:
        return _chosen(network.encoder.recur(vectors, real).final[-1][0], feature)

    found: dict[int, Influence] = {}
    with still(network):
        for batch in entered(predictor, sources):
            rows = torch.arange(len(batch.vectors)).repeat_interleave(len(features))
            asked = torch.tensor(features).repeat(len(batch.vectors))
            squares = _squares(final, batch, _Asked(rows, asked, rows), len(batch.vectors), MOST_POSITIONS)
            norms = squares.sqrt().cpu().numpy()
            found |= {row: norms[place, :count] for place, row, count in batch.each()}
    return [found[row] for row in range(len(sources))]


def memory_influence(predictor: Predictor, source: Row, states: Sequence[int] | None = None) -> Influence:
    """What item j does to the encoder's hidden state at item i: ||dm_i/dx_j||_F, (state i, item j).

    The memory m_i is what attention can ask for. It costs a row in a batch for every number of the memory, so for long
    sources ``states`` may name the positions i to be looked at, in this order.

    Raises:
        DataError: the source is empty or can't be read.
    """
    network = predictor.network

    def memory(vectors: Tensor, real: Tensor, state: Tensor, feature: Tensor) -> Tensor:
        return _chosen(_chosen(network.encoder.recur(vectors, real).memory, state), feature)

    with still(network):
        (batch,) = entered(predictor, [source])
        ((_, _, count),) = batch.each()
        chosen = torch.tensor(range(count) if states is None else states, dtype=torch.long)
        into = torch.arange(len(chosen)).repeat_interleave(network.encoder.size)
        feature = torch.arange(network.encoder.size).repeat(len(chosen))
        asked = _Asked(torch.zeros_like(into), feature, into, chosen[into])
        return _squares(memory, batch, asked, len(chosen), MOST_POSITIONS).sqrt().cpu().numpy()[:, :count]


def output_influence(predictor: Predictor, sources: Sequence[Row], targets: Sequence[str]) -> list[Influence]:
    """What each item does to each unit of a given target: ||d log p(y_t | y_<t, x) / dx_j||, (unit t, item j) a source.

    The logarithm is natural, the units before y_t are those of the target (teacher forcing), and the end mark is left
    out, as it is in an ``Alignment``.

    Raises:
        DataError: a source is empty or can't be read.
    """
    network = predictor.network
    found: dict[int, Influence] = {}
    with still(network):
        for batch, given in forced(predictor, sources, targets):

            def log_prob(vectors: Tensor, real: Tensor, row: Tensor, unit: Tensor, given: Targets = given) -> Tensor:
                return _chosen(given.log_probs(network, vectors, real, row), unit)

            row, unit = given.units().nonzero(as_tuple=True)
            most = MOST_ASKED // given.previous.shape[1]
            squares = _squares(log_prob, batch, _Asked(row, unit, torch.arange(len(row)), row), len(row), most)
            norms = squares.sqrt().cpu().numpy()
            ends = np.cumsum(given.lengths)
            for place, number, count in batch.each():
                found[number] = norms[ends[place] - given.lengths[place] : ends[place], :count]
    return [found[row] for row in range(len(sources))]


def drop(predictor: Predictor, sources: Sequence[Row], targets: Sequence[str]) -> list[Influence]:
    """How far log p(y_t | y_<t, x) falls when item j is erased, (unit t, item j) a source.

    An item is erased by setting its vector to zero; it keeps its place. Positive where the item spoke for the unit,
    negative where it spoke against it. In nats.

    Raises:
        DataError: a source is empty or can't be read.
    """
    network = predictor.network
    found: dict[int, Influence] = {}
    with still(network), torch.no_grad():
        for batch, given in forced(predictor, sources, targets):
            rows = torch.arange(len(batch.vectors), device=batch.real.device)
            whole = given.log_probs(network, batch.vectors, batch.real, rows)
            row, item = batch.real.nonzero(as_tuple=True)
            falls = whole.new_zeros(*whole.shape, batch.real.shape[1])
            most = MOST_ASKED // (given.previous.shape[1] * batch.real.shape[1])
            for some in _pieces(row, most):
                at, gone = row[some], item[some]
                vectors = batch.vectors[at]
                vectors[torch.arange(len(at), device=at.device), gone] = 0.0
                falls[at, :, gone] = whole[at] - given.log_probs(network, vectors, batch.real[at], at)
            values = falls.double().cpu().numpy()
            found |= {number: values[place, : given.lengths[place], :count] for place, number, count in batch.each()}
    return [found[row] for row in range(len(sources))]


def erasure(predictor: Predictor, sources: Sequence[Row], targets: Sequence[str]) -> list[Influence]:
    """How far log p(y_t | y_<t, x) moves, up or down, when item j is erased, (unit t, item j) a source: |``drop``|.

    Raises:
        DataError: a source is empty or can't be read.
    """
    return [np.abs(each) for each in drop(predictor, sources, targets)]


class _Asked(NamedTuple):
    """Numbers whose derivatives are asked: in which row of the batch, which number there, and where its square goes.

    ``within`` is handed on to what picks the number; it is ``row`` where nothing else is said.
    """

    row: Int[Tensor, "number"]
    which: Int[Tensor, "number"]
    into: Int[Tensor, "number"]
    within: Int[Tensor, "number"] | None = None


Picked = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""One number a row, (row,), from vectors (row, position, embedding), what is real in them, ``within`` and ``which``."""


def _squares(picked: Picked, batch: Entered, asked: _Asked, count: int, most: int) -> Float[Tensor, "count position"]:
    """Squared norms of the derivatives of these numbers by every vector, in float64, added up where they go.

    ``most`` is how many positions one way back may have. Squares of what is small vanish in single precision, so they
    are taken in double.
    """
    real = batch.real
    total = torch.zeros(count, real.shape[1], dtype=torch.float64, device=real.device)
    row, which, into = (each.to(real.device) for each in asked[:3])
    within = row if asked.within is None else asked.within.to(real.device)
    for some in _pieces(row, most // real.shape[1]):
        vectors = batch.vectors[row[some]].requires_grad_()
        numbers = picked(vectors, real[row[some]], within[some], which[some])
        (gradient,) = torch.autograd.grad(numbers.sum(), vectors)  # rows know nothing of one another
        total.index_add_(0, into[some], gradient.double().square().sum(dim=2))
    return total


def _pieces(rows: Int[Tensor, "row"], most: int) -> list[slice]:
    """So many rows at most, one after the other; none where there is none."""
    size = max(1, most)
    return [slice(at, at + size) for at in range(0, len(rows), size)]


def _chosen(values: Float[Tensor, "row number *features"], which: Int[Tensor, "row"]) -> Float[Tensor, "row *features"]:
    """One number, or vector, of every row."""
    return values[torch.arange(len(which), device=which.device), which]


def _features(network: Network, part: Part) -> list[int]:
    size, cells = network.encoder.size, list(network.encoder.recurrent.each())[-1]
    each = {"forwards": cells.forwards is not None, "backwards": cells.backwards is not None}
    if part != "both" and not each[part]:
        other = "forwards" if part == "backwards" else "backwards"
        raise SettingsError(f"this encoder reads {other} only; ask for part = 'both' or {other!r}")
    if part == "both" or not all(each.values()):
        return list(range(size))
    return list(range(size // 2)) if part == "forwards" else list(range(size // 2, size))
