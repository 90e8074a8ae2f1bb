"""What stands before every route: who may ask, how much, and for how long; and what leaves with every answer.

An ASGI application around the other. It reads the body itself, within its limits, so that routes never see half of one.
"""

import asyncio
import hmac
import json
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from heedful.server.limits import Limits
from heedful.server.refusals import Refusal, deadline, overloaded
from heedful.server.telling import Log, Numbers, Watch

Headers: TypeAlias = list[tuple[bytes, bytes]]

OPEN = ("/", "/healthz", "/readyz")
"""What needs no token: the page, which holds nothing of anybody's, and what a balancer asks."""
STATIC = "/static/"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ALWAYS: Headers = [
    (b"content-security-policy", POLICY.encode()),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]
PREDICT = "/v1/predict"
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:/@\[\]\s]+)(?::\d{1,5})?")
SMALL = 1 << 14
"""A body up to this size is read whatever others send."""
GONE = 499
"""What is noted where nobody waited for the answer, as others do."""
DRAINED_SECONDS = 2.0
"""So long what still comes of a refused body is thrown away, so that the sender gets to read why."""


class Guard:
    """The doorkeeper.

    ``predicting`` counts predictions in hand, from their turn to the end of the answer; ``bytes`` what bodies hold beyond
    ``SMALL``.
    """

    def __init__(
        self, app: ASGIApp, limits: Limits, log: Log, numbers: Numbers, *, hosts: Sequence[str], token: str | None
    ) -> None:
        self.app, self.limits, self.log, self.numbers = app, limits, log, numbers
        self.hosts = frozenset(host.lower() for host in hosts)
        self.token = None if token is None else token.encode()
        self.in_hand = self.predicting = self.bytes = 0
        self.turns = asyncio.Semaphore(limits.requests)  # who waits longest comes first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        visit = Visit(self, scope, receive, send)
        self.in_hand += 1
        try:
            await visit.run()
        finally:
            self.in_hand -= 1

    def check(self, scope: Scope) -> None:
        """Refuses whoever may not ask, before anything is read.

        Raises:
            Refusal: 400, 401, 403, 415 or 431.
        """
        given: Headers = scope["headers"]
        if sum(len(name) + len(value) + 4 for name, value in given) > self.limits.max_header:
            raise Refusal(431, "headers_too_large", f"headers are {self.limits.max_header:,} bytes at most")
        headers = dict(given)
        host = headers.get(b"host", b"").decode("latin-1")
        named = HOST.fullmatch(host)
        if named is None or named[1].lower() not in self.hosts:
            raise Refusal(400, "foreign_host", "this server has another name", field="Host")
        self._check_origin(scope, [value for name, value in given if name == b"origin"], headers, host)
        self._check_token(scope["path"], headers)
        if headers.get(b"content-encoding", b"identity").lower() not in (b"identity", b""):
            raise Refusal(415, "compressed", "send the body as it is, not compressed", field="Content-Encoding")
        if scope["method"] == "POST":
            kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
            if kind != b"application/json":
                raise Refusal(415, "not_json", "send a JSON object as application/json", field="Content-Type")

    def _check_origin(self, scope: Scope, origins: list[bytes], headers: dict[bytes, bytes], host: str) -> None:
        ours = (f"http://{host}".lower(), f"https://{host}".lower())
        foreign = any(origin.decode("latin-1").lower() not in ours for origin in origins)
        if headers.get(b"sec-fetch-site", b"").lower() == b"cross-site":
            # a link that leads to the page is no page that asks: nothing of ours is told to where it stood
            followed = scope["method"] == "GET" and headers.get(b"sec-fetch-mode", b"").lower() == b"navigate"
            foreign = foreign or not followed
        if foreign:
            raise Refusal(403, "foreign_origin", "pages of other origins may not ask this server", field="Origin")

    def _check_token(self, path: str, headers: dict[bytes, bytes]) -> None:
        if self.token is None or path in OPEN or path.startswith(STATIC):
            return
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self.token):
            told = {"WWW-Authenticate": 'Bearer realm="heedful"'}
            raise Refusal(401, "no_token", "send the token as Authorization: Bearer", headers=told)


class Visit:
    """One request on its way through."""

    def __init__(self, guard: Guard, scope: Scope, receive: Receive, send: Send) -> None:
        self.guard, self.scope, self.receive, self.send_on = guard, scope, receive, send
        self.watch, self.number = Watch(), secrets.token_hex(6)
        self.status, self.started, self.whole = 0, False, False
        self.held = 0
        self.told: dict[str, Any] = {}
        scope.setdefault("state", {})["told"] = self.told  # what a route wants in the log's line

    async def run(self) -> None:
        """Checks, reads, answers, and writes its line."""
        try:
            self.guard.check(self.scope)
            body = await self._read()
            if body is None:
                self.status = GONE
            else:
                await self._answer(body)
        except Refusal as refusal:
            await self._refuse(refusal)
        except Exception as error:  # noqa: BLE001 (a bug of ours: told in the log, and nowhere else)
            self.guard.log.bug(error, id=self.number)
            if not self.started:
                await self._refuse(Refusal(500, "bug", "something went wrong here"))
        finally:
            self.guard.bytes -= self.held
            self._note()

    async def _read(self) -> bytes | None:
        """The whole body; None where the sender went away. Only what is posted has one that anybody reads.

        Raises:
            Refusal: 413, it is too large; 408, it took too long; 503, too much of others' is being read.
        """
        if self.scope["method"] != "POST":
            return b""
        limits = self.guard.limits
        declared = dict(self.scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limits.max_body:
            raise _too_large(limits)
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(limits.body_seconds):
                while True:
                    message = await self.receive()
                    if message["type"] == "http.disconnect":
                        return None
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > limits.max_body:
                        raise _too_large(limits)
                    self._hold(max(0, size - SMALL))
                    if not message.get("more_body", False):
                        self.whole = True
                        return b"".join(parts)
        except TimeoutError:
            raise Refusal(408, "too_slow", f"a body arrives within {limits.body_seconds:g} seconds") from None

    def _hold(self, size: int) -> None:
        self.guard.bytes += size - self.held
        self.held = size
        if size and self.guard.bytes > self.guard.limits.bodies:
            raise overloaded("too much is being sent at once; come again")

    async def _answer(self, body: bytes) -> None:
        """Lets the application answer, as long as somebody waits for it and the time lasts."""
        given = False
        loop = asyncio.get_running_loop()
        gone = loop.create_task(self._gone())

        async def receive() -> Message:
            nonlocal given
            if not given:
                given = True
                return {"type": "http.request", "body": body, "more_body": False}
            await asyncio.shield(gone)
            return {"type": "http.disconnect"}

        work = loop.create_task(self._work(receive))
        try:
            seconds = self.guard.limits.request_seconds
            await asyncio.wait({work, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            late = not work.done() and not gone.done()
        finally:
            for task in (work, gone):
                if not task.done():
                    task.cancel()
        with suppress(asyncio.CancelledError):
            await work
        if late and not self.started:
            raise deadline()
        if work.cancelled() and not self.started:
            self.status = GONE

    async def _gone(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _work(self, receive: Receive) -> None:
        if self.scope["method"] != "POST":
            await self.guard.app(self.scope, receive, self._send)
            return
        try:
            async with asyncio.timeout(self.guard.limits.parked_seconds):
                await self.guard.turns.acquire()
        except TimeoutError:
            self.guard.numbers.refused.inc()
            raise overloaded() from None
        predicts = self.scope["path"] == PREDICT
        self.guard.predicting += predicts
        try:
            await self.guard.app(self.scope, receive, self._send)
        finally:
            self.guard.predicting -= predicts
            self.guard.turns.release()

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started, self.status = True, message["status"]
            given: Headers = list(message.get("headers", []))
            names = {name for name, _ in given}
            message = {**message, "headers": [*given, *(each for each in ALWAYS if each[0] not in names)]}
        await self.send_on(message)

    async def _refuse(self, refusal: Refusal) -> None:
        """Answers, and then takes what still comes of the body: closing at once would tear the answer away."""
        if self.started:
            return
        content = json.dumps(refusal.record()).encode()
        headers: Headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
            *((name.lower().encode(), value.encode()) for name, value in (refusal.headers or {}).items()),
        ]
        closing = not self.whole  # something may still come, and nobody is going to read it
        if closing:
            headers.append((b"connection", b"close"))
        await self._send({"type": "http.response.start", "status": refusal.status_code, "headers": headers})
        await self.send_on({"type": "http.response.body", "body": content, "more_body": closing})
        if closing:
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAINED_SECONDS):
                    while (message := await self.receive())["type"] == "http.request" and message.get(
                        "more_body", False
                    ):
                        pass
            await self.send_on({"type": "http.response.body", "body": b"", "more_body": False})

    def _note(self) -> None:
        route = getattr(self.scope.get("route"), "path", "other")
        method = self.scope["method"] if self.scope["method"] in METHODS else "other"
        self.guard.numbers.requests.labels(method, route, str(self.status)).inc()
        self.guard.numbers.seconds.labels(route).observe(self.watch.seconds)
        if self.guard.log.requests:
            milliseconds = round(1000 * self.watch.seconds, 1)
            self.guard.log.tell(
                "request", id=self.number, method=method, route=route, status=self.status, ms=milliseconds, **self.told
            )


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


def _too_large(limits: Limits) -> Refusal:
    return Refusal(413, "body_too_large", f"a body has {limits.max_body:,} bytes at most", field="")
