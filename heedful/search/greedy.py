"""The likeliest unit at every step. What a beam of one does, in fewer operations."""

from collections.abc import Generator

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.contracts import END, RESERVED, H, S, Source, Stepper
from heedful.search.hypothesis import Candidates, Choice, Found, Frontier
from heedful.search.rank import checked
from heedful.search.rules import Rules
from heedful.search.settings import SearchSettings
from heedful.search.top import top_and_sum
from heedful.search.walk import walk


def greedy(
    stepper: Stepper[H, S],
    source: Source,
    limits: Int[Tensor, "batch"],
    settings: SearchSettings,
    prefix: Int[Tensor, "batch time"] | None = None,
) -> Generator[Frontier, None, Found]:
    """Follows the likeliest unit until the end mark; one result a sentence, whatever ``beam_size`` and ``n_best`` say.

    Args:
        stepper: the model.
        source: what it reads.
        limits: the longest output of each sentence, in units before the end mark.
        settings: lengths and length penalty.
        prefix: forced first units; -1 where the search is free, an end mark to force the end.
    """
    rules = Rules.of(limits, settings, prefix)
    return walk(stepper, source, rules, choose, beam_size=1, n_best=1, penalty=settings.length_penalty)


def choose(logits: Float[Tensor, "row vocab"], live: Float[Tensor, "sentence 1"], time: int, rules: Rules) -> Choice:
    """The likeliest unit, and the end mark beside it: an output if it is at least as likely (its id is lower)."""
    top, units, sums = top_and_sum(logits, RESERVED, 1)
    sums = checked(sums, time).unsqueeze(1)
    top, units = rules.force(time, logits, top, units)
    top, end = rules.go_on(time, top), rules.end(time, logits[:, END : END + 1])
    parents = torch.zeros_like(units)
    on = Candidates(parents, units, live + (top.to(live.dtype) - sums).clamp(max=0))
    off = Candidates(parents, torch.full_like(units, END), live + (end.to(live.dtype) - sums).clamp(max=0))
    return Choice(on, off, (end >= top) & (off.log_probs > -torch.inf))
