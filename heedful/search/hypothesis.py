"""What a search passes around and what it returns: frontiers on the way, hypotheses at the end.

Histories are never copied while the search runs. Each step leaves what it chose and from which slot (``Past``); at
the end all results are traced back at once, one gather a time step.

Axes: ``sentence`` those still searched, ``slot`` the hypotheses of a sentence (one before the first step, then the
beam), ``row`` sentence x slot, ``n_best`` results of a sentence.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from heedful.contracts import PAD


class Candidates(NamedTuple):
    """Continuations of the hypotheses of each sentence, best first.

    ``parents`` are slots of the frontier before, ``log_probs`` count from the start of the output; minus infinity
    marks a slot with nothing in it.
    """

    parents: Int[Tensor, "sentence candidate"]
    units: Int[Tensor, "sentence candidate"]
    log_probs: Float[Tensor, "sentence candidate"]

    def first(self, count: int) -> "Candidates":
        """The best ``count``."""
        return Candidates(*(field[:, :count] for field in self))

    def after(self, count: int) -> "Candidates":
        """All but the best ``count``."""
        return Candidates(*(field[:, count:] for field in self))


class Choice(NamedTuple):
    """What a search chose at one step: those that go on, those that do not, and which of the latter are outputs now."""

    kept: Candidates
    pruned: Candidates
    ended: Bool[Tensor, "sentence candidate"]
    """True where a pruned candidate is an end mark that made its parent an output (sentence, candidate)."""


class Frontier(NamedTuple):
    """One step of a search, for whoever watches. Look, don't touch: the search goes on with these tensors.

    ``sentences`` says which source each line is about. ``weights`` has one row a parent, sentence-major, and tells
    where the model looked when it wrote the units of ``kept`` and ``pruned``. A slot of ``kept`` is empty where its
    sentence is finished, or has fewer continuations than there are slots.
    """

    time: int
    sentences: Int[Tensor, "sentence"]
    kept: Candidates
    pruned: Candidates
    ended: Bool[Tensor, "sentence candidate"]
    weights: Float[Tensor, "row position"] | None


class Past(NamedTuple):
    """What one step leaves behind for tracing back."""

    sentences: Int[Tensor, "sentence"]
    kept: Candidates
    weights: Float[Tensor, "row position"] | None


class Found(NamedTuple):
    """The results of a search: in the order of the source, best first.

    A sentence has ``count`` results, which may be fewer than there is room for; the rest is padding with a score of
    minus infinity. ``lengths`` counts units without the end mark, ``log_probs`` has one number a unit and then the end
    mark's, ``log_prob`` is their sum. ``weights`` has one row a unit (none for the end mark), or is None without
    attention.
    """

    units: Int[Tensor, "batch n_best time"]
    lengths: Int[Tensor, "batch n_best"]
    scores: Float[Tensor, "batch n_best"]
    log_prob: Float[Tensor, "batch n_best"]
    log_probs: Float[Tensor, "batch n_best times"]
    weights: Float[Tensor, "batch n_best time position"] | None
    count: Int[Tensor, "batch"]


def trace_back(
    past: list[Past],
    scores: Float[Tensor, "batch n_best"],
    log_prob: Float[Tensor, "batch n_best"],
    lengths: Int[Tensor, "batch n_best"],
    slots: Int[Tensor, "batch n_best"],
) -> Found:
    """Results from where they ended: after ``lengths`` units, in this slot. Lengths below zero mean no result."""
    batch, n_best = lengths.shape
    valid, lengths = lengths >= 0, lengths.clamp(min=0)
    time = int(lengths.max()) if lengths.numel() else 0
    log_prob = log_prob.masked_fill(~valid, 0.0)

    units = lengths.new_full((batch * n_best, time), PAD)
    cumulative = log_prob.reshape(-1, 1).repeat(1, time + 2)  # constant from the end mark on: nothing is added there
    cumulative[:, 0] = 0.0
    attention = past[0].weights if past else None
    weights = None if attention is None else attention.new_zeros(batch * n_best, time, attention.shape[-1])

    slot, length = slots.flatten().clone(), lengths.flatten()
    sentence = torch.arange(batch, device=lengths.device).repeat_interleave(n_best)
    place = torch.zeros(batch, dtype=torch.int64, device=lengths.device)
    for moment in reversed(range(time)):
        step = past[moment]
        place[step.sentences] = torch.arange(len(step.sentences), device=place.device)  # sentences leave, so rows move
        traced = (length > moment).nonzero().squeeze(1)
        line, column = place[sentence[traced]], slot[traced]
        parent = step.kept.parents[line, column]
        units[traced, moment] = step.kept.units[line, column]
        cumulative[traced, moment + 1] = step.kept.log_probs[line, column]
        if weights is not None and step.weights is not None:
            row = line * (len(step.weights) // len(step.sentences)) + parent
            weights[traced, moment, : step.weights.shape[-1]] = step.weights[row]
        slot[traced] = parent

    return Found(
        units=units.view(batch, n_best, time),
        lengths=lengths,
        scores=scores,
        log_prob=log_prob,
        log_probs=cumulative.diff(dim=1).view(batch, n_best, time + 1),
        weights=None if weights is None else weights.view(batch, n_best, time, weights.shape[-1]),
        count=valid.sum(dim=1),
    )
