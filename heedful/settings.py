"""The base of every room's settings: frozen, checked at birth, and helpful about a key that does not exist."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from heedful.errors import SettingsError


def nearest(word: str, known: list[str]) -> str:
    """`` (did you mean ...?)`` for the known word most like this one, or nothing."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


class Settings(BaseModel):
    """Frozen settings of one room, beside the code that they set."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=False)

    @classmethod
    def read(cls, values: Mapping[str, Any], where: str) -> Self:
        """Settings from a table of a recipe.

        ``where`` stands before each key in messages, such as ``recipe.toml: model``.

        Raises:
            SettingsError: a key is unknown or a value is impossible; the message names the key and the nearest valid one.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise SettingsError(
                "\n".join(_sentence(cls, dict(problem), where) for problem in error.errors()[:5])
            ) from None

    def without_effect(self) -> dict[str, str]:
        """Keys that were given and change nothing in this combination, each with the reason."""
        return {}


def _sentence(cls: type[Settings], problem: dict[str, Any], where: str) -> str:
    path = ".".join(str(part) for part in problem["loc"])
    key = f"{where}.{path}" if path else where
    if problem["type"] == "extra_forbidden":
        known = list(_table(cls, problem["loc"][:-1]).model_fields)
        return f"{key}: unknown key{nearest(str(problem['loc'][-1]), known) or '; known keys: ' + ', '.join(known)}"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "literal_error":
        known = str(problem["ctx"]["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        return f"{key}: {problem['input']!r} is not one of {', '.join(known)}{nearest(str(problem['input']), known)}"
    if problem["type"] == "value_error":
        return f"{key}: {message}"
    return f"{key}: {message[0].lower()}{message[1:]}, found {problem['input']!r}"


def _table(cls: type[Settings], path: Sequence[Any]) -> type[Settings]:
    """The settings that stand at this path within ``cls``, such as a column within the data."""
    for part in path:
        if part in cls.model_fields:
            annotation = cls.model_fields[part].annotation
            kinds = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
            cls = next((kind for kind in kinds if issubclass(kind, Settings)), cls)
    return cls
