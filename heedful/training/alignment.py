"""Losses that help attention to form over long sources: a diagonal to keep to, and a second reading of the memory.

Attention over some hundred positions forms late, if at all, where nothing tells it where to begin: a decoder learns its
language first, and what it learns of the source has to come through weights that say nothing yet.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import ctc_loss

from heedful.contracts import PAD

GUIDE_WIDTH = 0.1
"""How wide the diagonal is where a recipe does not say, as a share of source and target."""
CTC_WEIGHT = 0.5
"""How much the second reading counts where a recipe does not say."""


def guided(
    weights: Float[Tensor, "batch time position"],
    positions: Bool[Tensor, "batch position"],
    real: Bool[Tensor, "batch time"],
    width: float,
) -> Float[Tensor, ""]:
    """The attention that lies off the diagonal, mean over real target positions: guided attention (Tachibana 2018, section 4).

    A weight counts 1 - exp(-(n / N - t / T)^2 / (2 width^2)), for position n of N at target unit t of T: a line of print or
    an utterance is read from one end to the other, which is all that this says.
    """
    time, position = (torch.arange(size, device=weights.device, dtype=weights.dtype) for size in weights.shape[1:])
    there = position / positions.sum(dim=1).clamp(min=1)[:, None]
    now = time / real.sum(dim=1).clamp(min=1)[:, None]
    off = 1 - torch.exp(-((there[:, None] - now[..., None]) ** 2) / (2 * width**2))
    return (weights * off).sum(dim=2)[real].mean()


def spelling(
    logits: Float[Tensor, "batch position vocab"],
    positions: Bool[Tensor, "batch position"],
    following: Int[Tensor, "batch time"],
    real: Bool[Tensor, "batch time"],
) -> Float[Tensor, ""]:
    """Connectionist temporal classification of the memory, in nats a target unit (Graves 2006).

    Beside the decoder's loss it teaches the encoder to say at each position what stands there (Kim, Hori and Watanabe 2017);
    attention then finds it. The blank is PAD, which no target has. A source of fewer positions than its target needs
    teaches nothing. Last of ``following`` stands the end mark, which no position shows: it is left out.
    """
    lengths = real.sum(dim=1) - 1
    log_probs = logits.float().log_softmax(dim=2).transpose(0, 1)
    counts = positions.sum(dim=1)
    lost = ctc_loss(log_probs, following, counts, lengths, blank=PAD, reduction="sum", zero_infinity=True)
    return lost / lengths.sum().clamp(min=1)
