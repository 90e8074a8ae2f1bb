"""Three tiny runs, trained once: letters to symbols, two columns, and one without attention."""

from pathlib import Path

import pytest

from tests.cli.door import heedful, write

WORDS = [f"{a}{b}{c}" for a in ("", *"abcd") for b in "abcd" for c in "abcd"]
QUICK = [
    "--threads",
    "1",
    "--set",
    "model.hidden_size=24",
    "--set",
    "model.embedding_size=12",
    "--set",
    "evaluation.resamples=50",
]


def quick(updates: int) -> list[str]:
    """Options of a training that is over in a moment."""
    return [
        *QUICK,
        "--set",
        f"training.updates={updates}",
        "--set",
        "training.warmup=5",
        "--set",
        f"training.validate_every={updates}",
    ]


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Words of two and three letters, and the same in capital symbols."""
    rows = [f"{word}\t{' '.join(word.upper())}\n" for word in WORDS]
    return write(tmp_path_factory.mktemp("pairs") / "mine.tsv", "".join(rows))


@pytest.fixture(scope="session")
def run(pairs: Path) -> Path:
    """A run whose model has begun to learn its task."""
    out = pairs.parent / "run"
    said = heedful("train", pairs, "--out", out, *quick(120), "--set", "training.learning_rate=0.01")
    assert (said.code, said.out) == (0, ""), said.talk
    write(pairs.parent / "talk.txt", said.talk)
    return out


@pytest.fixture(scope="session")
def columns(pairs: Path) -> Path:
    """A run of a model that reads letters and tags."""
    data = write(pairs.parent / "columns.tsv", "".join(f"{word}\t{word}s\tN;{word[0]}\n" for word in WORDS))
    sets = ["data.source=[{column=1},{column=3,unit='tags',split=';'}]", "data.target={column=2}"]
    out = pairs.parent / "columns"
    said = heedful("train", data, "--out", out, *quick(10), *(word for each in sets for word in ("--set", each)))
    assert said.code == 0, said.talk
    return out


@pytest.fixture(scope="session")
def fixed(pairs: Path) -> Path:
    """A run of a model without attention."""
    out = pairs.parent / "fixed"
    said = heedful("train", pairs, "--out", out, *quick(10), "--set", "model.attention=fixed")
    assert said.code == 0, said.talk
    return out
