"""Everything about the data that a recipe may say. Torch-free."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from heedful.settings import Settings

UnitName = Literal["letters", "characters", "words", "symbols", "jamo", "tags"]
OnBad = Literal["stop", "skip"]


class Column(Settings):
    """One column of a file and the units it is read in. Columns count from one."""

    column: Annotated[int, Field(ge=1)] = 1
    unit: UnitName = "letters"
    split: str | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.split is not None and (len(self.split) != 1 or self.split in "\t\n"):
            raise ValueError(f"split is the one character between tags, found {self.split!r}")
        return self

    def without_effect(self) -> dict[str, str]:
        """``split`` belongs to tags alone."""
        if self.split is not None and self.unit != "tags":
            return {"split": f"only unit = 'tags' is split by a character, this is {self.unit!r}"}
        return {}


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, (dict, Column)) else value


def _second(value: Any) -> Any:
    """A target that names no column stands in the second."""
    return {"column": 2, **value} if isinstance(value, dict) else value


Columns = Annotated[tuple[Column, ...], BeforeValidator(_as_list), Field(min_length=1)]
Place = str | tuple[str, str]
"""A TSV, two parallel files, or a built-in task as ``task:dates``."""


class DataSettings(Settings):
    """Where pairs come from and how text becomes units."""

    train: Place | None = None
    dev: Place | None = None
    source: Columns = (Column(column=1),)
    target: Annotated[Column, BeforeValidator(_second)] = Column(column=2)
    min_count: Annotated[int, Field(ge=1)] = 1
    max_vocabulary: Annotated[int, Field(ge=1)] | None = None
    dev_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    max_units: Annotated[int, Field(ge=1)] = 1000
    on_bad: OnBad = "stop"
    task_count: Annotated[int, Field(ge=10)] | None = None
    task_seed: int | None = None

    def without_effect(self) -> dict[str, str]:
        """Keys that were given and change nothing in this combination, each with the reason."""
        found: dict[str, str] = {}
        if "dev_share" in self.model_fields_set and self.dev is not None:
            found["dev_share"] = "a dev file is given, so nothing is held out"
        task = isinstance(self.train, str) and self.train.startswith("task:")
        for key in ("task_count", "task_seed"):
            if getattr(self, key) is not None and not task:
                found[key] = "it sizes a built-in task, and train is a file"
        for name, column in [("target", self.target), *[("source", column) for column in self.source]]:
            for key, reason in column.without_effect().items():
                found[f"{name}.{key}"] = reason
        return found
