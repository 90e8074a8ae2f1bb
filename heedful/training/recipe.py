"""The recipe: every room's settings in one TOML file, with overrides, resolved before anything runs."""

import tomllib
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import tomli_w
from pydantic import Field

from heedful.data.settings import DataSettings
from heedful.errors import DataError, SettingsError
from heedful.evaluation.settings import EvaluationSettings
from heedful.model.settings import ModelSettings
from heedful.search.settings import SearchSettings
from heedful.settings import Settings, nearest
from heedful.training.settings import TrainingSettings

Table = dict[str, Any]


class Recipe(Settings):
    """One table a room."""

    data: DataSettings = Field(default_factory=DataSettings)
    model: ModelSettings = Field(default_factory=ModelSettings)
    training: TrainingSettings = Field(default_factory=TrainingSettings)
    search: SearchSettings = Field(default_factory=SearchSettings)
    evaluation: EvaluationSettings = Field(default_factory=EvaluationSettings)

    def without_effect(self) -> dict[str, str]:
        """Keys of every table that were given and change nothing, as ``model.window``, each with the reason."""
        found: dict[str, str] = {}
        for room in type(self).model_fields:
            table: Settings = getattr(self, room)
            found |= {f"{room}.{key}": reason for key, reason in table.without_effect().items()}
        if "metric" in self.training.model_fields_set and self.training.metric not in self.evaluation.metrics:
            raise SettingsError(
                f"training.metric = {self.training.metric!r} is not among evaluation.metrics = "
                f"{list(self.evaluation.metrics)}; add it there"
            )
        found |= self._of_frames()
        if self.training.ctc_weight is not None and not self.model.ctc:
            found["training.ctc_weight"] = "model.ctc = false has no second reading to weigh"
        if self.training.guide and self.model.attention == "fixed":
            found["training.guide"] = "model.attention = 'fixed' has no attention to guide"
        if self.training.guide_width is not None and not self.training.guide:
            found["training.guide_width"] = "training.guide = 0 draws attention nowhere"
        return found

    @property
    def readers(self) -> set[str]:
        """What reads the source columns of frames."""
        columns = [column.resolved() for column in self.data.source if column.framed]
        tall = [max(column.height or 1, column.mels or 1) > 1 and column.unit != "patches" for column in columns]
        return {self.model.reader_of(framed=True, tall=each) for each in tall}

    def _check_subsampling(self) -> None:
        if self.readers & {"convolution", "grid"}:
            try:
                self.model.halvings()
            except ValueError as error:
                raise SettingsError(f"model.subsampling: {error}") from None

    def _of_frames(self) -> dict[str, str]:
        """Keys about frames that change nothing, because there are none, or none of the kind that they are about."""
        found: dict[str, str] = {}
        told = "no source column is read from files of frames" + (" (name its unit)" if self.data.is_task else "")
        augment, units = self.training.augment, {column.unit for column in self.data.source}
        if not self.data.framed:
            if augment is not None:
                found["training.augment"] = told
            for key in ("reader", "subsampling", "reader_channels"):
                if getattr(self.model, key) is not None:
                    found[f"model.{key}"] = told
            return found
        self._check_subsampling()
        if self.training.unit_dropout and all(column.framed for column in self.data.source):
            found["training.unit_dropout"] = "no source column has units to hide; training.augment changes frames"
        if self.model.reader_channels is not None and self.readers == {"projection"}:
            found["model.reader_channels"] = "these frames are read by a projection, which has no channels"
        if self.model.subsampling is not None and units <= {"patches"}:
            found["model.subsampling"] = "every patch is a position of its own"
        if augment is not None:
            reasons = augment.idle(tall=bool(units & {"columns", "log-mel"}))
            found |= {f"training.augment.{key}": reason for key, reason in reasons.items()}
        return found

    def resolved(self) -> Self:
        """The recipe with the implied keys of the model and of frames spelled out."""
        model, data = self.model.resolved(), self.data.resolved()
        if len(self.readers) == 1:
            reading = model.reading(next(iter(self.readers)))
            if all(column.unit == "patches" for column in self.data.source if column.framed):
                reading.pop("subsampling", None)
            model = model.model_copy(update=reading)
        return self.model_copy(update={"model": model, "data": data})

    def toml(self) -> str:
        """The recipe as TOML: every key that has an effect."""
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True), multiline_strings=False)


class Composed(NamedTuple):
    """A recipe, and what to tell the user about how it came about."""

    recipe: Recipe
    notes: list[str]


def parse_override(text: str) -> tuple[str, Any]:
    """``model.cell=gru`` as a key and a TOML value, or a bare word as a string.

    Raises:
        SettingsError: there is no ``=``, or the key has no room.
    """
    key, equals, value = text.partition("=")
    key = key.strip()
    if not equals or "." not in key:
        raise SettingsError(f"--set {text}: expected room.key=value, such as model.cell=gru")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value.strip()


def read_table(path: Path) -> Table:
    """A recipe file as nested tables; relative paths in it become relative to the file.

    Raises:
        DataError: the file is missing or not text. SettingsError: it is not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}", "check the path of the recipe") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: this is not UTF-8 text", "save the recipe as UTF-8") from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {str(error)[0].lower()}{str(error)[1:]}") from None
    data = table.get("data")
    if isinstance(data, dict):
        for key in ("train", "dev"):
            if key in data:
                data[key] = _from(path.parent.absolute(), data[key])
    return table


def _from(base: Path, place: Any) -> Any:
    """A place seen from the recipe's folder: absolute, ``$VARIABLE`` and ``task:`` places stay as they are."""
    if isinstance(place, list):
        return [_from(base, each) for each in place]
    if not isinstance(place, str) or place.startswith(("task:", "$", "/", "~")):
        return place
    return str(base / place)


def compose(
    table: Mapping[str, Any], overrides: Sequence[tuple[str, Any]], where: str, varied: Container[str] = ()
) -> Composed:
    """The recipe that a file's tables and ``--set`` make together.

    Of overrides, those of ``varied`` keys may be without effect, since each of them stands beside every other: they are
    dropped with a note.

    Raises:
        SettingsError: an unknown key, an impossible value, or a key without effect that no override took away.
    """
    rooms = list(Recipe.model_fields)
    for room, values in table.items():
        if room not in rooms:
            raise SettingsError(
                f"{where}: unknown table [{room}]{nearest(room, rooms) or '; known: ' + ', '.join(rooms)}"
            )
        if not isinstance(values, Mapping):
            raise SettingsError(f"{where}: {room} is a table: write [{room}] above its keys")
    merged: Table = {room: dict(table.get(room, {})) for room in rooms}
    for key, value in overrides:
        _set(merged, key, value)
    recipe = _read(merged, where)
    idle = recipe.without_effect()
    chosen = {key for key, _ in overrides}
    idle_before = _idle({room: dict(table.get(room, {})) for room in rooms}, where) if overrides else idle
    notes: list[str] = []
    for key, reason in idle.items():
        insisted = any(each == key or each.startswith(f"{key}.") for each in chosen)
        if key not in varied and (key in idle_before or insisted):
            raise SettingsError(f"{where}: {key} has no effect: {reason}; leave it out")
        notes.append(f"{key} is dropped: {reason}")
        _drop(merged, key)
    return Composed(_read(merged, where) if notes else recipe, notes)


def _set(merged: Table, key: str, value: Any) -> None:
    room, *path = key.split(".")
    if room not in merged:
        raise SettingsError(
            f"--set {key}: unknown room {room!r}{nearest(room, list(merged)) or '; known: ' + ', '.join(merged)}"
        )
    table = merged[room]
    for part in path[:-1]:
        inner = table.get(part)
        if isinstance(inner, list) and len(inner) == 1:
            inner = inner[0]  # source = [{...}] with one column is set like source = {...}
        if inner is not None and not isinstance(inner, Mapping):
            raise SettingsError(
                f"--set {key}: {room}.{part} is {inner!r}, and no single table; set the whole of {room}.{part}"
            )
        table[part] = dict(inner or {})
        table = table[part]
    table[path[-1]] = value


def _drop(merged: Table, key: str) -> None:
    *path, name = key.split(".")
    table = merged
    for part in path:
        table = table[part]
    table.pop(name, None)


def _idle(tables: Table, where: str) -> dict[str, str]:
    """Keys without effect before the overrides; tables that are impossible without them count as none."""
    try:
        return _read(tables, where).without_effect()
    except SettingsError:
        return {}


def _read(tables: Table, where: str) -> Recipe:
    rooms: dict[str, Any] = {}
    for room, field in Recipe.model_fields.items():
        kind: Any = field.annotation
        rooms[room] = kind.read(tables[room], f"{where}: {room}")
    return Recipe.model_construct(**rooms)


def differences(given: Recipe, stored: Recipe, said: Container[str] | None = None) -> list[str]:
    """Each key that ``given`` names with another value than ``stored``, as ``model.cell: 'lstm' here, 'gru' there``.

    Only keys that were ``said`` are looked at, as ``model.cell``; all that are given where None.
    """
    found: list[str] = []
    for room in Recipe.model_fields:
        here, there = _effective(given, room), _effective(stored, room)
        table = getattr(given, room)
        told = [key for key in table.model_fields_set if getattr(table, key) is not None]
        told = [key for key in told if said is None or f"{room}.{key}" in said]
        found += [f"{room}.{key}: {here[key]!r} here, {there[key]!r} there" for key in told if here[key] != there[key]]
    return sorted(found)


def _effective(recipe: Recipe, room: str) -> Table:
    """A room's values as they work: what stands for something else is filled in."""
    if room == "data":
        data = recipe.data.resolved().model_dump(mode="json")
        for column in data["source"]:  # what arrays say of themselves, no recipe needs to
            column.pop("features")
            column.pop("grid")
        return data
    if room != "model":
        return getattr(recipe, room).model_dump(mode="json")
    model = recipe.model.resolved()
    return model.model_dump(mode="json") | {
        "encoder_cell": model.encoder_cell or model.cell,
        "decoder_cell": model.decoder_cell or model.cell,
        "encoder_layers": model.encoder_layers or model.num_layers,
        "decoder_layers": model.decoder_layers or model.num_layers,
        "encoder_size": model.encoder_size or model.hidden_size,
    }
