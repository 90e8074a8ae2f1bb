"""From results to what is answered: plain dictionaries, as ``responses.py`` describes them."""

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from heedful.explorer import Branch, Exploration, Moment
from heedful.results import Scene

SHOWN_DIGITS = 5
"""Of weights on their way, in a stream; the result has them whole."""


def written(record: Any, *, large: bool = False) -> bytes:
    """JSON in UTF-8; a lone surrogate, which a vocabulary may hold, is escaped.

    A ``large`` record is written row by row, so that other threads get their turn meanwhile.
    """
    plain = {"ensure_ascii": False, "allow_nan": False, "separators": (",", ":")}
    text = "".join(_pieces(record)) if large else json.dumps(record, **plain)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(record, allow_nan=False, separators=(",", ":")).encode()


def _pieces(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        opening = "{"
        for name, each in value.items():
            yield f"{opening}{json.dumps(name, ensure_ascii=False)}:"
            yield from _pieces(each)
            opening = ","
        yield "}" if value else "{}"
    elif isinstance(value, list) and value and isinstance(value[0], (dict, list)):
        opening = "["
        for each in value:
            yield opening
            yield from _pieces(each)
            opening = ","
        yield "]"
    else:
        yield json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def event(name: str, body: bytes) -> bytes:
    """A server-sent event."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), body)


def branch(found: Branch) -> dict[str, Any]:
    """A continuation that the search weighed."""
    return {
        "parent": found.parent,
        "step": found.step,
        "unit": found.unit,
        "log_prob": found.log_prob,
        "fate": found.fate,
    }


def moment(found: Moment) -> dict[str, Any]:
    """What changed at a step."""
    weights = None if found.weights is None else np.round(found.weights.astype(np.float64), SHOWN_DIGITS).tolist()
    return {
        "step": found.step,
        "keep": found.keep,
        "units": list(found.units),
        "log_probs": list(found.log_probs),
        "weights": weights,
        "branches": [branch(each) for each in found.branches],
    }


def source(text: str, units: tuple[str, ...], unknown: tuple[int, ...]) -> dict[str, Any]:
    """An input as the model sees it."""
    return {"text": text, "units": list(units), "unknown": list(unknown)}


def scene(found: Scene | None) -> dict[str, Any] | None:
    """What a map is drawn over."""
    if found is None:
        return None
    boxes = [None if np.isnan(box).any() else box.tolist() for box in found.boxes]
    pixels = found.pixels
    return {
        "kind": found.kind,
        "boxes": boxes,
        "picture": None if pixels is None or not pixels.size else f"data:image/png;base64,{_png(pixels)}",
        "width": None if pixels is None else pixels.shape[1],
        "height": None if pixels is None else pixels.shape[0],
        "seconds": found.seconds,
    }


def _png(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> str:
    from PIL import Image  # here: models of text need none

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def explored(model: str, found: Exploration, *, attends: bool, painted: dict[str, Any] | None) -> dict[str, Any]:
    """All there is to see of one source."""
    hypotheses = [
        {
            **hypothesis.record(),
            "alternatives": [
                [{"unit": each.unit, "log_prob": each.log_prob} for each in place] for place in alternatives
            ],
        }
        for hypothesis, alternatives in zip(found.hypotheses, found.alternatives, strict=True)
    ]
    return {
        "model": model,
        "attends": attends,
        "source": source(found.source, found.units, found.unknown),
        "hypotheses": hypotheses,
        "tree": [branch(each) for each in found.branches],
        "scene": painted,
    }
