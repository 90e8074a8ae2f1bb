"""The loss: cross entropy of the real target positions, smoothed on request."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy

from heedful.model.seq2seq import Network


def loss(
    network: Network,
    readouts: Float[Tensor, "batch time readout"],
    following: Int[Tensor, "batch time"],
    real: Bool[Tensor, "batch time"],
    label_smoothing: float,
) -> Float[Tensor, ""]:
    """Mean over real target positions, in nats; only these are projected to the vocabulary.

    Label smoothing as in Szegedy 2016, section 7: a share of the target's mass is spread evenly over all units.
    """
    places = real.flatten().nonzero().squeeze(1)
    logits = network.project(readouts.flatten(0, 1).index_select(0, places))
    wanted = following.flatten().index_select(0, places)
    return cross_entropy(logits.to(torch.float32), wanted, label_smoothing=label_smoothing)
