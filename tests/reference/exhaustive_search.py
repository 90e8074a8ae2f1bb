"""Search, slow and obvious: every output there is, and a beam of Python lists. For one sentence at a time.

Both know a model only as ``after(units) -> list of log-probabilities`` of the next unit, given those before it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from heedful.contracts import END, RESERVED

After = Callable[[tuple[int, ...]], Sequence[float]]


class Output(NamedTuple):
    units: tuple[int, ...]
    score: float
    log_prob: float


def finish(units: tuple[int, ...], log_prob: float, length_penalty: float) -> Output:
    """An output with its score: the end mark counts as one more unit (Graves 2012; Wu et al. 2016, section 7)."""
    return Output(units, log_prob / (len(units) + 1) ** length_penalty, log_prob)


def exhaustive_search(after: After, shortest: int, longest: int, length_penalty: float) -> list[Output]:
    """Every output of allowed length, best first."""
    found: list[Output] = []

    def extend(units: tuple[int, ...], log_prob: float) -> None:
        following = after(units)
        if len(units) >= shortest:
            found.append(finish(units, log_prob + following[END], length_penalty))
        if len(units) < longest:
            for unit in range(RESERVED, len(following)):
                extend((*units, unit), log_prob + following[unit])

    extend((), 0.0)
    return sorted(found, key=lambda output: -output.score)


def plain_beam(
    after: After, shortest: int, longest: int, length_penalty: float, beam_size: int, n_best: int
) -> list[Output]:
    """Beam search as one would explain it; of equal candidates the lower parent, then the lower unit."""
    live: list[tuple[tuple[int, ...], float]] = [((), 0.0)]
    found: list[Output] = []
    ended = 0
    for time in range(longest + 1):
        candidates: list[tuple[float, int, int]] = []
        for slot, (units, log_prob) in enumerate(live):
            following = after(units)
            if time >= shortest:
                candidates.append((-(log_prob + following[END]), slot, END))
            if time < longest:
                candidates += [(-(log_prob + following[unit]), slot, unit) for unit in range(RESERVED, len(following))]
        candidates.sort()
        for negative, slot, unit in candidates[:beam_size]:
            if unit == END:
                found.append(finish(live[slot][0], -negative, length_penalty))
                ended += 1
        found = sorted(found, key=lambda output: -output.score)[:n_best]
        going_on = [candidate for candidate in candidates if candidate[2] != END][:beam_size]
        live = [((*live[slot][0], unit), -negative) for negative, slot, unit in going_on]
        best = max((log_prob for _, log_prob in live), default=float("-inf"))
        worst = found[-1].score if len(found) == n_best else float("-inf")
        beaten = beam_size == 1 or best / (time + 2) ** length_penalty <= worst
        if not live or (ended >= beam_size and beaten) or best / (longest + 1) ** length_penalty <= worst:
            break
    return found
