"""One update: forward, loss, backward, clipping, and the optimiser's step. What training runs and benchmarks time."""

from typing import NamedTuple

import torch
from torch import Tensor

from heedful.data.batches import Batch
from heedful.native import kernels
from heedful.training.alignment import CTC_WEIGHT, GUIDE_WIDTH, guided, spelling
from heedful.training.loss import loss
from heedful.training.state import State


class Measured(NamedTuple):
    """What an update found: the loss (mean over real target positions, in nats) and the gradient's norm before clipping.

    The losses that help attention to form have their share in the gradient alone: they are no measure of the model.
    """

    loss: float
    norm: float


class Learner:
    """Gradients of a batch, and the step that follows them."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.shrink = 1.0

    def measure(self, batch: Batch) -> Measured:
        """Leaves the gradients of the batch on the parameters. ``step`` clips them to the recipe's norm."""
        state, settings = self.state, self.state.settings
        network = state.network
        network.train()
        with torch.autocast(network.output_bias.device.type, torch.bfloat16, enabled=settings.precision == "bf16"):
            readouts, weights, encoded = network.taught(batch.source, batch.previous, batch.real)
            value = loss(network, readouts, batch.following, batch.real, settings.label_smoothing)
            spelled = None if network.spelling is None else network.spelling(encoded.memory)
        whole = value
        if spelled is not None:
            weight = settings.ctc_weight or CTC_WEIGHT
            whole = whole + weight * spelling(spelled, encoded.real, batch.following, batch.real)
        if settings.guide and weights is not None:
            width = settings.guide_width or GUIDE_WIDTH
            whole = whole + settings.guide * guided(weights.float(), encoded.real, batch.real, width)
        state.optimizer.zero_grad(set_to_none=True)
        whole.backward()
        norm = _norm([each.grad for each in state.parameters if each.grad is not None])
        self.shrink = max(1.0, norm / settings.clip)
        return Measured(float(value.detach()), norm)

    def step(self, rate: float) -> None:
        """Moves the weights along the gradients that ``measure`` left, at this learning rate."""
        optimizer = self.state.optimizer
        for group in optimizer.param_groups:
            group["lr"] = rate
        # The fused step divides the gradients as it reads them (as for mixed precision): clipping costs no pass of its own.
        shrink = None if self.shrink == 1.0 else torch.tensor(self.shrink, device=self.state.parameters[0].device)
        optimizer.grad_scale = shrink  # pyrefly: ignore[missing-attribute]
        optimizer.step()
        # The fused step leaves no trace on the weights; whoever keeps something made of them (packed for search) looks for one.
        torch.autograd.graph.increment_version(self.state.parameters)


def _norm(gradients: list[Tensor]) -> float:
    """The norm of the whole gradient."""
    found = kernels.active()
    if found is not None and gradients and all(kernels.usable(each) for each in gradients):
        return found.norm(gradients)
    return float(torch.nn.utils.get_total_norm(gradients))
