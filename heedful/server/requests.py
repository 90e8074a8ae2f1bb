"""What may be asked: the bodies of requests, read without the traps of JSON."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NoReturn

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from heedful.server.refusals import Refusal, unprocessable


class Binary(BaseModel):
    """A picture, a sound or an array (.npy), for a model that reads such."""

    model_config = ConfigDict(extra="forbid", strict=True)
    base64: str = Field(description="the bytes of the file, in base64")


Item = str | Binary
"""One source column."""
Input = Annotated[
    str | Binary | list[Item],
    Field(
        description="a source: a text, or a picture, sound or array; with several columns a list, or text between tabs"
    ),
]


class Searching(BaseModel):
    """What requests that search have in common; what is left out is as the model's recipe says."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    model: str | None = Field(None, description="which of the server's models; the first where it is left out")
    beam_size: int | None = Field(None, ge=1, description="hypotheses kept; 1 is greedy search")
    n_best: int | None = Field(None, ge=1, description="hypotheses to answer with")
    length_penalty: float | None = Field(None, ge=0, le=5, description="scores are divided by length to this power")
    max_length: int | None = Field(None, ge=1, description="the most output units")


class Predicting(Searching):
    """``POST /v1/predict``."""

    inputs: list[Input] = Field(description="the sources; outputs come in the same order")


class Attending(Searching):
    """``POST /v1/attend``."""

    input: Input
    target: str | None = Field(None, description="force this output instead of searching for one")


class Held(BaseModel):
    """Attention held by hand: all of it on one source position, at one output step or at every one."""

    model_config = ConfigDict(extra="forbid", strict=True)
    position: int = Field(ge=0, description="a source position, from zero")
    step: int | None = Field(None, ge=0, description="an output step, from zero; every one where it is left out")


class Exploring(Searching):
    """``POST /v1/explore`` and ``POST /v1/predict/stream``: one source, and what if."""

    input: Input
    prefix: list[str] = Field(default_factory=list, description="units that the output has to begin with")
    end: bool = Field(False, description="the output has to end after the prefix")
    hold: list[Held] = Field(default_factory=list, description="where attention is held by hand")
    alternatives: int = Field(8, ge=0, description="so many likeliest units are told at every place")


class StrictRequest(Request):
    """A request whose body is read without the traps of JSON: no NaN, no field twice, nothing but UTF-8."""

    async def json(self) -> Any:
        """What the body says.

        Raises:
            Refusal: it is not JSON (400), or says what JSON should not (422).
        """
        return parsed(await self.body())


def parsed(body: bytes) -> Any:
    """What this JSON says.

    Raises:
        Refusal: it is not JSON in UTF-8, or nested too deeply (400); it has a number that is none, or a field twice (422).
    """
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_number, object_pairs_hook=_distinct)
    except Refusal:
        raise
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise Refusal(400, "not_json", "the body is not JSON in UTF-8") from None


def _no_number(name: str) -> NoReturn:
    raise unprocessable("not_a_number", "", f"{name} is no number of JSON")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise unprocessable("twice", clean(max(names, key=names.count)), "a field stands twice")
    return found


def clean(name: str) -> str:
    """A field's name as it may be repeated to whoever sent it: short, and without what can't be seen."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in name[:40])


def told(problems: Sequence[Mapping[str, Any]]) -> Refusal:
    """The refusal for what pydantic found wrong with a body: the first field, and why."""
    first = problems[0]
    fields = [part for part in first["loc"][1:] if isinstance(part, int) or not _KIND.search(part)]
    named = ""
    for part in fields:
        named += f"[{part}]" if isinstance(part, int) else f".{clean(part)}" if named else clean(part)
    if first["type"] == "extra_forbidden":
        return unprocessable("unknown_field", named, "there is no such field")
    if first["loc"] == ("body",) and first["type"] == "missing":
        return Refusal(415, "not_json", "send a JSON object as application/json")
    message = first["msg"].removeprefix("Value error, ")
    return unprocessable(first["type"], named, f"{message[:1].lower()}{message[1:]}")


_KIND = re.compile(r"^(str|Binary|list\[.*)$")
"""What pydantic puts into a place to say which kind of several it tried."""
