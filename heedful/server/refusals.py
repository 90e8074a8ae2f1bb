"""What is answered instead of a result: a status, a code for programs, the field that is meant, and a sentence."""

from typing import NamedTuple

from fastapi import HTTPException
from pydantic import BaseModel, Field


class Refusal(HTTPException):
    """An answer that is no result. ``message`` never holds a path, a traceback or people's text."""

    def __init__(
        self, status: int, code: str, message: str, *, field: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(status, message, headers)
        self.code, self.message, self.field = code, message, field

    def record(self) -> dict[str, dict[str, str | None]]:
        """The answer's body."""
        return {"error": {"code": self.code, "field": self.field, "message": self.message}}


class Told(BaseModel):
    """What went wrong."""

    code: str = Field(description="for programs, such as too_long or overloaded")
    field: str | None = Field(description="the field of the request that is meant, such as inputs[3]")
    message: str = Field(description="a sentence for people")


class Refused(BaseModel):
    """The body of every answer that is no result."""

    error: Told


class Kind(NamedTuple):
    """A status that may come, and when."""

    status: int
    when: str


KINDS = (
    Kind(400, "the body is not JSON, or the Host is not this server's"),
    Kind(401, "the token is missing or wrong"),
    Kind(403, "a page of another origin asks"),
    Kind(404, "there is no such place"),
    Kind(405, "there is no such method here"),
    Kind(408, "the request took too long to arrive"),
    Kind(413, "the body is too large"),
    Kind(415, "the body is not application/json, or it is compressed"),
    Kind(422, "a field is missing, unknown, or has an impossible value"),
    Kind(431, "the headers are too large"),
    Kind(503, "too much is waiting already, or the answer took too long; Retry-After says when to come again"),
)


def unprocessable(code: str, field: str, message: str) -> Refusal:
    """422, for a field with an impossible value."""
    return Refusal(422, code, message, field=field)


def deadline() -> Refusal:
    """503: the answer took too long."""
    return Refusal(503, "deadline", "the answer took too long", headers={"Retry-After": "5"})


def overloaded(message: str = "too many requests are waiting; come again") -> Refusal:
    """503, and when to come again."""
    return Refusal(503, "overloaded", message, headers={"Retry-After": "1"})
