"""Sources as the vectors that stand for their items, in batches, and a network that holds still while it is measured."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray
from torch import Tensor

from heedful.codec import Row, shown
from heedful.data import batches
from heedful.errors import DataError
from heedful.model.seq2seq import Network
from heedful.predictor import BATCH_SIZE, Predictor


class Entered(NamedTuple):
    """A batch of sources as vectors, and which sources they are."""

    rows: NDArray[np.int64]
    vectors: Float[Tensor, "batch position embedding"]
    real: Bool[Tensor, "batch position"]

    def each(self) -> list[tuple[int, int, int]]:
        """Where each source stands in the batch, its number, and how many positions it has."""
        counts = self.real.sum(dim=1).tolist()
        return [(place, row, count) for place, (row, count) in enumerate(zip(self.rows.tolist(), counts, strict=True))]


class Targets(NamedTuple):
    """The targets of a batch, and how many units each has without its end mark."""

    previous: Int[Tensor, "batch time"]
    following: Int[Tensor, "batch time"]
    real: Bool[Tensor, "batch time"]
    lengths: NDArray[np.int64]

    def units(self) -> Bool[Tensor, "batch time"]:
        """Where a unit stands that is no end mark."""
        return torch.nn.functional.pad(self.real[:, 1:], (0, 1))

    def log_probs(self, network: Network, vectors: Tensor, real: Tensor, rows: Tensor) -> Float[Tensor, "row time"]:
        """Log-probabilities of the targets in these rows, from sources as vectors."""
        encoded = network.encoder.recur(vectors, real)
        return network.scored(encoded, self.previous[rows], self.following[rows], self.real[rows]).log_probs


def entered(predictor: Predictor, sources: Sequence[Row]) -> Iterator[Entered]:
    """The sources in batches of like length, as vectors.

    Raises:
        DataError: one is empty or can't be read.
    """
    seen = predictor.codec.seen(sources)
    for source in seen:
        if not any(predictor.split(source)):
            raise DataError(f"the source {shown(source)!r} is empty", "give it at least one unit")
    kind = predictor.network.output_bias.dtype
    for rows, source, _ in predictor.source_batches(seen, BATCH_SIZE):
        columns = tuple(each.to(kind) if each.is_floating_point() else each for each in source.columns)
        with torch.no_grad():
            vectors, real = predictor.network.encoder.read(source._replace(columns=columns))
        yield Entered(rows, vectors.detach(), real)


def forced(predictor: Predictor, sources: Sequence[Row], targets: Sequence[str]) -> Iterator[tuple[Entered, Targets]]:
    """The same batches, each with its targets.

    Raises:
        DataError: a source is empty or can't be read.
    """
    ids = [predictor.codec.target_vocabulary.encode(predictor.target_units.split(target)) for target in targets]
    if len(ids) != len(sources):
        raise ValueError(f"a target for every source: found {len(sources)} sources and {len(ids)} targets")
    ragged = batches.Encoded((), batches.Ragged.of(ids), (), batches.UnknownReport(0, 0, ()))
    for batch in entered(predictor, sources):
        made = batches.make(ragged, batch.rows)
        previous, following, real = (each.to(batch.real.device) for each in (made.previous, made.following, made.real))
        yield batch, Targets(previous, following, real, ragged.target.lengths[batch.rows])


@contextmanager
def still(network: Network) -> Iterator[None]:
    """The network as it answers: without dropout, and without derivatives by its weights, which nobody asks for here.

    cuDNN has no way back for a network that is not in training, so PyTorch's own kernels run on a GPU.
    """
    training = network.training
    weights = [each for each in network.parameters() if each.requires_grad]
    network.eval()
    network.requires_grad_(requires_grad=False)
    try:
        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            yield
    finally:
        network.train(training)
        for each in weights:
            each.requires_grad_()
