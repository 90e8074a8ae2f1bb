"""Copying: the right place to look at is known for every letter, and the model looks there."""

import numpy as np
import pytest

from heedful import Seq2Seq
from heedful.model.cells import CELLS
from tests.learning.lessons import learn


def share_on_its_own_letter(model: Seq2Seq, pairs: list[tuple[str, str]]) -> float:
    """The part of all output letters that put most weight on the letter that they copy, along the right outputs."""
    right, count = 0, 0
    for source, target in pairs:
        looked = model.attend(source, target).weights.argmax(axis=1)
        right += int(np.sum(looked == np.arange(len(target))))
        count += len(target)
    return right / count


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("cell", "attention"),
    [
        pytest.param(cell, attention, marks=[] if (cell, attention) == ("rnn", "luong") else pytest.mark.slow)
        for attention in ("luong", "bahdanau")
        for cell in CELLS
    ],
)
def test_attention_lies_on_the_letter_that_is_copied(cell: str, attention: str) -> None:
    lesson = learn("copy", cell, attention)
    assert lesson.accuracy() >= 95.0
    assert share_on_its_own_letter(lesson.model, lesson.unseen) >= 0.9
    found = [result.attention for result in lesson.model.search([source for source, _ in lesson.unseen])]
    mass = [np.trace(each.weights) / len(each.target) for each in found if each is not None and each.weights.size]
    assert np.mean(mass) >= 0.5  # of all weight, not only of the most
