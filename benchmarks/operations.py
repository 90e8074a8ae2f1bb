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
    encoder_size = spelled.encoder_size or spelled.hidden_size
    hidden, embedded = spelled.hidden_size, spelled.embedding_size
    readout = embedded if spelled.tie_embeddings else hidden
    source = target = pair = 0.0
    gates = CELLS[spelled.encoder_cell or spelled.cell].gates
    directions = 2 if spelled.bidirectional else 1
    each = encoder_size // directions
    for layer in range(spelled.encoder_layers or spelled.num_layers):
        source += directions * 2 * gates * each * ((encoder_size if layer else embedded) + each)
    gates = CELLS[spelled.decoder_cell or spelled.cell].gates
    layers = spelled.decoder_layers or spelled.num_layers
    first, second = embedded, hidden
    if spelled.attention == "bahdanau":
        first += encoder_size
    elif spelled.input_feeding:
        first += readout
    elif spelled.attention == "first-layer":
        second += encoder_size
    elif spelled.feed_context:
        first += encoder_size
    for layer in range(layers):
        inputs = first if layer == 0 else second if layer == 1 else hidden
        target += 2 * gates * hidden * (inputs + hidden)
    beside = hidden
    if spelled.attention != "fixed":
        beside += encoder_size
        pair += 4 * hidden if spelled.scorer != "dot" else 4 * encoder_size
        if spelled.scorer in ("general", "additive", "concat"):
            source += 2 * encoder_size * hidden
        if spelled.scorer in ("additive", "concat"):
            target += 2 * hidden * hidden
    elif spelled.feed_context:
        beside += encoder_size
    target += 2 * beside * readout + 2 * readout * target_size
    return Operations(source, target, pair)
