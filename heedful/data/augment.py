"""Frames as they might have been: shifted, scaled, slanted, noisy, masked. For training, drawn anew for every batch."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from heedful.contracts import Frames
from heedful.data.settings import Augment


def augmented(
    values: Float[Tensor, "batch frame features"], real: Bool[Tensor, "batch frame"], frames: Frames, settings: Augment
) -> tuple[Float[Tensor, "batch frame_ features"], Bool[Tensor, "batch frame_"]]:
    """A batch of frames, each source changed in its own way; what is real in it, which scaling may make longer.

    Chance comes from torch's generator. Frames without a height, or on a grid, are only masked and made noisy.
    """
    if frames.height > 1 and not frames.grid and (settings.shift or settings.scale or settings.slant):
        values, real = _warped(values, real, frames, settings)
    if settings.noise:
        values = values + torch.randn_like(values) * settings.noise
    if settings.time_masks:
        values = _masked_in_time(values, real, settings)
    if settings.band_masks and frames.height > 1:
        values = _masked_in_height(values, frames, settings)
    return values * real[..., None], real


def _warped(
    values: Float[Tensor, "batch frame features"], real: Bool[Tensor, "batch frame"], frames: Frames, settings: Augment
) -> tuple[Float[Tensor, "batch frame_ features"], Bool[Tensor, "batch frame_"]]:
    """Each source read from where it would lie had it been shifted up or down, scaled in both axes, and slanted."""
    batch, time, _ = values.shape
    wide, tall = (1 + settings.scale * _between(batch, values) for _ in range(2))
    shift = settings.shift * frames.height * _between(batch, values)
    slant = settings.slant * _between(batch, values)
    lengths = (real.sum(dim=1) * wide).round().clamp(min=1).long()
    longer = max(1, int(lengths.max())) if batch else time
    across = torch.arange(longer, device=values.device) + 0.5
    down = torch.arange(frames.height, device=values.device) + 0.5 - frames.height / 2
    # A pixel of the picture to be made takes what stands in the one at hand where it would have come from.
    x = across[None, :, None] / wide[:, None, None] + slant[:, None, None] * down[None, None, :]
    y = (down[None, None, :] - shift[:, None, None]) / tall[:, None, None] + frames.height / 2
    place = torch.stack([(2 * y / frames.height - 1).expand(-1, longer, -1), 2 * x / time - 1], dim=3)
    picture = values.view(batch, time, frames.height, frames.depth).permute(0, 3, 1, 2)
    made = torch.nn.functional.grid_sample(picture, place, align_corners=False)  # zeros, the paper, around it
    return made.permute(0, 2, 3, 1).reshape(batch, longer, -1), torch.arange(longer) < lengths[:, None]


def _masked_in_time(
    values: Float[Tensor, "batch frame features"], real: Bool[Tensor, "batch frame"], settings: Augment
) -> Float[Tensor, "batch frame features"]:
    """Zeros over some stretches of frames (Park 2019, section 2)."""
    lengths = real.sum(dim=1).to(values.dtype)
    at = (
        torch.arange(values.shape[1], device=values.device) + 0.5
    )  # its middle: the first is hidden as often as the last
    for _ in range(settings.time_masks):
        width = lengths * settings.time_width * torch.rand(len(values), device=values.device)
        first = (lengths - width) * torch.rand(len(values), device=values.device)
        hidden = (at >= first[:, None]) & (at < (first + width)[:, None])
        values = values.masked_fill(hidden[..., None], 0.0)
    return values


def _masked_in_height(
    values: Float[Tensor, "batch frame features"], frames: Frames, settings: Augment
) -> Float[Tensor, "batch frame features"]:
    """Zeros over some neighbouring rows or bands (Park 2019, section 2)."""
    batch, time, _ = values.shape
    tall = values.view(batch, time, frames.height, frames.depth)
    at = torch.arange(frames.height, device=values.device) + 0.5
    for _ in range(settings.band_masks):
        width = frames.height * settings.band_width * torch.rand(batch, device=values.device)
        first = (frames.height - width) * torch.rand(batch, device=values.device)
        hidden = (at >= first[:, None]) & (at < (first + width)[:, None])
        tall = tall.masked_fill(hidden[:, None, :, None], 0.0)
    return tall.view(batch, time, -1)


def _between(count: int, like: Tensor) -> Float[Tensor, "batch"]:
    """Numbers between -1 and 1."""
    return 2 * torch.rand(count, device=like.device) - 1
