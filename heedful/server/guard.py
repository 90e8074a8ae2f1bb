"""What stands before every route: who may ask, how much, and for how long; and what leaves with every answer.

An ASGI application around the other. It reads the body itself, within its limits, so that routes never see half of one.
"""

import asyncio
import hmac
import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from heedful.server.limits import Limits
from heedful.server.refusals import Refusal
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
DRAINED_SECONDS = 2.0
"""So long what still comes of a refused body is thrown away, so that the sender gets to read why."""


class Guard:
    """The doorkeeper. ``in_hand`` counts requests whose answer is not complete."""

    def __init__(
        self, app: ASGIApp, limits: Limits, log: Log, numbers: Numbers, *, hosts: Sequence[str], token: str | None
    ) -> None:
        self.app, self.limits, self.log, self.numbers = app, limits, log, numbers
        self.hosts = frozenset(host.lower() for host in hosts)
        self.token = None if token is None else token.encode()
        self.in_hand = 0

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

    def check(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        """Refuses whoever may not ask, before anything is read.

        Raises:
            Refusal: 400, 401, 403, 415 or 431.
        """
        if sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > self.limits.max_header:
            raise Refusal(431, "headers_too_large", f"headers are {self.limits.max_header:,} bytes at most")
        host = headers.get(b"host", b"").decode("latin-1")
        if _name(host) not in self.hosts:
            raise Refusal(400, "foreign_host", "this server has another name", field="Host")
        self._check_origin(headers, host)
        self._check_token(scope["path"], headers)
        if headers.get(b"content-encoding", b"identity").lower() not in (b"identity", b""):
            raise Refusal(415, "compressed", "send the body as it is, not compressed", field="Content-Encoding")
        if scope["method"] == "POST":
            kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
            if kind != b"application/json":
                raise Refusal(415, "not_json", "send a JSON object as application/json", field="Content-Type")

    def _check_origin(self, headers: dict[bytes, bytes], host: str) -> None:
        origin = headers.get(b"origin")
        foreign = origin is not None and urlsplit(origin.decode("latin-1")).netloc.lower() != host.lower()
        if foreign or headers.get(b"sec-fetch-site", b"").lower() == b"cross-site":
            raise Refusal(403, "foreign_origin", "pages of other origins may not ask this server", field="Origin")

    def _check_token(self, path: str, headers: dict[bytes, bytes]) -> None:
        if self.token is None or path in OPEN or path.startswith(STATIC):
            return
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self.token):
            told = {"WWW-Authenticate": 'Bearer realm="heedful"'}
            raise Refusal(401, "no_token", "send the token as Authorization: Bearer", headers=told)


def _name(host: str) -> str:
    """The host without its port; an IPv6 address keeps its brackets."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower()


class Visit:
    """One request on its way through."""

    def __init__(self, guard: Guard, scope: Scope, receive: Receive, send: Send) -> None:
        self.guard, self.scope, self.receive, self.send_on = guard, scope, receive, send
        self.watch, self.number = Watch(), secrets.token_hex(6)
        self.status, self.started, self.whole = 0, False, False
        self.told: dict[str, Any] = {}
        scope.setdefault("state", {})["told"] = self.told  # what a route wants in the log's line

    async def run(self) -> None:
        """Checks, reads, answers, and writes its line."""
        try:
            headers = dict(self.scope["headers"])
            self.guard.check(self.scope, headers)
            body = await self._read(headers)
            if body is not None:
                await self._answer(body)
        except Refusal as refusal:
            await self._refuse(refusal)
        except Exception as error:  # noqa: BLE001 (a bug of ours: told in the log, and nowhere else)
            self.guard.log.bug(error, id=self.number)
            if not self.started:
                await self._refuse(Refusal(500, "bug", "something went wrong here"))
        finally:
            self._note()

    async def _read(self, headers: dict[bytes, bytes]) -> bytes | None:
        """The whole body; None where the sender went away.

        Raises:
            Refusal: 413, it is too large; 408, it took too long.
        """
        limits = self.guard.limits
        declared = headers.get(b"content-length", b"0")
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
                    if not message.get("more_body", False):
                        self.whole = True
                        return b"".join(parts)
        except TimeoutError:
            raise Refusal(408, "too_slow", f"a body arrives within {limits.body_seconds:g} seconds") from None

    async def _answer(self, body: bytes) -> None:
        """Lets the application answer, as long as somebody waits for it and the time lasts."""
        given = False
        gone = asyncio.get_running_loop().create_task(self._gone())

        async def receive() -> Message:
            nonlocal given
            if not given:
                given = True
                return {"type": "http.request", "body": body, "more_body": False}
            await asyncio.shield(gone)
            return {"type": "http.disconnect"}

        work = asyncio.get_running_loop().create_task(self._work(receive))
        try:
            await asyncio.wait(
                {work, gone}, timeout=self.guard.limits.request_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            late = not work.done() and not gone.done()
        finally:
            for task in (work, gone):
                if not task.done():
                    task.cancel()
        with suppress(asyncio.CancelledError):
            await work
        if late and not self.started:
            raise Refusal(503, "deadline", "the answer took too long", headers={"Retry-After": "5"})
        if work.cancelled() and not self.started:
            self.status = 499  # as others count those who did not wait

    async def _gone(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _work(self, receive: Receive) -> None:
        await self.guard.app(self.scope, receive, self._send)

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
