"""A picture in the dark, and attention as the light on it."""

import math

import numpy as np
from numpy.typing import NDArray

from heedful.inspection.brightness import colours

# Of the light that falls on white, black throws back FAINT; without any, white still has DIM. FAINT is the greater one:
# what has all the attention is brighter than what has none, whatever the picture shows there.
DIM, FAINT = 0.33, 0.42
LIFT = 0.5  # the least power of the lightness: what is mostly dark is lifted until half of it shows, and no further
LEVELS = 48  # of grey: more are not told apart under the colours, and the files grow


def lightness(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.float64]:
    """The picture in another size, without its colours: from 0 to 1, its darkest black and its lightest white."""
    from PIL import Image  # here, since plain maps need none; wherever matplotlib is, there is Pillow

    grey = Image.fromarray(np.ascontiguousarray(pixels)).convert("L")
    low, high = np.percentile(np.asarray(grey), [1, 99]).tolist()
    # Hamming's window has no negative part: no rings around letters, which lifting would make seen.
    scaled = np.asarray(grey.resize((width, height), Image.Resampling.HAMMING), dtype=np.float64)
    if high - low < 8:  # all of one grey
        low, high = 0.0, 255.0
    light = np.clip((scaled - low) / (high - low), 0, 1)
    median = min(max(float(np.median(light)), 1e-3), 0.999)
    power = min(max(math.log(0.5) / math.log(median), LIFT), 1.0)  # print, mostly light, stays as it is
    return np.rint(light**power * (LEVELS - 1)) / (LEVELS - 1)


def lit(light: NDArray[np.float64], bright: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Red, green and blue of a picture's lightness (height, width), where attention is so bright, from 0 to 1.

    Dark letters stay dark on what shines, and light ones light. More attention is never darker.
    """
    thrown = colours(np.clip(bright, 0, 1)) / 255 * (FAINT + (1 - FAINT) * light)[..., None]
    return np.rint(255 * (1 - (1 - DIM * light[..., None]) * (1 - thrown))).astype(np.uint8)
