"""Drawn numbers: the same seed draws the same pictures, boxes hold the ink, and the figures can be told apart."""

import hashlib
import math
import random
import subprocess
import sys
from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from heedful.data import digits
from heedful.data.digits import HEIGHT, NARROWEST, STYLES, DrawnDigits, drawn_digits
from heedful.errors import SettingsError

SAMPLE = drawn_digits(1500, seed=3)


def digest(pictures: list[DrawnDigits]) -> str:
    """Everything that is in the pictures, in a few letters."""
    found = hashlib.sha256()
    for picture in pictures:
        found.update(f"{picture.target} {picture.boxes} {picture.pixels.shape}".encode())
        found.update(picture.pixels.tobytes())
    return found.hexdigest()[:16]


def test_the_seed_decides() -> None:
    assert digest(drawn_digits(60, seed=1)) == digest(drawn_digits(60, seed=1))
    assert digest(drawn_digits(60, seed=1)) == digest(drawn_digits(90, seed=1)[:60])
    assert digest(drawn_digits(60, seed=1)) != digest(drawn_digits(60, seed=2))
    assert len({picture.pixels.tobytes() for picture in SAMPLE}) == len(SAMPLE)


def test_another_process_draws_the_same_without_torch_or_pillow() -> None:
    # with its own hash seed: nothing may hang on Python's hash()
    program = (
        "import sys; from heedful.data.digits import drawn_digits; "
        "sys.stdout.buffer.write(b''.join(picture.pixels.tobytes() for picture in drawn_digits(40, 5))); "
        "assert not {'torch', 'PIL', 'scipy'} & set(sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, env={"PYTHONHASHSEED": "123"}
    )
    assert told.stdout == b"".join(picture.pixels.tobytes() for picture in drawn_digits(40, 5))


def test_another_machine_draws_the_same() -> None:
    # a photograph, since only that goes from machine to machine; whoever changes the font or the chances takes a new one
    assert digest(drawn_digits(100, seed=0)) == "8e08a6a21a936d48"


def test_pictures_are_grey_and_of_one_height() -> None:
    widths = [picture.pixels.shape[1] for picture in SAMPLE]
    assert {picture.pixels.dtype for picture in SAMPLE} == {np.dtype(np.uint8)}
    assert {picture.pixels.shape[0] for picture in SAMPLE} == {HEIGHT}
    assert min(widths) == NARROWEST
    assert 60 < np.median(widths) < 100
    assert np.percentile(widths, 99) < 150


def test_every_length_and_every_figure_comes_about_as_often() -> None:
    lengths = Counter(len(picture.target) for picture in SAMPLE)
    assert set(lengths) == {2, 3, 4, 5, 6}
    assert all(240 < count < 360 for count in lengths.values())
    figures = Counter(figure for picture in SAMPLE for figure in picture.target)
    assert set(figures) == set("0123456789")
    assert max(figures.values()) < 1.3 * min(figures.values())


def test_the_lengths_are_the_callers() -> None:
    assert {len(picture.target) for picture in drawn_digits(40, 1, fewest=1, most=2)} == {1, 2}
    assert {len(picture.target) for picture in drawn_digits(20, 1, fewest=9, most=9)} == {9}


def test_boxes_stand_in_the_picture_from_left_to_right() -> None:
    for picture in SAMPLE:
        height, width = picture.pixels.shape
        assert len(picture.boxes) == len(picture.target)
        assert all(
            0 <= left < right <= width and 0 <= top < bottom <= height for left, top, right, bottom in picture.boxes
        )
        assert all(1 <= after[0] - before[2] <= 8 for before, after in pairwise(picture.boxes))
        assert all(13 <= bottom - top <= 29 for _, top, _, bottom in picture.boxes)


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> list[DrawnDigits]:
    """Pictures without hairs, specks and grain: black ink on white."""
    monkeypatch.setattr(digits, "_scratch", lambda page, stream: None)
    monkeypatch.setattr(digits, "_printed", lambda page, stream: np.rint(255 - 255 * page).astype(np.uint8))
    return drawn_digits(300, seed=4)


def test_boxes_hold_all_of_the_ink_and_no_margin(clean: list[DrawnDigits]) -> None:
    for picture in clean:
        inked = picture.pixels < 255
        outside = inked.copy()
        for left, top, right, bottom in picture.boxes:
            outside[top:bottom, left:right] = False
            box = picture.pixels[top:bottom, left:right]
            assert box.min() < 100  # even the thinnest stroke is well inked
            # the outermost rows and columns may be so faint that they round to paper, those next to them not
            assert inked[top : top + 2, left:right].any()
            assert inked[bottom - 2 : bottom, left:right].any()
            assert inked[top:bottom, left : left + 2].any()
            assert inked[top:bottom, right - 2 : right].any()
        assert not outside.any()


def test_boxes_hold_nearly_all_that_differs_from_paper() -> None:
    for picture in SAMPLE:
        outside = np.ones(picture.pixels.shape, dtype=np.bool_)
        for left, top, right, bottom in picture.boxes:
            outside[top:bottom, left:right] = False
        paper = float(np.median(picture.pixels[outside]))
        differs = np.abs(picture.pixels - paper)
        assert differs.max() > 75
        # beyond a scratch, nothing outside the boxes stands out from the grain
        assert (differs[outside] > 45).mean() < 0.06


def test_some_are_light_on_dark() -> None:
    light = sum(float(np.median(picture.pixels)) < 128 for picture in SAMPLE)
    assert 0.25 < light / len(SAMPLE) < 0.42


def cut(picture: DrawnDigits, height: int = 12, width: int = 8) -> NDArray[np.float64]:
    """Each figure's box, dark ink or light, brought to one size; its breadth, which that hides, stands beside it."""
    rows = []
    for left, top, right, bottom in picture.boxes:
        y = top + (np.arange(height) + 0.5) * (bottom - top) / height
        x = left + (np.arange(width) + 0.5) * (right - left) / width
        values = np.abs(picture.pixels[np.ix_(y.astype(int), x.astype(int))] - float(np.median(picture.pixels)))
        values = values.ravel() / values.std()
        rows.append([*(values - values.mean()), 10 * (right - left) / (bottom - top)])
    return np.array(rows)


def test_the_boxes_can_be_read() -> None:
    # the nearest of a thousand figures seen before says what nearly every figure is: the task is real, and no riddle
    known, seen = SAMPLE[:1200], SAMPLE[1200:]
    table, labels = np.concatenate([cut(picture) for picture in known]), "".join(picture.target for picture in known)
    squares = (table * table).sum(axis=1)
    read = "".join(
        labels[int(index)] for picture in seen for index in (squares - 2 * cut(picture) @ table.T).argmin(axis=1)
    )
    written = "".join(picture.target for picture in seen)
    assert np.mean([one == other for one, other in zip(read, written, strict=True)]) > 0.95


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize(("height", "thickness"), [(16, 0.08), (16, 0.145), (26, 0.1)])
def test_two_figures_of_a_style_differ_clearly(name: str, height: float, thickness: float) -> None:
    hand = digits._Hand(STYLES[name], 3, height, height * 0.5, height * thickness, slant=0)
    drawn: dict[str, NDArray[np.float32]] = {}
    for figure in "0123456789":
        top, ink = digits._figure(figure, hand, phase=0.5)
        page = np.zeros((HEIGHT, HEIGHT), dtype=np.float32)
        page[top : top + ink.shape[0], : ink.shape[1]] = ink
        drawn[figure] = page
    for one, other in combinations("0123456789", 2):
        # of the ink of both, the share that is not common to them, wherever one is laid over the other
        shifted = (np.roll(drawn[other], shift, axis=1) for shift in range(-2, 9))
        nearest = min(float(np.abs(drawn[one] - page).sum()) for page in shifted)
        assert nearest / float(drawn[one].sum() + drawn[other].sum()) > 0.045, (
            one,
            other,
        )  # a calculator's 0 and 8 differ by one bar


def test_every_style_draws_ten_figures_in_the_unit_square() -> None:
    assert len(STYLES) >= 4
    for style in STYLES.values():
        assert len(style.figures) == 10
        for figure in "0123456789":
            lines = digits._lines(style, figure)
            assert lines.min() >= 0
            assert lines.max() <= 1
            assert lines[:, :, 1].min() < 0.1  # of one height, but for the bars that do not touch
            assert lines[:, :, 1].max() > 0.9


def test_ink_is_what_a_loop_over_pixels_finds() -> None:
    stream = random.Random(1)
    lines = [[[stream.uniform(0, 12), stream.uniform(0, 9)] for _ in range(2)] for _ in range(3)]
    ink = digits._stroked(np.array(lines, dtype=np.float32), height=9, width=12, thickness=1.5)
    for row in range(9):
        for column in range(12):
            middle = (column + 0.5, row + 0.5)
            points = (
                (x + (to_x - x) * step / 2000, y + (to_y - y) * step / 2000)
                for (x, y), (to_x, to_y) in lines
                for step in range(2001)
            )
            nearest = min(math.dist(middle, point) for point in points)
            assert ink[row, column] == pytest.approx(min(max(0.75 + 0.5 - nearest, 0), 1), abs=0.005)


@pytest.mark.parametrize(("count", "fewest", "most"), [(0, 2, 6), (-3, 2, 6), (10, 0, 3), (10, 4, 3), (10, -2, -1)])
def test_impossible_arguments_are_refused(count: int, fewest: int, most: int) -> None:
    with pytest.raises(SettingsError, match="figures|digits"):
        drawn_digits(count, 1, fewest, most)
