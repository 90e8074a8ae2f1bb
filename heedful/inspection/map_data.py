"""What the script of the page of maps reads: one record a hypothesis, and the pictures that they share, as JSON."""

import base64
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heedful.inspection.brightness import brightness
from heedful.inspection.heat import covers
from heedful.inspection.map_weights import packed
from heedful.results import Alignment


@dataclass(frozen=True)
class Shown:
    """One of the outputs that a page has: what is known of it, and its heading in one part or two, the output last."""

    heading: tuple[str, ...]
    units: tuple[str, ...]
    attention: Alignment | None
    score: float | None = None
    log_prob: float | None = None
    log_probs: tuple[float, ...] | None = None


def data(shown: Sequence[Shown]) -> str:
    """The JSON. No ``<`` is left in it, so nothing in it can end the element that it stands in.

    Raises:
        ValueError: a weight is not a finite number.
    """
    pictures: list[NDArray[np.uint8]] = []
    record = {"hypotheses": [_record(each, pictures) for each in shown], "pictures": [*map(_encoded, pictures)]}
    return json.dumps(record, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _record(shown: Shown, pictures: list[NDArray[np.uint8]]) -> dict[str, Any]:
    alignment = shown.attention
    record: dict[str, Any] = {
        "heading": shown.heading,
        "source": () if alignment is None else alignment.source,
        "target": shown.units,
        "weights": None,
    }
    if shown.log_probs is not None:
        record["probabilities"] = [_probability(each) for each in shown.log_probs]
    if alignment is None:
        return record
    brightness(alignment.weights)  # for its check
    record |= packed(alignment.weights)
    scene = alignment.scene
    if scene is not None:
        there = zip(scene.boxes.tolist(), covers(scene.boxes).tolist(), strict=True)
        record["boxes"] = [box if covering else None for box, covering in there]
    if scene is not None and scene.pixels is not None and scene.pixels.size:
        record["picture"] = _place(scene.pixels, pictures)
    return record


def _probability(log_prob: float) -> float | None:
    return None if math.isnan(log_prob) else math.exp(min(0.0, log_prob))


def _place(pixels: NDArray[np.uint8], pictures: list[NDArray[np.uint8]]) -> int:
    """Where the picture stands among those that the page has; hypotheses of one source share it."""
    for place, each in enumerate(pictures):
        if np.array_equal(each, pixels):
            return place
    pictures.append(pixels)
    return len(pictures) - 1


def _encoded(pixels: NDArray[np.uint8]) -> str:
    from PIL import Image  # here, since plain maps need none; it comes along with matplotlib

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=9)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
