"""Random outputs and references: near each other, of every length from nothing up, some with several references."""

import random
from collections.abc import Callable

import pytest

Corpus = tuple[list[str], list[list[str]]]
WORDS = ["A", "die", "Katze", "saß,", "straße.", "don't", "(drei)", "ein", "고양이", "ʃtʁaːsə", "naïve", "123", "é!"]


@pytest.fixture(scope="session")
def corpus() -> Callable[..., Corpus]:
    """``corpus(sentences, seed=0, most=1)``: outputs, and one to ``most`` references of each."""

    def make(sentences: int, seed: int = 0, most: int = 1) -> Corpus:
        draw = random.Random(seed)
        references = [
            [" ".join(draw.choices(WORDS, k=draw.randint(0, 9))) for _ in range(draw.randint(1, most))]
            for _ in range(sentences)
        ]
        outputs = [" ".join(noisy(draw, draw.choice(of).split())) for of in references]
        return outputs, references

    def noisy(draw: random.Random, words: list[str]) -> list[str]:
        changed = [draw.choice(WORDS) if draw.random() < 0.2 else word for word in words if draw.random() > 0.1]
        return changed + (draw.choices(WORDS, k=2) if draw.random() < 0.1 else [])

    return make
