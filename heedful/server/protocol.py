"""The deadlines that uvicorn does not have: for heads that drip, for connections that idle, for readers that do not read.

They lean on uvicorn's h11 protocol, which promises nobody its inside: ``tests/server/test_hardening.py`` says when it changes.
"""

import asyncio
import contextlib
import fcntl
import json
import struct
import sys
import termios
import time
from dataclasses import dataclass, field
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from heedful.server.limits import Limits
from heedful.server.refusals import Refusal

LINGER_SECONDS = 1.0
"""So long what still comes is thrown away after a refusal, so that the sender gets to read it."""


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
    """All connections of a server."""

    limits: Limits
    connections: set["Connection"] = field(default_factory=set)

    def protocol(self) -> "type[Connection]":
        """The class of this server's connections, as uvicorn wants it."""
        return type("HouseConnection", (Connection,), {"house": self})

    def make_room(self, patience: float) -> bool:
        """Turns out the connection that has kept us waiting for longest, if that is more than ``patience`` seconds.

        We wait for a head, for a body, or for another request; never turned out is who waits for us.
        """
        waited_for = [each for each in self.connections if each.is_waited_for()]
        if not waited_for:
            return False
        slowest = min(waited_for, key=lambda each: each.since)
        if time.monotonic() - slowest.since < patience:
            return False
        slowest.turn_out()
        return True


class Connection(H11Protocol):
    """One connection of a ``house``."""

    house: ClassVar[House]
    deadline: asyncio.TimerHandle | None = None
    watching: asyncio.TimerHandle | None = None
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
        if self.watching is not None:
            self.watching.cancel()
        super().connection_lost(exc)

    def is_waited_for(self) -> bool:
        """Whether something has to come from the other side before we can go on."""
        return self._between() or self.cycle.more_body

    def data_received(self, data: bytes) -> None:
        """What came."""
        if self.refused:
            return
        if self._between() and self.deadline is None:
            self._expect_head()
        super().data_received(data)
        if not self._between():
            self._forget()  # the head is there; the guard counts the body's time

    def turn_out(self) -> None:
        """Makes room for others. Whoever has begun to send is told why."""
        self.house.connections.discard(self)
        if self.deadline is not None or not self._between():
            self._refuse(Refusal(408, "too_slow", "others were waiting; send quicker"))
        else:
            self.transport.abort()

    def on_response_complete(self) -> None:
        """The connection idles now, if nothing has come behind the request; what was written has to be read in time."""
        super().on_response_complete()
        self._forget()
        if self._between():
            self.since = time.monotonic()
        self._watch()

    def pause_writing(self) -> None:
        """The reader does not keep up: it has so long to go on reading."""
        super().pause_writing()
        self._watch()

    def timeout_keep_alive_handler(self) -> None:
        """It idled for too long."""
        super().timeout_keep_alive_handler()
        self._watch()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP, or has a head that is too large; called where h11's error is being handled."""
        error = sys.exc_info()[1]
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        most = self.house.limits.max_header
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()  # a bad chunk behind an answer that has begun
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

    def _watch(self) -> None:
        """From now on, something of what is written has to be read every so often; closing waits for that too."""
        if self.watching is None and self.transport.get_write_buffer_size():
            self.watching = self.loop.call_later(self.house.limits.write_seconds, self._look, self._unread())

    def _unread(self) -> int:
        """Bytes that were written and not received: ours, and those that the kernel holds.

        The kernel takes more only when much of what it holds is gone, so a slow reader shows there long before it does here.
        """
        held = 0
        with contextlib.suppress(OSError, ValueError, AttributeError):  # a closed socket, or another system
            answer = fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
            (held,) = struct.unpack("i", answer)
        return self.transport.get_write_buffer_size() + held

    def _look(self, before: int) -> None:
        self.watching = None
        if self._unread() >= before:
            self.transport.abort()
        else:
            self._watch()

    def _refuse(self, refusal: Refusal) -> None:
        """Writes the answer past h11, whose state may be anything, and closes when the sender has had time to read it."""
        self.refused = True
        self.house.connections.discard(self)
        self._forget()
        self._unset_keepalive_if_required()
        if self.transport.is_closing():
            return
        if not self._between():  # the guard is reading a body that is not going to come
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(refusal_bytes(refusal))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)
