"""How long it takes to begin: importing, the first help page, the first prediction; and the memory of training."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import models
from heedful.checkpoint import Checkpoint
from heedful.checkpoint import save as save_model

UPDATES = """
from pathlib import Path
from benchmarks import models
from benchmarks.training import Training
from heedful.native import kernels
kernels.prepare()
work = Training(models.build(models.MODELS[{name!r}], "luong", "lstm", {batch}))
def highest():
    return Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
before = highest()
work.window(300)
print(before, highest())
"""


def measure() -> Iterator[tuple[str, float, str]]:
    """Name, value and unit of each: medians of three, in fresh processes."""
    bare = _seconds(["-c", "pass"])
    yield "import heedful", _seconds(["-c", "import heedful"]) - bare, "s"
    yield "heedful --help", _seconds(["-m", "heedful", "--help"]), "s"
    with tempfile.TemporaryDirectory() as folder:
        model = _letters(Path(folder))
        yield "first word of heedful predict", _seconds(["-m", "heedful", "predict", str(model)], "bonjour\n"), "s"
    for name, batch in (("letters", 32), ("words-s", 64)):
        given = [sys.executable, "-c", UPDATES.format(name=name, batch=batch)]
        before, after = (int(each) / 1024 for each in _output(given).split()[-2:])
        yield f"memory of training {name}: its data read", before, "MiB"
        yield f"memory of training {name}: peak", after, "MiB"


def _letters(folder: Path) -> Path:
    """An untrained model of letters, saved."""
    prepared = models.build(models.MODELS["letters"], "luong", "lstm", 32)
    codec = prepared.codec
    save_model(
        Checkpoint(
            model=prepared.recipe.model, data=codec.data, search=prepared.recipe.search,
            evaluation=prepared.recipe.evaluation, source_vocabularies=codec.source_vocabularies,
            target_vocabulary=codec.target_vocabulary, lengths=codec.lengths,
            weights={name: value.detach() for name, value in prepared.network.state_dict().items()}, metrics={}, training=None,
        ),
        folder / "model",
    )  # fmt: skip
    return folder / "model"


def _seconds(arguments: list[str], text: str = "") -> float:
    """The wall time of a Python process, the median of three."""
    took: list[float] = []
    for _ in range(3):
        begin = time.perf_counter()
        subprocess.run([sys.executable, *arguments], input=text, text=True, capture_output=True, check=True)
        took.append(time.perf_counter() - begin)
    return statistics.median(took)


def _output(arguments: list[str]) -> str:
    return subprocess.run(arguments, text=True, capture_output=True, check=True, env=os.environ).stdout
