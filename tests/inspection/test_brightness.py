import numpy as np
import pytest
from matplotlib import colormaps

from heedful.inspection.brightness import brightness, colours, hexadecimal


def test_the_colours_are_magma() -> None:
    levels = np.linspace(0, 1, 256)
    theirs = colormaps["magma"](levels)[:, :3] * 255
    assert np.abs(colours(levels) - theirs).max() <= 3


def test_more_weight_is_never_darker() -> None:
    light = colours(np.linspace(0, 1, 1000)) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.maximum.accumulate(light) - light).max() < 1  # a channel is rounded to a whole number
    assert light[0] < 5
    assert light[-1] > 230


def test_the_ends_of_the_scale() -> None:
    assert (hexadecimal(0.0), hexadecimal(1.0)) == ("#000004", "#fcfdbf")


def test_rounding_beyond_one_is_one() -> None:
    assert brightness(np.array([[1.0000001, -1e-9]])).tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match=r"weights\[1, 0\]"):
        brightness(np.array([[0.0, 1.0], [bad, 0.0]]))
