"""Whether cost grows with the corpus: target units a second and memory, from a thousand to a million pairs."""

import os
import subprocess
import sys
from collections.abc import Iterator

SIZES = (1_000, 10_000, 100_000, 1_000_000)
SCRIPT = """
import ctypes, gc, random, resource, sys, time
import torch
from benchmarks import models
from benchmarks.training import Training
from heedful.data.corpus import corpus_of
from heedful.data.settings import DataSettings
from heedful.native import kernels
from heedful.training.prepare import prepare
from heedful.training.recipe import compose
kernels.prepare()
count = int(sys.argv[1])
draw = random.Random(1)
letters = [chr(97 + place) for place in range(26)]
def pairs():
    for _ in range(count):
        source = "".join(draw.choices(letters, k=draw.randint(3, 12)))
        yield source, source[::-1]
table = {
    "data": {"source": {"column": 1}, "target": {"column": 2}},
    "model": {"cell": "lstm", "dropout": 0.0, "embedding_size": 64, "encoder_size": 128, "hidden_size": 128},
    "training": {"batch_size": 128, "batch_units": 10**6, "average": 0.0},
}
recipe = compose(table, [], "growth").recipe.resolved()
begin = time.perf_counter()
corpus = corpus_of(pairs(), DataSettings.model_validate(table["data"]))
prepared = prepare(recipe, corpus, corpus.take(range(10)))
reading = time.perf_counter() - begin
del corpus
work = Training(prepared)
work.window(8)
rates = []
for _ in range(5):
    begin = time.perf_counter()
    units = work.window(60)
    rates.append(units / (time.perf_counter() - begin))
gc.collect()
ctypes.CDLL(None).malloc_trim(0)
pages = int(open("/proc/self/statm").read().split()[1])
print(sorted(rates)[2], reading, pages * resource.getpagesize() / 2**20)
"""


def measure() -> Iterator[tuple[str, float, str]]:
    """Name, value and unit of each."""
    for size in SIZES:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(size)], text=True, capture_output=True, check=True, env=os.environ
        )
        rate, reading, memory = (float(each) for each in done.stdout.split()[-3:])
        yield f"training on {size:,} pairs", rate, "target tokens/s"
        yield f"reading {size:,} pairs", reading, "s"
        yield f"memory while training on {size:,} pairs", memory, "MiB"
