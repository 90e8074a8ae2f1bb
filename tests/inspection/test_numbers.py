import json

import numpy as np
import pytest

from heedful.inspection import numbers
from heedful.results import Alignment


def test_exactly_three_keys_and_a_row_an_output_unit(known: Alignment) -> None:
    assert json.loads(numbers.render(known, title="no place for it")) == {
        "source": ["a", "b", "c"],
        "target": ["x", "y"],
        "weights": [[0.0, 1.0, 0.0], [0.25, 0.25, 0.5]],
    }


def test_units_and_numbers_come_back_as_they_went() -> None:
    units = ("\u202e", '"', "\ud800", "각", " ", "e\u0301", "\x00")
    weights = np.random.default_rng(0).dirichlet(np.ones(7), 2).astype(np.float32)
    text = numbers.render(Alignment(units, ("नि", ""), weights))
    text.encode()
    back = json.loads(text)
    assert tuple(back["source"]) == units
    assert np.array_equal(np.array(back["weights"], dtype=np.float32), weights)


def test_letters_stay_readable(known: Alignment) -> None:
    assert "각" in numbers.render(Alignment(("각", "b", "c"), known.target, known.weights))


def test_json_has_no_nan() -> None:
    with pytest.raises(ValueError, match="nan"):
        numbers.render(Alignment(("a",), ("x",), np.array([[np.nan]], dtype=np.float32)))
