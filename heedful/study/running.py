"""Runs of a comparison: one after another or some at a time, each in its folder; what is finished is not run again."""

import contextlib
import multiprocessing
import os
import queue
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from heedful.errors import DivergedError, HeedfulError, ModelFolderError, SettingsError, StoppedError
from heedful.study.grid import Arm
from heedful.study.processes import apart, leave_with_parent, stop
from heedful.training import journal, run
from heedful.training.recipe import Recipe, compose, differences, read_table

ARMS = "arms"
POLL = 1.0
"""Seconds between two looks at the journals of runs in other processes."""
Table = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Planned:
    """One run: an arm with a seed, and its folder."""

    arm: Arm
    seed: int
    folder: Path

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"{self.arm.name}, seed {self.seed}"

    @property
    def recipe(self) -> Recipe:
        """The arm's recipe with this seed."""
        recipe = self.arm.recipe
        return recipe.model_copy(update={"training": recipe.training.model_copy(update={"seed": self.seed})})


@dataclass(frozen=True)
class Progress:
    """Where a run stands: the ``update`` it is at; at the end ``done``, whether it had been finished before, or diverged."""

    planned: Planned
    update: int
    done: bool = False
    before: bool = False
    diverged: bool = False


Told = Callable[[Progress], None]


def plan(arms: Sequence[Arm], seeds: int, out: Path) -> list[Planned]:
    """Every arm with every seed, counted up from the recipe's; all arms of a seed before the next seed."""
    return [
        Planned(arm, seed, out / ARMS / arm.folder / f"seed-{seed}")
        for number in range(seeds)
        for arm in arms
        for seed in [arm.recipe.training.seed + number]
    ]


def finished(planned: Planned) -> bool:
    """Whether the run stands there, whole, and was made by the same recipe.

    Raises:
        SettingsError: another recipe made what stands in its folder.
    """
    if not (planned.folder / run.RECIPE).exists():
        return False
    stored = compose(read_table(planned.folder / run.RECIPE), [], str(planned.folder)).recipe
    changed = [each for each in _changed(planned.recipe, stored) if not each.startswith("training.threads")]
    if changed:
        raise SettingsError(
            f"{planned.folder}: was trained by another recipe ({'; '.join(changed)}); "
            f"choose another --out, or remove that folder"
        )
    ended = any(each["event"] == journal.Finished.kind for each in journal.read(planned.folder / run.JOURNAL))
    return ended and (planned.folder / run.METRICS).exists() and (planned.folder / run.BEST).exists()


def _changed(here: Recipe, there: Recipe) -> list[str]:
    """Every key that differs, those too which one of the two leaves as they are where nobody says."""
    found = differences(here, there)
    known = {each.partition(":")[0] for each in found}
    for key in (each.partition(":")[0] for each in differences(there, here)):
        if key not in known:
            one, other = (getattr(getattr(recipe, key.split(".")[0]), key.split(".")[1]) for recipe in (here, there))
            found.append(f"{key}: {one!r} here, {other!r} there")
    return sorted(found)


def train(planned: Planned, watch: journal.Watcher) -> None:
    """Trains the run, or goes on with it where it was interrupted."""
    if (planned.folder / run.RECIPE).exists():
        try:
            run.resume(planned.folder, watch)
        except ModelFolderError:  # it was stopped before anything was saved, or what was saved is damaged: begin anew
            pass
        else:
            return
    table = planned.recipe.model_dump(mode="json", exclude_none=True)
    run.start(table, [], str(planned.folder), planned.folder, watch, overwrite=True)


def run_all(planned: Sequence[Planned], jobs: int, threads: int, told: Told) -> list[str]:
    """Trains what is not finished, ``jobs`` at a time with ``threads`` each. Returns a line for every run that diverged.

    Raises:
        SettingsError: see ``finished``. HeedfulError: a run failed; its name stands before what it said. StoppedError: a
            signal came; what was begun is saved, and goes on with the same command.
    """
    waiting: list[Planned] = []
    for each in planned:
        if finished(each):
            told(Progress(each, each.recipe.training.updates, done=True, before=True))
        else:
            waiting.append(each)
    if min(jobs, len(waiting)) > 1:
        return _beside_each_other(waiting, min(jobs, len(waiting)), threads, told)
    with _threads(threads):
        return [line for each in waiting if (line := _alone(each, told))]


@contextlib.contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _alone(planned: Planned, told: Told) -> str:
    """Trains here; what it says if it diverged, which is no reason to leave the others untrained."""

    def watch(event: journal.Event) -> None:
        told(Progress(planned, event.update))

    try:
        train(planned, watch)
    except StoppedError:
        raise StoppedError(f"stopped in {planned.name}, saved; the same command goes on from there") from None
    except DivergedError as error:
        return _lost(planned, str(error), told)
    except HeedfulError as error:
        raise type(error)(f"{planned.name}: {error}") from error
    told(Progress(planned, planned.recipe.training.updates, done=True))
    return ""


def _lost(planned: Planned, why: str, told: Told) -> str:
    told(Progress(planned, planned.recipe.training.updates, done=True, diverged=True))
    return f"{planned.name}: left out, for it diverged: {why}"


def _beside_each_other(waiting: Sequence[Planned], jobs: int, threads: int, told: Told) -> list[str]:
    """Worker processes that are started once and take run after run; their journals say how far they are."""
    context = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    tasks, results = context.Queue(), context.Queue()
    tasks.cancel_join_thread()  # stopped before all are taken, we do not wait until somebody takes them
    for place, each in enumerate(waiting):
        tasks.put((place, each))
    for _ in range(jobs):
        tasks.put(None)
    workers = [context.Process(target=_work, args=(tasks, results, threads), daemon=True) for _ in range(jobs)]
    try:
        with apart():
            for worker in workers:
                worker.start()
        diverged = _follow(waiting, workers, results, told)
    except KeyboardInterrupt:
        stop(workers)
        raise StoppedError("stopped, saved; the same command goes on from there") from None
    except BaseException:
        stop(workers)
        raise
    for worker in workers:
        worker.join()
    return diverged


def _work(tasks: Any, results: Any, threads: int) -> None:
    torch.set_num_threads(threads)
    os.setpgrp()  # a signal to all of us reaches the parent alone, which asks once; a second one would mean: leave at once
    leave_with_parent()
    while (task := tasks.get()) is not None:
        place, planned = task
        try:
            train(planned, lambda event: None)
        except HeedfulError as error:
            results.put((place, error.exit_code, str(error)))
            if isinstance(error, StoppedError):
                return
        except Exception as error:
            results.put((place, -1, f"{type(error).__name__}: {error}"))
            raise  # a bug shows its traceback
        else:
            results.put((place, 0, ""))


def _follow(waiting: Sequence[Planned], workers: Sequence[Any], results: Any, told: Told) -> list[str]:
    diverged: list[str] = []
    left = set(range(len(waiting)))
    while left:
        try:
            place, code, message = results.get(timeout=POLL)
        except queue.Empty:
            if not any(worker.is_alive() for worker in workers) and results.empty():
                raise HeedfulError(
                    "the processes that trained are gone (killed, or out of memory?); run it again"
                ) from None
            for place in left:
                _tell_journal(waiting[place], told)
            continue
        left.discard(place)
        each = waiting[place]
        if code == StoppedError.exit_code:
            raise StoppedError("stopped, saved; the same command goes on from there")
        if code == DivergedError.exit_code:
            diverged.append(_lost(each, message, told))
            continue
        if code:
            kind = next((kind for kind in _kinds() if kind.exit_code == code), HeedfulError)
            raise kind(f"{each.name}: {message}")
        told(Progress(each, each.recipe.training.updates, done=True))
    return diverged


def _kinds() -> list[type[HeedfulError]]:
    return [HeedfulError, *HeedfulError.__subclasses__()]


def _tell_journal(planned: Planned, told: Told) -> None:
    events = journal.read(planned.folder / run.JOURNAL)
    if events:
        told(Progress(planned, int(events[-1]["update"])))
