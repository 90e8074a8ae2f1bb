"""Clients that ask a server, in a process of their own: ``python -m benchmarks.load`` reads what to do from standard input.

Raw connections, kept alive: a client library would cost more than what it measures. Answers are only cut out while it
runs; whoever started this compares them.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

TEXT, SCORE = b'"text":"', b'"score":'
GIVE_UP = 30.0


class Client(asyncio.Protocol):
    """One connection. ``ask`` sends a request and gives a future of (status, retry-after, body)."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.waiting: asyncio.Future[tuple[int, float, bytes]] | None = None
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps it."""
        self.transport = transport if isinstance(transport, asyncio.Transport) else None

    def ask(self, request: bytes) -> "asyncio.Future[tuple[int, float, bytes]]":
        """Sends."""
        self.waiting = asyncio.get_running_loop().create_future()
        if self.transport is not None:
            self.transport.write(request)
        return self.waiting

    def data_received(self, data: bytes) -> None:
        """An answer has a length; when all of it is there, it is told."""
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        at = lower.find(b"content-length:")
        length = int(lower[at + 15 :].split(b"\r\n", 1)[0])
        if len(body) >= length:
            self.buffer = body[length:]
            after = lower.find(b"retry-after:")
            pause = float(lower[after + 12 :].split(b"\r\n", 1)[0]) if after >= 0 else 0.0
            if self.waiting is not None and not self.waiting.done():
                self.waiting.set_result((int(head[9:12]), pause, body[:length]))

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits has waited for nothing."""
        self.transport = None
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_exception(ConnectionResetError())


async def connected(port: int) -> Client:
    """A new connection."""
    _, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)
    return client


def request_of(body: Any) -> bytes:
    """The bytes of a prediction."""
    content = json.dumps(body, ensure_ascii=False).encode()
    head = f"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
    return head.encode() + b"\r\n\r\n" + content


def cut(body: bytes) -> tuple[str, float]:
    """The first text and score of an answer."""
    at, then = body.find(TEXT) + len(TEXT), body.find(SCORE) + len(SCORE)
    return json.loads(body[at - 1 : body.find(b'"', at) + 1]), float(body[then : body.find(b",", then)])


class Tally:
    """What the clients of one process saw: seconds of good answers with when they came, statuses, and the answers."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.when: list[float] = []
        self.statuses: dict[str, int] = {}
        self.answers: dict[int, list[tuple[str, float]]] = {}

    def count(self, what: str) -> None:
        """One more of these."""
        self.statuses[what] = self.statuses.get(what, 0) + 1


async def client(
    port: int, requests: Sequence[bytes], tally: Tally, end: float, pick: Callable[[], int], *, heed: bool
) -> None:
    """Asks, waits for the answer and asks again, until ``end``. ``heed`` says that it comes again when it is told to."""
    line: Client | None = None
    while time.perf_counter() < end:
        number = pick()
        begin = time.perf_counter()
        try:
            line = line if line is not None and line.transport is not None else await connected(port)
            status, pause, body = await asyncio.wait_for(line.ask(requests[number]), GIVE_UP)
        except (TimeoutError, OSError) as error:
            tally.count(type(error).__name__)
            line = None
            await asyncio.sleep(0.01)
            continue
        now = time.perf_counter()
        tally.count(str(status))
        if status == 200:
            tally.seconds.append(now - begin)
            tally.when.append(now)
            tally.answers.setdefault(number, []).append(cut(body))
        elif pause and heed:
            await asyncio.sleep(pause * random.uniform(0.75, 1.25))


async def arrivals(port: int, requests: Sequence[bytes], tally: Tally, end: float, rate: float) -> None:
    """An open loop: requests come so often a second, whether or not others have been answered; a connection each."""
    pending: set[asyncio.Task[None]] = set()
    begin, made = time.perf_counter(), 0
    while (now := time.perf_counter()) < end:
        while made < (now - begin) * rate and len(pending) < 2000:
            made += 1
            task = asyncio.create_task(once(port, requests[made % len(requests)], made % len(requests), tally))
            pending.add(task)
            task.add_done_callback(pending.discard)
        made = max(made, int((now - begin) * rate) - 2000)
        await asyncio.sleep(0.002)
    if pending:
        await asyncio.wait(pending, timeout=GIVE_UP)


async def anew(port: int, requests: Sequence[bytes], tally: Tally, end: float, pick: Callable[[], int]) -> None:
    """Asks and asks again, each time on a new connection."""
    while time.perf_counter() < end:
        number = pick()
        await once(port, requests[number], number, tally)


async def once(port: int, request: bytes, number: int, tally: Tally) -> None:
    """One request on a connection of its own."""
    begin = time.perf_counter()
    try:
        line = await connected(port)
        status, _, body = await asyncio.wait_for(line.ask(request), GIVE_UP)
    except (TimeoutError, OSError) as error:
        tally.count(type(error).__name__)
        return
    tally.count(str(status))
    if status == 200:
        tally.seconds.append(time.perf_counter() - begin)
        tally.when.append(time.perf_counter())
        tally.answers.setdefault(number, []).append(cut(body))
    if line.transport is not None:
        line.transport.close()


async def drip(port: int, end: float) -> int:
    """A connection that sends a byte a second, and comes again when it is closed; how often it was."""
    closed = 0
    while time.perf_counter() < end:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for byte in request_of({"inputs": ["x" * 2000]}):
            if time.perf_counter() > end:
                break
            try:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.wait_for(reader.read(1000), 1.0)
                closed += 1
                break
            except TimeoutError:
                continue
            except OSError:
                closed += 1
                break
        writer.close()
    return closed


async def run(what: dict[str, Any]) -> dict[str, Any]:
    """Does what it is told, for so many seconds."""
    requests = [request_of(body) for body in what["bodies"]]
    tally, dice = Tally(), random.Random(what.get("seed", 0))
    begin = time.perf_counter()
    end = begin + what["seconds"]
    work = [
        client(what["port"], requests, tally, end, lambda: dice.randrange(len(requests)), heed=what.get("heed", True))
        for _ in range(what.get("clients", 0))
    ]
    if what.get("rate"):
        work.append(arrivals(what["port"], requests, tally, end, what["rate"]))
    work += [
        anew(what["port"], requests, tally, end, lambda: dice.randrange(len(requests)))
        for _ in range(what.get("fresh", 0))
    ]
    drippers = [asyncio.create_task(drip(what["port"], end)) for _ in range(what.get("drippers", 0))]
    await asyncio.gather(*work)
    took = time.perf_counter() - begin
    closed = sum(await asyncio.gather(*drippers))
    return {
        "took": took,
        "seconds": tally.seconds,
        "when": [moment - begin for moment in tally.when],
        "statuses": tally.statuses,
        "answers": {number: sorted(set(found)) for number, found in tally.answers.items()},
        "closed": closed,
    }


if __name__ == "__main__":
    os.nice(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(json.dumps(asyncio.run(run(json.load(sys.stdin)))))
