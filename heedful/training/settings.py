"""Everything about training that a recipe may say. Torch-free."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from heedful.data.settings import Augment
from heedful.settings import Settings

MetricName = Literal["accuracy", "error_rate", "item_accuracy", "bleu", "chrf"]
Count = Annotated[int, Field(ge=1)]


class TrainingSettings(Settings):
    """How a network is trained.

    ``batch_units`` counts padded source and target units together; ``batch_size`` caps the sentences of a batch.
    ``warmup``, ``updates`` and ``validate_every`` count updates, ``patience`` validations without a better metric
    (0: never stop early).
    ``average`` is the decay of the running mean of the weights that is validated, saved and used (0: the weights
    themselves). ``unit_dropout`` is the share of source units hidden behind the unknown unit while training,
    ``previous_dropout`` that of the target units which the decoder is told to have written: what it cannot recall from
    them it has to look up in the source. ``guide`` weighs a loss that draws attention to the diagonal, ``ctc_weight`` that of
    the second reading of the memory which ``model.ctc`` asks for: both help attention over long sources to form.
    ``augment`` changes frames at random.
    """

    seed: Annotated[int, Field(ge=0, lt=2**40)] = 1
    metric: MetricName = "accuracy"
    optimizer: Literal["adam", "adamw"] = "adam"
    learning_rate: Annotated[float, Field(gt=0, le=1000)] = 0.002
    weight_decay: Annotated[float, Field(ge=0, le=1)] | None = None
    schedule: Literal["constant", "linear", "cosine", "inverse-sqrt"] = "cosine"
    warmup: Annotated[int, Field(ge=0)] = 0
    updates: Count = 3000
    minutes: Annotated[float, Field(gt=0)] | None = None
    batch_units: Count = 2000
    batch_size: Count | None = None
    clip: Annotated[float, Field(gt=0)] = 1.0
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.1
    unit_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    previous_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    guide: Annotated[float, Field(ge=0, le=100)] = 0.0
    guide_width: Annotated[float, Field(gt=0, le=1)] | None = None
    ctc_weight: Annotated[float, Field(gt=0, le=100)] | None = None
    augment: Augment | None = None
    average: Annotated[float, Field(ge=0, lt=1)] = 0.99
    validate_every: Count = 250
    patience: Annotated[int, Field(ge=0)] = 10
    save_minutes: Annotated[float, Field(gt=0)] = 5.0
    precision: Literal["float32", "bf16"] = "float32"
    device: Literal["cpu", "cuda", "auto"] = "cpu"
    threads: Count | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.warmup >= self.updates and {"warmup", "updates"} <= self.model_fields_set:
            raise ValueError(f"warmup = {self.warmup} leaves nothing of updates = {self.updates}; use fewer")
        return self

    def without_effect(self) -> dict[str, str]:
        """Keys that were given and change nothing in this combination, each with the reason."""
        if self.weight_decay is not None and self.optimizer == "adam":
            return {"weight_decay": "optimizer = 'adam' has none; use optimizer = 'adamw'"}
        return {}
