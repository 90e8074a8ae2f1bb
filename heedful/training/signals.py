"""SIGINT, SIGTERM and USR1 (what Slurm sends before the end): finish the update, save, leave. A second one leaves at once."""

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

NAMES = ("SIGINT", "SIGTERM", "SIGUSR1")
EXIT_CODE = 130


class Stopping:
    """``with Stopping() as stopping: ...`` makes ``stopping()`` true once a signal came.

    Handlers are put back afterwards. Outside the main thread, where Python allows none, it is never true.
    """

    def __init__(self) -> None:
        self.came = False
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Whether a signal came."""
        return self.came

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (getattr(signal, name) for name in NAMES if hasattr(signal, name)):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.came:
            os._exit(EXIT_CODE)
        self.came = True
