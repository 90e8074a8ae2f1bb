"""Inputs that arrive together are searched together: one queue, one thread that searches, results as of single calls.

While a batch is searched the next one gathers, so under load nobody waits for company; only where others are just being
read does a batch wait for them, a few milliseconds.
"""

import asyncio
import itertools
from bisect import insort
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from heedful.codec import Row
from heedful.results import Result
from heedful.search.settings import SearchSettings
from heedful.server.inputs import Source
from heedful.server.limits import Limits
from heedful.server.refusals import overloaded
from heedful.server.served import Served
from heedful.server.telling import Log, Numbers, Watch

LOOKED_AHEAD = 4
"""A batch is chosen, by length, among so many times its size of those that have waited longest."""


class AbandonedError(Exception):
    """Everybody who asked for this batch has gone."""


@dataclass(order=True)
class Waiting:
    """One input in the queue.

    ``turn`` is the number of its request plus its place in it, so that a request of hundreds of inputs does not keep those
    that come after it waiting for all of them.
    """

    turn: int
    number: int
    served: Served = field(compare=False)
    settings: SearchSettings = field(compare=False)
    row: Row = field(compare=False)
    units: int = field(compare=False)
    answer: "asyncio.Future[Result]" = field(compare=False)


class Batcher:
    """The queue and its thread."""

    def __init__(self, limits: Limits, log: Log, numbers: Numbers, coming: Callable[[], int]) -> None:
        self.limits, self.log, self.numbers = limits, log, numbers
        self.coming = coming  # how many requests are in hand, in the queue or on their way to it
        self.queue: list[Waiting] = []
        self.arrived = asyncio.Event()
        self.turns, self.count = itertools.count(), itertools.count()
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="heedful-search")
        self.running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to answer."""
        self.running = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Ends; who still waits is cancelled."""
        if self.running is not None:
            self.running.cancel()
            await asyncio.gather(self.running, return_exceptions=True)
        for waiting in self.queue:
            waiting.answer.cancel()
        self.thread.shutdown(wait=True, cancel_futures=True)

    async def answer(self, served: Served, settings: SearchSettings, sources: Sequence[Source]) -> list[Result]:
        """A result for every source, in their order.

        Raises:
            Refusal: 503, too much is waiting.
        """
        if self.queue and len(self.queue) + len(sources) > self.limits.waiting:
            raise overloaded()
        loop, turn = asyncio.get_running_loop(), next(self.turns)
        mine: list[Waiting] = []
        for place, (row, units) in enumerate(sources):
            mine.append(Waiting(turn + place, next(self.count), served, settings, row, units, loop.create_future()))
            insort(self.queue, mine[-1])
        self.numbers.waiting.set(len(self.queue))
        self.arrived.set()
        try:
            return list(await asyncio.gather(*(waiting.answer for waiting in mine)))
        finally:
            for waiting in mine:
                waiting.answer.cancel()  # no effect on what is done

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self.arrived.wait()
            await self._gather()
            batch = self._next()
            if not batch:
                continue
            watch = Watch()
            try:
                results = await loop.run_in_executor(self.thread, self._search, batch)
            except AbandonedError:
                continue
            except Exception as error:  # noqa: BLE001 (one bad input must not take the others along)
                await self._one_by_one(batch, error)
                continue
            self.numbers.batches.observe(len(batch))
            self.numbers.search.observe(watch.seconds)
            for waiting, result in zip(batch, results, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(result)

    async def _gather(self) -> None:
        """Waits a little where requests are in hand that are not in the queue yet."""
        if self.limits.batch_ms <= 0:
            return
        end = Watch()
        while len(self.queue) < min(self.coming(), self.limits.batch_inputs):
            if end.seconds * 1000 >= self.limits.batch_ms:
                break
            await asyncio.sleep(self.limits.batch_ms / 4000)

    def _next(self) -> list[Waiting]:
        """The input whose turn it is, and those of like length that are searched alike, within the budget."""
        gone = [waiting for waiting in self.queue if waiting.answer.done()]
        if gone:
            self.numbers.cancelled.inc(len(gone))
            self.queue = [waiting for waiting in self.queue if not waiting.answer.done()]
        chosen: list[Waiting] = []
        if self.queue:
            head = self.queue[0]
            alike = [each for each in self.queue if each.served is head.served and each.settings == head.settings]
            alike = alike[: self.limits.batch_inputs * LOOKED_AHEAD]
            alike.sort(key=lambda each: abs(each.units - head.units))  # stable: of equals, who waited longest
            longest = 0
            for waiting in alike:
                longest = max(longest, waiting.units)
                cost = (len(chosen) + 1) * longest * head.settings.beam_size
                if chosen and (len(chosen) >= self.limits.batch_inputs or cost > self.limits.batch_units):
                    break
                chosen.append(waiting)
            taken = {waiting.number for waiting in chosen}
            self.queue = [waiting for waiting in self.queue if waiting.number not in taken]
        if not self.queue:
            self.arrived.clear()
        self.numbers.waiting.set(len(self.queue))
        return chosen

    def _search(self, batch: list[Waiting]) -> list[Result]:
        """In the thread. What nobody waits for any more is given up between two steps."""
        if batch[0].answer.cancelled() and all(waiting.answer.cancelled() for waiting in batch):
            raise AbandonedError

        def watch() -> None:
            if batch[0].answer.cancelled() and all(waiting.answer.cancelled() for waiting in batch):
                raise AbandonedError

        rows, predictor = [waiting.row for waiting in batch], batch[0].served.predictor
        results = predictor.search(rows, batch[0].settings, len(rows), watch=watch)
        self.numbers.inputs.labels(batch[0].served.name).inc(len(batch))
        return results

    async def _one_by_one(self, batch: list[Waiting], error: Exception) -> None:
        """After a failure: each alone, so that only who caused it is told of it."""
        loop = asyncio.get_running_loop()
        self.log.bug(error, inputs=len(batch), model=batch[0].served.name)
        for waiting in batch:
            if waiting.answer.done():
                continue
            try:
                (result,) = await loop.run_in_executor(self.thread, self._search, [waiting])
            except AbandonedError:
                continue
            except Exception as again:  # noqa: BLE001 (whatever it is, it is this input's answer)
                if not waiting.answer.done():
                    waiting.answer.set_exception(again)
            else:
                if not waiting.answer.done():
                    waiting.answer.set_result(result)
