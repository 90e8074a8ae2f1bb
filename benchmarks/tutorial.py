"""The plain loop that tutorials have: one LSTMCell step a target unit, additive attention in separate operators, padding.

Not Heedful's code in any way: it stands here to be compared with. Batches are taken as they come, without buckets.
"""

import torch
from torch import Tensor, nn


class Tutorial(nn.Module):
    """Embedding, LSTM in both directions, an LSTMCell fed [embedding; context], additive attention, output layer."""

    def __init__(
        self, source_size: int, target_size: int, embedding: int, encoder: int, hidden: int, layers: int
    ) -> None:
        super().__init__()
        self.source, self.target = nn.Embedding(source_size, embedding), nn.Embedding(target_size, embedding)
        self.encoder = nn.LSTM(embedding, encoder // 2, layers, bidirectional=True, batch_first=True)
        sizes = [embedding + encoder] + [hidden] * (layers - 1)
        self.cells = nn.ModuleList(nn.LSTMCell(size, hidden) for size in sizes)
        self.query, self.key, self.value = nn.Linear(hidden, hidden), nn.Linear(encoder, hidden), nn.Linear(hidden, 1)
        self.combine, self.output = nn.Linear(encoder + hidden, hidden), nn.Linear(hidden, target_size)
        self.hidden = hidden

    def start(self, source: Tensor) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """The memory and zero states."""
        memory, _ = self.encoder(self.source(source))
        zeros = memory.new_zeros(len(source), self.hidden)
        return memory, [(zeros, zeros) for _ in self.cells]

    def step(
        self, previous: Tensor, memory: Tensor, states: list[tuple[Tensor, Tensor]], padding: Tensor
    ) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """Logits of one step, and the new states."""
        top = states[-1][0]
        scores = self.value(torch.tanh(self.query(top)[:, None] + self.key(memory))).squeeze(2)
        weights = scores.masked_fill(padding, -1e9).softmax(dim=1)
        context = torch.bmm(weights[:, None], memory).squeeze(1)
        values = torch.cat([self.target(previous), context], dim=1)
        news: list[tuple[Tensor, Tensor]] = []
        for cell, state in zip(self.cells, states, strict=True):
            new = cell(values, state)
            values = new[0]
            news.append(new)
        return self.output(torch.tanh(self.combine(torch.cat([context, values], dim=1)))), news

    def forward(self, source: Tensor, previous: Tensor, padding: Tensor) -> Tensor:
        """Logits of a whole target, step by step."""
        memory, states = self.start(source)
        outputs: list[Tensor] = []
        for now in previous.unbind(dim=1):
            logits, states = self.step(now, memory, states, padding)
            outputs.append(logits)
        return torch.stack(outputs, dim=1)
