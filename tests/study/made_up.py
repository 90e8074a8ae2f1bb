"""Arms with outputs that were made up, so that what is to be found in them is known."""

from collections.abc import Callable, Sequence
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import numpy as np

from heedful.evaluation.attention import Counted
from heedful.study.grid import Arm
from heedful.study.measuring import Items, Looked, Measured
from heedful.study.scored import Scored
from heedful.training.recipe import compose

Share = float | Callable[[int], float]
SHORTEST, LONGEST = 5, 20


def items(count: int = 200) -> Items:
    """Sources to be copied, of 5 to 20 letters."""
    chance = np.random.default_rng(0)
    lengths = chance.integers(SHORTEST, LONGEST + 1, count)
    texts = ["".join(chance.choice(list(ascii_lowercase), length)) for length in lengths]
    return Items([(text,) for text in texts], [[text] for text in texts])


def looked(count: int, weight: float, seed: int = 0) -> Looked:
    """Attention of which such a share lies on the right, give or take, over ten units a source."""
    each = np.clip(np.random.default_rng(seed).normal(weight, 0.02, count), 0, 1)
    hits = tuple(int(10 * weight) for _ in range(count))
    links = tuple(Counted(10, 10, hit, hit) for hit in hits)
    return Looked((1.0,) * count, (10,) * count, tuple(10 * each), hits, links)


def scored(
    share: Share = 0.5, *, seeds: int = 3, of: Items | None = None, weight: float | None = None,
    log_probs: Callable[[int], Sequence[float]] = lambda length: (), seed: int = 0, training: dict[str, Any] | None = None,
    **model: Any,
) -> Scored:  # fmt: skip
    """An arm that writes each letter right with this probability, which may depend on the length of the source."""
    given = of or items()
    table = {
        "data": {"train": "task:copy"}, "model": {"hidden_size": 16, **model},
        "training": {"metric": "item_accuracy", **(training or {})},
        "evaluation": {"metrics": ["item_accuracy", "accuracy", "error_rate"], "resamples": 300},
    }  # fmt: skip
    recipe = compose(table, [], "made up").recipe.resolved()
    texts = [str(source) for (source,) in given.sources]
    measured: list[Measured] = []
    for number in range(seeds):
        chance = np.random.default_rng([seed, number])
        outputs = [
            "".join(letter if chance.random() < (share if isinstance(share, float) else share(len(text))) else "#"
                    for letter in text)
            for text in texts
        ]  # fmt: skip
        measured.append(
            Measured(
                given.digest, tuple(outputs), tuple(map(len, texts)), tuple(tuple(log_probs(len(text))) for text in texts),
                None if weight is None else looked(len(texts), weight, number), 1000, 100, 60.0, 5000.0,
            )
        )  # fmt: skip
    name = ", ".join(f"model.{key}={value}" for key, value in model.items())
    folders = tuple(Path(f"seed-{number}") for number in range(seeds))
    arm = Arm(name or "recipe", tuple((f"model.{key}", value) for key, value in model.items()), recipe)
    return Scored(arm, tuple(range(1, seeds + 1)), folders, tuple(measured), given)
