"""Everything about the data that a recipe may say. Torch-free."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from heedful.settings import Settings

UnitName = Literal["letters", "characters", "words", "symbols", "jamo", "tags"]
FrameName = Literal["columns", "patches", "log-mel", "vectors"]
Colour = Literal["grey", "rgb"]
Count = Annotated[int, Field(ge=1)]
OnBad = Literal["stop", "skip"]


FRAME_DEFAULTS: dict[str, dict[str, Any]] = {
    "columns": {"height": 32, "colour": "grey", "join": 1, "max_frames": 4000, "max_pixels": 20_000_000},
    "patches": {"height": 32, "colour": "grey", "patch": 8, "max_frames": 4000, "max_pixels": 20_000_000},
    "log-mel": {
        "rate": 16_000, "mels": 40, "window_ms": 25.0, "hop_ms": 10.0, "join": 1, "max_frames": 4000, "max_seconds": 60.0
    },
    "vectors": {"join": 1, "max_frames": 4000, "features": None, "grid": None},
}  # fmt: skip
"""The keys that each kind of frames has, and what they are where a recipe does not say; None: as the data are."""


class Column(Settings):
    """One column of a file and the units or frames it is read in. Columns count from one.

    A column of frames names a file, relative to the file that names it: a picture, a sound, or an array. ``height`` is the
    picture's after scaling, in pixels; ``join`` so many neighbouring frames are one; ``patch`` is a patch's side in
    pixels; ``rate`` is in hertz, ``mels`` counts bands; ``features`` and ``grid`` are the arrays' own. ``max_pixels``
    (width x height, before scaling), ``max_seconds`` and ``max_frames`` (after scaling and joining) refuse what is larger.
    """

    column: Count = 1
    unit: Literal[UnitName, FrameName] = "letters"
    split: str | None = None
    height: Annotated[int, Field(ge=1, le=2048)] | None = None
    colour: Colour | None = None
    join: Annotated[int, Field(ge=1, le=64)] | None = None
    patch: Annotated[int, Field(ge=1, le=2048)] | None = None
    rate: Annotated[int, Field(ge=1000, le=192_000)] | None = None
    mels: Annotated[int, Field(ge=1, le=512)] | None = None
    window_ms: Annotated[float, Field(gt=0, le=1000)] | None = None
    hop_ms: Annotated[float, Field(gt=0, le=1000)] | None = None
    features: Annotated[int, Field(ge=1, le=65536)] | None = None
    grid: bool | None = None
    max_frames: Count | None = None
    max_pixels: Annotated[int, Field(ge=1, le=170_000_000)] | None = None
    max_seconds: Annotated[float, Field(gt=0, le=36_000)] | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.split is not None and (len(self.split) != 1 or self.split in "\t\n"):
            raise ValueError(f"split is the one character between tags, found {self.split!r}")
        if self.unit == "patches" and self.said("height") % self.said("patch"):
            raise ValueError(
                f"patches of {self.said('patch')} pixels do not fill a height of {self.said('height')}; "
                f"make the height a multiple of the patch"
            )
        return self

    @property
    def framed(self) -> bool:
        """Whether the column names files of frames, and is no text."""
        return self.unit in FRAME_DEFAULTS

    def said(self, key: str) -> Any:
        """A key of a frames' column, with its default."""
        given = getattr(self, key)
        return FRAME_DEFAULTS[self.unit][key] if given is None else given

    def resolved(self) -> Self:
        """The same column with every key that has an effect spelled out."""
        return self.model_copy(update={key: self.said(key) for key in FRAME_DEFAULTS.get(self.unit, ())})

    def without_effect(self) -> dict[str, str]:
        """``split`` belongs to tags alone, and every kind of frames has keys of its own."""
        found: dict[str, str] = {}
        if self.split is not None and self.unit != "tags":
            found["split"] = f"only unit = 'tags' is split by a character, this is {self.unit!r}"
        mine = FRAME_DEFAULTS.get(self.unit, {})
        for key in sorted({key for keys in FRAME_DEFAULTS.values() for key in keys}):
            if key not in mine and getattr(self, key) is not None:
                units = ", ".join(name for name, keys in FRAME_DEFAULTS.items() if key in keys)
                found[key] = f"it is a key of {units}, this is unit = {self.unit!r}"
        return found


def _as_list(value: Any) -> Any:
    """One table is a list of one; tables that name no column stand in the order in which they are written."""
    if isinstance(value, (dict, Column)):
        return [value]
    if isinstance(value, list) and all(isinstance(each, dict) and "column" not in each for each in value):
        return [{"column": place, **each} for place, each in enumerate(value, start=1)]
    return value


Columns = Annotated[tuple[Column, ...], BeforeValidator(_as_list), Field(min_length=1)]
TASK_COUNT, TASK_SEED = 10_000, 1
"""Pairs of a built-in task, and their seed, where nobody says."""
DEV_SHARE = 0.1
"""The share of the sources that is held out where no dev is given."""
FramesFrom = Literal["cached", "live"]
"""Frames are prepared once and kept in a file mapped into memory, or anew for every batch."""
Place = str | tuple[str, str]
"""A TSV, two parallel files, or a built-in task as ``task:dates``."""


Part = Annotated[float, Field(ge=0, lt=1)]


class Augment(Settings):
    """How frames are changed while training; nothing is unless it is asked for.

    ``shift`` is the greatest move up or down, as a share of the height; ``scale`` the greatest change of size in each
    axis (0.1: from 0.9 to 1.1 times); ``slant`` how far a picture leans, in columns a row; ``noise`` the deviation of
    normal noise (ink on paper stands between 0 and about 2; log-mel frames have deviation 1). ``time_masks`` and
    ``band_masks`` hide so many stretches of at most ``time_width`` of the length and ``band_width`` of the height.
    """

    shift: Part = 0.0
    scale: Part = 0.0
    slant: Part = 0.0
    noise: Annotated[float, Field(ge=0, le=10)] = 0.0
    time_masks: Annotated[int, Field(ge=0, le=100)] = 0
    time_width: Part = 0.1
    band_masks: Annotated[int, Field(ge=0, le=100)] = 0
    band_width: Part = 0.2

    def idle(self, *, tall: bool) -> dict[str, str]:
        """Keys that were given and change nothing, each with the reason; ``tall`` says that some frames have a height."""
        found: dict[str, str] = {}
        if not tall:
            moving = {key for key in ("shift", "scale", "slant", "band_masks") if getattr(self, key)}
            found |= dict.fromkeys(
                sorted(moving), "only pictures as columns and log-mel frames have a height to change"
            )
        for masks, width in (("time_masks", "time_width"), ("band_masks", "band_width")):
            if getattr(self, width) != type(self).model_fields[width].default and not getattr(self, masks):
                found[width] = f"{masks} = 0 hides nothing"
        return found


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
    task_lengths: tuple[Count, Count] | None = None
    frames: FramesFrom | None = None
    workers: Annotated[int, Field(ge=1, le=256)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _next_column(cls, values: Any) -> Any:
        """A target that names no column stands in the second, or behind the sources where the second is one of them.

        Pictures of digits are read as columns where nobody says otherwise.
        """
        if isinstance(values, dict) and values.get("train") == "task:digits" and "source" not in values:
            values = {**values, "source": [{"column": 1, "unit": "columns"}]}
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
    def _possible(self) -> Self:
        if self.task_lengths is not None and self.task_lengths[0] > self.task_lengths[1]:
            raise ValueError(f"task_lengths are the shortest and the longest, found {list(self.task_lengths)}")
        return self

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if self.target.framed:
            raise ValueError(
                f"a target is text, and unit = {self.target.unit!r} is read from files; frames are sources"
            )
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

    @property
    def framed(self) -> bool:
        """Whether any source column names files of frames."""
        return any(column.framed for column in self.source)

    def resolved(self) -> Self:
        """The same with every key of frames that has an effect spelled out."""
        if not self.framed:
            return self
        spelled: dict[str, Any] = {"source": tuple(column.resolved() for column in self.source)}
        if not self.is_task:
            spelled |= {"frames": self.frames or "cached", "workers": self.workers or 2}
        return self.model_copy(update=spelled)

    def without_effect(self) -> dict[str, str]:
        """Keys that were given and change nothing in this combination, each with the reason."""
        found: dict[str, str] = {}
        if self.dev_share is not None and self.dev is not None:
            found["dev_share"] = "a dev file is given, so nothing is held out"
        elif self.dev_share is not None and self.is_task:
            found["dev_share"] = "a built-in task holds out a share of its own"
        for key in ("task_count", "task_seed", "task_lengths"):
            if getattr(self, key) is not None and not self.is_task:
                found[key] = "it sizes a built-in task, and train is a file"
        if self.task_lengths is not None and self.train in ("task:dates", "task:digits"):
            found["task_lengths"] = f"{self.train} has lengths of its own; task:copy and task:reverse can be told"
        if isinstance(self.train, tuple) and len(self.source) == 1 and self.source[0].column > 1:
            found["source.column"] = "a line of parallel text is one column"
        if self.is_task or not self.framed:
            told = "no source column is read from files of frames"
            why = "a built-in task draws its pictures and reads no file" if self.framed else told
            found |= {key: why for key in ("frames", "workers") if getattr(self, key) is not None}
        for name, column in [("target", self.target), *[("source", column) for column in self.source]]:
            for key, reason in column.without_effect().items():
                found[f"{name}.{key}"] = reason
        return found
