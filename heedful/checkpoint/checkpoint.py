"""What a trained model is, apart from its code, and the files that hold it."""

import math
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field
from torch import Tensor

from heedful.checkpoint.formats import JSON
from heedful.data.settings import DataSettings
from heedful.data.vocabulary import Vocabulary
from heedful.evaluation.settings import EvaluationSettings
from heedful.model.settings import ModelSettings
from heedful.search.settings import SearchSettings
from heedful.settings import Settings

SETTINGS, VOCABULARIES, METRICS, CARD = "settings.json", "vocabularies.json", "metrics.json", "README.md"
WEIGHTS = "weights.safetensors"
TRAINING, TRAINING_WEIGHTS = "training.json", "training.safetensors"
ALWAYS = frozenset({SETTINGS, VOCABULARIES, METRICS, CARD, WEIGHTS})
WITH_TRAINING = frozenset({TRAINING, TRAINING_WEIGHTS})
KNOWN = ALWAYS | WITH_TRAINING

LIMITS = {SETTINGS: 1 << 20, VOCABULARIES: 1 << 25, METRICS: 1 << 20, CARD: 1 << 20, TRAINING: 1 << 24}
"""Most bytes of each. JSON unpacks to some ten times its size, so these also bound what a hostile folder can take."""


class LengthModel(Settings):
    """How long an output may be for a source of so many units, as the training data suggest."""

    slope: Annotated[float, Field(ge=0, le=10_000)]
    margin: Annotated[float, Field(ge=-100_000, le=100_000)]

    def longest(self, units: int) -> int:
        """The most output units for a source of so many units; at least one."""
        return max(1, math.ceil(self.slope * units + self.margin))


@dataclass(frozen=True, eq=False)
class TrainingState:
    """What training needs to go on as if never interrupted. ``record["update"]`` counts the updates made."""

    record: dict[str, JSON]
    tensors: dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained model, apart from its code.

    ``model`` is resolved. Of ``data`` only what turns text into units is kept: where the pairs lay is nobody's business
    who is handed a model.
    """

    model: ModelSettings
    data: DataSettings
    search: SearchSettings
    evaluation: EvaluationSettings
    source_vocabularies: tuple[Vocabulary, ...]
    target_vocabulary: Vocabulary
    lengths: LengthModel
    weights: dict[str, Tensor]
    metrics: dict[str, JSON] = field(default_factory=dict)
    training: TrainingState | None = None

    @property
    def update(self) -> int:
        """How many updates made it, as its training state or else its metrics say; -1 where neither does."""
        record = self.metrics if self.training is None else self.training.record
        update = record.get("update")
        return update if isinstance(update, int) else -1
