"""The loop that every search shares: step, choose, take what ended, let finished sentences leave.

A search differs from another only in how it chooses (``greedy.py``, ``beam.py``).
"""

from collections.abc import Callable, Generator
from itertools import count
from typing import TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.contracts import START, H, S, Source, Stepper
from heedful.search.hypothesis import Choice, Found, Frontier, Past, trace_back
from heedful.search.rank import Finished
from heedful.search.rules import Rules

Choose: TypeAlias = Callable[[Float[Tensor, "row vocab"], Float[Tensor, "sentence slot"], int, Rules], Choice]
"""From logits, the log-probability of every live hypothesis, and the time, to what goes on and what ends."""

Left: TypeAlias = tuple[Int[Tensor, "_"], Finished]
"""Sentences that left the batch, and their outputs."""

LEAVING = 8
"""Finished sentences leave when they are at least one in so many: what is held is not copied at every step."""


def walk(
    stepper: Stepper[H, S], source: Source, rules: Rules, choose: Choose, beam_size: int, n_best: int, penalty: float
) -> Generator[Frontier, None, Found]:
    """Searches a batch, yielding every frontier; the generator's value is the result, in the order of the source.

    Results of a sentence are distinct by construction: the kept candidates of a step are distinct pairs of a parent and
    a unit, so by induction live hypotheses are distinct sequences; each ends at most once a step, and outputs of
    different steps differ in length.
    """
    with torch.inference_mode():
        live = _log_probs_of_nothing(rules)
        finished = Finished.none((rules.longest + 1).to(live.dtype) ** penalty, n_best)
        sentences = torch.arange(len(live), device=live.device)
        previous = torch.full_like(sentences, START)
        if len(live) == 0:
            return trace_back([], *finished[:4])
        held, state = stepper.start(source)
    past: list[Past] = []
    left: list[Left] = []
    for time in count():
        with torch.inference_mode():
            step = stepper.step(previous, held, state)
            choice = choose(_at_least_single(step.logits), live, time, rules)
            finished = finished.take(choice, time, penalty)
            done = finished.closed(choice.kept.log_probs, beam_size, float((time + 2) ** penalty))
            leaving = int(done.sum())
            live = choice.kept.log_probs
            if leaving:
                live = live.masked_fill(done.unsqueeze(1), -torch.inf)  # nothing of a finished sentence goes on
            kept = choice.kept._replace(log_probs=live)
            past.append(Past(sentences, kept, step.weights))
        yield Frontier(time, sentences, kept, choice.pruned, choice.ended, step.weights)
        if leaving == len(sentences):
            break
        with torch.inference_mode():
            rows, previous = _rows(kept.parents, len(step.logits)), kept.units
            moved = beam_size > 1  # in a beam of one everybody stays in place until somebody leaves
            if leaving * LEAVING >= len(sentences) and leaving > 0:
                stay, gone, moved = (~done).nonzero().squeeze(1), done.nonzero().squeeze(1), True
                left.append((sentences[gone], finished.keep(gone)))
                sentences, live, previous, rows = sentences[stay], live[stay], previous[stay], rows[stay]
                finished, rules, held = finished.keep(stay), rules.keep(stay), stepper.keep(held, stay)
            state = stepper.select(step.state, rows.flatten()) if moved else step.state
            previous = previous.flatten()
    with torch.inference_mode():
        left.append((sentences, finished))
        return _gather(past, left)


def _log_probs_of_nothing(rules: Rules) -> Float[Tensor, "batch 1"]:
    """Zeros. In double precision, so that only true ties tie and sums do not drift; Apple's GPU has none."""
    device = rules.longest.device
    precision = torch.float32 if device.type == "mps" else torch.float64
    return torch.zeros(len(rules.longest), 1, dtype=precision, device=device)


def _at_least_single(logits: Float[Tensor, "row vocab"]) -> Float[Tensor, "row vocab"]:
    return logits.float() if logits.dtype.itemsize < torch.float32.itemsize else logits


def _rows(parents: Int[Tensor, "sentence slot"], rows: int) -> Int[Tensor, "sentence slot"]:
    """The row of each parent: rows are sentence-major."""
    first = torch.arange(0, rows, rows // len(parents), device=parents.device)
    return first.unsqueeze(1) + parents


def _gather(past: list[Past], left: list[Left]) -> Found:
    """The results of all sentences, in the order of the source."""
    order = torch.cat([sentences for sentences, _ in left]).argsort()
    pools = zip(*(finished for _, finished in left), strict=True)
    finished = Finished(*(torch.cat(fields)[order] for fields in pools))
    return trace_back(past, *finished[:4])
