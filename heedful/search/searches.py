"""The searches there are, and the one that settings ask for."""

from collections.abc import Callable, Generator

from jaxtyping import Int
from torch import Tensor

from heedful.contracts import H, S, Source, Stepper
from heedful.search.beam import beam
from heedful.search.greedy import greedy
from heedful.search.hypothesis import Found, Frontier
from heedful.search.settings import SearchSettings

SEARCHES: dict[str, Callable[..., Generator[Frontier, None, Found]]] = {"greedy": greedy, "beam": beam}
"""Each takes (stepper, source, limits, settings, prefix=None) and yields its frontiers; its value is the result."""


def finish(walked: Generator[Frontier, None, Found], watch: Callable[[], None] | None = None) -> Found:
    """Runs a search to its end; ``watch`` is called after every step, and may end it by raising."""
    while True:
        try:
            next(walked)
        except StopIteration as end:
            return end.value
        if watch is not None:
            watch()


def frontiers(
    stepper: Stepper[H, S],
    source: Source,
    limits: Int[Tensor, "batch"],
    settings: SearchSettings,
    prefix: Int[Tensor, "batch time"] | None = None,
) -> Generator[Frontier, None, Found]:
    """What the settings ask for, to be watched: greedy search for a beam of one, else beam search."""
    name = "greedy" if settings.beam_size == 1 else "beam"
    return SEARCHES[name](stepper, source, limits, settings, prefix)


def search(
    stepper: Stepper[H, S],
    source: Source,
    limits: Int[Tensor, "batch"],
    settings: SearchSettings,
    prefix: Int[Tensor, "batch time"] | None = None,
    watch: Callable[[], None] | None = None,
) -> Found:
    """What the settings ask for, see ``frontiers`` and ``finish``."""
    return finish(frontiers(stepper, source, limits, settings, prefix), watch)
