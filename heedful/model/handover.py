"""What the decoder begins with, of what the encoder ends with."""

import torch
from torch import nn

from heedful.model.cells import CELLS, State
from heedful.model.settings import ModelSettings

States = tuple[State, ...]
"""A state a layer, the lowest first."""


class Handover(nn.Module):
    """The encoder's final state becomes the decoder's start state: the whole of it, the LSTM's memory cell too.

    As it is where both have the same shape; else through tanh(W s), layer by layer (Bahdanau 2015, appendix A.2.2).
    Decoder layers beyond the encoder's take the state of its top layer.
    """

    def __init__(self, settings: ModelSettings, encoder_size: int) -> None:
        super().__init__()
        encoder_cell = CELLS[settings.encoder_cell or settings.cell]
        decoder_cell = CELLS[settings.decoder_cell or settings.cell]
        self.layers = settings.decoder_layers or settings.num_layers
        self.states, self.size = decoder_cell.states, settings.hidden_size
        same = encoder_cell.states == decoder_cell.states and encoder_size == self.size
        self.bridges = nn.ModuleList(
            nn.Linear(encoder_cell.states * encoder_size, self.states * self.size)
            for _ in range(0 if same else self.layers)
        )

    def forward(self, final: States) -> States:
        """A start state for each decoder layer."""
        chosen = [final[min(layer, len(final) - 1)] for layer in range(self.layers)]
        if not self.bridges:
            return tuple(chosen)
        bridged = [torch.tanh(bridge(torch.cat(s, dim=1))) for bridge, s in zip(self.bridges, chosen, strict=True)]
        return tuple(tuple(values.split(self.size, dim=1)) for values in bridged)
