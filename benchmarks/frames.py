"""Pictures: how quickly they are prepared, put into batches, trained on and read; ``make bench BENCH=frames``.

On pictures of digits drawn here, 40 to 165 columns wide, or on the lines of ``$HEEDFUL_DATA/fraktur_lines`` where they are.
"""

import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from rich.console import Console

from heedful.data import batches, toy
from heedful.data.cache import prepare as prepare_frames
from heedful.data.corpus import Corpus, read_corpus
from heedful.data.frames import kind
from heedful.data.pictures import write_pictures
from heedful.data.settings import DataSettings
from heedful.native import kernels
from heedful.predictor import Predictor
from heedful.search.settings import SearchSettings
from heedful.training.learner import Learner
from heedful.training.prepare import Prepared, prepare
from heedful.training.recipe import Table, compose, read_table
from heedful.training.state import State

RECIPES = Path(__file__).parent.parent / "recipes"
DRAWN, READ, UPDATES, WINDOWS = 2_000, 128, 20, 3


def run() -> None:
    """Measures, and prints a line each."""
    console = Console(stderr=True, soft_wrap=True)
    kernels.prepare()
    torch.set_flush_denormal(True)
    console.print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; nothing else should be running")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        for name, value, unit in measure(Path(folder)):
            console.print(f"{name}: {value:,.4g} {unit}")


def measure(folder: Path) -> Iterator[tuple[str, float, str]]:
    """Name, value and unit of each."""
    name, table = _given(folder)
    settings = compose(table, [], name).recipe.data
    column = settings.source[0]
    paths = _paths(str(settings.train))
    for workers in (1, 2):
        place = folder / f"workers-{workers}"
        os.environ["XDG_CACHE_HOME"] = str(place)
        took = _seconds(lambda workers=workers: prepare_frames(kind(column), paths, anew=False, workers=workers))
        yield f"{name}: prepared by {workers} threads", len(paths) / took, "pictures/s"
    took = _seconds(lambda: prepare_frames(kind(column), paths, anew=False, workers=2))
    yield f"{name}: mapped again", took, "s"
    for frames in ("cached", "live"):
        said = settings.model_copy(update={"frames": frames})
        corpus = read_corpus(said.train or "", said)
        prepared = _prepared(table, corpus, said)
        yield f"{name}: batches alone, {frames}", _rate(lambda p=prepared: _batches(p)), "pictures/s"
        yield f"{name}: training, {frames}", _rate(_training(prepared)), "pictures/s"
    rows = prepared.dev.sources[:READ]
    for beam_size in (1, 5):
        predictor = Predictor(
            prepared.network.eval(), prepared.codec, SearchSettings(beam_size=beam_size, max_length=47)
        )
        yield (
            f"{name}: read with a beam of {beam_size}, files and all",
            _rate(lambda p=predictor, rows=rows: len(p.search(rows))),
            "pictures/s",
        )
    yield f"{name}: memory at its highest", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MiB"


def _given(folder: Path) -> tuple[str, Table]:
    """Which pictures, and the recipe for them."""
    data = Path(os.environ.get("HEEDFUL_DATA", "")) / "fraktur_lines" / "train.tsv"
    if os.environ.get("HEEDFUL_DATA") and data.is_file():
        return "lines of print", read_table(RECIPES / "fraktur_lines.toml")
    drawn = toy.digit_pictures(DRAWN, 1)
    names = write_pictures([pixels for pixels, _ in drawn], folder / "pictures")
    lines = [f"pictures/{file}\t{target}\n" for file, (_, target) in zip(names, drawn, strict=True)]
    (folder / "digits.tsv").write_text("".join(lines), encoding="utf-8")
    table = read_table(RECIPES / "digits.toml")
    table["data"]["train"] = str(folder / "digits.tsv")
    return "digits", table


def _paths(train: str) -> list[Path]:
    place = Path(os.path.expandvars(train))
    return [place.parent / line.split("\t")[0] for line in place.read_text(encoding="utf-8").split("\n") if line]


def _prepared(table: Table, corpus: Corpus, settings: DataSettings) -> Prepared:
    recipe = compose(table, [], "frames").recipe.resolved()
    return prepare(recipe.model_copy(update={"data": settings}), corpus, corpus.take(range(READ)))


def _plan(prepared: Prepared) -> list[batches.Rows]:
    settings, data = prepared.recipe.training, prepared.train
    return batches.plan(
        data.source_lengths, data.target_lengths, units_per_batch=settings.batch_units, max_rows=settings.batch_size,
        seed=1, epoch=0,
    )[:UPDATES]  # fmt: skip


def _batches(prepared: Prepared) -> int:
    plan = _plan(prepared)
    for rows in plan:
        batches.make(prepared.train, rows)
    return sum(map(len, plan))


def _training(prepared: Prepared) -> Callable[[], int]:
    learner, plan = Learner(State(prepared.network, prepared.recipe.training)), _plan(prepared)

    def window() -> int:
        for place, rows in enumerate(plan):
            batch = batches.make(prepared.train, rows)
            for column in prepared.train.columns:
                column.ahead(plan[(place + 1) % len(plan)])
            learner.measure(batch)
            learner.step(1e-4)
        return sum(map(len, plan))

    return window


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _rate(window: Callable[[], int]) -> float:
    """The median of some windows, after one to warm up."""
    window()
    rates: list[float] = []
    for _ in range(WINDOWS):
        begin = time.perf_counter()
        count = window()
        rates.append(count / (time.perf_counter() - begin))
    return statistics.median(rates)
