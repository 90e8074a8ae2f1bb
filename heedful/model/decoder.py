"""The wirings: when the decoder asks the memory, and where the answer goes.

Scorer and reach (``attention.py``) are chosen independently. Every wiring writes ``step``, the specification; those that
do not feed attention back into the first recurrence also write a whole-sequence ``forward``, proven equal to the loop.
What leaves a wiring is a readout, the vector that the output layer turns into logits.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.model import loop
from heedful.model.attention import Attention, Held
from heedful.model.cells import CELLS
from heedful.model.encoder import Encoded
from heedful.model.handover import Handover, States
from heedful.model.recurrent import LockedDropout, Stack
from heedful.model.settings import ModelSettings

Masks = Sequence[Tensor | None]


class Moving(NamedTuple):
    """What moves with a hypothesis.

    Every layer's state, the answer fed back (or nothing), the step number, and where the step before looked (or nothing).
    """

    layers: States
    fed: tuple[Float[Tensor, "row features"], ...]
    step: Int[Tensor, "row"]
    looked: tuple[Float[Tensor, "row position"], ...] = ()


class Outcome(NamedTuple):
    """One step of a wiring."""

    readout: Float[Tensor, "row features"]
    state: Moving
    weights: Float[Tensor, "row position"] | None


class Decoder(nn.Module):
    """A wiring. ``readout_size`` is how wide its readouts are."""

    def __init__(self, settings: ModelSettings, encoder_size: int) -> None:
        super().__init__()
        self.size, self.memory_size = settings.hidden_size, encoder_size
        self.num_layers = settings.decoder_layers or settings.num_layers
        self.readout_size = settings.embedding_size if settings.tie_embeddings else settings.hidden_size
        self.handover = Handover(settings, encoder_size)
        first, above = self.input_sizes(settings)
        cell = CELLS[settings.decoder_cell or settings.cell]
        self.stack = Stack(cell, [first] + [above] * (self.num_layers - 1), self.size, settings.dropout)

    def input_sizes(self, settings: ModelSettings) -> tuple[int, int]:
        """How wide the input of the first layer is, and of each layer above."""
        return settings.embedding_size, settings.hidden_size

    def start(self, encoded: Encoded) -> tuple[Any, Moving]:
        """What is held for each sentence, and the state before the first unit."""
        layers, held = self.handover(encoded.final), self.hold(encoded)
        step = torch.zeros(encoded.memory.shape[0], dtype=torch.long, device=encoded.memory.device)
        return held, Moving(layers, self.feed(encoded), step, self.before(held))

    def hold(self, encoded: Encoded) -> Any:
        """Nested tuples of tensors with one row a sentence."""
        raise NotImplementedError

    def feed(self, encoded: Encoded) -> tuple[Tensor, ...]:
        """What is fed back into the first step, before there is an answer."""
        return ()

    def before(self, held: Any) -> tuple[Tensor, ...]:
        """Where the step before the first one looked, if anybody asks."""
        return ()

    def masks(self, embedded: Float[Tensor, "batch time embedding"]) -> Masks:
        """Dropout masks between the layers, for ``step``."""
        return self.stack.masks(embedded)

    def step(
        self,
        embedded: Float[Tensor, "row embedding"],
        held: Any,
        state: Moving,
        attend_to: Float[Tensor, "row position"] | None = None,
        masks: Masks | None = None,
    ) -> Outcome:
        """One step of every row; ``masks`` drop features between the layers and are held still by ``forward``."""
        raise NotImplementedError

    def forward(
        self,
        embedded: Float[Tensor, "batch time embedding"],
        held: Any,
        state: Moving,
        real: Bool[Tensor, "batch time"] | None = None,
    ) -> tuple[Float[Tensor, "batch time readout"], Float[Tensor, "batch time position"] | None]:
        """A whole target: readouts and weights at every step. This loop over ``step`` is the specification.

        Where ``real`` is given, what is returned on padding is of no meaning.
        """
        masks = self.masks(embedded)
        readouts: list[Tensor] = []
        weights: list[Tensor] = []
        for now in embedded.unbind(dim=1):
            outcome = self.step(now, held, state, masks=masks)
            state = outcome.state
            readouts.append(outcome.readout)
            if outcome.weights is not None:
                weights.append(outcome.weights)
        return torch.stack(readouts, dim=1), torch.stack(weights, dim=1) if weights else None


class Fixed(Decoder):
    """No attention: the final state is all that the decoder gets.

    As its start state (Sutskever 2014), and with ``feed_context`` at every step and in every readout as well (Cho 2014).
    """

    def __init__(self, settings: ModelSettings, encoder_size: int) -> None:
        self.feeds = bool(settings.feed_context)
        super().__init__(settings, encoder_size)
        self.combine = nn.Linear(self.size + (encoder_size if self.feeds else 0), self.readout_size)

    def input_sizes(self, settings: ModelSettings) -> tuple[int, int]:
        """The context stands beside the embedding where it is fed."""
        context = (settings.encoder_size or settings.hidden_size) if self.feeds else 0
        return settings.embedding_size + context, settings.hidden_size

    def hold(self, encoded: Encoded) -> Float[Tensor, "batch features"]:
        """The context vector: the hidden state of the top layer's final state."""
        return encoded.final[-1][0]

    def _beside(self, values: Tensor, context: Tensor) -> Tensor:
        if not self.feeds:
            return values
        repeats = values.shape[0] // context.shape[0]
        each = context if repeats == 1 else context.repeat_interleave(repeats, dim=0)
        return torch.cat([values, each if values.dim() == 2 else each[:, None].expand(-1, values.shape[1], -1)], dim=-1)

    def step(
        self,
        embedded: Float[Tensor, "row embedding"],
        held: Any,
        state: Moving,
        attend_to: Float[Tensor, "row position"] | None = None,
        masks: Masks | None = None,
    ) -> Outcome:
        """Steps; there is nothing to ask."""
        top, layers = self.stack.step(self._beside(embedded, held), state.layers, masks)
        readout = torch.tanh(self.combine(self._beside(top, held)))
        return Outcome(readout, Moving(layers, (), state.step + 1), None)

    def forward(
        self,
        embedded: Float[Tensor, "batch time embedding"],
        held: Any,
        state: Moving,
        real: Bool[Tensor, "batch time"] | None = None,
    ) -> tuple[Float[Tensor, "batch time readout"], Float[Tensor, "batch time position"] | None]:
        """All steps as fused layers."""
        top = self.stack.scan(self._beside(embedded, held), state.layers, real)
        return torch.tanh(self.combine(self._beside(top, held))), None


class Attentive(Decoder):
    """What the wirings with attention share: a held memory, and readout = tanh(W [context; state])."""

    def __init__(self, settings: ModelSettings, encoder_size: int) -> None:
        super().__init__(settings, encoder_size)
        spelled = settings.resolved()
        self.attention = Attention(
            spelled.scorer or "general", spelled.reach or "global", self.size, encoder_size, spelled.window or 1
        )
        self.combine = nn.Linear(encoder_size + self.size, self.readout_size)

    def hold(self, encoded: Encoded) -> Held:
        """Memory and keys."""
        return self.attention.hold(encoded.memory, encoded.real)

    def before(self, held: Any) -> tuple[Tensor, ...]:
        """Nowhere, where the attention wants to know."""
        return self.attention.begin(held)

    def moved(self, layers: States, fed: tuple[Tensor, ...], state: Moving, weights: Tensor) -> Moving:
        """The state after a step that looked here."""
        return Moving(layers, fed, state.step + 1, (weights,) if state.looked else ())

    def read(self, context: Float[Tensor, "*batch memory"], top: Float[Tensor, "*batch size"]) -> Tensor:
        """The attentional vector h~ = tanh(W [context; state]) (Luong 2015, equation 5)."""
        return torch.tanh(self.combine(torch.cat([context, top], dim=-1)))

    def ask_all(self, query: Float[Tensor, "batch time size"], held: Held) -> tuple[Tensor, Tensor]:
        """Every target position asks at once."""
        step = torch.arange(query.shape[1], device=query.device).expand(query.shape[0], -1)
        return self.attention(query, held, step)


class Bahdanau(Attentive):
    """Asks with the previous state, then steps on [embedding; context] (Bahdanau 2015, section 3.1)."""

    def input_sizes(self, settings: ModelSettings) -> tuple[int, int]:
        """The context stands beside the embedding."""
        return settings.embedding_size + (settings.encoder_size or settings.hidden_size), settings.hidden_size

    def step(
        self,
        embedded: Float[Tensor, "row embedding"],
        held: Any,
        state: Moving,
        attend_to: Float[Tensor, "row position"] | None = None,
        masks: Masks | None = None,
    ) -> Outcome:
        """Asks, then steps."""
        context, weights = self.attention.ask(state.layers[-1][0], held, state.step, attend_to, state.looked)
        top, layers = self.stack.step(torch.cat([embedded, context], dim=1), state.layers, masks)
        return Outcome(self.read(context, top), self.moved(layers, (), state, weights), weights)

    def forward(
        self,
        embedded: Float[Tensor, "batch time embedding"],
        held: Any,
        state: Moving,
        real: Bool[Tensor, "batch time"] | None = None,
    ) -> tuple[Float[Tensor, "batch time readout"], Float[Tensor, "batch time position"] | None]:
        """All steps in a hand-derived loop where it knows the parts."""
        cells = list(self.stack.each())
        if not loop.fits(self.attention, cells, embedded):
            return super().forward(embedded, held, state, real)
        top, context, weights = loop.run(self.attention, cells, embedded, held, state.layers, self.masks(embedded))
        return self.read(context, top), weights


class Luong(Attentive):
    """Steps, then asks with the new state (Luong 2015, section 3).

    With ``input_feeding`` the readout goes beside the next embedding (section 3.3), which costs the whole-sequence path.
    """

    def __init__(self, settings: ModelSettings, encoder_size: int) -> None:
        self.feeds = bool(settings.input_feeding)
        super().__init__(settings, encoder_size)

    def input_sizes(self, settings: ModelSettings) -> tuple[int, int]:
        """The previous readout stands beside the embedding where it is fed."""
        readout = settings.embedding_size if settings.tie_embeddings else settings.hidden_size
        return settings.embedding_size + (readout if self.feeds else 0), settings.hidden_size

    def feed(self, encoded: Encoded) -> tuple[Tensor, ...]:
        """Zeros before the first readout."""
        return (encoded.memory.new_zeros(encoded.memory.shape[0], self.readout_size),) if self.feeds else ()

    def step(
        self,
        embedded: Float[Tensor, "row embedding"],
        held: Any,
        state: Moving,
        attend_to: Float[Tensor, "row position"] | None = None,
        masks: Masks | None = None,
    ) -> Outcome:
        """Steps, then asks."""
        top, layers = self.stack.step(torch.cat([embedded, *state.fed], dim=1), state.layers, masks)
        context, weights = self.attention.ask(top, held, state.step, attend_to, state.looked)
        readout = self.read(context, top)
        return Outcome(readout, self.moved(layers, (readout,) if self.feeds else (), state, weights), weights)

    def forward(
        self,
        embedded: Float[Tensor, "batch time embedding"],
        held: Any,
        state: Moving,
        real: Bool[Tensor, "batch time"] | None = None,
    ) -> tuple[Float[Tensor, "batch time readout"], Float[Tensor, "batch time position"] | None]:
        """Without input feeding, all steps as fused layers and one batched attention; with it, a hand-derived loop."""
        cells = list(self.stack.each())
        if self.attention.sequential or (self.feeds and not loop.fits(self.attention, cells, embedded)):
            return super().forward(embedded, held, state, real)
        if self.feeds:
            masks = self.masks(embedded)
            made = loop.run(
                self.attention, cells, embedded, held, state.layers, masks, combine=self.combine, fed=state.fed[0]
            )
            return made[0], made[1]
        top = self.stack.scan(embedded, state.layers, real)
        context, weights = self.ask_all(top, held)
        return self.read(context, top), weights


class FirstLayer(Attentive):
    """The first layer steps and asks; the answer goes beside its output into the layers above (the idea of Wu 2016, 3.1).

    Attention reaches the recurrence of the upper layers, and a whole target still runs as fused layers.
    """

    def __init__(self, settings: ModelSettings, encoder_size: int) -> None:
        super().__init__(settings, encoder_size)
        if self.num_layers < 2:
            raise ValueError("first-layer feeds the layers above the first: the decoder needs two or more")
        cell = CELLS[settings.decoder_cell or settings.cell]
        sizes = [self.size + encoder_size] + [self.size] * (self.num_layers - 2)
        self.stack = Stack(cell, [settings.embedding_size], self.size, settings.dropout)
        self.above = Stack(cell, sizes, self.size, settings.dropout)
        self.dropout = LockedDropout(settings.dropout)

    def masks(self, embedded: Float[Tensor, "batch time embedding"]) -> Masks:
        """Dropout masks between the layers: the first also covers the answer, which goes in beside the first state."""
        beside = embedded.new_empty(embedded.shape[0], self.size + self.memory_size)
        return [self.dropout.mask(beside), *self.above.masks(embedded)]

    def step(
        self,
        embedded: Float[Tensor, "row embedding"],
        held: Any,
        state: Moving,
        attend_to: Float[Tensor, "row position"] | None = None,
        masks: Masks | None = None,
    ) -> Outcome:
        """The first layer steps, asks, and the layers above step."""
        below, first = self.stack.step(embedded, state.layers[:1])
        context, weights = self.attention.ask(below, held, state.step, attend_to, state.looked)
        beside = torch.cat([below, context], dim=1)
        if masks and masks[0] is not None:
            beside = beside * masks[0]
        top, above = self.above.step(beside, state.layers[1:], masks[1:] if masks else None)
        return Outcome(self.read(context, top), self.moved(first + above, (), state, weights), weights)

    def forward(
        self,
        embedded: Float[Tensor, "batch time embedding"],
        held: Any,
        state: Moving,
        real: Bool[Tensor, "batch time"] | None = None,
    ) -> tuple[Float[Tensor, "batch time readout"], Float[Tensor, "batch time position"] | None]:
        """All steps as fused layers, with one batched attention between the first and the second."""
        if self.attention.sequential:
            return super().forward(embedded, held, state, real)
        below = self.stack.scan(embedded, state.layers[:1], real)
        context, weights = self.ask_all(below, held)
        top = self.above.scan(self.dropout(torch.cat([below, context], dim=2)), state.layers[1:], real)
        return self.read(context, top), weights


DECODERS: dict[str, type[Decoder]] = {
    "fixed": Fixed,
    "bahdanau": Bahdanau,
    "luong": Luong,
    "first-layer": FirstLayer,
}
