"""What may come next: how long an output must and may be, and which units are forced."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from heedful.contracts import END, PAD, START
from heedful.search.settings import SearchSettings


class Rules(NamedTuple):
    """Bounds of each sentence's output, in units before the end mark, and its forced units (-1: free)."""

    shortest: Int[Tensor, "sentence"]
    longest: Int[Tensor, "sentence"]
    forced: Int[Tensor, "sentence time"] | None

    @classmethod
    def of(
        cls, limits: Int[Tensor, "batch"], settings: SearchSettings, prefix: Int[Tensor, "batch time"] | None
    ) -> "Rules":
        """The rules of a batch.

        A sentence's own limit beats ``min_length``; a forced unit beats both, and a forced end mark fixes the length.

        Raises:
            ValueError: the prefix forces padding, a start mark, or a unit after the end mark.
        """
        longest = limits.clamp(min=0, max=settings.max_length)
        shortest = longest.clamp(max=settings.min_length)
        if prefix is None or prefix.shape[1] == 0:
            return cls(shortest, longest, None)
        place = torch.arange(prefix.shape[1], device=prefix.device)
        ends = prefix == END
        needed = ((prefix >= 0) & ~ends).mul(place + 1).amax(dim=1)
        ended = torch.where(ends, place, prefix.shape[1]).amin(dim=1)
        if bool(((prefix == PAD) | (prefix == START)).any() | (ended < needed).any()):
            raise ValueError("a prefix holds units, then perhaps an end mark, and -1 where the search is free")
        closed = ends.any(dim=1)
        return cls(
            torch.where(closed, ended, shortest.maximum(needed)),
            torch.where(closed, ended, longest.maximum(needed)),
            prefix.masked_fill(ends, -1),  # the bounds force the end mark already
        )

    def keep(self, sentences: Int[Tensor, "kept"]) -> "Rules":
        """The rules of these sentences."""
        return Rules(*(None if field is None else field[sentences] for field in self))

    def may_end(self, time: int) -> Bool[Tensor, "sentence"]:
        """Whether the end mark may come after ``time`` units."""
        return self.shortest <= time

    def may_go_on(self, time: int) -> Bool[Tensor, "sentence"]:
        """Whether another unit may come after ``time`` units."""
        return self.longest > time

    def force(
        self,
        time: int,
        logits: Float[Tensor, "row vocab"],
        top: Float[Tensor, "row top"],
        units: Int[Tensor, "row top"],
    ) -> tuple[Float[Tensor, "row top"], Int[Tensor, "row top"]]:
        """The best continuations of each row, and in their place the forced unit alone where there is one."""
        if self.forced is None or time >= self.forced.shape[1]:
            return top, units
        forced = self.forced[:, time].repeat_interleave(len(logits) // len(self.forced)).unsqueeze(1)
        alone = torch.full_like(top, -torch.inf)
        alone[:, :1] = logits.gather(1, forced.clamp(min=0))
        return torch.where(forced < 0, top, alone), torch.where(forced < 0, units, forced)
