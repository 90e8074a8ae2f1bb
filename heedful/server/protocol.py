"""The deadlines that uvicorn does not have: for heads that drip, for connections that idle, for readers that do not read.

And a place to wait, unread, when there is enough to do.
"""

import asyncio
import json
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from heedful.server.limits import Limits
from heedful.server.refusals import Refusal, overloaded
from heedful.server.telling import Numbers

LINGER_SECONDS = 1.0
"""So long what still comes is thrown away after a refusal, so that the sender gets to read it."""
ASKING = b"POST "
"""What waits when there is enough to do; what only looks (health, numbers) is answered always."""


def refusal_bytes(refusal: Refusal) -> bytes:
    """The whole answer, for whoever is not worth a parser."""
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
    return "\r\n".join(lines).encode()


@dataclass(eq=False)
class House:
    """All connections of a server. ``parked`` have asked and wait, unread, since enough requests are in hand."""

    limits: Limits
    numbers: Numbers
    connections: set["Connection"] = field(default_factory=set)
    parked: deque["Connection"] = field(default_factory=deque)

    def protocol(self) -> "type[Connection]":
        """The class of this server's connections, as uvicorn wants it."""
        return type("HouseConnection", (Connection,), {"house": self})

    def make_room(self, patience: float) -> bool:
        """Closes the connection that has sent no whole head for longest, if that is more than ``patience`` seconds."""
        lazy = [each for each in self.connections if each.deadline is not None or each.idle_since is not None]
        if not lazy:
            return False
        slowest = min(lazy, key=lambda each: each.since)
        if time.monotonic() - slowest.since < patience:
            return False
        slowest.turn_out()
        return True

    def admit(self) -> None:
        """Lets those who have waited longest in, as far as there is room."""
        while self.parked:
            first = self.parked[0]
            if first.is_busy():
                return
            self.parked.popleft()
            first.come_in()


class Tasks(set["asyncio.Task[None]"]):
    """The requests in hand. uvicorn takes each out when it is done, and that is when another may come in."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self.house = house

    def discard(self, element: object) -> None:
        """Takes one out."""
        super().discard(element)
        if self.house.parked:
            self.house.admit()


class Connection(H11Protocol):
    """One connection of a ``house``."""

    house: ClassVar[House]
    deadline: asyncio.TimerHandle | None = None
    unread: asyncio.TimerHandle | None = None
    patience: asyncio.TimerHandle | None = None
    waiting: bytes | None = None
    idle_since: float | None = None
    since = 0.0
    refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins to count: a head has to be there in time."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("HTTP needs a stream")
        super().connection_made(transport)
        self.house.connections.add(self)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the deadlines."""
        self.house.connections.discard(self)
        self._forget()
        for timer in (self.unread, self.patience):
            if timer is not None:
                timer.cancel()
        self.waiting = None
        super().connection_lost(exc)

    def is_busy(self) -> bool:
        """Whether enough requests are in hand."""
        return len(self.tasks) >= self.house.limits.requests

    def data_received(self, data: bytes) -> None:
        """What came; between two requests, with enough in hand, it is kept and not even parsed."""
        if self.refused:
            return
        if self.waiting is not None:
            self.waiting += data
            return
        self.idle_since = None
        if self._between():
            if data.startswith(ASKING) and (self.is_busy() or self.house.parked):
                self._park(data)
                return
            if self.deadline is None:
                self._expect_head()
        self._read(data)

    def _read(self, data: bytes) -> None:
        super().data_received(data)
        if not self._between():
            self._forget()  # the head is there; the guard counts the body's time

    def _park(self, data: bytes) -> None:
        self._forget()
        self._unset_keepalive_if_required()
        self.waiting = data
        self.transport.pause_reading()
        self.house.parked.append(self)
        self.patience = self.loop.call_later(self.house.limits.parked_seconds, self._turn_away)

    def come_in(self) -> None:
        """There is room: what was kept is read."""
        data, self.waiting = self.waiting, None
        if self.patience is not None:
            self.patience.cancel()
            self.patience = None
        if data is not None and not self.refused and not self.transport.is_closing():
            self.transport.resume_reading()
            self._expect_head()
            self._read(data)

    def _turn_away(self) -> None:
        """Nobody had time for it."""
        self.patience = None
        if self.waiting is not None:
            self.waiting = None
            self.house.numbers.refused.inc()
            self.transport.resume_reading()
            self._refuse(overloaded())

    def turn_out(self) -> None:
        """Makes room for others: it idled, or its head does not come."""
        if self.idle_since is not None:
            self.transport.close()
        else:
            self._too_slow()

    def on_response_complete(self) -> None:
        """The connection idles now, if nothing has come behind the request."""
        super().on_response_complete()
        self._forget()
        if self._between():
            self.idle_since = self.since = time.monotonic()

    def pause_writing(self) -> None:
        """The reader does not keep up: it has so long to begin again."""
        super().pause_writing()
        self.unread = self.loop.call_later(self.house.limits.write_seconds, self.transport.abort)

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
        most = self.house.limits.max_header
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.close()  # a bad chunk behind an answer that has begun
        elif hint == 431:
            self._refuse(Refusal(431, "headers_too_large", f"headers are {most:,} bytes at most"))
        else:
            self._refuse(Refusal(400, "not_http", "this is not a request that can be read"))

    def _between(self) -> bool:
        """No request is in hand: before the first, or after the last was answered."""
        return self.cycle is None or self.cycle.response_complete

    def _expect_head(self) -> None:
        self._forget()
        self.since = time.monotonic()
        self.deadline = self.loop.call_later(self.house.limits.header_seconds, self._too_slow)

    def _forget(self) -> None:
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None

    def _too_slow(self) -> None:
        self._forget()
        if self._between():
            seconds = self.house.limits.header_seconds
            self._refuse(Refusal(408, "too_slow", f"the head of a request arrives within {seconds:g} seconds"))

    def _refuse(self, refusal: Refusal) -> None:
        """Writes the answer past h11, whose state may be anything, and closes when the sender has had time to read it."""
        self.refused = True
        self.house.connections.discard(self)
        self._forget()
        self._unset_keepalive_if_required()
        if self.transport.is_closing():
            return
        self.transport.write(refusal_bytes(refusal))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)
