"""A small convolutional front end over pictures and spectrograms.

Every layer is a strided convolution (3 x 3, the first 5 x 5), a rectifier and a normalisation of each place over its
channels: nothing is shared between places or sources but weights, so neither padding nor company changes anything.
"""

from typing import Self

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from numpy.typing import NDArray
from torch import Tensor, nn

from heedful.contracts import Frames
from heedful.model.positions import Read, Reader, framed, place, spread
from heedful.model.settings import CHANNELS, ModelSettings


class Block(nn.Module):
    """Convolution, rectifier, normalisation over channels."""

    def __init__(self, entering: int, leaving: int, kernel: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.stride = stride
        self.convolution = nn.Conv2d(entering, leaving, kernel, stride, padding=kernel // 2)
        self.norm = nn.LayerNorm(leaving)
        nn.init.kaiming_normal_(self.convolution.weight, nonlinearity="relu")
        if self.convolution.bias is not None:
            nn.init.zeros_(self.convolution.bias)

    def forward(
        self, values: Float[Tensor, "batch time height channels"], real: Bool[Tensor, "batch time"]
    ) -> tuple[Float[Tensor, "batch time_ height_ channels_"], Bool[Tensor, "batch time_"]]:
        """What comes out, zero on padding as the next convolution expects it."""
        seen = self.convolution(values.permute(0, 3, 1, 2)).relu().permute(0, 2, 3, 1)
        real = real[:, :: self.stride[0]]
        return self.norm(seen) * real[:, :, None, None], real


class Convolution(Reader):
    """A picture or spectrogram as columns: convolutions, then everything above one place of the time axis in one vector.

    The time axis is shortened ``subsampling`` times (a power of two, one halving a layer), the height at every layer.
    """

    def __init__(self, frames: Frames, features: int, settings: ModelSettings) -> None:
        super().__init__()
        channels, halvings = settings.reader_channels or CHANNELS, settings.halvings()
        self.frames, self.subsampling = frames, 2**halvings
        sizes, strides, self.height = [frames.depth, *channels], self.strides(len(channels), halvings), frames.height
        self.blocks = nn.ModuleList(
            Block(entering, leaving, 5 if number == 0 else 3, stride)
            for number, (entering, leaving, stride) in enumerate(zip(sizes, sizes[1:], strides, strict=False))
        )
        for _, down in strides:
            self.height = -(-self.height // down)
        self.linear = nn.Linear(self.gathered(sizes[-1]), features)
        self.norm = nn.LayerNorm(features)

    @classmethod
    def of(cls, column: int | Frames, features: int, settings: ModelSettings) -> Self:
        """For frames like these.

        Raises:
            ValueError: they lie in two dimensions already, or are plain vectors.
        """
        frames = framed(column, "convolution")
        if frames.grid or frames.height == 1:
            raise ValueError(
                "convolutions read pictures as columns or spectrograms, and these frames have no height; "
                "use reader = 'projection'"
            )
        return cls(frames, features, settings)

    def strides(self, layers: int, halvings: int) -> list[tuple[int, int]]:
        """(time, height) of every layer."""
        return [(2 if layer < halvings else 1, 2) for layer in range(layers)]

    def gathered(self, channels: int) -> int:
        """Numbers at a position."""
        return self.height * channels

    def seen(
        self, values: Shaped[Tensor, "batch frame ..."], real: Bool[Tensor, "batch frame"]
    ) -> tuple[Float[Tensor, "batch time height channels"], Bool[Tensor, "batch time"]]:
        """What the last layer sees."""
        values = (values * real[..., None]).view(*values.shape[:2], self.frames.height, self.frames.depth)
        for block in self.blocks:
            values, real = block(values, real)
        return values, real

    def forward(
        self,
        values: Shaped[Tensor, "batch frame ..."],
        real: Bool[Tensor, "batch frame"],
        shape: Int[Tensor, "batch 2"] | None = None,
    ) -> Read:
        """Vectors of every position."""
        values, real = self.seen(values, real)
        return self.norm(self.linear(values.flatten(2))), real

    def spans(self, frames: int, shape: tuple[int, int] | None = None) -> NDArray[np.float32]:
        """Over the whole height. What a position is about; through its neighbours' kernels it sees somewhat more.

        The kernels are odd, so position p is about frame p x subsampling, and as many to both sides of it.
        """
        return spread(frames, self.subsampling, middle=True)


class Grid(Convolution):
    """A picture whose grid is kept: every place of what the convolutions see is a position.

    Column after column, each with its row and column in sines beside it.
    """

    def strides(self, layers: int, halvings: int) -> list[tuple[int, int]]:
        """Both axes are shortened alike."""
        return [(2, 2) if layer < halvings else (1, 1) for layer in range(layers)]

    def gathered(self, channels: int) -> int:
        """The channels of one place."""
        return channels

    def forward(
        self,
        values: Shaped[Tensor, "batch frame ..."],
        real: Bool[Tensor, "batch frame"],
        shape: Int[Tensor, "batch 2"] | None = None,
    ) -> Read:
        """Vectors of every position."""
        values, real = self.seen(values, real)
        vectors = self.norm(self.linear(values.flatten(1, 2)))
        at = torch.arange(vectors.shape[1], device=vectors.device)[None]
        placed = place(at % self.height, at // self.height, vectors.shape[2])
        return vectors + placed, real.repeat_interleave(self.height, dim=1)

    def spans(self, frames: int, shape: tuple[int, int] | None = None) -> NDArray[np.float32]:
        """The cells of the grid, column after column."""
        columns = np.repeat(spread(frames, self.subsampling, middle=True), self.height, axis=0)
        rows = spread(self.frames.height, self.subsampling, middle=True)
        columns[:, 1::2] = np.tile(rows[:, 0::2], (len(columns) // self.height, 1))
        return columns
