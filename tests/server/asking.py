"""Asking a server as programs do, and as nobody should: plain sockets, so that nothing is put right on the way."""

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.server.conftest import Running

PATIENCE = 60.0
JSON_HEAD = {"Content-Type": "application/json"}


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Why it was refused."""
        return str(self.json["error"]["code"])

    @property
    def field(self) -> str | None:
        """The field that is meant."""
        return self.json["error"]["field"]


def ask(
    server: Running, path: str, body: Any = None, *, method: str = "", headers: Mapping[str, str] | None = None
) -> Answer:
    """One request on a connection of its own; a body that is no bytes is sent as JSON."""
    content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    with contextlib.closing(line):
        verb = method or ("GET" if content is None else "POST")
        line.request(verb, path, content, {**({} if content is None else JSON_HEAD), **(headers or {})})
        answer = line.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


@contextlib.contextmanager
def connected(server: Running) -> Iterator[socket.socket]:
    """A connection to do with as one likes."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as line:
        yield line


def received(line: socket.socket) -> Answer:
    """The answer on this connection, up to its end or to the length that it tells."""
    got = b""
    while True:
        head, found, body = got.partition(b"\r\n\r\n")
        if found:
            first, *rest = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
            length = headers.get("content-length")
            if length is not None and len(body) >= int(length):
                return Answer(int(first.split()[1]), headers, body[: int(length)])
        more = line.recv(1 << 16)
        if not more:
            raise ConnectionError(f"closed after {got[:200]!r}")
        got += more


def seconds_until_closed(line: socket.socket, within: float) -> float:
    """How long it takes until the other side ends the connection.

    Raises:
        TimeoutError: it does not, within so many seconds.
    """
    begin = time.monotonic()
    line.settimeout(within)
    with contextlib.suppress(ConnectionError):
        while line.recv(1 << 16):
            pass
    return time.monotonic() - begin


def events(body: bytes) -> list[tuple[str, Any]]:
    """Server-sent events."""
    found: list[tuple[str, Any]] = []
    for block in body.decode().split("\n\n"):
        if block:
            name, data = block.split("\n")
            found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found
