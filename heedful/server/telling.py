"""What the server tells of itself: a line of JSON an event, and numbers for Prometheus. Never people's text."""

import contextlib
import json
import logging
import sys
import time
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

QUICK = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Log:
    """Lines of JSON. ``requests`` says whether every request has one, or only what went wrong."""

    def __init__(self, stream: TextIO | None = None, *, requests: bool = True) -> None:
        self.stream, self.requests = stream, requests

    def tell(self, event: str, **fields: Any) -> None:
        """One event."""
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": when, "event": event, **fields}, ensure_ascii=True, default=str)
        stream = self.stream or sys.stderr
        with contextlib.suppress(OSError, ValueError):  # nobody reads: that is no reason to stop answering
            stream.write(f"{line}\n")  # in one piece: threads tell too
            stream.flush()

    def bug(self, error: BaseException, **fields: Any) -> None:
        """Something that nobody foresaw, with its traceback: here, and not in the answer."""
        self.tell("bug", kind=type(error).__name__, where=_places(error), **fields)


def _places(error: BaseException) -> list[str]:
    """Files and lines, without the message: it may repeat what somebody sent."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]


class LogHandler(logging.Handler):
    """What libraries say, as events of ours."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.ERROR)  # below it, uvicorn tells of every malformed request
        self.log = log

    def emit(self, record: logging.LogRecord) -> None:
        """One event. The message is a library's, and its exception's text stays out."""
        if record.exc_info and record.exc_info[1] is not None:
            self.log.bug(record.exc_info[1], level=record.levelname.lower(), logger=record.name)
        else:
            self.log.tell("library", level=record.levelname.lower(), logger=record.name, message=record.getMessage())


class Numbers:
    """Counters, gauges and histograms of one server, in a registry of its own."""

    def __init__(self, models: Iterable[str]) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "heedful_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "heedful_request_seconds", "From head to answer.", ("route",), buckets=QUICK, registry=self.registry
        )
        self.inputs = Counter("heedful_inputs", "Inputs answered.", ("model",), registry=self.registry)
        self.batches = Histogram(
            "heedful_batch_inputs", "Inputs searched side by side.", buckets=SIZES, registry=self.registry
        )
        self.search = Histogram(
            "heedful_batch_seconds", "How long a batch took.", buckets=QUICK, registry=self.registry
        )
        self.waiting = Gauge("heedful_waiting_inputs", "Inputs in the queue.", registry=self.registry)
        self.refused = Counter("heedful_refused", "Requests refused before they were read.", registry=self.registry)
        self.cancelled = Counter(
            "heedful_cancelled_inputs", "Inputs whose asker had gone before the search.", registry=self.registry
        )
        for model in models:
            self.inputs.labels(model)

    def written(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)


class Watch:
    """A stop-watch."""

    def __init__(self) -> None:
        self.begin = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since it was made."""
        return time.perf_counter() - self.begin
