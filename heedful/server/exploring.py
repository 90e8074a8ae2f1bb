"""One source looked into, in a thread of its own: streamed while it is searched, or as a whole."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from heedful.errors import HeedfulError, SettingsError
from heedful.explorer import Explorer, Hold
from heedful.search.settings import SearchSettings
from heedful.server import records
from heedful.server.inputs import Source
from heedful.server.limits import Limits
from heedful.server.refusals import Refusal, deadline, overloaded, unprocessable
from heedful.server.requests import Exploring
from heedful.server.served import Served
from heedful.server.telling import Log

THREADS = 2
AHEAD = 32
"""So many events of a stream are made before somebody has to read."""
LAST = ("result", "error")
Found = TypeVar("Found")


class _LeftError(Exception):
    """Whoever asked has gone."""


class Event(NamedTuple):
    """One event of a stream: its name and its body, as JSON; ``refusal`` where it is an error."""

    name: str
    body: bytes
    refusal: Refusal | None = None


class _Line:
    """From the thread that searches to the loop that sends; the thread waits where nobody reads."""

    def __init__(self, stopping: threading.Event) -> None:
        self.stopping = stopping
        self.loop, self.events = asyncio.get_running_loop(), asyncio.Queue[Event]()
        self.room, self.left = threading.Semaphore(AHEAD), threading.Event()

    def watch(self) -> None:
        """Gives up where nobody is there any more."""
        if self.left.is_set() or self.stopping.is_set():
            raise _LeftError

    def tell(self, event: Event) -> None:
        """In the thread."""
        while not self.room.acquire(timeout=0.2):
            self.watch()
        self.watch()
        self.loop.call_soon_threadsafe(self.events.put_nowait, event)

    async def next(self) -> Event:
        """In the loop."""
        event = await self.events.get()
        self.room.release()
        return event


class Explorations:
    """Runs explorations, a few at a time and few in waiting."""

    def __init__(self, limits: Limits, log: Log) -> None:
        self.limits, self.log = limits, log
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="heedful-explore")
        self.in_hand, self.stopping = 0, threading.Event()

    def stop(self) -> None:
        """Ends when those that run have given up: nobody reads what they tell any more."""
        self.stopping.set()
        self.threads.shutdown(wait=True, cancel_futures=True)

    async def run(self, work: Callable[[], Found]) -> Found:
        """What the work gives, in one of the threads.

        Raises:
            Refusal: 503, too many are at it.
        """
        return await asyncio.wrap_future(self._begin(work))

    def _begin(self, work: Callable[[], Found]) -> Any:
        if self.in_hand >= self.limits.explorations:
            raise overloaded("too many people explore at once; come again")
        self.in_hand += 1
        loop, begun = asyncio.get_running_loop(), self.threads.submit(work)
        begun.add_done_callback(lambda _: loop.call_soon_threadsafe(self._end))
        return begun

    def _end(self) -> None:
        self.in_hand -= 1

    async def events(
        self, served: Served, asked: Exploring, source: Source, settings: SearchSettings
    ) -> AsyncGenerator[Event, None]:
        """``source``, then a ``step`` for every step, then ``result``; or ``error`` at any time.

        Raises:
            Refusal: before the first event: 503, too many are at it.
        """
        line = _Line(self.stopping)
        begun = self._begin(lambda: self._work(served, asked, source, settings, line))
        try:
            async with asyncio.timeout(
                0.95 * self.limits.request_seconds
            ):  # before the guard's, which ends it wordless
                while True:
                    event = await line.next()
                    yield event
                    if event.name in LAST:
                        break
        except TimeoutError:
            yield _error(deadline())
        finally:
            line.left.set()
            begun.cancel()

    def _work(self, served: Served, asked: Exploring, source: Source, settings: SearchSettings, line: _Line) -> None:
        """In a thread."""
        with contextlib.suppress(_LeftError):
            try:
                line.tell(self._explore(served, asked, source, settings, line))
            except _LeftError:
                pass
            except SettingsError as error:
                line.tell(_error(unprocessable("impossible", "", str(error))))
            except HeedfulError as error:
                self.log.bug(error, model=served.name)
                line.tell(_error(Refusal(500, "broken_model", "the model gives no answer")))
            except Exception as error:  # noqa: BLE001 (a bug of ours is told in the log)
                self.log.bug(error, model=served.name)
                line.tell(_error(Refusal(500, "bug", "something went wrong here")))

    def _explore(
        self, served: Served, asked: Exploring, source: Source, settings: SearchSettings, line: _Line
    ) -> Event:
        predictor, explorer = served.predictor, Explorer(served.predictor)
        look = explorer.look(source.row)
        painted = None if look.scene is None else records.scene(predictor.painted(look.scene, source.row))
        told = {"model": served.name, "attends": served.attends, "scene": painted}
        first = {**told, "source": records.source(look.text, look.units, look.unknown)}
        line.tell(Event("source", records.written(first)))
        holds = [Hold.on(each.position, len(look.units), each.step) for each in asked.hold]
        walk = explorer.watch(
            source.row, settings, prefix=asked.prefix, end=asked.end, holds=holds, count=asked.alternatives,
            watched=line.watch,
        )  # fmt: skip
        while True:
            try:
                line.tell(Event("step", records.written(records.moment(next(walk)))))
            except StopIteration as end:
                made = records.explored(served.name, end.value, attends=served.attends, painted=painted)
                return Event("result", records.written(made, large=True))


def _error(refusal: Refusal) -> Event:
    return Event("error", records.written(refusal.record()), refusal)
