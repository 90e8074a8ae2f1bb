"""Hypotheses and maps that a page can show, and what stands in the file of one."""

import json
import re
from typing import Any

import numpy as np

from heedful.results import Alignment, Hypothesis
from tests.inspection.alignments import diagonal
from tests.inspection.scenes import columns, looking, noise

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!--",
    "&lt;b&gt;",
    "\ud800",
    "\u202e",
    "\x00",
    "'\"`${alert(1)}",
    "]]>",
)
SCRIPTS = (
    "س",
    "ل",
    "שלום",
    "한",
    "글",
    "\u1112\u1161",
    "\u1161",
    "e\u0301",
    "\u0303",
    "tʃʰ",
    "ŋ̊",
    "क्षि",
    " ",
    "\t",
    "👩‍👧",
)


def hypothesis(alignment: Alignment, text: str = "", score: float = -0.25) -> Hypothesis:
    """What a search would have found with this map, sure of its units to different degrees."""
    chances = np.linspace(0.5, 0.99, len(alignment.target) + 1)
    log_probs = tuple(np.log(chances).tolist())
    found = text or "".join(alignment.target)
    return Hypothesis(found, alignment.target, score, sum(log_probs), log_probs, alignment)


def three() -> list[Hypothesis]:
    """Three outputs for one source."""
    return [
        hypothesis(diagonal("3 May", target), score=score)
        for target, score in (("05-03", -0.1), ("03-05", -0.9), ("5", -2.5))
    ]


def unattending() -> Hypothesis:
    """An output of a model without attention."""
    return Hypothesis("ab", ("a", "b"), -0.5, -1.5, (-0.1, -1.0, -0.4), None)


def pictured() -> Alignment:
    """Four units read from a picture of eight columns, each from one of them."""
    return looking([0, 2, 5, 7], columns(8), noise(24, 80), target="wxyz")


def large(size: int = 2000) -> Alignment:
    """A map with a bright cell in every column, where the order of a shuffled deck has it."""
    weights = np.full((size, size), 0.1 / size, dtype=np.float32)
    weights[np.arange(size), deck(size)] += 0.9
    return Alignment(tuple(f"s{at}" for at in range(size)), tuple(f"t{at}" for at in range(size)), weights)


def deck(size: int) -> Any:
    """Which source unit each target unit of ``large`` looks at."""
    return np.random.default_rng(0).permutation(size)


def kept(page: str) -> dict[str, Any]:
    """The data in the file of a page."""
    found = re.search(r'<script type="application/json" id="maps">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])
