"""The deadlines that uvicorn does not have: for heads that drip, for connections that idle, for readers that do not read.

And an answer that costs next to nothing when there is too much to do already.
"""

import asyncio
import json
import sys
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from heedful.server.limits import Limits
from heedful.server.refusals import Refusal, overloaded
from heedful.server.telling import Numbers

LINGER_SECONDS = 1.0
"""So long what still comes is thrown away after a refusal, so that the sender gets to read it."""
ASKING = b"POST "
"""What is refused unread under overload; what only looks (health, numbers) is answered always."""


class Connection(H11Protocol):
    """One connection. ``limits`` and ``numbers`` are set in a class made for each server, see ``of``."""

    limits: ClassVar[Limits] = Limits()
    numbers: ClassVar[Numbers | None] = None
    open: ClassVar[set["Connection"]]

    @classmethod
    def of(cls, limits: Limits, numbers: Numbers) -> "type[Connection]":
        """The protocol of one server."""
        return type("LimitedConnection", (cls,), {"limits": limits, "numbers": numbers})

    deadline: asyncio.TimerHandle | None = None
    unread: asyncio.TimerHandle | None = None
    refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins to count: a head has to be there in time."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("HTTP needs a stream")
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self._refuse(overloaded("too many connections are open; come again"))
            return
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the deadlines."""
        self._forget()
        if self.unread is not None:
            self.unread.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """What came; between two requests, with too much in hand, it is not even parsed."""
        if self.refused:
            return
        if self._between():
            if len(self.tasks) >= self.limits.requests and data.startswith(ASKING):
                if self.numbers is not None:
                    self.numbers.refused.inc()
                self._refuse(overloaded())
                return
            if self.deadline is None:
                self._expect_head()
        super().data_received(data)
        if not self._between():
            self._forget()  # the head is there; the guard counts the body's time

    def on_response_complete(self) -> None:
        """The next head may take as long as a connection may idle."""
        super().on_response_complete()
        self._forget()

    def pause_writing(self) -> None:
        """The reader does not keep up: it has so long to begin again."""
        super().pause_writing()
        self.unread = self.loop.call_later(self.limits.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        if self.unread is not None:
            self.unread.cancel()
            self.unread = None

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP, or has a head that is too large; called where h11's error is being handled."""
        error = sys.exc_info()[1]
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        if hint == 431:
            self._refuse(Refusal(431, "headers_too_large", f"headers are {self.limits.max_header:,} bytes at most"))
        elif self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            self._refuse(Refusal(400, "not_http", "this is not a request that can be read"))
        else:
            self.transport.close()  # a bad chunk behind an answer that has begun

    def _between(self) -> bool:
        """No request is in hand: before the first, or after the last was answered."""
        return self.cycle is None or self.cycle.response_complete

    def _expect_head(self) -> None:
        self.deadline = self.loop.call_later(self.limits.header_seconds, self._too_slow)

    def _forget(self) -> None:
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None

    def _too_slow(self) -> None:
        self.deadline = None
        if self._between():
            seconds = self.limits.header_seconds
            self._refuse(Refusal(408, "too_slow", f"the head of a request arrives within {seconds:g} seconds"))

    def _refuse(self, refusal: Refusal) -> None:
        """Writes the answer past h11, whose state may be anything, and closes when the sender has had time to read it."""
        self.refused = True
        self._forget()
        self._unset_keepalive_if_required()
        content = json.dumps(refusal.record())
        lines = [
            f"HTTP/1.1 {refusal.status_code} Refused",
            "content-type: application/json",
            f"content-length: {len(content)}",
            "connection: close",
            *(f"{name.lower()}: {value}" for name, value in (refusal.headers or {}).items()),
            "",
            content,
        ]
        self.transport.write("\r\n".join(lines).encode())
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)
