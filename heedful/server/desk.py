"""Who answers: from a request that is whole and allowed to its answer, within what one answer and all together may take."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any, TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

import heedful
from heedful.errors import HeedfulError
from heedful.results import Hypothesis, Result
from heedful.search.settings import SearchSettings
from heedful.server import records
from heedful.server.batching import Batcher
from heedful.server.exploring import Event, Explorations
from heedful.server.inputs import Source, checked_text, source_of, sources_of
from heedful.server.limits import Limits
from heedful.server.refusals import overloaded, unprocessable
from heedful.server.requests import Attending, Exploring, Predicting, Searching
from heedful.server.served import Served, Shelf
from heedful.server.telling import Log, Numbers

READY_SECONDS = 10.0
READY_FOR = 1.0
"""So long what a readiness probe found is told again: whoever asks all day long takes nothing from others."""
LARGE = 50_000
"""From so many numbers on an answer is written in a thread, and the loop goes on meanwhile."""
Found = TypeVar("Found")


class Stream(StreamingResponse):
    """Events as they come. However it ends, their source is closed: nobody else would do it before memory is tidied up."""

    def __init__(self, first: Event, events: AsyncGenerator[Event, None]) -> None:
        self.first, self.events = first, events
        super().__init__(self._written(), media_type="text/event-stream")

    async def _written(self) -> AsyncGenerator[bytes, None]:
        yield records.event(self.first.name, self.first.body)
        async for event in self.events:
            yield records.event(event.name, event.body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends them."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self.events.aclose()


class Desk:
    """What answers requests: the models, the queue, the explorations."""

    def __init__(self, shelf: Shelf, limits: Limits, log: Log, coming: Callable[[], int]) -> None:
        self.shelf, self.limits, self.log = shelf, limits, log
        self.numbers = Numbers(shelf.served)
        self.batcher = Batcher(limits, log, self.numbers, coming)
        self.explorations = Explorations(limits, log)
        self.hands = ThreadPoolExecutor(1, thread_name_prefix="heedful-hands")
        self.taken = 0
        self.ready_until, self.probing = 0.0, asyncio.Lock()

    @asynccontextmanager
    async def living(self, app: FastAPI) -> AsyncIterator[None]:
        """As long as the server is there."""
        self.batcher.start()
        yield
        await self.batcher.stop()
        self.explorations.stop()
        self.hands.shutdown(wait=True, cancel_futures=True)

    async def predict(self, asked: Predicting, request: Request) -> Response:
        """Outputs for inputs."""
        if len(asked.inputs) > self.limits.max_inputs:
            found = f"a request has {self.limits.max_inputs:,} inputs at most, found {len(asked.inputs):,}"
            raise unprocessable("too_many", "inputs", found)
        served, settings = self._how(asked)
        sources = await self._read(served, lambda: sources_of(asked.inputs, served.predictor, self.limits))
        note(request, model=served.name, inputs=len(sources), units=sum(source.units for source in sources))
        count = sum(numbers(served, source, settings) for source in sources)
        with self._taking(count, "inputs"):
            found = iter(await self.batcher.answer(served, settings, [source for source in sources if source.units]))
            results = [next(found) if source.units else Result("", ()) for source in sources]
            return await self._answer(
                count, lambda: {"model": served.name, "results": [result.record() for result in results]}
            )

    async def attend(self, asked: Attending, request: Request) -> Response:
        """Where the model looked."""
        served, settings = self._how(asked)
        if not served.attends:
            raise unprocessable("no_attention", "model", "this model has no attention: its wiring is 'fixed'")
        source = await self._source(served, asked)
        note(request, model=served.name, inputs=1, units=source.units)
        if asked.target is None:
            with self._taking(numbers(served, source, settings), "input"):
                (result,) = await self.batcher.answer(served, settings, [source])
                return await self._attended(served, source, result.hypotheses[0])
        length = self._target(served, asked.target)
        with self._taking(source.media // 4 + length * source.units, "target"):
            force, row, target = served.predictor.force, source.row, asked.target
            (found,) = await self.explorations.run(lambda: force([row], [target]))
            return await self._attended(served, source, found)

    async def explore(self, asked: Exploring, request: Request) -> Response:
        """All there is to see of one input."""
        async with aclosing(self._events(asked, request)) as events:
            async for event in events:
                if event.refusal is not None:
                    raise event.refusal
                if event.name == "result":
                    return Response(event.body, media_type="application/json")
        raise HeedfulError("an exploration ended without a result")

    async def stream(self, asked: Exploring, request: Request) -> StreamingResponse:
        """The same, step by step."""
        events = self._events(asked, request)
        try:
            first = await anext(events)  # what can be refused is refused before the answer begins
            if first.refusal is not None:
                raise first.refusal
        except BaseException:
            await events.aclose()
            raise
        return Stream(first, events)

    def models(self) -> Response:
        """The models and the limits."""
        return answer({
            "heedful": heedful.__version__,
            "models": [each.record.model_dump() for each in self.shelf.served.values()],
            "limits": {name: value for name, value in self.limits.model_dump().items() if name.startswith("max_")},
        })  # fmt: skip

    def healthy(self) -> Response:
        """Whether anybody is there to answer."""
        return answer({"status": "ok"}) if self.batcher.is_alive else _not_ready()

    async def ready(self) -> Response:
        """Whether a real prediction works, of every model."""
        async with self.probing:
            if time.monotonic() < self.ready_until:
                return answer({"status": "ready"})
            try:
                async with asyncio.timeout(READY_SECONDS):
                    for served in self.shelf.served.values():
                        await self.batcher.answer(served, served.predictor.settings, [Source(served.probe, 1)])
            except (TimeoutError, HTTPException, HeedfulError):
                return _not_ready()
            except Exception as error:  # noqa: BLE001 (whatever it is, it is not ready)
                self.log.bug(error)
                return _not_ready()
            self.ready_until = time.monotonic() + READY_FOR
        return answer({"status": "ready"})

    def _how(self, asked: Searching) -> tuple[Served, SearchSettings]:
        served = self.shelf.named(asked.model)
        return served, served.settings(asked, self.limits)

    async def _read(self, served: Served, read: Callable[[], Found]) -> Found:
        """Text is read at once; pictures and sounds take their time, in a thread."""
        if not any(served.predictor.kinds):
            return read()
        return await asyncio.get_running_loop().run_in_executor(self.hands, read)

    async def _source(self, served: Served, asked: Attending | Exploring) -> Source:
        source = await self._read(served, lambda: source_of(asked.input, served.predictor, self.limits, "input"))
        if not source.units:
            raise unprocessable("empty", "input", "the input is empty")
        if source.media > self.limits.max_media:
            raise unprocessable(
                "too_large", "input", f"what a request holds is {self.limits.max_media:,} bytes at most"
            )
        return source

    def _target(self, served: Served, target: str) -> int:
        if len(target) > self.limits.max_characters:
            raise unprocessable("too_long", "target", f"a target has {self.limits.max_characters:,} characters at most")
        length = len(served.predictor.target_units.split(checked_text(target, "target")))
        if not length:
            raise unprocessable("empty", "target", "the target is empty")
        if length > self.limits.max_length:
            raise unprocessable("too_long", "target", f"a target has {self.limits.max_length:,} units at most")
        return length

    @contextmanager
    def _taking(self, count: int, field: str) -> Iterator[None]:
        """As long as an answer of so many numbers is being made.

        Raises:
            Refusal: 422, it would be too large; 503, others of its size are being made.
        """
        most = self.limits.max_numbers
        if count > most:
            way = "fewer or shorter inputs, a smaller n_best, max_length or number of alternatives"
            raise unprocessable("too_large", field, f"the answer could have {count:,} numbers, {most:,} at most; {way}")
        if self.taken and self.taken + count > self.limits.numbers:
            raise overloaded("too many large answers are being made; come again")
        self.taken += count
        try:
            yield
        finally:
            self.taken -= count

    async def _answer(self, count: int, record: Callable[[], Any]) -> Response:
        if count < LARGE:
            return answer(record())
        return await asyncio.get_running_loop().run_in_executor(self.hands, lambda: answer(record(), large=True))

    async def _attended(self, served: Served, source: Source, found: Hypothesis) -> Response:
        attention = found.attention
        if attention is None:
            raise HeedfulError("a model with attention gave none")
        weights, scene = attention.weights, records.scene(attention.scene)
        return await self._answer(weights.size, lambda: {
            "model": served.name, "text": found.text, "score": found.score, "log_prob": found.log_prob,
            "log_probs": list(found.log_probs), "source": list(attention.source), "target": list(attention.target),
            "weights": weights.tolist(), "boxes": scene and scene["boxes"],
        })  # fmt: skip

    async def _events(self, asked: Exploring, request: Request) -> AsyncGenerator[Event, None]:
        served, settings = self._how(asked)
        self._check_what_if(served, asked, settings)
        source = await self._source(served, asked)
        if any(each.position >= source.units for each in asked.hold):
            raise unprocessable("too_large", "hold", f"the input has {source.units:,} positions, counted from zero")
        note(request, model=served.name, inputs=1, units=source.units)
        count = numbers(served, source, settings, len(asked.prefix), asked.alternatives)
        with self._taking(count, "input"):
            async with aclosing(self.explorations.events(served, asked, source, settings)) as events:
                async for event in events:
                    yield event

    def _check_what_if(self, served: Served, asked: Exploring, settings: SearchSettings) -> None:
        longest = settings.max_length or self.limits.max_length
        for name, given in (("prefix", asked.prefix), ("hold", asked.hold)):
            if len(given) > longest:
                raise unprocessable("too_long", name, f"it has max_length, {longest:,}, entries at most")
        if asked.alternatives > self.limits.max_alternatives:
            raise unprocessable("too_large", "alternatives", f"at most {self.limits.max_alternatives:,}")
        checked_text("".join(asked.prefix), "prefix")
        known = served.predictor.codec.target_vocabulary
        for place, unit in enumerate(asked.prefix):
            if unit not in known:
                raise unprocessable("unknown", f"prefix[{place}]", "the model writes no such unit")
        if asked.hold and not served.attends:
            raise unprocessable("no_attention", "hold", "this model has no attention that could be held")


def numbers(served: Served, source: Source, settings: SearchSettings, prefix: int = 0, alternatives: int = 0) -> int:
    """How many numbers the answer for this source may have: weights above all; a picture counts for its bytes."""
    longest = max(
        prefix, min(settings.max_length or source.units, served.predictor.codec.lengths.longest(source.units))
    )
    each = (source.units if served.attends else 0) + 4 * alternatives + 4
    return settings.n_best * (longest + 1) * each + source.media // 4


def note(request: Request, **fields: Any) -> None:
    """For the log's line about this request: numbers and names, never text."""
    request.scope["state"].get("told", {}).update(fields)


def answer(record: Any, *, large: bool = False) -> Response:
    """A JSON answer, written without another look at it."""
    return Response(records.written(record, large=large), media_type="application/json")


def _not_ready() -> Response:
    return Response(b'{"status":"not ready"}', 503, {"Retry-After": "1"}, media_type="application/json")
