"""Floating-point operations of one real target unit: a multiplication and an addition are two; padding counts for nothing.

Only products of matrices are counted (and the weighted sums of attention, which are such): what the limit is made of.
Training costs three times the forward pass: once forward, once for the inputs' gradients, once for the weights'.
"""

from typing import NamedTuple

from heedful.model.cells import CELLS
from heedful.model.settings import ModelSettings


class Operations(NamedTuple):
    """Operations of a forward pass: ``source`` a source position, ``target`` a target unit, ``pair`` one for the other."""

    source: float
    target: float
    pair: float

    def forward(self, positions_per_unit: float, positions_seen: float, hypotheses: int = 1) -> float:
        """Operations an output unit, each hypothesis stepped at every one."""
        return self.source * positions_per_unit + hypotheses * (self.target + self.pair * positions_seen)

    def training(self, positions_per_unit: float, positions_seen: float) -> float:
        """Operations a target unit in training."""
        return 3 * self.forward(positions_per_unit, positions_seen)


def count(settings: ModelSettings, target_size: int) -> Operations:
    """The operations of this network; embeddings are looked up and cost none."""
    spelled = settings.resolved()
    encoder_size, hidden = spelled.encoder_size or spelled.hidden_size, spelled.hidden_size
    readout = spelled.embedding_size if spelled.tie_embeddings else hidden
    attends = spelled.attention != "fixed"
    beside = hidden + (encoder_size if attends or spelled.feed_context else 0)
    source, target = _encoder(spelled, encoder_size), _decoder(spelled, encoder_size, readout)
    target += 2 * beside * readout + 2 * readout * target_size
    if not attends:
        return Operations(source, target, 0.0)
    learned = spelled.scorer != "dot"
    additive = spelled.scorer in ("additive", "concat")
    source += 2 * encoder_size * hidden if learned else 0
    target += 2 * hidden * hidden if additive else 0
    return Operations(source, target, 2 * hidden + 2 * encoder_size)


def _encoder(spelled: ModelSettings, encoder_size: int) -> float:
    """Operations of a source position."""
    directions = 2 if spelled.bidirectional else 1
    each = encoder_size // directions
    gates = CELLS[spelled.encoder_cell or spelled.cell].gates
    inputs = [spelled.embedding_size, *[encoder_size] * ((spelled.encoder_layers or spelled.num_layers) - 1)]
    return float(sum(directions * 2 * gates * each * (size + each) for size in inputs))


def _decoder(spelled: ModelSettings, encoder_size: int, readout: int) -> float:
    """Operations of the cells at a target unit: the first layer's input depends on the wiring, the second's sometimes."""
    hidden, first, second = spelled.hidden_size, spelled.embedding_size, spelled.hidden_size
    if spelled.attention == "bahdanau" or spelled.feed_context:
        first += encoder_size
    elif spelled.input_feeding:
        first += readout
    elif spelled.attention == "first-layer":
        second += encoder_size
    layers = spelled.decoder_layers or spelled.num_layers
    gates = CELLS[spelled.decoder_cell or spelled.cell].gates
    inputs = [first, second, *[hidden] * layers][:layers]
    return float(sum(2 * gates * hidden * (size + hidden) for size in inputs))
