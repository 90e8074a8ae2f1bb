"""What ``compare`` and ``study`` share: jobs and threads, progress over many runs, and where their results are written."""

import json
import os
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from heedful.cli import show
from heedful.errors import SettingsError

if TYPE_CHECKING:
    from heedful.inspection.page import Page
    from heedful.study.running import Progress as Standing

EVERY = 20.0
"""Seconds between two lines of progress where there is no bar."""
RESULT, REPORT, FIGURES = "comparison.json", "report.html", "figures"

Jobs = Annotated[
    int | None, typer.Option("--jobs", min=1, metavar="N", help="Runs trained at a time, each in a process of its own.")
]
Seeds = Annotated[int, typer.Option("--seeds", min=1, metavar="N", help="Seeds an arm, counted up from the recipe's.")]
Language = Annotated[str, typer.Option("--language", metavar="en|ko", help="What the report is written in.")]


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def shares(jobs: int, threads: int | None) -> int:
    """Threads for each of so many jobs: what was said, or an equal share of the processors."""
    return threads if threads is not None else max(1, cores() // jobs)


class Following:
    """Says how far many runs are; lines now and then, or a bar."""

    def __init__(self, total: int, console: Console, bar: Progress | None) -> None:
        self.total, self.console, self.bar = total, console, bar
        self.begun = self.said = time.monotonic()
        self.done = self.before = 0
        self.shares: dict[str, float] = {}
        self.task = None if bar is None else bar.add_task("training", total=total, where="")

    def __call__(self, standing: "Standing") -> None:
        """One run moved on, or is done."""
        name = standing.planned.name
        if standing.done:
            self.shares.pop(name, None)
            self.done += 1
            self.before += standing.before
            if not standing.before:
                came = "diverged" if standing.diverged else "done"
                self.say(f"{self.done} of {self.total} runs: {name} {came}{self._left()}")
        else:
            self.shares[name] = min(1.0, standing.update / standing.planned.recipe.training.updates)
            if self.bar is None and time.monotonic() - self.said >= EVERY:
                self.say(f"{self.done} of {self.total} runs done, {len(self.shares)} under way{self._left()}")
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, completed=self.done + sum(self.shares.values()), where=self._left())

    def say(self, line: str) -> None:
        """One line above the bar, if there is one."""
        self.said = time.monotonic()
        show.say(line, on=self.console)

    def _left(self) -> str:
        ran = self.done - self.before + sum(self.shares.values())
        if ran < 0.5:
            return ""
        left = (time.monotonic() - self.begun) / ran * (self.total - self.before - ran)
        return f", about {show.duration(left)} left" if left >= 1 else ""


@contextmanager
def following(total: int) -> Iterator[Following]:
    """A watcher over so many runs; its bar is gone at the end."""
    console = show.console(stderr=True)
    if not console.is_terminal:
        yield Following(total, console, None)
        return
    counted = TextColumn("{task.completed:.1f} of {task.total} runs{task.fields[where]}")
    columns = TextColumn("{task.description}"), BarColumn(), counted
    with Progress(*columns, console=console, transient=True, refresh_per_second=4) as bar:
        console.show_cursor()
        yield Following(total, console, bar)


def write(out: Path, record: Any, page: "Page") -> None:
    """The numbers, the report, and its figures as files of their own."""
    from heedful.checkpoint import write_beside
    from heedful.inspection.html import render_page
    from heedful.inspection.page import standing_alone

    write_beside(out / RESULT, json.dumps(record, ensure_ascii=False, indent=1) + "\n")
    write_beside(out / REPORT, render_page(page))
    (out / FIGURES).mkdir(exist_ok=True)
    for old in (out / FIGURES).glob("*.svg"):  # of a claim that its arms no longer show
        old.unlink()
    for section in page.sections:
        for number, figure in enumerate(section.figures, start=1):
            write_beside(out / FIGURES / f"{section.name}-{number}.svg", standing_alone(figure))


def command(*words: str) -> str:
    """A command as one types it."""
    return shlex.join(["heedful", *words])


def in_language(language: str) -> list[str]:
    """What a command says where its report is not in English."""
    return [] if language == "en" else ["--language", language]


def bins_of(given: str | None) -> list[tuple[int, int]] | None:
    """``10,13,15`` as ranges of lengths: up to 10, 11 to 13, 14 to 15, 16 and more.

    Raises:
        SettingsError: these are no numbers that go up.
    """
    if given is None:
        return None
    try:
        ends = [int(each) for each in given.split(",")]
    except ValueError:
        raise SettingsError(f"--bins {given}: expected the last length of each range, such as 10,13,15") from None
    if ends != sorted(set(ends)) or ends[0] < 1:
        raise SettingsError(f"--bins {given}: the lengths go up from 1")
    starts = [0, *(end + 1 for end in ends)]
    from heedful.study.words import MANY  # here: it has the sentences of two languages, which help does not need

    return list(zip(starts, [*ends, MANY], strict=True))


def claims(found: Sequence[Any], words: Callable[..., str]) -> None:
    """The verdicts as a table on standard output."""
    rows = [[words(each.kind), each.section.heading] for each in found]
    if rows:
        show.put("")
        show.table(words("claimed"), [words("verdict"), ""], rows, left=(0, 1))
