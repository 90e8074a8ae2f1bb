import re

import numpy as np
import pytest

from heedful.inspection import text
from heedful.inspection.positions import MOST_ROWS, joined, position_names
from heedful.results import Alignment, Scene
from tests.inspection.alignments import diagonal
from tests.inspection.scenes import columns, grid, looking


@pytest.mark.parametrize("count", [41, 79, 80, 81, 323, 1000])
def test_joined_rows_keep_all_of_the_weight(count: int) -> None:
    alignment = looking([0, count // 2, count - 1], columns(count), None)
    fewer, most = joined(alignment)
    assert len(fewer.source) <= MOST_ROWS
    assert most == -(-count // MOST_ROWS)
    assert np.allclose(fewer.weights.sum(axis=1), alignment.weights.sum(axis=1), atol=1e-5)
    assert [int(row.argmax()) for row in fewer.weights] == [0, count // 2 // most, (count - 1) // most]


def test_a_joined_row_is_named_by_its_range() -> None:
    fewer, _ = joined(looking([0], columns(100), None))
    assert (fewer.source[0], fewer.source[1], fewer.source[-1]) == ("0-11", "12-23", "396-399")
    assert fewer.scene is not None
    assert np.allclose(fewer.scene.boxes[1], [0.03, 0, 0.06, 1])


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        ("0.00-0.02 s", "0.02-0.04 s", "0.00-0.04 s"),
        ("7", "8", "7-8"),
        ("1,1", "1,2", "1,1…1,2"),
        ("tone one", "tone two", "tone o…tone t…"),
        ("same", "same", "same"),
    ],
)
def test_ranges(first: str, last: str, name: str) -> None:
    alignment = Alignment(
        (first, last) * 40, ("x",), np.full((1, 80), 1 / 80, dtype=np.float32), Scene("picture", columns(80))
    )
    assert joined(alignment)[0].source[0] == name


def test_some_text_stays_as_it_is() -> None:
    boxes = np.concatenate([np.full((3, 4), np.nan, dtype=np.float32), columns(200)])
    alignment = looking([1], boxes, None)
    fewer, _ = joined(alignment)
    assert fewer.source[:3] == alignment.source[:3]
    assert np.array_equal(fewer.weights[:, :3], alignment.weights[:, :3])
    assert len(fewer.source) <= MOST_ROWS + 1
    assert fewer.scene is not None
    assert np.isnan(fewer.scene.boxes[:3]).all()
    assert np.isfinite(fewer.scene.boxes[3:]).all()


def test_much_text_is_joined_but_never_with_what_is_none() -> None:
    boxes = np.concatenate([np.full((70, 4), np.nan, dtype=np.float32), columns(90)])
    fewer, most = joined(looking([0, 159], boxes, None))
    assert len(fewer.source) <= MOST_ROWS + 2
    assert fewer.scene is not None
    assert np.isnan(fewer.scene.boxes).any(axis=1).sum() == -(-70 // most)


def test_text_to_text_and_what_fits_are_untouched() -> None:
    for alignment in (diagonal("a" * 300, "b"), looking([3], columns(40), None)):
        assert joined(alignment) == (alignment, 1)


def test_a_terminal_gets_rows_that_fit() -> None:
    drawing = text.render(looking([10, 200, 310], columns(323), None))
    rows = re.findall(r"^ *(\d+-\d+) │", drawing, flags=re.MULTILINE)
    assert len(rows) <= MOST_ROWS
    assert "a row is the sum of up to 9 neighbours" in drawing
    assert drawing.count("█") == 3 * 2 + 2  # every unit's brightest cell, and the colour bar


def test_a_terminal_is_as_ever_where_nothing_is_joined() -> None:
    alignment = looking([1, 3], grid(2, 3), None)
    plain = Alignment(alignment.source, alignment.target, alignment.weights)
    assert text.render(alignment) == text.render(plain)


def test_a_part_of_a_sound_has_a_name_and_a_unit_of_text_is_shown_as_such() -> None:
    boxes = np.concatenate([np.full((1, 4), np.nan, dtype=np.float32), columns(1)])
    scene = Scene("spectrogram", boxes)
    alignment = Alignment((" ", "0.00-0.02 s"), ("x",), np.full((1, 2), 0.5, dtype=np.float32), scene)
    assert position_names(alignment) == ["␣", "0.00-0.02 s"]
