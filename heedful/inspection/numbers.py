"""An alignment as JSON: exactly what it holds, for other programs."""

import json

from heedful.inspection.brightness import brightness
from heedful.inspection.heat import covers
from heedful.results import Alignment


def render(alignment: Alignment, *, title: str = "") -> str:
    """``{"source": [...], "target": [...], "weights": [[...]]}``: a row a target unit, a number a source unit.

    The same numbers as in ``predict --json``. The keys are pinned, so a title has no place. Where the source is no text
    there is one key more: ``boxes`` has what each source unit covers, ``[left, top, right, bottom]`` as shares of the
    width and the height, and null for a unit of text.

    Raises:
        ValueError: a weight is not a finite number, which JSON cannot say.
    """
    del title
    brightness(alignment.weights)  # for its check; the numbers themselves go out untouched
    record: dict[str, object] = {
        "source": alignment.source,
        "target": alignment.target,
        "weights": alignment.weights.tolist(),
    }
    if alignment.scene is not None:
        boxes = alignment.scene.boxes
        there = zip(boxes.tolist(), covers(boxes).tolist(), strict=True)
        record["boxes"] = [box if covering else None for box, covering in there]
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate: legal in JSON only as an escape
        text = json.dumps(record, allow_nan=False)
    return text + "\n"
