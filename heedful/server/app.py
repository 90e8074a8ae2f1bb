"""The routes: what may be asked, and in which form."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

import heedful
from heedful.errors import HeedfulError
from heedful.inspection.html import policy
from heedful.server import records
from heedful.server.desk import Desk
from heedful.server.documentation import documentation
from heedful.server.files import STATIC, Static
from heedful.server.refusals import KINDS, Refusal, Refused
from heedful.server.requests import Attending, Exploring, Predicting, StrictRequest, told
from heedful.server.responses import Attended, Explored, Models, Predicted, Status

REFUSALS: dict[int | str, dict[str, Any]] = {
    kind.status: {"model": Refused, "description": kind.when} for kind in KINDS
}


EVENT = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["source", "step", "result", "error"]},
        "data": {"type": "string", "description": "JSON"},
    },
    "required": ["event", "data"],
}
"""What a stream is made of."""


class StrictRoute(APIRoute):
    """A route whose body is read by ``StrictRequest``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strict


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
    elif isinstance(error, HeedfulError):  # not the asker's fault: those are refusals
        refusal = Refusal(500, "broken_model", "the model gives no answer")
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
        "content": {"text/event-stream": {"itemSchema": EVENT}},
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
    not_ready = {"model": Status, "description": "not ready; Retry-After says when"}

    @app.get("/v1/models", response_model=Models, responses=_some(400, 401, 403, 431, 503), tags=["server"])
    async def models() -> Response:
        """Name the models, what they read and write, and the limits of a request."""
        return desk.models()

    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz", response_model=Status, responses={**_some(400, 403, 431), 503: not_ready}, tags=["server"])
    async def healthz() -> Response:
        """Say that the process is there."""
        return desk.healthy()

    @app.head("/readyz", include_in_schema=False)
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
    static, pages = Static(), dict[str, str]()

    @app.head("/", include_in_schema=False)
    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> Response:
        """The page."""
        return static.answer("index.html", request.headers.get("if-none-match"))

    @app.get(f"{STATIC}{{name}}", include_in_schema=False)
    async def file(name: str, request: Request) -> Response:
        """A file of the page."""
        return static.answer(name, request.headers.get("if-none-match"))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        """The schema for people."""
        own = {
            "Content-Security-Policy": f"{policy()}; frame-ancestors 'none'"
        }  # its style and script stand in the page
        if not pages:
            pages["docs"] = documentation(app.openapi())
        return Response(pages["docs"], headers=own, media_type="text/html; charset=utf-8")


def _some(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: REFUSALS[status] for status in statuses}
