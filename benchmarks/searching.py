"""How fast networks answer: greedy and beam search, every output ended where its reference ends."""

import numpy as np
import torch

from benchmarks.training import tutorial
from heedful.contracts import END, START
from heedful.data import batches
from heedful.model.packed import stepper
from heedful.search.searches import search
from heedful.search.settings import SearchSettings
from heedful.training.prepare import Prepared


class Searching:
    """Answers to some sentences, in batches of like length."""

    def __init__(self, prepared: Prepared, sentences: int, batch: int, beam_size: int) -> None:
        self.stepper = stepper(prepared.network.eval())
        self.data, self.batch = prepared.train, batch
        chosen = np.linspace(0, len(self.data) - 1, min(sentences, len(self.data))).astype(np.int64)
        self.chosen = np.unique(chosen)
        self.settings = SearchSettings(beam_size=beam_size)
        self.places = batches.in_length_order(self.data.source_lengths[self.chosen], 10**6, batch)

    @property
    def units(self) -> int:
        """Output units, the end marks counted."""
        return int((self.data.target_lengths[self.chosen] + 1).sum())

    def window(self) -> int:
        """Searches all sentences; returns how many."""
        for places in self.places:
            rows = self.chosen[places]
            source = batches.make_source(self.data.columns, rows)
            lengths = torch.from_numpy(self.data.target_lengths[rows])
            prefix = torch.full((len(rows), int(lengths.max()) + 1), -1)
            prefix[torch.arange(len(rows)), lengths] = END
            found = search(self.stepper, source, lengths + 5, self.settings, prefix)
            if not torch.equal(found.lengths[:, 0], lengths):
                raise AssertionError("an output did not end at its reference's length")
        return len(self.chosen)


class TutorialSearching:
    """The tutorial's search: greedy in a batch; a beam as a list of hypotheses, one step each, a sentence at a time."""

    def __init__(self, prepared: Prepared, sentences: int, batch: int, beam_size: int) -> None:
        self.like = Searching(prepared, sentences, batch, beam_size)
        self.network = tutorial(prepared).eval()
        self.beam_size = beam_size

    @torch.no_grad()
    def window(self) -> int:
        """Searches all sentences; returns how many."""
        like = self.like
        for places in like.places:
            rows = like.chosen[places]
            source = batches.make_source(like.data.columns, rows)
            time = int(like.data.target_lengths[rows].max()) + 1
            if self.beam_size == 1:
                self._greedy(source.columns[0], ~source.real[0], time)
            else:
                for row in range(len(rows)):
                    self._beam(source.columns[0][row : row + 1], int(like.data.target_lengths[rows[row]]) + 1)
        return len(like.chosen)

    def _greedy(self, source: torch.Tensor, padding: torch.Tensor, time: int) -> None:
        memory, states = self.network.start(source)
        previous = torch.full((len(source),), START)
        for _ in range(time):
            logits, states = self.network.step(previous, memory, states, padding)
            previous = logits.argmax(dim=1)

    def _beam(self, source: torch.Tensor, time: int) -> None:
        memory, states = self.network.start(source)
        padding = torch.zeros_like(source, dtype=torch.bool)
        hypotheses = [(0.0, [START], states)]
        for _ in range(time):
            grown: list[tuple[float, list[int], list[tuple[torch.Tensor, torch.Tensor]]]] = []
            for score, units, state in hypotheses:
                logits, new = self.network.step(torch.tensor([units[-1]]), memory, state, padding)
                best = logits.log_softmax(dim=1)[0].topk(self.beam_size)
                pairs = zip(best.values.tolist(), best.indices.tolist(), strict=True)
                grown += [(score + value, [*units, unit], new) for value, unit in pairs]
            hypotheses = sorted(grown, key=lambda each: -each[0])[: self.beam_size]
