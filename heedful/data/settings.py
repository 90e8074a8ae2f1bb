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
    """One table is a list of one; tables that name no column stand in the order in which they are written."""
    if isinstance(value, (dict, Column)):
        return [value]
    if isinstance(value, list) and all(isinstance(each, dict) and "column" not in each for each in value):
        return [{"column": place, **each} for place, each in enumerate(value, start=1)]
    return value


Columns = Annotated[tuple[Column, ...], BeforeValidator(_as_list), Field(min_length=1)]
DEV_SHARE = 0.1
"""The share of the sources that is held out where no dev is given."""
Place = str | tuple[str, str]
"""A TSV, two parallel files, or a built-in task as ``task:dates``."""


class DataSettings(Settings):
    """Where pairs come from and how text becomes units."""

    train: Place | None = None
    dev: Place | None = None
    source: Columns = (Column(column=1),)
    target: Column = Column(column=2)
    min_count: Annotated[int, Field(ge=1)] = 1
    max_vocabulary: Annotated[int, Field(ge=1)] | None = None
    dev_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    max_units: Annotated[int, Field(ge=1)] = 1000
    on_bad: OnBad = "stop"
    task_count: Annotated[int, Field(ge=10)] | None = None
    task_seed: Annotated[int, Field(ge=0, lt=2**40)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _next_column(cls, values: Any) -> Any:
        """A target that names no column stands in the second, or behind the sources where the second is one of them."""
        if (
            not isinstance(values, dict)
            or not isinstance(target := values.get("target", {}), dict)
            or "column" in target
        ):
            return values
        source = _as_list(values.get("source", []))
        tables = [each for each in source if isinstance(each, dict)] if isinstance(source, list) else []
        taken = [column for each in tables if isinstance(column := each.get("column", 1), int)]
        if "target" not in values and 2 not in taken:
            return values  # nothing to say: a key that nobody gave must not look as if it were given
        return {**values, "target": {"column": 2 if 2 not in taken else max(taken) + 1, **target}}

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        in_one_file = isinstance(self.train, str) and not self.is_task
        if in_one_file and self.target.column in [column.column for column in self.source]:
            raise ValueError(
                f"column {self.target.column} is both source and target; give data.target.column another number"
            )
        return self

    @property
    def is_task(self) -> bool:
        """Whether the pairs are made and not read."""
        return isinstance(self.train, str) and self.train.startswith("task:")

    def without_effect(self) -> dict[str, str]:
        """Keys that were given and change nothing in this combination, each with the reason."""
        found: dict[str, str] = {}
        if self.dev_share is not None and self.dev is not None:
            found["dev_share"] = "a dev file is given, so nothing is held out"
        elif self.dev_share is not None and self.is_task:
            found["dev_share"] = "a built-in task holds out a share of its own"
        for key in ("task_count", "task_seed"):
            if getattr(self, key) is not None and not self.is_task:
                found[key] = "it sizes a built-in task, and train is a file"
        if isinstance(self.train, tuple) and len(self.source) == 1 and self.source[0].column > 1:
            found["source.column"] = "a line of parallel text is one column"
        for name, column in [("target", self.target), *[("source", column) for column in self.source]]:
            for key, reason in column.without_effect().items():
                found[f"{name}.{key}"] = reason
        return found
