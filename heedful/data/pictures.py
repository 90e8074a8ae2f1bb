"""Pictures to frames: scaled to one height, then read as columns of pixels or as a grid of patches.

Frames hold how much darker (above zero) or lighter (below) than the paper a pixel is. The paper is the median of each
colour, so that what stands around a picture (zeros) looks like more of it, whatever the picture's ground.
"""

import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from heedful.contracts import Frames
from heedful.data.frames import Array, BadFramesError, Framed, Kind, Look, Values, checked_file, joined
from heedful.errors import MissingPackageError

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
"""What is read. Pillow knows more, some of which run other programs."""
_OPENING = threading.Lock()


def pillow() -> Any:
    """Pillow's picture module.

    Raises:
        MissingPackageError: it is not installed.
    """
    try:
        from PIL import Image
    except ImportError:
        raise MissingPackageError(
            "pictures need Pillow, which is not installed: pip install 'heedful[image]'"
        ) from None
    return Image


def open_picture(path: Path, most: int) -> NDArray[np.uint8]:
    """A picture of any mode as red, green and blue (height, width, 3); what is transparent is white.

    Raises:
        BadFramesError: it is no picture, damaged, or of more than ``most`` pixels, which its head says before it is unpacked.
    """
    checked_file(path)
    module = pillow()
    try:
        # Pillow warns of pictures larger than ours may be; the filter is everybody's, so one at a time touches it.
        with _OPENING, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            opened = module.open(path, formats=FORMATS)
        with opened:
            if opened.width * opened.height > most:
                size = f"{opened.width:,} × {opened.height:,} pixels"
                raise BadFramesError(f"is a picture of {size}, more than max_pixels = {most:,}")
            return _plain(opened)
    except (BadFramesError, MemoryError):
        raise
    except module.UnidentifiedImageError:
        raise BadFramesError(f"is no picture that can be read ({', '.join(FORMATS)})") from None
    except module.DecompressionBombError:
        raise BadFramesError(f"is a picture of far more than max_pixels = {most:,}") from None
    except Exception as error:  # noqa: BLE001 (each decoder has errors of its own for bytes that make no sense)
        said = str(error).splitlines()[0].rstrip(".") if str(error) else repr(error)
        raise BadFramesError(f"is damaged ({said})") from None


def _plain(picture: "Image") -> NDArray[np.uint8]:
    """Red, green and blue, the right way up where a camera has noted how it was held."""
    from PIL import ImageOps

    module = pillow()
    picture = ImageOps.exif_transpose(picture)
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return grey_of(np.asarray(picture))
    if picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info:
        seen = picture.convert("RGBA")
        paper = module.new("RGBA", seen.size, "white")
        return np.asarray(module.alpha_composite(paper, seen).convert("RGB"))
    return np.asarray(picture.convert("RGB"))


def grey_of(values: Array) -> NDArray[np.uint8]:
    """Grey numbers of any range as three equal colours."""
    return np.repeat(in_bytes(values)[..., None], 3, axis=2)


def in_bytes(values: Array) -> NDArray[np.uint8]:
    """Numbers of any range as bytes: up to 1 (no integers), 255 or 65,535, by the greatest of them."""
    shares = values.dtype.kind in "fb"
    values = np.nan_to_num(np.asarray(values, dtype=np.float64))
    greatest = float(values.max(initial=0.0))
    scale = 255.0 if shares and 0 < greatest <= 1.5 else 1.0 if greatest <= 255 else 1 / 257
    return np.clip(np.rint(values * scale), 0, 255).astype(np.uint8)


def on_white(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Red, green, blue and alpha as they look on white paper."""
    alpha = pixels[..., 3:].astype(np.float64) / 255
    return np.rint(pixels[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)


class Picture(Kind):
    """What pictures as columns and as patches share."""

    scale: ClassVar[float] = 1 / 64
    dtype: ClassVar[type[np.generic]] = np.int8
    seen_as: ClassVar[Literal["picture", "spectrogram", "vectors"]] = "picture"

    def open(self, path: Path) -> Array:
        """Red, green and blue."""
        return open_picture(path, self.column.said("max_pixels"))

    @property
    def colours(self) -> int:
        """Numbers a pixel."""
        return 3 if self.column.said("colour") == "rgb" else 1

    def pixels(self, array: Array) -> NDArray[np.uint8]:
        """An array from Python as red, green and blue: (height, width), or with one, three or four colours last.

        Raises:
            BadFramesError: it has another shape, or no pixels.
        """
        array = np.asarray(array)
        if array.dtype.kind not in "fiub":
            raise BadFramesError(f"is an array of {array.dtype}; a picture is numbers")
        if array.ndim == 3 and array.shape[2] in (1, 3, 4):
            if array.shape[2] == 1:
                array = array[..., 0]
            elif array.dtype != np.uint8:
                array = in_bytes(array)
            array = on_white(array) if array.shape[2:] == (4,) else array
        elif array.ndim != 2:
            raise BadFramesError(f"has the shape {array.shape}; a picture is (height, width) or (height, width, 3)")
        if 0 in array.shape:
            raise BadFramesError(f"is empty: a picture of {' × '.join(map(str, array.shape[:2]))} pixels")
        if array.shape[0] * array.shape[1] > (most := self.column.said("max_pixels")):
            raise BadFramesError(
                f"is a picture of {array.shape[1]:,} × {array.shape[0]:,} pixels, more than max_pixels = {most:,}"
            )
        return grey_of(array) if array.ndim == 2 else array

    def scaled(self, array: Array) -> Values:
        """The picture in its height (height, width, colours): by how much it differs from the paper, halved."""
        module, height = pillow(), self.column.said("height")
        pixels = self.pixels(array)
        picture = module.fromarray(pixels)
        if self.colours == 1:
            picture = picture.convert("L")
        width = self.width(pixels)
        self.allow(-(-width * height * self.colours // self.frame().features))  # long before memory is short
        if picture.size != (width, height):
            picture = picture.resize((width, height), module.Resampling.BILINEAR)
        found = np.asarray(picture, dtype=np.int16).reshape(height, width, self.colours)
        paper = np.median(found.reshape(-1, self.colours), axis=0).astype(np.int16)
        return ((paper - found) // 2).clip(-127, 127).astype(np.int8)

    def width(self, pixels: NDArray[np.uint8]) -> int:
        """Of the scaled picture."""
        return max(1, round(pixels.shape[1] * self.column.said("height") / pixels.shape[0]))

    def stretch(self, array: Array, framed: int, shape: tuple[int, int] | None) -> float:
        """Paper behind the last column, where columns are joined or patches cut."""
        wide = framed * self.column.said("join") if shape is None else shape[1] * self.column.said("patch")
        return wide / self.width(self.pixels(array))

    def look(self, array: Array) -> Look:
        """The picture."""
        return Look(self.pixels(array))


class PictureColumns(Picture):
    """A picture from left to right: ``join`` columns of pixels a frame."""

    def frame(self) -> Frames:
        """A column's pixels; joined columns side by side in depth."""
        return Frames(self.column.said("height"), self.colours * self.column.said("join"))

    def take(self, array: Array) -> Framed:
        """The columns of the scaled picture."""
        columns = joined(self.scaled(array).swapaxes(0, 1), self.column.said("join"))
        return self.limited(Framed(columns.reshape(len(columns), -1)))

    def labels(self, spans: NDArray[np.float32], framed: int) -> list[str]:
        """Columns of the scaled picture, first to last: ``12-15``; on a grid their rows in percent as well."""
        wide = framed * self.column.said("join")
        names: list[str] = []
        for left, top, right, bottom in spans.tolist():
            first, last = round(left * wide), max(round(left * wide), round(right * wide) - 1)
            rows = "" if (top, bottom) == (0.0, 1.0) else f", {top:.0%}-{bottom:.0%}"
            names.append(f"{first}-{last}{rows}" if last > first else f"{first}{rows}")
        return names


class PicturePatches(Picture):
    """A picture as a grid of square patches, row by row; paper behind the last column."""

    def frame(self) -> Frames:
        """A patch's pixels."""
        return Frames(1, self.column.said("patch") ** 2 * self.colours, grid=True)

    def take(self, array: Array) -> Framed:
        """The patches of the scaled picture, in reading order."""
        side, picture = self.column.said("patch"), self.scaled(array)
        picture = np.pad(picture, ((0, 0), (0, -picture.shape[1] % side), (0, 0)))
        rows, columns = picture.shape[0] // side, picture.shape[1] // side
        patches = picture.reshape(rows, side, columns, side, -1).swapaxes(1, 2)
        return self.limited(Framed(patches.reshape(rows * columns, -1), (rows, columns)))

    def labels(self, spans: NDArray[np.float32], framed: int) -> list[str]:
        """Row and column of the grid, from one: ``2,5``."""
        return grid_labels(spans)


def grid_labels(spans: NDArray[np.float32]) -> list[str]:
    """Row and column, from one, of the cells of a grid."""
    high, wide = (spans[:, 3] - spans[:, 1]).max(initial=1e-6), (spans[:, 2] - spans[:, 0]).max(initial=1e-6)
    rows, columns = np.rint(spans[:, 1] / high).astype(int) + 1, np.rint(spans[:, 0] / wide).astype(int) + 1
    return [f"{row},{column}" for row, column in zip(rows.tolist(), columns.tolist(), strict=True)]


def write_pictures(pictures: Sequence[NDArray[np.uint8]], folder: Path) -> list[str]:
    """Writes grey pictures as PNG files into a folder, and gives back their names."""
    module = pillow()
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{number:0{len(str(len(pictures)))}}.png" for number in range(1, len(pictures) + 1)]
    for name, pixels in zip(names, pictures, strict=True):
        module.fromarray(pixels).save(folder / name)
    return names
