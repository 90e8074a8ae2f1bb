"""Tiny models, and servers of them that run in a thread of this process."""

import asyncio
import contextlib
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jaxtyping
import pytest

from heedful.server.limits import Limits
from heedful.server.running import Guarded, Reach, Server, listen
from heedful.server.served import Shelf
from heedful.server.telling import Log
from tests.cli.conftest import WORDS, quick
from tests.cli.door import heedful, write

ENDS_WITHIN = 20.0


@dataclass(frozen=True)
class Running:
    """A server that answers now. ``log`` has its lines so far."""

    address: str
    port: int
    guarded: Guarded
    log: io.StringIO
    server: Server


@contextlib.contextmanager
def running(shelf: Shelf, limits: Limits | None = None, **reach: Any) -> Iterator[Running]:
    """Start a server on a free port of the loopback, and stop it when the block ends."""
    chosen = Reach(port=0, **reach)
    listening, log = listen(chosen), io.StringIO()
    guarded = Guarded(shelf, limits or Limits(), chosen, Log(log))
    server = Server(guarded, listening)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    port = listening.getsockname()[1]
    try:
        while not server.started and thread.is_alive():
            thread.join(0.01)
        yield Running(f"http://127.0.0.1:{port}", port, guarded, log, server)
    finally:
        server.should_exit = True
        thread.join(ENDS_WITHIN)
        listening.close()
    assert not thread.is_alive(), "the server did not stop"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of each kind.

    ``letters`` (Luong) and ``bahdanau`` write words in capitals, ``fixed`` has no attention, ``columns`` reads two columns,
    ``digits`` reads pictures and has not learnt much.
    """
    folder = tmp_path_factory.mktemp("models")
    pairs = write(folder / "pairs.tsv", "".join(f"{word}\t{' '.join(word.upper())}\n" for word in WORDS))
    two = write(folder / "two.tsv", "".join(f"{word}\t{word}s\tN;{word[0]}\n" for word in WORDS))
    sources = "data.source=[{column=1},{column=3,unit='tags',split=';'}]"
    trained = {
        "letters": (pairs, [*quick(150), "--set", "training.learning_rate=0.01"]),
        "bahdanau": (pairs, [*quick(120), "--set", "training.learning_rate=0.01", "--set", "model.attention=bahdanau"]),
        "fixed": (pairs, [*quick(20), "--set", "model.attention=fixed"]),
        "columns": (two, [*quick(20), "--set", sources, "--set", "data.target={column=2}"]),
        "digits": (
            "task:digits",
            [*quick(10), "--set", "data.source.unit=columns", "--set", "data.task_count=40", "--set", "model.cell=rnn"],
        ),
    }
    jaxtyping.config.update("jaxtyping_disable", True)
    for name, (data, words) in trained.items():
        said = heedful("train", data, "--out", folder / name, *words)
        assert said.code == 0, said.talk
    jaxtyping.config.update("jaxtyping_disable", False)
    return folder


@pytest.fixture(scope="session")
def shelf(models: Path) -> Shelf:
    """All of them."""
    return Shelf.load([models / name for name in ("letters", "bahdanau", "fixed", "columns", "digits")])


@pytest.fixture(scope="session")
def server(shelf: Shelf) -> Iterator[Running]:
    """A server of all models with the limits that it has by default."""
    with running(shelf) as found:
        yield found
