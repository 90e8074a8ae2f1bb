"""One update: forward, loss, backward, clipping, and the optimiser's step. What training runs and benchmarks time."""

from typing import NamedTuple

import torch

from heedful.data.batches import Batch
from heedful.training.loss import loss
from heedful.training.state import State


class Measured(NamedTuple):
    """What an update found: the loss (mean over real target positions, in nats) and the gradient's norm before clipping."""

    loss: float
    norm: float


class Learner:
    """Gradients of a batch, and the step that follows them."""

    def __init__(self, state: State) -> None:
        self.state = state

    def measure(self, batch: Batch) -> Measured:
        """Leaves the gradients of the batch on the parameters, clipped to the recipe's norm."""
        state, settings = self.state, self.state.settings
        network = state.network
        network.train()
        with torch.autocast(network.output_bias.device.type, torch.bfloat16, enabled=settings.precision == "bf16"):
            readouts, _ = network(batch.source, batch.previous)
            value = loss(network, readouts, batch.following, batch.real, settings.label_smoothing)
        state.optimizer.zero_grad(set_to_none=True)
        value.backward()
        norm = torch.nn.utils.clip_grad_norm_(state.parameters, settings.clip)
        return Measured(float(value.detach()), float(norm))

    def step(self, rate: float) -> None:
        """Moves the weights along the gradients that ``measure`` left, at this learning rate."""
        for group in self.state.optimizer.param_groups:
            group["lr"] = rate
        self.state.optimizer.step()
