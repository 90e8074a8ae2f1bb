"""What may come next: how long an output must and may be, and which units are forced."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from heedful.contracts import END, PAD, START
from heedful.search.settings import SearchSettings


class Rules(NamedTuple):
    """Bounds of each sentence's output, in units before the end mark, and its forced units (-1: free).

    ``all_may_end`` and ``all_may_go_on`` are the highest ``shortest`` and the lowest ``longest``: between them, which
    is most of the time, there is nothing to forbid.
    """

    shortest: Int[Tensor, "sentence"]
    longest: Int[Tensor, "sentence"]
    forced: Int[Tensor, "sentence time"] | None
    all_may_end: int
    all_may_go_on: int

    @classmethod
    def of(
        cls, limits: Int[Tensor, "batch"], settings: SearchSettings, prefix: Int[Tensor, "batch time"] | None
    ) -> "Rules":
        """The rules of a batch.

        A sentence's own limit beats ``min_length``; a forced unit beats both, and a forced end mark fixes the length.

        Raises:
            ValueError: the prefix forces padding, a start mark, or a unit after the end mark.
        """
        longest = limits.long().clamp(min=0, max=settings.max_length)
        shortest = longest.clamp(max=settings.min_length)
        if prefix is None or prefix.shape[1] == 0:
            return cls._between(shortest, longest, None)
        prefix, place = prefix.long(), torch.arange(prefix.shape[1], device=prefix.device)
        ends = prefix == END
        needed = ((prefix >= 0) & ~ends).mul(place + 1).amax(dim=1)
        ended = torch.where(ends, place, prefix.shape[1]).amin(dim=1)
        if bool(((prefix == PAD) | (prefix == START)).any() | (ended < needed).any()):
            raise ValueError("a prefix holds units, then perhaps an end mark, and -1 where the search is free")
        closed = ends.any(dim=1)
        forced = prefix.masked_fill(ends, -1)  # the bounds force the end mark already
        return cls._between(
            torch.where(closed, ended, shortest.maximum(needed)),
            torch.where(closed, ended, longest.maximum(needed)),
            forced if bool((forced >= 0).any()) else None,
        )

    @classmethod
    def _between(
        cls,
        shortest: Int[Tensor, "sentence"],
        longest: Int[Tensor, "sentence"],
        forced: Int[Tensor, "sentence time"] | None,
    ) -> "Rules":
        if len(longest) == 0:
            return cls(shortest, longest, forced, 0, 0)
        return cls(shortest, longest, forced, int(shortest.max()), int(longest.min()))

    def keep(self, sentences: Int[Tensor, "kept"]) -> "Rules":
        """The rules of these sentences."""
        forced = None if self.forced is None else self.forced[sentences]
        return Rules._between(self.shortest[sentences], self.longest[sentences], forced)

    def end(self, time: int, values: Float[Tensor, "sentence ..."]) -> Float[Tensor, "sentence ..."]:
        """Values of the end mark after ``time`` units, minus infinity where it may not come yet."""
        return values if time >= self.all_may_end else _without(values, self.shortest > time)

    def go_on(self, time: int, values: Float[Tensor, "sentence ..."]) -> Float[Tensor, "sentence ..."]:
        """Values of other units after ``time`` units, minus infinity where no more may come."""
        return values if time < self.all_may_go_on else _without(values, self.longest <= time)

    def forced_at(self, time: int) -> Int[Tensor, "sentence"] | None:
        """The unit that each sentence has to go on with after ``time`` units, -1 for none; None where none has one."""
        if self.forced is None or time >= self.forced.shape[1]:
            return None
        return self.forced[:, time].contiguous()

    def force(
        self,
        time: int,
        logits: Float[Tensor, "row vocab"],
        top: Float[Tensor, "row top"],
        units: Int[Tensor, "row top"],
    ) -> tuple[Float[Tensor, "row top"], Int[Tensor, "row top"]]:
        """The best continuations of each row, and in their place the forced unit alone where there is one."""
        now = self.forced_at(time)
        if now is None:
            return top, units
        forced = now.repeat_interleave(len(logits) // len(now)).unsqueeze(1)
        alone = torch.full_like(top, -torch.inf)
        alone[:, :1] = logits.gather(1, forced.clamp(min=0))
        return torch.where(forced < 0, top, alone), torch.where(forced < 0, units, forced)


def _without(values: Float[Tensor, "sentence ..."], where: Bool[Tensor, "sentence"]) -> Float[Tensor, "sentence ..."]:
    return values.masked_fill(where.view(-1, *[1] * (values.ndim - 1)), -torch.inf)
