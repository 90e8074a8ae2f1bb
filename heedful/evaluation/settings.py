"""Everything about scoring that a recipe may say. Torch-free."""

from typing import Annotated, Literal

from pydantic import Field

from heedful.settings import Settings

MetricName = Literal["accuracy", "error_rate", "bleu", "chrf"]
BleuTokenize = Literal["13a", "none", "char", "intl", "zh"]


class EvaluationSettings(Settings):
    """Which metrics, and how. ``resamples`` and ``seed`` are of the bootstrap intervals."""

    metrics: Annotated[tuple[MetricName, ...], Field(min_length=1)] = ("accuracy", "error_rate", "bleu", "chrf")
    bleu_tokenize: BleuTokenize = "13a"
    lowercase: bool = False
    resamples: Annotated[int, Field(ge=0, le=100_000)] = 1000
    seed: int = 0
