"""One setting for every cell and wiring: small enough for a minute on one core, large enough to learn."""

import time
from typing import Any, NamedTuple

from heedful import Seq2Seq
from heedful.data import toy

TRAIN, DEV, TEST = 4_000, 100, 300
TRAINING: dict[str, Any] = {
    "updates": 500,
    "warmup": 50,
    "learning_rate": 3e-3,
    "batch_size": 64,
    "batch_units": 100_000,
    "label_smoothing": 0.0,
    "average": 0.98,
}


class Lesson(NamedTuple):
    """What was learned: the model, pairs that it never saw, and the processor time that training took."""

    model: Seq2Seq
    unseen: list[tuple[str, str]]
    seconds: float

    def accuracy(self) -> float:
        """Outputs that are exactly right, in percent."""
        return self.measure("accuracy")

    def measure(self, metric: str) -> float:
        """A metric over what was never seen, in percent."""
        return self.model.evaluate(self.unseen, metrics=[metric], resamples=0).value(metric)


def learn(task: str, cell: str, attention: str, **training: Any) -> Lesson:
    """Strings of 5 to 12 letters, copied or reversed, with one layer of 128 and no dropout."""
    pairs = toy.make(task, TRAIN + DEV + TEST, seed=5)
    model = Seq2Seq(
        source="letters", target="letters", cell=cell, attention=attention,
        hidden_size=128, embedding_size=64, dropout=0.0,
    )  # fmt: skip
    keys = TRAINING | training
    begin = time.process_time()
    model.fit(pairs[:TRAIN], dev=pairs[TRAIN : TRAIN + DEV], validate_every=keys["updates"], **keys)
    return Lesson(model, pairs[TRAIN + DEV :], time.process_time() - begin)
