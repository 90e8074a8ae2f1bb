"""What is measured: three models, five wirings, and the sentences they work on."""

import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heedful.data.batches import Encoded
from heedful.data.corpus import Corpus, corpus_of, read_corpus
from heedful.training.prepare import Prepared, prepare
from heedful.training.recipe import compose

WIRINGS: dict[str, dict[str, Any]] = {
    "fixed": {"attention": "fixed"},
    "luong": {"attention": "luong", "scorer": "general"},
    "luong-feeding": {"attention": "luong", "scorer": "general", "input_feeding": True},
    "bahdanau": {"attention": "bahdanau"},
    "first-layer": {"attention": "first-layer", "scorer": "general"},
}


@dataclass(frozen=True)
class Model:
    """A size of network and the text it is for."""

    name: str
    unit: str
    """What search rates count."""
    sizes: dict[str, Any]
    data: dict[str, Any]
    files: tuple[str, ...]
    train_batches: tuple[int, ...]
    wirings: tuple[str, ...] = ("fixed", "luong", "luong-feeding", "bahdanau")


WORDS: dict[str, Any] = {
    "source": {"column": 1, "unit": "words"}, "target": {"column": 1, "unit": "words"}, "min_count": 2
}  # fmt: skip
LETTERS: dict[str, Any] = {"source": {"column": 1, "unit": "letters"}, "target": {"column": 2, "unit": "symbols"}}
CAPTIONS = ("multi30k/tokenized/train.en", "multi30k/tokenized/train.de")

MODELS = {
    "letters": Model(
        "letters", "words/s", {"embedding_size": 128, "encoder_size": 512, "hidden_size": 512, "num_layers": 1},
        LETTERS, ("sigmorphon2020_g2p/fre_train.tsv",), (32, 256),
    ),
    "words-s": Model(
        "words-s", "sentences/s", {"embedding_size": 256, "encoder_size": 512, "hidden_size": 512, "num_layers": 1},
        WORDS, CAPTIONS, (64,),
    ),
    "words-l": Model(
        "words-l", "sentences/s", {"embedding_size": 512, "encoder_size": 1024, "hidden_size": 1024, "num_layers": 2},
        WORDS, CAPTIONS, (64,), ("fixed", "luong", "luong-feeding", "bahdanau", "first-layer"),
    ),
}  # fmt: skip


def corpus(model: Model) -> tuple[Corpus, str]:
    """The model's sentences, and where they come from: real ones where ``HEEDFUL_DATA`` has them, else generated."""
    from heedful.data.settings import DataSettings

    settings = DataSettings.model_validate(model.data)
    folder = os.environ.get("HEEDFUL_DATA")
    files = [Path(folder) / each for each in model.files] if folder else []
    if files and all(each.exists() for each in files):
        place = str(files[0]) if len(files) == 1 else (str(files[0]), str(files[1]))
        return read_corpus(place, settings), model.files[0].split("/")[0]
    return corpus_of(generated(model), settings), "generated"


def generated(model: Model) -> list[tuple[str, str]]:
    """Sentences of about the lengths and the number of types of the real ones, of units drawn by Zipf's law."""
    letters = model.data is LETTERS
    draw = random.Random(1)
    types, mean, spread, pairs = (40, 7.5, 2.3, 3600) if letters else (8000, 12.0, 4.0, 20000)
    weights = [1 / (rank + 2.7) for rank in range(types)]
    names = [chr(0x561 + rank) if letters else f"w{rank}" for rank in range(types)]
    made: list[tuple[str, str]] = []
    for _ in range(pairs):
        length = max(2, round(draw.gauss(mean, spread)))
        source = draw.choices(names, weights, k=length)
        target = draw.choices(names, weights, k=max(1, length - letters + draw.randint(-1, 1)))
        made.append((("" if letters else " ").join(source), " ".join(target)))
    return made


def build(model: Model, wiring: str, cell: str, batch: int, **training: Any) -> Prepared:
    """The network and its data in ids, as ``heedful train`` would make them; no dropout, as the peers were measured."""
    table = {
        "data": model.data,
        "model": {"cell": cell, "dropout": 0.0, **model.sizes, **WIRINGS[wiring]},
        "training": {"batch_size": batch, "batch_units": 10**6, "label_smoothing": 0.0, "average": 0.0, **training},
    }
    recipe = compose(table, [], "benchmark").recipe.resolved()
    pairs, _ = corpus(model)
    return prepare(recipe, pairs, pairs.take(range(10)))


def real_lengths(data: Encoded) -> tuple[float, float]:
    """Source positions a target unit (the end mark is one), and the mean number of positions that a target unit sees."""
    source, target = data.source_lengths, data.target_lengths + 1
    return float(source.sum() / target.sum()), float((source * target).sum() / target.sum())
