"""Processes beside ours: how they start, whom they hear, and how they end."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from multiprocessing.connection import wait
from typing import Any


@contextlib.contextmanager
def apart() -> Iterator[None]:
    """Processes that are started in here do not hear Ctrl-C, which a terminal sends to all: the parent does, and asks once.

    A signal that comes meanwhile is heard at the end: a process is started whole or not at all.
    """
    came: list[int] = []
    ours = threading.current_thread() is threading.main_thread()  # no other may say who hears a signal
    heard = (signal.SIGINT, signal.SIGTERM) if ours else ()
    handlers = [(number, signal.signal(number, lambda number, _: came.append(number))) for number in heard]
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # which a new process inherits
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for number, handler in handlers:
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


def leave_with_parent() -> None:
    """For the start of such a process: when its parent is gone, killed, it is asked to end, and saves what it trains."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_leave_after, args=(parent.sentinel,), daemon=True).start()


def _leave_after(sentinel: int) -> None:
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGTERM)


def stop(workers: Sequence[Any]) -> None:
    """Asks the workers to save and leave, and waits while they do."""
    for worker in workers:
        if worker.is_alive() and worker.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGTERM)
    for worker in workers:
        if worker.pid is None:  # it was never started
            continue
        worker.join(timeout=30)
        if worker.is_alive():
            worker.kill()
