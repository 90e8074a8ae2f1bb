"""The loss: cross entropy of the real target positions, smoothed on request, and the output layer with it."""

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import cross_entropy

from heedful.model.seq2seq import Network
from heedful.native import kernels
from heedful.native.kernels import Kernels

MOST_LOGITS = 2**23
"""So many logits stand in memory at once (32 MiB): a larger vocabulary is projected a few target units at a time."""


def loss(
    network: Network,
    readouts: Float[Tensor, "batch time readout"],
    following: Int[Tensor, "batch time"],
    real: Bool[Tensor, "batch time"],
    label_smoothing: float,
) -> Float[Tensor, ""]:
    """Mean over real target positions, in nats; only these are projected to the vocabulary.

    Label smoothing as in Szegedy 2016, section 7: a share of the target's mass is spread evenly over all units.
    The gradient, softmax minus wanted, takes the place of the logits as soon as they are there, and is multiplied out
    a chunk at a time: the logits of a big vocabulary never exist at once.
    """
    places = real.flatten().nonzero().squeeze(1)
    rows, wanted = readouts.flatten(0, 1), following.flatten()
    if len(places) < len(rows):
        rows, wanted = rows.index_select(0, places), wanted.index_select(0, places)
    if torch.is_autocast_enabled(rows.device.type) or rows.dtype.itemsize < torch.float32.itemsize:
        logits = network.project(rows)
        return cross_entropy(logits.to(torch.float32), wanted, label_smoothing=label_smoothing)
    found = kernels.active() if kernels.usable(rows.detach()[:0], network.output_bias) else None
    return _Projected.apply(
        found, rows, network.output_weight, network.output_bias, wanted.contiguous(), label_smoothing
    )


class _Projected(torch.autograd.Function):
    """Mean cross entropy of softmax(rows W + b); the gradients are made on the way forward, where the logits are."""

    @staticmethod
    def forward(  # pyrefly: ignore[bad-override]  # torch's stub takes anything; a function takes what it takes
        ctx: Any, found: Kernels | None, rows: Tensor, weight: Tensor, bias: Tensor, wanted: Tensor, smoothing: float
    ) -> Tensor:
        count = len(rows)
        asked = ctx.needs_input_grad
        few = max(1, MOST_LOGITS // len(weight))
        chunks = range(0, count, few)
        logits = rows.new_empty(min(few, count), len(weight))
        total = torch.zeros((), dtype=torch.float64, device=rows.device)
        d_rows = torch.empty_like(rows) if asked[1] else None
        d_weight, d_bias = torch.empty_like(weight) if asked[2] else None, torch.zeros_like(bias) if asked[3] else None
        for first in chunks:
            part, target = rows[first : first + few], wanted[first : first + few]
            here = logits[: len(part)]
            torch.mm(part, weight.t(), out=here)
            losses = _losses(found, here, bias, target, smoothing, 1 / count)
            total += losses.sum(dtype=torch.float64)
            if d_rows is not None:
                torch.mm(here, weight, out=d_rows[first : first + few])
            if d_weight is not None:
                if first == 0:
                    torch.mm(here.t(), part, out=d_weight)
                else:
                    d_weight.addmm_(here.t(), part)
            if d_bias is not None:
                d_bias += here.sum(dim=0)
        ctx.gradients = (d_rows, d_weight, d_bias)
        return (total / count).to(rows.dtype)

    @staticmethod
    @once_differentiable
    def backward(  # pyrefly: ignore[bad-override]  # once_differentiable takes the name ctx away
        ctx: Any, above: Tensor
    ) -> tuple[Tensor | None, ...]:
        scale = float(above)
        made = tuple(each if each is None or scale == 1.0 else each * scale for each in ctx.gradients)
        return (None, *made, None, None)


def _losses(
    found: Kernels | None, logits: Float[Tensor, "row vocab"], bias: Float[Tensor, "vocab"], wanted: Int[Tensor, "row"],
    smoothing: float, scale: float,
) -> Float[Tensor, "row"]:  # fmt: skip
    """The loss of each row; the logits, to which the bias comes, become the gradient of ``scale`` times their sum."""
    if found is not None:
        return found.cross_entropy(logits, bias, wanted, smoothing, scale)
    logits += bias
    chosen, mean = logits.gather(1, wanted[:, None]).squeeze(1), logits.mean(dim=1) if smoothing else 0.0
    most = logits.amax(dim=1, keepdim=True)
    sums = logits.sub_(most).exp_().sum(dim=1, keepdim=True)
    losses = (sums.log() + most).squeeze(1) - (1 - smoothing) * chosen - smoothing * mean
    logits.mul_(scale / sums)
    if smoothing:
        logits -= smoothing * scale / logits.shape[1]
    logits.scatter_add_(1, wanted[:, None], logits.new_full((len(logits), 1), -(1 - smoothing) * scale))
    return losses
