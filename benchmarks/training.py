"""How fast networks are trained: Heedful's own update on real batches, and the tutorial's beside it."""

from collections.abc import Iterator

import torch
from torch.nn.functional import cross_entropy

from benchmarks.tutorial import Tutorial
from heedful.data import batches
from heedful.training.learner import Learner
from heedful.training.prepare import Prepared
from heedful.training.state import State


class Training:
    """Updates of a network, batch after batch of a plan."""

    def __init__(self, prepared: Prepared) -> None:
        self.prepared, self.data = prepared, prepared.train
        self.learner = Learner(State(prepared.network, prepared.recipe.training))
        self.batches = self._batches()

    def _batches(self) -> Iterator[batches.Rows]:
        settings, epoch = self.prepared.recipe.training, 0
        while True:
            yield from batches.plan(
                self.data.source_lengths, self.data.target_lengths, units_per_batch=settings.batch_units,
                max_rows=settings.batch_size, seed=settings.seed, epoch=epoch,
            )  # fmt: skip
            epoch += 1

    def padding(self) -> float:
        """The share of padding in an epoch's batches."""
        settings = self.prepared.recipe.training
        plan = batches.plan(
            self.data.source_lengths, self.data.target_lengths, units_per_batch=settings.batch_units,
            max_rows=settings.batch_size, seed=settings.seed, epoch=0,
        )  # fmt: skip
        return batches.padding_share(plan, self.data.source_lengths + self.data.target_lengths + 1)

    def window(self, updates: int) -> int:
        """So many updates; returns the number of real target units, the end mark counted."""
        units = 0
        for _ in range(updates):
            batch = batches.make(self.data, next(self.batches))
            self.learner.measure(batch)
            self.learner.step(0.001)
            units += int(batch.real.sum())
        return units


class TutorialTraining:
    """The same for the tutorial's loop: batches in the order of the file, Adam as it comes."""

    def __init__(self, prepared: Prepared) -> None:
        self.data, self.network = prepared.train, tutorial(prepared)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=0.001)
        self.rows = torch.randperm(len(self.data), generator=torch.Generator().manual_seed(1)).numpy()
        self.size, self.at = prepared.recipe.training.batch_size or 64, 0

    def window(self, updates: int) -> int:
        """So many updates; returns the number of real target units."""
        units = 0
        for _ in range(updates):
            if self.at + self.size > len(self.rows):
                self.at = 0
            batch = batches.make(self.data, self.rows[self.at : self.at + self.size])
            self.at += self.size
            logits = self.network(batch.source.columns[0], batch.previous, ~batch.source.real[0])
            value = cross_entropy(logits.flatten(0, 1), batch.following.flatten(), ignore_index=0)
            self.optimizer.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimizer.step()
            units += int(batch.real.sum())
        return units


def tutorial(prepared: Prepared) -> Tutorial:
    """The tutorial's network in the sizes of this one."""
    settings = prepared.recipe.model
    return Tutorial(
        len(prepared.codec.source_vocabularies[0]), len(prepared.codec.target_vocabulary), settings.embedding_size,
        settings.encoder_size or settings.hidden_size, settings.hidden_size, settings.num_layers,
    )  # fmt: skip
