"""Every cell with every classic wiring learns to reverse 5 to 12 letters, in under a minute on one core."""

import pytest

from heedful.model.cells import CELLS
from tests.learning.lessons import learn

ENOUGH = 95.0
"""Percent of unseen strings exactly right, with attention."""
WITHOUT_ATTENTION = 50.0
"""Without: everything has to go through one vector. Chance gets none right."""


def marked() -> list[object]:
    """Every cell and wiring; only the quickest three outside ``make test-all``."""
    quick = [("rnn", "luong"), ("lstm", "luong"), ("gru", "luong")]
    every = [(cell, attention) for attention in ("luong", "bahdanau") for cell in CELLS]
    return [pytest.param(*each, marks=[] if each in quick else pytest.mark.slow, id="-".join(each)) for each in every]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("cell", "attention"), marked())
def test_with_attention_it_is_learned(cell: str, attention: str) -> None:
    lesson = learn("reverse", cell, attention)
    assert lesson.accuracy() >= ENOUGH
    assert lesson.seconds < 60


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("cell", CELLS)
def test_without_attention_a_part_is_learned(cell: str) -> None:
    """And more of the short strings than of the long ones: the vector is as wide for both."""
    lesson = learn("reverse", cell, "fixed", updates=1000)
    report = lesson.model.evaluate(lesson.unseen, resamples=0)
    assert report.value("accuracy") >= WITHOUT_ATTENTION
    assert report.value("error_rate") <= 25.0
    assert report.by_length[0].accuracy > report.by_length[-1].accuracy
    assert lesson.seconds < 60
