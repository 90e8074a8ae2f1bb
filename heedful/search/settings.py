"""Everything about search that a recipe may say. Torch-free."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from heedful.settings import Settings


class SearchSettings(Settings):
    """How outputs are found.

    The score of a hypothesis is its log-probability divided by (units + 1 for the end mark) ** length_penalty.
    ``max_length`` counts output units; None means: as long as the training data suggest for the source.
    ``precision`` int8 rounds the decoder's weights to bytes: quicker where the processor multiplies them, scores differ a little.
    """

    beam_size: Annotated[int, Field(ge=1, le=1000)] = 5
    n_best: Annotated[int, Field(ge=1, le=1000)] = 1
    length_penalty: Annotated[float, Field(ge=0, le=5)] = 1.0
    max_length: Annotated[int, Field(ge=1, le=100_000)] | None = None
    min_length: Annotated[int, Field(ge=0, le=100_000)] = 0
    precision: Literal["float32", "int8"] = "float32"

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.n_best > self.beam_size:
            raise ValueError(
                f"a beam of {self.beam_size} has no {self.n_best} best; use beam_size = {self.n_best} or more"
            )
        if self.max_length is not None and self.min_length > self.max_length:
            raise ValueError(f"min_length {self.min_length} is more than max_length {self.max_length}")
        return self
