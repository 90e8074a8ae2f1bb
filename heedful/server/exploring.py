"""One source looked into, in a thread of its own: streamed while it is searched, or as a whole."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from heedful.errors import HeedfulError
from heedful.explorer import Explorer, Hold
from heedful.search.settings import SearchSettings
from heedful.server import records
from heedful.server.inputs import Source
from heedful.server.limits import Limits
from heedful.server.refusals import Refusal, overloaded, unprocessable
from heedful.server.requests import Exploring
from heedful.server.served import Served
from heedful.server.telling import Log

THREADS = 2


class _LeftError(Exception):
    """Whoever asked has gone."""


class Explorations:
    """Runs explorations, a few at a time and few in waiting."""

    def __init__(self, limits: Limits, log: Log) -> None:
        self.limits, self.log = limits, log
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="heedful-explore")
        self.in_hand = 0

    def stop(self) -> None:
        """Ends when those that run have ended."""
        self.threads.shutdown(wait=True, cancel_futures=True)

    async def events(
        self, served: Served, asked: Exploring, given: Source
    ) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """``source``, then a ``step`` for every step, then ``result``; or ``error`` at any time.

        Raises:
            Refusal: before the first event: 503, too many are at it; 422, a field of the request is impossible.
        """
        settings = served.settings(asked, self.limits)
        if self.in_hand >= self.limits.explorations:
            raise overloaded("too many people explore at once; come again")
        self.in_hand += 1
        loop, queue, left = asyncio.get_running_loop(), asyncio.Queue[tuple[str, dict[str, Any]]](), threading.Event()

        def tell(name: str, record: dict[str, Any]) -> None:
            if left.is_set():
                raise _LeftError
            loop.call_soon_threadsafe(queue.put_nowait, (name, record))

        work = loop.run_in_executor(self.threads, self._work, served, asked, given.row, settings, tell)
        try:
            while True:
                name, record = await queue.get()
                yield name, record
                if name in ("result", "error"):
                    break
        finally:
            left.set()
            self.in_hand -= 1
            if not work.cancel():
                work.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _work(self, served: Served, asked: Exploring, row: Any, settings: SearchSettings, tell: Any) -> None:
        """In a thread."""
        try:
            tell("result", self._explore(served, asked, row, settings, tell))
        except _LeftError:
            pass
        except Refusal as refusal:
            _told(tell, refusal)
        except HeedfulError as error:
            _told(tell, unprocessable("impossible", "", str(error)))
        except Exception as error:  # noqa: BLE001 (a bug of ours is told in the log)
            self.log.bug(error, model=served.name)
            _told(tell, Refusal(500, "bug", "something went wrong here"))

    def _explore(
        self, served: Served, asked: Exploring, row: Any, settings: SearchSettings, tell: Any
    ) -> dict[str, Any]:
        predictor, explorer = served.predictor, Explorer(served.predictor)
        look = explorer.look(row)
        painted = None if look.scene is None else records.scene(predictor.painted(look.scene, row))
        told = {"model": served.name, "attends": served.attends, "scene": painted}
        tell("source", {**told, "source": records.source(look.text, look.units, look.unknown)})
        holds = [Hold.on(each.position, len(look.units), each.step) for each in asked.hold]
        watched = explorer.watch(
            row, settings, prefix=asked.prefix, end=asked.end, holds=holds,
            count=min(asked.alternatives, self.limits.max_alternatives),
        )  # fmt: skip
        while True:
            try:
                tell("step", records.moment(next(watched)))
            except StopIteration as end:
                return records.explored(served.name, end.value, attends=served.attends, painted=painted)


def _told(tell: Any, refusal: Refusal) -> None:
    with contextlib.suppress(_LeftError):
        tell("error", {**refusal.record(), "status": refusal.status_code})
