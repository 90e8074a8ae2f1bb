"""The routes: what may be asked, and who answers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

import heedful
from heedful.errors import HeedfulError
from heedful.inspection.html import policy
from heedful.results import Result
from heedful.server import records
from heedful.server.batching import Batcher
from heedful.server.documentation import documentation
from heedful.server.exploring import Explorations
from heedful.server.files import STATIC, Static
from heedful.server.inputs import checked_text, source_of
from heedful.server.limits import Limits
from heedful.server.refusals import KINDS, Refusal, Refused, unprocessable
from heedful.server.requests import Attending, Exploring, Predicting, StrictRequest, told
from heedful.server.responses import Attended, Explored, Models, Predicted, Status
from heedful.server.served import Shelf, probe
from heedful.server.telling import Log, Numbers

READY_SECONDS = 10.0
REFUSALS: dict[int | str, dict[str, Any]] = {
    kind.status: {"model": Refused, "description": kind.when} for kind in KINDS
}


class StrictRoute(APIRoute):
    """A route whose body is read by ``StrictRequest``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strict


class Desk:
    """What answers requests: the models, the queue, the explorations."""

    def __init__(self, shelf: Shelf, limits: Limits, log: Log, coming: Callable[[], int]) -> None:
        self.shelf, self.limits, self.log = shelf, limits, log
        self.numbers = Numbers(shelf.served)
        self.batcher = Batcher(limits, log, self.numbers, coming)
        self.explorations = Explorations(limits, log)

    @asynccontextmanager
    async def living(self, app: FastAPI) -> AsyncIterator[None]:
        """As long as the server is there."""
        self.batcher.start()
        yield
        await self.batcher.stop()
        self.explorations.stop()

    async def predict(self, asked: Predicting, request: Request) -> Response:
        """Outputs for inputs."""
        if len(asked.inputs) > self.limits.max_inputs:
            found = f"a request has {self.limits.max_inputs:,} inputs at most, found {len(asked.inputs):,}"
            raise unprocessable("too_many", "inputs", found)
        served = self.shelf.named(asked.model)
        settings = served.settings(asked, self.limits)
        sources = [
            source_of(given, served.predictor, self.limits, f"inputs[{place}]")
            for place, given in enumerate(asked.inputs)
        ]
        note(request, model=served.name, inputs=len(sources), units=sum(source.units for source in sources))
        found = iter(await self.batcher.answer(served, settings, [source for source in sources if source.units]))
        results = [next(found) if source.units else Result("", ()) for source in sources]
        return answer({"model": served.name, "results": [result.record() for result in results]})

    async def attend(self, asked: Attending, request: Request) -> Response:
        """Where the model looked."""
        served = self.shelf.named(asked.model)
        if not served.attends:
            raise unprocessable("no_attention", "model", "this model has no attention: its wiring is 'fixed'")
        settings = served.settings(asked, self.limits)
        source = source_of(asked.input, served.predictor, self.limits, "input")
        if not source.units:
            raise unprocessable("empty", "input", "the input is empty")
        note(request, model=served.name, inputs=1, units=source.units)
        if asked.target is None:
            (result,) = await self.batcher.answer(served, settings, [source])
            found = result.hypotheses[0]
        else:
            found = await self._forced(served.predictor.force, source.row, asked.target)
        record = found.record()
        attention = record["attention"]
        scene = None if found.attention is None else found.attention.scene
        boxes = None if scene is None else (records.scene(scene) or {})["boxes"]
        return answer({
            "model": served.name, "text": record["text"], "score": record["score"], "log_prob": record["log_prob"],
            "log_probs": record["log_probs"], "source": attention["source"] if attention else [],
            "target": record["units"], "weights": attention["weights"] if attention else [], "boxes": boxes,
        })  # fmt: skip

    async def _forced(self, force: Any, row: Any, target: str) -> Any:
        if len(target) > self.limits.max_characters:
            raise unprocessable("too_long", "target", f"a target has {self.limits.max_characters:,} characters at most")
        checked_text(target, "target")
        loop = asyncio.get_running_loop()
        (found,) = await loop.run_in_executor(self.batcher.thread, force, [row], [target])
        if not found.units:
            raise unprocessable("empty", "target", "the target is empty")
        return found

    def _checked(self, asked: Exploring) -> None:
        if len(asked.prefix) > self.limits.max_length or len(asked.hold) > self.limits.max_length:
            field = "prefix" if len(asked.prefix) > self.limits.max_length else "hold"
            raise unprocessable("too_long", field, f"it has {self.limits.max_length:,} entries at most")
        if asked.alternatives > self.limits.max_alternatives:
            raise unprocessable("too_large", "alternatives", f"at most {self.limits.max_alternatives:,}")
        checked_text("".join(asked.prefix), "prefix")

    async def _events(self, asked: Exploring, request: Request) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        self._checked(asked)
        served = self.shelf.named(asked.model)
        source = source_of(asked.input, served.predictor, self.limits, "input")
        if not source.units:
            raise unprocessable("empty", "input", "the input is empty")
        if asked.hold and not served.attends:
            raise unprocessable("no_attention", "hold", "this model has no attention that could be held")
        if any(each.position >= source.units for each in asked.hold):
            raise unprocessable("too_large", "hold", f"the input has {source.units:,} positions, counted from zero")
        note(request, model=served.name, inputs=1, units=source.units)
        async for event in self.explorations.events(served, asked, source):
            yield event

    async def explore(self, asked: Exploring, request: Request) -> Response:
        """All there is to see of one input."""
        async for name, record in self._events(asked, request):
            if name == "error":
                raise _refusal(record)
            if name == "result":
                return answer(record)
        raise HeedfulError("an exploration ended without a result")

    async def stream(self, asked: Exploring, request: Request) -> StreamingResponse:
        """The same, step by step."""
        events = self._events(asked, request)
        first = await anext(events)  # what can be refused is refused before the answer begins
        if first[0] == "error":
            raise _refusal(first[1])

        async def written() -> AsyncIterator[bytes]:
            yield records.event(*first)
            async for name, record in events:
                yield records.event(name, record)

        return StreamingResponse(written(), media_type="text/event-stream")

    def models(self) -> Response:
        """The models and the limits."""
        return answer({
            "heedful": heedful.__version__,
            "models": [each.record.model_dump() for each in self.shelf.served.values()],
            "limits": {name: value for name, value in self.limits.model_dump().items() if name.startswith("max_")},
        })  # fmt: skip

    async def ready(self) -> Response:
        """Whether a real prediction works, of every model that reads text."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                for served in self.shelf.served.values():
                    if not any(served.predictor.kinds):
                        source = source_of(probe(served.predictor), served.predictor, self.limits, "")
                        await self.batcher.answer(served, served.predictor.settings, [source])
        except (TimeoutError, HTTPException, HeedfulError):
            return Response(b'{"status":"not ready"}', 503, {"Retry-After": "1"}, media_type="application/json")
        return answer({"status": "ready"})


def note(request: Request, **fields: Any) -> None:
    """For the log's line about this request: numbers and names, never text."""
    request.scope["state"].get("told", {}).update(fields)


def answer(record: Any) -> Response:
    """A JSON answer, written without another look at it."""
    return Response(records.written(record), media_type="application/json")


def _refusal(record: dict[str, Any]) -> Refusal:
    error = record["error"]
    return Refusal(record["status"], error["code"], error["message"], field=error["field"])


async def _refused(request: Request, error: Exception) -> Response:
    """Every error of a route as an answer of one shape."""
    if isinstance(error, RequestValidationError):
        refusal = told(error.errors())
    elif isinstance(error, Refusal):
        refusal = error
    elif isinstance(error, HTTPException):
        words = {404: ("not_found", "there is no such place"), 405: ("no_such_method", "there is no such method here")}
        code, message = words.get(error.status_code, ("refused", "this was refused"))
        refusal = Refusal(error.status_code, code, message, headers=dict(error.headers or {}))
    else:  # a bug of ours; the guard, which sees it too, tells the log
        refusal = Refusal(500, "bug", "something went wrong here")
    return Response(
        records.written(refusal.record()), refusal.status_code, refusal.headers, media_type="application/json"
    )


def application(desk: Desk) -> FastAPI:
    """The routes around a desk; ``guard.Guard`` stands before it."""
    app = FastAPI(
        title="Heedful",
        version=heedful.__version__,
        description="Sequence-to-sequence models: predict, look inside, ask what if.",
        docs_url=None, redoc_url=None, lifespan=desk.living, redirect_slashes=False,
    )  # fmt: skip
    app.router.route_class = StrictRoute
    for kind in (Refusal, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _refused)
    _add_asking(app, desk)
    _add_looking(app, desk)
    _add_pages(app)
    return app


def _add_asking(app: FastAPI, desk: Desk) -> None:
    """What models answer."""

    @app.post("/v1/predict", response_model=Predicted, responses=REFUSALS, tags=["predict"])
    async def predict(asked: Predicting, request: Request) -> Response:
        """Write an output for every input, in their order."""
        return await desk.predict(asked, request)

    events = {
        "description": "events: source, step, result, error",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }

    @app.post(
        "/v1/predict/stream", response_class=StreamingResponse, responses={**REFUSALS, 200: events}, tags=["predict"]
    )
    async def stream(asked: Exploring, request: Request) -> StreamingResponse:
        """Watch one input being answered, step by step, as server-sent events; the last one is as of /v1/explore."""
        return await desk.stream(asked, request)

    @app.post("/v1/attend", response_model=Attended, responses=REFUSALS, tags=["look inside"])
    async def attend(asked: Attending, request: Request) -> Response:
        """Say where the model looked, for the output it finds or for a given one."""
        return await desk.attend(asked, request)

    @app.post("/v1/explore", response_model=Explored, responses=REFUSALS, tags=["look inside"])
    async def explore(asked: Exploring, request: Request) -> Response:
        """Show what the search kept and dropped, what else was likely, and what would be if."""
        return await desk.explore(asked, request)


def _add_looking(app: FastAPI, desk: Desk) -> None:
    """What the server says of itself."""

    @app.get("/v1/models", response_model=Models, responses=_some(400, 401, 403, 431, 503), tags=["server"])
    async def models() -> Response:
        """Name the models, what they read and write, and the limits of a request."""
        return desk.models()

    @app.get("/healthz", response_model=Status, responses=_some(400, 403, 431), tags=["server"])
    async def healthz() -> Response:
        """Say that the process is there."""
        return answer({"status": "ok"})

    not_ready = {"model": Status, "description": "not ready; Retry-After says when"}

    @app.get("/readyz", response_model=Status, responses={**_some(400, 403, 431), 503: not_ready}, tags=["server"])
    async def readyz() -> Response:
        """Say whether a real prediction works."""
        return await desk.ready()

    written = {
        "description": "the text that Prometheus reads",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }

    @app.get(
        "/metrics", response_class=Response, responses={**_some(400, 401, 403, 431), 200: written}, tags=["server"]
    )
    async def metrics() -> Response:
        """Numbers for Prometheus."""
        return Response(desk.numbers.written(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _add_pages(app: FastAPI) -> None:
    """What people see."""
    static = Static()

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        """The page."""
        return static.answer("index.html")

    @app.get(f"{STATIC}{{name}}", include_in_schema=False)
    async def file(name: str) -> Response:
        """A file of the page."""
        return static.answer(name)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        """The schema for people."""
        own = {
            "Content-Security-Policy": f"{policy()}; frame-ancestors 'none'"
        }  # its style and script stand in the page
        return Response(documentation(app.openapi()), headers=own, media_type="text/html; charset=utf-8")


def _some(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: REFUSALS[status] for status in statuses}
