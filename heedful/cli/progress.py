"""How a training run looks while it happens: a bar on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from heedful.cli import show
from heedful.training import journal
from heedful.training.recipe import Recipe, read_table
from heedful.training.run import RECIPE

EVERY = 10.0
"""Seconds between two lines of progress where there is no bar."""


@contextmanager
def watching(run: Path) -> Iterator[journal.Watcher]:
    """A watcher for the run in this folder; its bar is gone at the end."""
    console = show.console(stderr=True)
    if not console.is_terminal:
        yield Watching(run, console)
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[where]}")
    with Progress(*columns, console=console, transient=True, refresh_per_second=4) as bar:
        console.show_cursor()  # a second Ctrl-C leaves at once, and nobody would bring it back
        yield WatchingWithBar(run, console, bar)


class Watching:
    """Says in lines what happens; progress at most every few seconds."""

    def __init__(self, run: Path, console: Console) -> None:
        self.run, self.console = run, console
        self.said = time.monotonic()
        self.loss: float | None = None

    def __call__(self, event: journal.Event) -> None:
        """Shows one event."""
        match event:
            case journal.Preparing():
                self.preparing(event)
            case journal.Started():
                self.started(event)
            case journal.Progressed():
                self.loss = event.loss
                self.progressed(event)
            case journal.Validated():
                self.validated(event)
            case journal.Noted():
                self.say(f"note: {event.message}", style="yellow")
            case _:  # the end is told when the best model has been scored
                pass

    def say(self, line: str, style: str = "") -> None:
        """One line above the bar, if there is one."""
        show.say(line, style=style, on=self.console)

    def preparing(self, event: journal.Preparing) -> None:
        """A line now and then."""
        if time.monotonic() - self.said >= EVERY:
            self.said = time.monotonic()
            self.say(f"{event.done:,} of {event.total:,} sources read")

    def started(self, event: journal.Started) -> None:
        """What is trained, on what."""
        for note in dict.fromkeys(event.notes):
            self.say(f"note: {note}")
        recipe = Recipe.model_validate(read_table(self.run / RECIPE))
        self.say(f"{show.count(event.train, 'pair')} to train on, {event.dev:,} to validate on")
        self.say(f"{_chosen(recipe)}; {event.parameters:,} parameters")
        whole = f"{event.updates:,} updates" if recipe.training.minutes is None else _budget(recipe, event.updates)
        self.say(f"{whole}, going on after {event.update:,}" if event.update else whole)
        self.said = time.monotonic()

    def progressed(self, event: journal.Progressed) -> None:
        """A line, unless there was one just now."""
        if time.monotonic() - self.said >= EVERY:
            self.said = time.monotonic()
            self.say(f"update {event.update:,} of {event.updates:,}: {_speed(event)}")

    def validated(self, event: journal.Validated) -> None:
        """How good the model is by now, and what it says."""
        metrics = ", ".join(f"{name} {value:.2f} %" for name, value in event.metrics.items())
        best = " (best so far)" if event.best else ""
        loss = "" if self.loss is None else f", loss {self.loss:.3f}"
        line = f"update {event.update:,}: {metrics}{best}{loss}, after {show.duration(event.elapsed)}"
        self.say(line, style="green" if event.best else "")
        for source, output, reference in event.samples:
            right = "" if output == reference else f"   (reference: {reference})"
            self.say(f"    {source} → {output}{right}", style="dim")
        self.said = time.monotonic()


class WatchingWithBar(Watching):
    """The same, with progress in a bar."""

    def __init__(self, run: Path, console: Console, bar: Progress) -> None:
        super().__init__(run, console)
        self.bar = bar
        self.task: TaskID | None = None
        self.reading: TaskID | None = None

    def preparing(self, event: journal.Preparing) -> None:
        """A bar of its own."""
        if self.reading is None:
            self.reading = self.bar.add_task("reading", total=event.total, where="")
        self.bar.update(self.reading, completed=event.done, total=event.total)

    def started(self, event: journal.Started) -> None:
        """Lines, and an empty bar below them."""
        if self.reading is not None:
            self.bar.remove_task(self.reading)
        super().started(event)
        self.task = self.bar.add_task("training", total=event.updates, completed=event.update, where="")

    def progressed(self, event: journal.Progressed) -> None:
        """Moves the bar."""
        if self.task is not None:
            self.bar.update(self.task, completed=event.update, where=_speed(event))

    def validated(self, event: journal.Validated) -> None:
        """Moves the bar, and says how good the model is by now."""
        if self.task is not None:
            self.bar.update(self.task, completed=event.update)
        super().validated(event)


def _speed(event: journal.Progressed) -> str:
    return f"loss {event.loss:.3f}, {event.units_per_second:,.0f} units/s, {show.duration(event.left)} left"


def _budget(recipe: Recipe, updates: int) -> str:
    return f"at most {updates:,} updates or {recipe.training.minutes:g} minutes"


def _chosen(recipe: Recipe) -> str:
    """The shape of the network and the units, in one line."""
    model, data = recipe.model, recipe.data
    cells = model.encoder_cell or model.cell, model.decoder_cell or model.cell
    cell = cells[0] if cells[0] == cells[1] else f"{cells[0]} and {cells[1]}"
    attention = "no attention" if model.attention == "fixed" else f"{model.attention} attention ({model.scorer})"
    units = " + ".join(column.unit for column in data.source)
    return f"{units} -> {data.target.unit}: {cell} of {model.hidden_size}, {attention}"
