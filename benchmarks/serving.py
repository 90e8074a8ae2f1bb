"""The server under load, on the machine that makes the load: throughput, latency, drippers, overload and recovery.

``make bench BENCH=server``: about four minutes. The model is the one of ``make demo`` (letters of dates to letters), or that
of HEEDFUL_MODEL, and what is asked are dates that it never saw; every answer is compared with a single call's.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from heedful.data import toy
from heedful.predictor import Predictor

INPUTS = 500
TOLERANCE = 1e-4
LONG, SHORT = 60.0, 15.0
KEPT_ALIVE, DRIPPERS, CROWD = 64, 200, 10
KIND = 10
"""How much more than the server the clients of an overload leave to others: they would stand on other machines."""


@dataclass(frozen=True)
class Seen:
    """What clients saw."""

    took: float
    seconds: list[float]
    when: list[float]
    statuses: dict[str, int]
    answers: dict[str, list[list[Any]]]
    closed: int

    @property
    def rate(self) -> float:
        """Good answers a second, of those that came while it lasted."""
        last = max(self.when, default=1.0)
        return sum(moment <= self.took for moment in self.when) / max(min(self.took, last), 1e-9)

    def milliseconds(self, share: float) -> float:
        """The latency that so many of the good answers stay below."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")

    def wrong(self, expected: list[tuple[str, float]]) -> int:
        """Answers that differ from a single call's."""
        return sum(
            text != expected[int(number)][0] or abs(score - expected[int(number)][1]) > TOLERANCE
            for number, found in self.answers.items()
            for text, score in found
        )


@contextlib.contextmanager
def served(model: Path, log: Path) -> Iterator[tuple[int, int]]:
    """A server in a process of its own, as one would run it: its port and its number."""
    words = [sys.executable, "-m", "heedful", "serve", str(model), "--port", "0", "--log"]
    with log.open("wb") as stream:
        process = subprocess.Popen(words, stderr=stream, stdout=subprocess.DEVNULL)
        try:
            while (found := re.search(r"http://[\d.]+:(\d+)", log.read_text(encoding="utf-8"))) is None:
                if process.poll() is not None:
                    raise SystemExit(log.read_text(encoding="utf-8"))
                time.sleep(0.1)
            yield int(found[1]), process.pid
        finally:
            process.terminate()
            process.wait(60)


def load(port: int, bodies: list[Any], seconds: float, *, nice: int = 0, **what: Any) -> Seen:
    """Clients in a process of their own."""
    told = json.dumps({"port": port, "bodies": bodies, "seconds": seconds, **what})
    words = [sys.executable, "-m", "benchmarks.load", str(nice)]
    done = subprocess.run(words, input=told, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    return Seen(seconds, found["seconds"], found["when"], found["statuses"], found["answers"], found["closed"])


def resident(number: int) -> float:
    """Megabytes of memory that a process has."""
    pages = int(Path(f"/proc/{number}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def trained() -> Path:
    """The model that is served."""
    named = os.environ.get("HEEDFUL_MODEL")
    found = Path(named) if named else Path("runs/demo")
    if not found.exists():
        subprocess.run([sys.executable, "-m", "heedful", "train", "recipes/demo.toml", "--out", str(found)], check=True)
    return found


def run() -> None:
    """Measures, and prints a table."""
    console, model = Console(soft_wrap=True), trained()
    pairs = toy.parted("dates", 4 * INPUTS, 3)[1][:INPUTS]
    sources = [str(source) for source, _ in pairs]
    predictor = Predictor.load(model)
    single = [predictor.search([(source,)])[0].hypotheses[0] for source in sources]
    expected = [(each.text, each.score) for each in single]
    bodies = [{"inputs": [source]} for source in sources]
    table = Table("what", "answers/s", "p50 ms", "p99 ms", "statuses", "wrong", box=None)

    def add(name: str, seen: Seen) -> Seen:
        statuses = ", ".join(f"{name} × {count:,}" for name, count in sorted(seen.statuses.items()))
        numbers = f"{seen.rate:,.0f}", f"{seen.milliseconds(0.5):.1f}", f"{seen.milliseconds(0.99):.1f}"
        table.add_row(name, *numbers, statuses, str(seen.wrong(expected)))
        console.print(name, *numbers, statuses)
        return seen

    with tempfile.TemporaryDirectory() as folder, served(model, Path(folder) / "log") as (port, number):
        load(port, bodies, 3.0, clients=8)
        one = add("one client", load(port, bodies, SHORT, clients=1))
        before = resident(number)
        many = add(f"{KEPT_ALIVE} clients", load(port, bodies, LONG, clients=KEPT_ALIVE))
        grown = resident(number) / before - 1
        alone = add("one client", load(port, bodies, SHORT, clients=1))
        beside = add(f"one beside {DRIPPERS} drippers", load(port, bodies, 25.0, clients=1, drippers=DRIPPERS))
        crowd = add(
            f"{CROWD * KEPT_ALIVE} clients that do not heed Retry-After",
            load(port, bodies, SHORT, clients=CROWD * KEPT_ALIVE, heed=False, nice=KIND),
        )
        after = add("one client, right after", load(port, bodies, 5.0, clients=1))
        rate = CROWD * many.rate
        fresh = add("a connection a request, 64 at once", load(port, bodies, SHORT, fresh=KEPT_ALIVE, nice=KIND))
        flood = add(f"{rate:,.0f} new connections a second", load(port, bodies, SHORT, rate=rate, nice=KIND))
        recovered = add("one client, right after", load(port, bodies, 5.0, clients=1))
    console.print(table)
    console.print(f"64 clients : one client  {many.rate / one.rate:.2f} (asked 3)")
    console.print(f"64 clients, p99 : p50  {many.milliseconds(0.99) / many.milliseconds(0.5):.2f} (asked below 5)")
    console.print(f"memory after them  {100 * grown:+.1f} % of {before:.0f} MiB")
    console.print(f"p99 beside drippers : alone  {beside.milliseconds(0.99) / alone.milliseconds(0.99):.2f} (asked 2)")
    console.print(f"drippers closed  {beside.closed}")
    console.print(f"ten times the clients : 64  {crowd.rate / many.rate:.2f} (asked 0.8)")
    console.print(f"ten times the rate : 64 that connect anew  {flood.rate / fresh.rate:.2f} (asked 0.8)")
    for name, seen in (("clients", after), ("connections", recovered)):
        console.print(f"p50 in the first second after the {name} : before  {first(seen) / one.milliseconds(0.5):.2f}")


def first(seen: Seen) -> float:
    """The median latency of the first second, in milliseconds."""
    early = sorted(took for took, moment in zip(seen.seconds, seen.when, strict=True) if moment < 1.0)
    return 1000 * early[len(early) // 2] if early else float("inf")
