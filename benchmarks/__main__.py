"""Runs the benchmarks, prints a table and writes ``benchmarks/results.jsonl``.

Each line of work is measured in windows, in turns with the machine's matrix-product peak: the speed of a machine moves.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks import frames, growth, models, operations, serving, starting
from benchmarks.machine import Peak, seconds
from benchmarks.models import MODELS, WIRINGS, Model
from benchmarks.searching import Searching, TutorialSearching
from benchmarks.training import Training, TutorialTraining
from heedful.native import kernels
from heedful.training.prepare import Prepared

RESULTS = Path(__file__).parent / "results.jsonl"
SEARCHES = (("greedy", 1), ("beam5", 5))
SENTENCES = {64: 1000, 1: 60}
SHARE = {"letters": 4.0, "words-l": 0.25}
"""Of those sentences: small models answer more of them in a second."""
FLOOR_SECONDS = 1.0
"""A window lasts about so long at least."""


@dataclass(frozen=True)
class Plan:
    """What to measure."""

    models: tuple[str, ...]
    wirings: tuple[str, ...]
    cells: tuple[str, ...]
    phases: tuple[str, ...]
    batches: tuple[int, ...]
    windows: int
    precision: str
    extras: bool


@dataclass
class Work:
    """One line of the table: something to run, what it yields, and what the limit is."""

    window: Callable[[], int]
    operations: float
    """Of one thing that ``window`` counts."""
    peak: Peak
    padding: float = 0.0
    """The share of padding in the batches, source and target together."""


def main() -> None:
    """Parses, measures, writes."""
    if os.environ.get("BENCH") in ("frames", "server"):
        (frames if os.environ["BENCH"] == "frames" else serving).run()
        return
    plan, out = arguments()
    console = Console(stderr=True, soft_wrap=True)
    compiled = kernels.prepare()
    torch.set_flush_denormal(True)
    console.print(f"compiled loops: {'yes' if compiled else 'no'}")
    console.print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; nothing else should be running")
    begin = time.monotonic()
    lines: list[dict[str, Any]] = []
    for line in measure(plan, console):
        lines.append(line)
        out.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    if plan.extras:
        for name, value, unit in (*starting.measure(), *growth.measure()):
            console.print(f"{name}: {value:,.3g} {unit}")
            lines.append({"phase": "other", "name": name, "rate": value, "unit": unit})
    out.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    Console(width=None if sys.stdout.isatty() else 120).print(table(lines))
    console.print(f"{time.monotonic() - begin:.0f} s; written to {out}")


def arguments() -> tuple[Plan, Path]:
    """The command line; ``BENCH=quick`` in the environment stands for ``--quick``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", default=os.environ.get("BENCH") == "quick")
    parser.add_argument("--models", nargs="*", choices=list(MODELS))
    parser.add_argument("--wirings", nargs="*", choices=list(WIRINGS))
    parser.add_argument("--cells", nargs="*", choices=["lstm", "gru", "rnn"])
    parser.add_argument(
        "--phases", nargs="*", choices=["train", "greedy", "beam5"], default=["train", "greedy", "beam5"]
    )
    parser.add_argument("--batches", nargs="*", type=int)
    parser.add_argument("--windows", type=int)
    parser.add_argument("--precision", choices=["float32", "bf16"], default="float32")
    parser.add_argument("--no-extras", action="store_true", help="rates alone: no times to start, no growth")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    quick = bool(given.quick)
    plan = Plan(
        models=tuple(given.models or (("letters", "words-s") if quick else MODELS)),
        wirings=tuple(given.wirings or (("fixed", "luong", "bahdanau") if quick else WIRINGS)),
        cells=tuple(given.cells or (("lstm",) if quick else ("lstm", "gru", "rnn"))),
        phases=tuple(given.phases),
        batches=tuple(given.batches or (1, 32, 64, 256)),
        windows=given.windows or 3,
        precision=given.precision,
        extras=not given.no_extras,
    )
    return plan, given.out


def measure(plan: Plan, console: Console) -> Iterator[dict[str, Any]]:
    """One line of results after the other."""
    for name in plan.models:
        model = MODELS[name]
        pairs, origin = models.corpus(model)
        console.print(f"{name}: {len(pairs):,} pairs, {origin}")
        loops: dict[tuple[str, int], float | None] = {}
        for wiring in [each for each in model.wirings if each in plan.wirings]:
            for cell in plan.cells:
                for phase, batch, prepared, work in lines_of_work(plan, model, wiring, cell):
                    if (phase, batch) not in loops:
                        loops[phase, batch] = tutorial_rate(phase, batch, prepared)
                    rate, peak, fraction = in_turns(work, plan.windows)
                    unit = "target tokens/s" if phase == "train" else model.unit
                    line = {
                        "phase": phase, "model": name, "wiring": wiring, "cell": cell, "batch": batch,
                        "rate": round(rate, 1), "unit": unit, "fraction": round(fraction, 3),
                        "peak": round(peak / 1e9, 1), "loop_rate": loops[phase, batch], "precision": plan.precision,
                        "threads": torch.get_num_threads(), "data": origin, "padding": round(work.padding, 3),
                    }  # fmt: skip
                    console.print(" ".join(f"{value}" for value in line.values()))
                    yield line


def lines_of_work(plan: Plan, model: Model, wiring: str, cell: str) -> Iterator[tuple[str, int, Prepared, Work]]:
    """Training at the model's batch sizes, then every search at 64 and at one."""
    if "train" in plan.phases:
        for batch in [each for each in model.train_batches if each in plan.batches]:
            prepared = models.build(model, wiring, cell, batch, precision=plan.precision)
            yield "train", batch, prepared, training(prepared)
    prepared = models.build(model, wiring, cell, 64)
    for phase, beam_size in SEARCHES:
        for batch, sentences in SENTENCES.items():
            if phase in plan.phases and batch in plan.batches:
                yield phase, batch, prepared, searching(model, prepared, sentences, batch, beam_size)


def training(prepared: Prepared) -> Work:
    """Updates; target units counted."""
    settings, size = prepared.recipe.model, len(prepared.codec.target_vocabulary)
    work = Training(prepared)
    work.window(3)
    updates = max(3, round(FLOOR_SECONDS / seconds(lambda: work.window(3)) * 3))
    per_unit, seen = models.real_lengths(prepared.train)
    peak = Peak([[(900, settings.hidden_size, size)], [(900, settings.hidden_size, 4 * settings.hidden_size)]])
    return Work(
        lambda: work.window(updates), operations.count(settings, size).training(per_unit, seen), peak, work.padding()
    )


def searching(model: Model, prepared: Prepared, sentences: int, batch: int, beam_size: int) -> Work:
    """Answers; sentences counted."""
    settings, size = prepared.recipe.model, len(prepared.codec.target_vocabulary)
    work = Searching(prepared, round(sentences * SHARE.get(model.name, 1.0)), batch, beam_size)
    work.window()
    data = prepared.train
    source, target = data.source_lengths[work.chosen], data.target_lengths[work.chosen] + 1
    counted = operations.count(settings, size)
    per_unit, seen = float(source.sum() / target.sum()), float((source * target).sum() / target.sum())
    each = counted.forward(per_unit, seen, beam_size) * float(target.mean())
    hidden = settings.hidden_size
    if batch == 1:
        gates = 4 * hidden
        step = [
            (beam_size, settings.embedding_size + hidden, gates),
            (beam_size, 2 * hidden, hidden),
            (beam_size, hidden, size),
        ]
        peak = Peak([step])
    else:
        peak = Peak([[(900, hidden, size)], [(900, hidden, 4 * hidden)]])
    return Work(work.window, each, peak)


def in_turns(work: Work, windows: int) -> tuple[float, float, float]:
    """Medians of the rate, the peak, and the work's share of the peak."""
    rates: list[float] = []
    peaks = [work.peak.rate()]
    fractions: list[float] = []
    for _ in range(windows):
        begin = time.perf_counter()
        count = work.window()
        rates.append(count / (time.perf_counter() - begin))
        peaks.append(work.peak.rate())
        fractions.append(rates[-1] * work.operations / statistics.mean(peaks[-2:]))
    return statistics.median(rates), statistics.median(peaks), statistics.median(fractions)


def tutorial_rate(phase: str, batch: int, prepared: Prepared) -> float | None:
    """The tutorial's loop at the same work."""
    if phase == "train":
        work = TutorialTraining(prepared)
        work.window(1)
        took = seconds(lambda: work.window(1))
        updates = max(2, round(FLOOR_SECONDS / took))
        rates = [_rate(lambda: work.window(updates)) for _ in range(2)]
    else:
        sentences = {(64, 1): 256, (64, 5): 24, (1, 1): 30, (1, 5): 12}[batch, 5 if phase == "beam5" else 1]
        search = TutorialSearching(prepared, sentences, batch, 5 if phase == "beam5" else 1)
        search.window()
        rates = [_rate(search.window) for _ in range(2)]
    return round(statistics.median(rates), 1)


def _rate(window: Callable[[], int]) -> float:
    begin = time.perf_counter()
    count = window()
    return count / (time.perf_counter() - begin)


def table(lines: list[dict[str, Any]]) -> Table:
    """What was measured, to be looked at."""
    made = Table(title="share of the matrix-product peak")
    for name in ("model", "phase", "batch", "wiring", "cell"):
        made.add_column(name)
    for name in ("rate", "unit", "fraction", "peak GFLOP/s", "against the loop"):
        made.add_column(name, justify="right")
    for each in lines:
        if each["phase"] == "other":
            continue
        times = f"x {each['rate'] / each['loop_rate']:.1f}" if each["loop_rate"] else ""
        made.add_row(
            each["model"], each["phase"], str(each["batch"]), each["wiring"], each["cell"], f"{each['rate']:,.0f}",
            each["unit"], f"{each['fraction']:.2f}", f"{each['peak']:.0f}", times,
        )  # fmt: skip
    return made


main()
