"""The best hypotheses of every sentence, side by side (Graves 2012; Sutskever et al. 2014, section 3.2).

The textbook ranks beam x vocabulary continuations. Only the ``beam_size`` likeliest units of a row can be among the
``beam_size`` best of its sentence, so each row gives up those and its end mark, and they are ranked.
"""

from collections.abc import Generator
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad

from heedful.contracts import END, RESERVED, H, S, Source, Stepper
from heedful.native import kernels
from heedful.search.hypothesis import Candidates, Choice, Found, Frontier
from heedful.search.rank import checked
from heedful.search.rules import Rules
from heedful.search.settings import SearchSettings
from heedful.search.top import top, top_and_sum
from heedful.search.walk import walk


def beam(
    stepper: Stepper[H, S],
    source: Source,
    limits: Int[Tensor, "batch"],
    settings: SearchSettings,
    prefix: Int[Tensor, "batch time"] | None = None,
) -> Generator[Frontier, None, Found]:
    """Keeps the ``beam_size`` best hypotheses of each sentence; up to ``n_best`` results a sentence.

    An end mark among the ``beam_size`` best candidates makes an output, and the ``beam_size`` best others go on, so a
    hypothesis that ended never takes a place in the beam. A sentence is finished when it has ``beam_size`` outputs or
    no live hypothesis can beat the worst of its ``n_best``.

    Args:
        stepper: the model.
        source: what it reads.
        limits: the longest output of each sentence, in units before the end mark.
        settings: beam size, n-best, lengths and length penalty.
        prefix: forced first units; -1 where the search is free, an end mark to force the end.
    """
    rules, size = Rules.of(limits, settings, prefix), settings.beam_size
    choose_best = partial(choose, size=size)
    return walk(stepper, source, rules, choose_best, size, settings.n_best, settings.length_penalty)


def choose(
    logits: Float[Tensor, "row vocab"], live: Float[Tensor, "sentence slot"], time: int, rules: Rules, size: int
) -> Choice:
    """The ``size`` best continuations of each sentence; of equal ones the lower parent slot, then the lower unit."""
    found = kernels.active()
    if found is not None and live.dtype == torch.float64 and kernels.usable(logits):
        bounds = (rules.shortest, rules.longest, rules.forced_at(time), time)
        made = found.choose(logits, live.contiguous(), size, (RESERVED, END), bounds)
        if made is not None:
            every = Candidates(*made[:3])
            return Choice(every.first(size), every.after(size), made[3])
    slots = live.shape[1]
    units, log_probs = _continuations(logits, live, time, rules, size)
    candidates, units = (live.unsqueeze(2) + log_probs).flatten(1), units.flatten(1)
    if slots == 1 < size:  # the first step has one parent: fill up with nothing, so that 2 x size can be ranked
        candidates = pad(candidates, (0, size + 1), value=-torch.inf)
        units = pad(units, (0, size + 1), value=END)
    ranked, columns = top(candidates, 2 * size)  # at most ``size`` end marks, so at least ``size`` others
    ends = columns % (size + 1) == 0
    ended = ends & (ranked > -torch.inf)
    ended[:, size:] = False
    order = ends.to(torch.uint8).sort(dim=1, stable=True).indices  # those that go on come first, best first
    parents = (columns // (size + 1)).clamp(max=slots - 1)
    ordered = Candidates(*(field.gather(1, order) for field in (parents, units.gather(1, columns), ranked)))
    return Choice(ordered.first(size), ordered.after(size), ended.gather(1, order)[:, size:])


def _continuations(
    logits: Float[Tensor, "row vocab"], live: Float[Tensor, "sentence slot"], time: int, rules: Rules, size: int
) -> tuple[Int[Tensor, "sentence slot top"], Float[Tensor, "sentence slot top"]]:
    """The end mark and the ``size`` likeliest units of each row, and their log-probabilities.

    The end mark stands first: its id is the lowest. What may not come has minus infinity; the rest keeps the
    log-probabilities of the whole distribution.
    """
    highest, units, sums = top_and_sum(logits, RESERVED, size)
    sums = checked(sums, time)
    if highest.shape[1] < size:  # a vocabulary smaller than the beam
        missing = (0, size - highest.shape[1])
        highest, units = pad(highest, missing, value=-torch.inf), pad(units, missing, value=END)
    highest, units = rules.force(time, logits, highest, units)
    on = rules.go_on(time, highest.view(*live.shape, size))
    end = rules.end(time, logits[:, END].view(*live.shape, 1))
    log_probs = torch.cat([end, on], dim=2).to(live.dtype) - sums.view(*live.shape, 1)
    return pad(units, (1, 0), value=END).view(log_probs.shape), log_probs.clamp_(max=0)
