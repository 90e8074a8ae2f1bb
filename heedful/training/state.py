"""Everything that changes while a network trains, as plain numbers and tensors: what resuming and rolling back need."""

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from heedful.model.seq2seq import Network
from heedful.training.settings import TrainingSettings

DECAY = 0.01
"""AdamW's weight decay where the recipe says none."""


def _adam(parameters: list[nn.Parameter], settings: TrainingSettings) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr=settings.learning_rate, fused=True)


def _adamw(parameters: list[nn.Parameter], settings: TrainingSettings) -> torch.optim.Optimizer:
    decay = DECAY if settings.weight_decay is None else settings.weight_decay
    return torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=decay, fused=True)


OPTIMIZERS: dict[str, Callable[[list[nn.Parameter], TrainingSettings], torch.optim.Optimizer]] = {
    "adam": _adam,
    "adamw": _adamw,
}


@dataclass
class Progress:
    """Where training stands. ``update`` counts finished updates; ``batch`` is the next one within ``epoch``."""

    update: int = 0
    epoch: int = 0
    batch: int = 0
    best: float | None = None
    best_update: int = 0
    waited: int = 0
    validated: int = 0
    skipped: int = 0
    in_a_row: int = 0
    halved: bool = False
    elapsed: float = 0.0
    losses: float = 0.0
    norms: float = 0.0
    reported: int = 0
    data: str = ""


class Snapshot(NamedTuple):
    """A copy of the whole state."""

    record: dict[str, Any]
    tensors: dict[str, Tensor]


@dataclass
class State:
    """A network in training: its weights, their running mean, the optimiser and the progress."""

    network: Network
    settings: TrainingSettings
    progress: Progress = field(default_factory=Progress)

    def __post_init__(self) -> None:
        named = dict(self.network.named_parameters())
        self.names, self.parameters = list(named), list(named.values())
        self.optimizer = OPTIMIZERS[self.settings.optimizer](self.parameters, self.settings)
        self.averaged = copy.deepcopy(self.network).eval() if self.settings.average else self.network

    @torch.no_grad()
    def average(self) -> None:
        """Moves the running mean towards the weights (Polyak and Juditsky 1992); quickly at first, when they move far."""
        if self.averaged is self.network:
            return
        update = self.progress.update
        decay = min(self.settings.average, (1 + update) / (10 + update))
        for mean, weight in zip(self.averaged.parameters(), self.parameters, strict=True):
            mean.lerp_(weight, 1 - decay)

    def snapshot(self) -> Snapshot:
        """A copy that later updates leave alone."""
        tensors = {
            f"network.{name}": each.detach().clone() for name, each in zip(self.names, self.parameters, strict=True)
        }
        if self.averaged is not self.network:
            tensors |= {f"averaged.{name}": each.detach().clone() for name, each in self.averaged.named_parameters()}
        for name, parameter in zip(self.names, self.parameters, strict=True):
            for key, value in self.optimizer.state.get(parameter, {}).items():
                tensors[f"optimizer.{key}.{name}"] = value.detach().clone()
        return Snapshot(asdict(self.progress), tensors)

    @torch.no_grad()
    def restore(self, snapshot: Snapshot) -> None:
        """Back to a snapshot.

        Raises:
            KeyError: the snapshot is of another network.
        """
        self.progress = Progress(**snapshot.record)
        tensors = snapshot.tensors
        for name, parameter in zip(self.names, self.parameters, strict=True):
            parameter.copy_(tensors[f"network.{name}"])
            moments = {}
            for key in ("step", "exp_avg", "exp_avg_sq"):
                if (full := f"optimizer.{key}.{name}") in tensors:
                    moments[key] = tensors[full].to(parameter.device).clone()
            if moments:
                self.optimizer.state[parameter] = moments
            else:
                self.optimizer.state.pop(parameter, None)
        if self.averaged is not self.network:
            for name, mean in self.averaged.named_parameters():
                mean.copy_(tensors[f"averaged.{name}"])

    def weights(self) -> dict[str, Tensor]:
        """The weights that are validated, saved and used."""
        return {name: value.detach().cpu().clone() for name, value in self.averaged.state_dict().items()}
