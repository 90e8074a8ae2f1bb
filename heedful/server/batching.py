"""Inputs that arrive together are searched together: one queue, one thread that searches, results as of single calls.

While a batch is searched the next one gathers; and where others are just being read or answered, a batch waits for them, a
few milliseconds. Nobody who is alone waits.
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
        self.coming = coming  # how many predictions are in hand
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
        for place, source in enumerate(sources):
            number, answer = next(self.count), loop.create_future()
            mine.append(Waiting(turn + place, number, served, settings, source.row, source.units, answer))
            insort(self.queue, mine[-1])
        self.numbers.waiting.set(len(self.queue))
        self.arrived.set()
        try:
            return list(await asyncio.gather(*(waiting.answer for waiting in mine)))
        finally:
            if any(not waiting.answer.done() or waiting.answer.cancelled() for waiting in mine):
                self._leave(mine)

    def _leave(self, mine: Sequence[Waiting]) -> None:
        """Whoever asked has gone: what is in the queue makes room at once, what is searched is given up."""
        for waiting in mine:
            waiting.answer.cancel()
        before = len(self.queue)
        self.queue = [waiting for waiting in self.queue if not waiting.answer.done()]
        self.numbers.cancelled.inc(before - len(self.queue))
        self.numbers.waiting.set(len(self.queue))

    @property
    def is_alive(self) -> bool:
        """Whether anybody is going to answer."""
        return self.running is not None and not self.running.done()

    async def _run(self) -> None:
        while True:
            await self.arrived.wait()
            batch: list[Waiting] = []
            try:
                await self._gather()
                batch = self._next()
                if batch:
                    await self._answer(batch)
            except Exception as error:  # noqa: BLE001 (whatever it is, the next batch is to be answered)
                self.log.bug(error, inputs=len(batch))
                for waiting in batch or self.queue[:1]:
                    if not waiting.answer.done():
                        waiting.answer.set_exception(error)
                self.queue = [waiting for waiting in self.queue if not waiting.answer.done()]

    async def _answer(self, batch: list[Waiting]) -> None:
        watch = Watch()
        try:
            results = await asyncio.get_running_loop().run_in_executor(self.thread, self._search, batch)
        except AbandonedError:
            return
        except Exception as error:  # noqa: BLE001 (one bad input must not take the others along)
            await self._one_by_one(batch, error)
            return
        self.numbers.batches.observe(len(batch))
        self.numbers.search.observe(watch.seconds)
        for waiting, result in zip(batch, results, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(result)

    async def _gather(self) -> None:
        """Waits a few milliseconds where more predictions are in hand than stand in the queue.

        Those are about to be queued, or have just been answered, and whoever asked them is likely to ask again.
        """
        begin = Watch()
        while len(self.queue) < min(self.coming(), self.limits.batch_inputs):
            if begin.seconds * 1000 >= self.limits.batch_ms:
                break
            await asyncio.sleep(self.limits.batch_ms / 4000)

    def _next(self) -> list[Waiting]:
        """The input whose turn it is, and those of like length that are searched alike, within the budget."""
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
