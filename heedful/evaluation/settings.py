"""Everything about scoring that a recipe may say. Torch-free."""

from typing import Annotated, Literal

from pydantic import Field

from heedful.settings import Settings

MetricName = Literal["accuracy", "error_rate", "item_accuracy", "bleu", "chrf"]
BleuTokenize = Literal["13a", "none", "char", "intl", "zh"]


class EvaluationSettings(Settings):
    """Which metrics, and how. ``resamples`` and ``seed`` are of the bootstrap intervals."""

    metrics: Annotated[tuple[MetricName, ...], Field(min_length=1)] = ("accuracy", "error_rate", "bleu", "chrf")
    bleu_tokenize: BleuTokenize = "13a"
    lowercase: bool = False
    resamples: Annotated[int, Field(ge=0, le=100_000)] = 1000
    seed: Annotated[int, Field(ge=0)] = 0

    def without_effect(self) -> dict[str, str]:
        """Keys that were changed and change nothing in this combination, each with the reason."""
        changed = {key for key in self.model_fields_set if getattr(self, key) != type(self).model_fields[key].default}
        found: dict[str, str] = {}
        if "bleu_tokenize" in changed and "bleu" not in self.metrics:
            found["bleu_tokenize"] = "metrics does not ask for 'bleu'"
        if "seed" in changed and self.resamples == 0:
            found["seed"] = "resamples = 0 draws nothing"
        return found
