"""Which hypothesis is better: log-probabilities, scores, and when nothing better can come.

The score of a hypothesis is log_prob / (units + 1) ** length_penalty, counting the end mark: dividing by the length is
Graves' (2012, "Sequence transduction with recurrent neural networks", algorithm 1) and a power of it, softer or
harder, after Wu et al. (2016, "Google's neural machine translation system", section 7).
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from heedful.errors import HeedfulError
from heedful.search.hypothesis import Choice


def checked(sums: Float[Tensor, "row"], time: int) -> Float[Tensor, "row"]:
    """log(sum(exp(logits))), what turns a row of logits into log-probabilities, if it can.

    Raises:
        HeedfulError: the model gave NaN or infinity, or left no unit possible.
    """
    if not math.isfinite(float(sums.sum())):
        raise HeedfulError(
            f"the model's output {time + 1} is not a number: its weights are broken; "
            "take an earlier checkpoint, or train again with a lower learning rate"
        )
    return sums


class Finished(NamedTuple):
    """The best outputs of each sentence so far: score, log-probability, length, and the slot that ended.

    ``count`` is how many ended in all. ``reach`` is (longest + 1) ** length_penalty, what the log-probability of the
    longest output would be divided by. Length -1 marks a free place.
    """

    scores: Float[Tensor, "sentence n_best"]
    log_prob: Float[Tensor, "sentence n_best"]
    lengths: Int[Tensor, "sentence n_best"]
    slots: Int[Tensor, "sentence n_best"]
    count: Int[Tensor, "sentence"]
    reach: Float[Tensor, "sentence"]

    @classmethod
    def none(cls, reach: Float[Tensor, "sentence"], n_best: int) -> "Finished":
        """Nothing has ended yet."""
        nothing = reach.new_full((len(reach), n_best), -torch.inf)
        missing = torch.full_like(nothing, -1, dtype=torch.int64)
        return cls(nothing, nothing, missing, missing, missing.new_zeros(len(reach)), reach)

    def keep(self, sentences: Int[Tensor, "kept"]) -> "Finished":
        """The outputs of these sentences."""
        return Finished(*(field[sentences] for field in self))

    def take(self, choice: Choice, time: int, length_penalty: float) -> "Finished":
        """With the hypotheses that ended after ``time`` units; of equal scores the earlier, then the lower slot."""
        if not bool(choice.ended.any()):
            return self
        log_prob = choice.pruned.log_probs.masked_fill(~choice.ended, -torch.inf)
        lengths = torch.full_like(choice.pruned.parents, time).masked_fill(~choice.ended, -1)
        scores = torch.cat([self.scores, log_prob / (time + 1) ** length_penalty], dim=1)
        scores, order = scores.sort(dim=1, descending=True, stable=True)
        order = order[:, : self.scores.shape[1]]
        return Finished(
            scores[:, : self.scores.shape[1]],
            torch.cat([self.log_prob, log_prob], dim=1).gather(1, order),
            torch.cat([self.lengths, lengths], dim=1).gather(1, order),
            torch.cat([self.slots, choice.pruned.parents], dim=1).gather(1, order),
            self.count + choice.ended.sum(dim=1),
            self.reach,
        )

    def closed(self, live: Float[Tensor, "sentence slot"], enough: int, length: float) -> Bool[Tensor, "sentence"]:
        """Where the search is over.

        Either no live hypothesis can beat the worst result: log-probabilities only fall, so the best live one divided
        by ``reach`` is the highest score that can still come. Or ``enough`` have ended, and the best live hypothesis
        would not be among the results if it ended now for nothing (``length`` is what its log-probability would be
        divided by). That so many have ended is no reason by itself: where a model is sure, what ends early is what
        fills the beam behind the one good hypothesis, long before that one is at its end. A beam of one is greedy
        search, and takes the first end.
        """
        best, worst = live.amax(dim=1), self.scores[:, -1]
        beaten = best / length <= worst if enough > 1 else torch.ones_like(worst, dtype=torch.bool)
        return (best / self.reach <= worst) | ((self.count >= enough) & beaten)
