"""Maps as one HTML file: it opens from a disk without a network. A file to point at, and to mail to somebody."""

import base64
import io
import json
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heedful.inspection import svg, web
from heedful.inspection.brightness import brightness
from heedful.inspection.heat import covers
from heedful.inspection.html import fingerprint, written
from heedful.inspection.labels import visible_text
from heedful.inspection.overlay import is_over_a_picture
from heedful.inspection.palette import DARK, LIGHT
from heedful.inspection.styles import STYLE, variables
from heedful.results import Alignment, Hypothesis

MOST_EXACT = 250_000
"""Weights of a map before they are rounded to steps, which keep three decimals as they are."""
STEPS = 64_000
"""A weight of one, in steps: the borders between three decimals are borders between steps. ``map_page.js`` says the same."""
MOST_STILL = 1000
"""Cells of a map that is drawn for readers without scripts as well."""
LEAD = "Which input units each output unit looked at: input down the left, output across, brighter is more."
WITHOUT_ATTENTION = "This model has no attention: the decoder saw only the encoder's final state, so there is no map."


@dataclass(frozen=True)
class _Shown:
    """One of the outputs that the page has: what is known of it, and its heading in two parts."""

    heading: tuple[str, ...]
    units: tuple[str, ...]
    attention: Alignment | None
    score: float | None = None
    log_prob: float | None = None
    log_probs: tuple[float, ...] | None = None


def render(alignment: Alignment, *, title: str = "") -> str:
    """The page of one map, of which nothing but the weights is known.

    Raises:
        ValueError: a weight is not a finite number.
    """
    return _page([_Shown((title or "Attention",), alignment.target, alignment)])


def render_maps(hypotheses: Sequence[Hypothesis], *, title: str = "") -> str:
    """The page of several outputs for one source, best first, to choose from: ``title`` says the source.

    A hypothesis without attention has its probabilities shown, and the page says why there is no map.

    Raises:
        ValueError: there are no hypotheses, or a weight is not a finite number.
    """
    if not hypotheses:
        raise ValueError("a page of no hypotheses has nothing to show")
    return _page(
        [
            _Shown(
                (title, each.text) if title else (each.text or "Attention",),
                each.units,
                each.attention,
                each.score,
                each.log_prob,
                each.log_probs,
            )
            for each in hypotheses
        ]
    )


def _page(shown: list[_Shown]) -> str:
    script, style = web.script("map_page.js"), _style()
    heading = [*map(visible_text, shown[0].heading)]
    attends = any(each.attention is not None for each in shown)
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script, style)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<link rel="icon" href="data:,">',
        f"<title>{written(' → '.join(heading))}</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        "<main>",
        f'<header class="lead"><h1 id="heading">{" → ".join(f"<bdi>{written(part)}</bdi>" for part in heading)}</h1>',
        f"<p>{LEAD}</p>" if attends else "",
        '<button type="button" id="scheme" hidden>Dark page</button></header>',
        *_choices(shown),
        f'<section id="map" aria-label="The map">{_still(shown[0])}</section>',
        '<div id="save"></div>',
        '<section class="words"><h2>In words</h2><ul id="words"></ul></section>',
        "</main>",
        f'<script type="application/json" id="maps">{_data(shown)}</script>',
        f'<script type="module">{script}</script>',
        "</body>",
        "</html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _style() -> str:
    """The report's own, with a choice between light and dark that the reader can take back from the system."""
    chosen = "".join(
        f':root[data-scheme="{name}"] {{ color-scheme: {name}; {variables(colours)} }}\n'
        for name, colours in (("light", LIGHT), ("dark", DARK))
    )
    return f"{STYLE}\n@media screen {{\n{chosen}}}\n{web.read('heatmap.css')}\n{web.read('map_page.css')}"


def _policy(script: str, style: str) -> str:
    """What a browser may do for this page: show it, and run the one script that has this fingerprint."""
    return (
        f"default-src 'none'; style-src {fingerprint(style)}; script-src {fingerprint(script)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _choices(shown: list[_Shown]) -> list[str]:
    """The outputs to choose from; one alone is in the heading already, but for its numbers."""
    rows = [
        f'<label><input type="radio" name="hypothesis" value="{place}"{" checked" * (place == 0)}>'
        f'<bdi class="text">{written(each.heading[-1]) or "∅"}</bdi> <span class="facts">{_facts(each)}</span></label>'
        for place, each in enumerate(shown)
    ]
    if len(rows) == 1:
        facts = _facts(shown[0])
        return [f'<p class="facts">{facts}</p>'] if facts else []
    return [f'<form id="choices"><fieldset><legend>What the search found</legend>{"".join(rows)}</fieldset></form>']


def _facts(shown: _Shown) -> str:
    if shown.score is None or shown.log_prob is None:
        return ""
    score = f"{shown.score:.4f}".replace("-", "−")
    return f"score {score} · probability {percent(math.exp(min(0.0, shown.log_prob)))}"


def percent(share: float) -> str:
    """A share as people read it, however small; ``percent`` of ``heatmap.js`` says the same."""
    hundredths = 100 * share
    if hundredths >= 99.95 or hundredths == 0:
        return f"{hundredths:.0f} %"
    if hundredths >= 1:
        return f"{hundredths:.1f} %"
    return f"{float(f'{hundredths:.2g}'):.10f}".rstrip("0") + " %" if hundredths >= 0.0001 else "under 0.0001 %"


def _still(shown: _Shown) -> str:
    """For those whose programs run no scripts, as a preview of mail may not: the map of the best, if it is small."""
    alignment = shown.attention
    if alignment is None:
        return f"<noscript><p>{WITHOUT_ATTENTION}</p></noscript>"
    if is_over_a_picture(alignment) or alignment.weights.size > MOST_STILL:
        return "<noscript><p>Opened in a browser that runs scripts, this file shows more.</p></noscript>"
    return f'<noscript><div class="scroll">{svg.render(alignment).strip()}</div></noscript>'


def _data(shown: list[_Shown]) -> str:
    """What the script reads. No ``<`` is left in it, so nothing in it can end the element that it stands in."""
    pictures: list[NDArray[np.uint8]] = []
    record = {"hypotheses": [_record(each, pictures) for each in shown], "pictures": [*map(_encoded, pictures)]}
    return json.dumps(record, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _record(shown: _Shown, pictures: list[NDArray[np.uint8]]) -> dict[str, Any]:
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
    record["weights"] = packed(alignment.weights)
    if alignment.weights.size > MOST_EXACT:
        for axis, name in enumerate(("totals", "sums")):
            record[name] = alignment.weights.sum(axis=axis, dtype=np.float64).round(6).tolist()
    scene = alignment.scene
    if scene is not None:
        there = zip(scene.boxes.tolist(), covers(scene.boxes).tolist(), strict=True)
        record["boxes"] = [box if covering else None for box, covering in there]
    if scene is not None and scene.pixels is not None and scene.pixels.size:
        record["picture"] = _place(scene.pixels, pictures)
    return record


def _probability(log_prob: float) -> float | None:
    return None if math.isnan(log_prob) else math.exp(min(0.0, log_prob))


def packed(weights: NDArray[np.float32]) -> dict[str, str]:
    """Weights for ``map_page.js``: their bytes in planes, which pack well, in zlib's format, in base64.

    Up to ``MOST_EXACT`` they are what they are. Of a larger map each is cut off to a step of 1/64,000 and one is added, so
    that only nothing is nothing: read as the middle of its step, it has the three decimals that it had.
    """
    if weights.size <= MOST_EXACT:
        kind, numbers = "float32", weights.astype("<f4")
    else:
        steps = np.floor(np.clip(weights.astype(np.float64), 0, 1) * STEPS) + 1
        kind, numbers = "steps", np.where(weights > 0, steps, 0).astype("<u2")
    planes = np.ascontiguousarray(numbers).view(np.uint8).reshape(-1, numbers.itemsize).T
    return {"kind": kind, "data": base64.b64encode(zlib.compress(planes.tobytes(), 6)).decode()}


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
