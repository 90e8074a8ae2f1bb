"""A picture in the dark, and attention as the light on it."""

import numpy as np
from numpy.typing import NDArray

from heedful.inspection.brightness import colours

# Of the light that falls on white, black throws back FAINT; without any, white still has DIM. FAINT is the greater one:
# what has all the attention is brighter than what has none, whatever the picture shows there.
DIM, FAINT = 0.33, 0.5
LIFT = 0.75  # of the lightness, as a power: shadows of a photograph come out, and print stays as it is
LEVELS = 48  # of grey: more are not told apart under the colours, and the files grow


def lightness(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.float64]:
    """The picture in another size, without its colours: from 0 to 1, its darkest black and its lightest white."""
    from PIL import Image  # here, since plain maps need none; wherever matplotlib is, there is Pillow

    grey = Image.fromarray(np.ascontiguousarray(pixels)).convert("L")
    low, high = np.percentile(np.asarray(grey), [1, 99]).tolist()
    scaled = np.asarray(grey.resize((width, height), Image.Resampling.LANCZOS), dtype=np.float64)
    if high - low < 8:  # all of one grey
        low, high = 0.0, 255.0
    return np.rint(np.clip((scaled - low) / (high - low), 0, 1) ** LIFT * (LEVELS - 1)) / (LEVELS - 1)


def lit(light: NDArray[np.float64], bright: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Red, green and blue of a picture's lightness (height, width), where attention is so bright, from 0 to 1.

    Dark letters stay dark on what shines, and light ones light. More attention is never darker.
    """
    thrown = colours(np.clip(bright, 0, 1)) / 255 * (FAINT + (1 - FAINT) * light)[..., None]
    return np.rint(255 * (1 - (1 - DIM * light[..., None]) * (1 - thrown))).astype(np.uint8)
