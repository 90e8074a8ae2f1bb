"""What comes out of a model, as plain values: no torch, nothing to close, safe to keep."""

from dataclasses import dataclass
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray


class AttentionRecord(TypedDict):
    """The weights of one hypothesis as ``predict --json`` writes them."""

    source: list[str]
    weights: list[list[float]]


class HypothesisRecord(TypedDict):
    """One hypothesis as ``predict --json`` writes it."""

    text: str
    score: float
    log_prob: float
    log_probs: list[float]
    units: list[str]
    attention: AttentionRecord | None


class ResultRecord(TypedDict):
    """One line of ``predict --json``."""

    source: str
    hypotheses: list[HypothesisRecord]


@dataclass(frozen=True, eq=False)
class Scene:
    """What a map is drawn over, where the source is a picture, a sound or a grid of vectors.

    ``boxes`` (position, 4) says what each source position covers: left, top, right and bottom as shares, from 0 to 1, of
    the width and the height. A position that is text has a row of NaN. ``pixels`` (height, width, 3) are red, green and
    blue, 0 to 255: the picture, or the spectrogram with time to the right and high frequencies at the top; None where
    there is nothing to draw on. ``seconds`` is how long a sound lasts.
    """

    kind: Literal["picture", "spectrogram", "vectors"]
    boxes: NDArray[np.float32]
    pixels: NDArray[np.uint8] | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Alignment:
    """Which source units each target unit looked at.

    ``weights`` has one row a target unit and one column a source unit; a row sums to one. The end mark has no row.
    ``scene`` is there where source units are no text: parts of a picture, or of a sound.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: NDArray[np.float32]
    scene: Scene | None = None

    def __post_init__(self) -> None:
        expected = (len(self.target), len(self.source))
        if self.weights.shape != expected:
            raise ValueError(f"weights are {self.weights.shape}, but there are (target, source) = {expected} units")


@dataclass(frozen=True)
class Hypothesis:
    """One output that the search found.

    ``score`` is what the ranking used; ``log_prob`` is the natural logarithm of the probability, end mark included;
    ``log_probs`` has one number a unit and one more for the end mark. ``attention`` is None for a model without one.
    """

    text: str
    units: tuple[str, ...]
    score: float
    log_prob: float
    log_probs: tuple[float, ...]
    attention: Alignment | None

    def record(self) -> HypothesisRecord:
        """The hypothesis as JSON-ready values."""
        attention: AttentionRecord | None = None
        if self.attention is not None:
            attention = {"source": list(self.attention.source), "weights": self.attention.weights.tolist()}
        return {
            "text": self.text,
            "score": self.score,
            "log_prob": self.log_prob,
            "log_probs": list(self.log_probs),
            "units": list(self.units),
            "attention": attention,
        }


@dataclass(frozen=True)
class Result:
    """What the search found for one source, best first. An empty source has no hypotheses."""

    source: str
    hypotheses: tuple[Hypothesis, ...]

    @property
    def text(self) -> str:
        """The best output, or the empty string."""
        return self.hypotheses[0].text if self.hypotheses else ""

    @property
    def score(self) -> float | None:
        """The score of the best output."""
        return self.hypotheses[0].score if self.hypotheses else None

    @property
    def attention(self) -> Alignment | None:
        """The attention of the best output."""
        return self.hypotheses[0].attention if self.hypotheses else None

    def record(self) -> ResultRecord:
        """The result as JSON-ready values: a line of ``predict --json``."""
        return {"source": self.source, "hypotheses": [hypothesis.record() for hypothesis in self.hypotheses]}
