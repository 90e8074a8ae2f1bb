"""The whole network: encode, one step, a whole target. It satisfies ``contracts.Stepper``."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from heedful.contracts import Source, Step
from heedful.model.decoder import DECODERS, Moving
from heedful.model.encoder import Encoded, Encoder
from heedful.model.positions import embedding
from heedful.model.reader import Column
from heedful.model.recurrent import LockedDropout
from heedful.model.settings import ModelSettings


def map_tensors(function: Callable[[Tensor], Tensor], tree: Any) -> Any:
    """The same nested tuples with the function of every tensor."""
    if isinstance(tree, Tensor):
        return function(tree)
    parts = [map_tensors(function, part) for part in tree]
    return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)


class _Unfilled(TorchFunctionMode):
    """Tensors made within keep no first values: whoever fills them from a file need not draw them."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = kwargs or {}
        if getattr(func, "__module__", "") == nn.init.__name__:
            return args[0] if args else named["tensor"]
        return func(*args, **named)


def outline(settings: ModelSettings, columns: Sequence[Column], target_size: int) -> "Network":
    """The network without numbers: names, shapes and types, to be checked against a file and filled from it."""
    with torch.device("meta"), _Unfilled():
        return Network(settings, columns, target_size)


class Forced(NamedTuple):
    """A given target, scored."""

    log_probs: Float[Tensor, "batch time"]
    weights: Float[Tensor, "batch time position"] | None


class Network(nn.Module):
    """An encoder and a decoder: sources in, logits over target units out.

    ``columns`` says what each source column holds: units of a vocabulary of this size, or frames. ``target_size`` is that
    of the target's vocabulary; sizes count the reserved ids.
    """

    def __init__(self, settings: ModelSettings, columns: Sequence[Column], target_size: int) -> None:
        super().__init__()
        self.settings = settings
        self.encoder = Encoder(settings, columns)
        self.embedding = embedding(target_size, settings.embedding_size)
        self.dropout = LockedDropout(settings.dropout)
        self.decoder = DECODERS[settings.attention](settings, self.encoder.size)
        self.output_bias = nn.Parameter(torch.zeros(target_size))
        self.spelling = nn.Linear(self.encoder.size, target_size) if settings.ctc else None
        self.untied_weight: nn.Parameter | None = None
        if not settings.tie_embeddings:
            self.untied_weight = nn.Parameter(torch.empty(target_size, self.decoder.readout_size))
            nn.init.xavier_uniform_(self.untied_weight)

    @property
    def output_weight(self) -> Float[Tensor, "vocab readout"]:
        """The output layer's weight: the target embedding itself where the two are tied (Press and Wolf 2017)."""
        return self.embedding.weight if self.untied_weight is None else self.untied_weight

    def encode(self, source: Source) -> Encoded:
        """The memory, what is real in it, and the final state of every layer."""
        return self.encoder(source)

    def project(self, readout: Float[Tensor, "*batch readout"]) -> Float[Tensor, "*batch vocab"]:
        """Logits from readouts: the output layer."""
        return nn.functional.linear(readout, self.output_weight, self.output_bias)

    def forward(
        self, source: Source, previous: Int[Tensor, "batch time"], real: Bool[Tensor, "batch time"] | None = None
    ) -> tuple[Float[Tensor, "batch time readout"], Float[Tensor, "batch time position"] | None]:
        """Teacher forcing: readouts and weights at every step, given the units before each. The loss projects them.

        Where ``real`` is given, what is returned on padding is of no meaning, and little work goes there.
        """
        readouts, weights, _ = self.taught(source, previous, real)
        return readouts, weights

    def taught(
        self, source: Source, previous: Int[Tensor, "batch time"], real: Bool[Tensor, "batch time"] | None = None
    ) -> tuple[Float[Tensor, "batch time readout"], Float[Tensor, "batch time position"] | None, Encoded]:
        """``forward``, and what the encoder handed over, for losses that ask it as well."""
        encoded = self.encode(source)
        readouts, weights = self.readouts(encoded, previous, real)
        return readouts, weights, encoded

    def readouts(
        self, encoded: Encoded, previous: Int[Tensor, "batch time"], real: Bool[Tensor, "batch time"] | None = None
    ) -> tuple[Float[Tensor, "batch time readout"], Float[Tensor, "batch time position"] | None]:
        """``forward`` from what the encoder hands over on."""
        held, state = self.decoder.start(encoded)
        readouts, weights = self.decoder(self.dropout(self.embedding(previous)), held, state, real)
        return self.dropout(readouts), weights

    def force(
        self, source: Source, previous: Int[Tensor, "batch time"], following: Int[Tensor, "batch time"],
        real: Bool[Tensor, "batch time"],
    ) -> Forced:  # fmt: skip
        """Scores and aligns a given target: log-probabilities of ``following`` (zero on padding) and weights."""
        return self.scored(self.encode(source), previous, following, real)

    def scored(
        self, encoded: Encoded, previous: Int[Tensor, "batch time"], following: Int[Tensor, "batch time"],
        real: Bool[Tensor, "batch time"],
    ) -> Forced:  # fmt: skip
        """``force`` from what the encoder hands over on."""
        readouts, weights = self.readouts(encoded, previous)
        logits = self.project(readouts)
        chosen = logits.gather(2, following[..., None]).squeeze(2) - logits.logsumexp(dim=2)
        return Forced(chosen.masked_fill(~real, 0.0), weights)

    def start(self, source: Source) -> tuple[Any, Moving]:
        """See ``contracts.Stepper.start``."""
        return self.decoder.start(self.encode(source))

    def step(
        self,
        previous: Int[Tensor, "row"],
        held: Any,
        state: Moving,
        attend_to: Float[Tensor, "row position"] | None = None,
    ) -> Step[Moving]:
        """See ``contracts.Stepper.step``."""
        outcome = self.decoder.step(self.embedding(previous), held, state, attend_to)
        return Step(self.project(outcome.readout), outcome.state, outcome.weights)

    def select(self, state: Moving, rows: Int[Tensor, "chosen"]) -> Moving:
        """See ``contracts.Stepper.select``."""
        return map_tensors(lambda tensor: tensor.index_select(0, rows), state)

    def keep(self, held: Any, sentences: Int[Tensor, "kept"]) -> Any:
        """See ``contracts.Stepper.keep``."""
        return map_tensors(lambda tensor: tensor.index_select(0, sentences), held)
