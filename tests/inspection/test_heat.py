import numpy as np
import pytest
from numpy.typing import NDArray

from heedful.inspection.heat import centres, covers, heat_of, in_one_row
from tests.inspection.scenes import columns, grid

OVERLAPPING = np.clip(columns(9) + np.array([-0.06, 0, 0.06, 0], dtype=np.float32), 0, 1).astype(np.float32)
SHAPES = {
    "columns": columns(7),
    "one": columns(1),
    "more columns than dots": columns(500),
    "overlapping": OVERLAPPING,
    "a grid": grid(3, 5),
    "a grid of one column": grid(6, 1),
    "column after column": grid(3, 5).reshape(3, 5, 4).swapaxes(0, 1).reshape(-1, 4),
}


@pytest.mark.parametrize("boxes", SHAPES.values(), ids=SHAPES)
def test_even_weights_are_even_heat(boxes: NDArray[np.float32]) -> None:
    heat = heat_of(boxes, 60, 40).over(np.full(len(boxes), 0.3))
    assert heat.shape == (40, 60)
    assert np.allclose(heat, 0.3)


@pytest.mark.parametrize("boxes", SHAPES.values(), ids=SHAPES)
def test_the_hottest_dot_lies_in_the_box_with_the_weight(boxes: NDArray[np.float32]) -> None:
    for at in range(0, len(boxes), max(1, len(boxes) // 20)):
        heat = heat_of(boxes, 60, 40).over(np.eye(len(boxes))[at])
        y, x = (int(place) for place in np.unravel_index(heat.argmax(), heat.shape))
        left, top, right, bottom = boxes[at]
        assert left - 0.5 / 60 <= (x + 0.5) / 60 <= right + 0.5 / 60
        assert top <= (y + 0.5) / 40 <= bottom


@pytest.mark.parametrize("boxes", SHAPES.values(), ids=SHAPES)
def test_the_heat_of_a_sum_is_the_sum_of_the_heats(boxes: NDArray[np.float32]) -> None:
    weights = np.random.default_rng(0).random((3, len(boxes)))
    heat = heat_of(boxes, 31, 17)
    assert np.allclose(heat.over(weights.sum(axis=0)), sum(map(heat.over, weights)))


def test_no_peak_falls_between_two_dots() -> None:
    heat = heat_of(columns(900), 100, 1)
    assert min(heat.over(row).max() for row in np.eye(900)) > 0.05


def test_between_two_middles_heat_goes_straight() -> None:
    heat = heat_of(columns(2), 100, 1).over(np.array([0.0, 1.0]))[0]
    assert np.allclose(heat[25:75], (np.arange(25, 75) + 0.5 - 25) / 50)
    assert (heat[:25].max(), heat[75:].min()) == (0, 1)


def test_a_grid_is_interpolated_both_ways() -> None:
    heat = heat_of(grid(2, 2), 100, 100).over(np.array([1.0, 0.0, 0.0, 0.0]))
    assert np.isclose(heat[49:51, 49:51].mean(), 0.25)  # the middle of all four
    assert np.isclose(heat[10, 10], 1)


def test_text_covers_nothing() -> None:
    boxes = np.concatenate([np.full((2, 4), np.nan, dtype=np.float32), columns(3)])
    assert covers(boxes).tolist() == [False, False, True, True, True]
    assert np.allclose(heat_of(boxes, 9, 5).over(np.array([5.0, 5.0, 1.0, 1.0, 1.0])), 1)
    assert not heat_of(boxes[:2], 9, 5).over(np.ones(2)).any()


def test_what_no_position_covers_stays_cold() -> None:
    boxes = columns(4) * np.array([0.5, 1, 0.5, 1], dtype=np.float32)
    heat = heat_of(boxes, 100, 2).over(np.ones(4))
    assert heat[:, :50].all()
    assert not heat[:, 51:].any()


def test_boxes_on_no_grid_fill_themselves_and_add_up() -> None:
    places = np.random.default_rng(0).random((12, 2)) * 0.5
    boxes = np.concatenate([places, places + 0.4], axis=1).astype(np.float32)
    heat = heat_of(boxes, 200, 100).over(np.ones(12))
    covering = np.zeros((100, 200))
    for left, top, right, bottom in boxes:
        covering[
            round(float(top) * 100) : round(float(bottom) * 100), round(float(left) * 200) : round(float(right) * 200)
        ] += 1
    assert np.array_equal(heat, covering)


def test_positions_side_by_side_are_in_one_row() -> None:
    assert [in_one_row(boxes) for boxes in (columns(5), grid(2, 3), grid(3, 1), columns(0))] == [
        True,
        False,
        False,
        True,
    ]


def test_a_centre_lies_where_the_row_looks_most_and_not_between_two_places() -> None:
    boxes = columns(10)
    weights = np.zeros((3, 10), dtype=np.float32)
    weights[0, 4:6] = 0.5
    weights[1, [1, 8]] = 0.3, 0.7
    weights[2, 2] = 1
    assert np.allclose(centres(weights, boxes), [[0.5, 0.5], [0.85, 0.5], [0.25, 0.5]])
