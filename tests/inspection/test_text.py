import re

import numpy as np
import pytest
from rich.cells import cell_len

from heedful.inspection import text
from heedful.results import Alignment
from tests.inspection.alignments import diagonal

MIXED = [
    "한",
    "カ",
    "नि",
    "क्षि",
    "tʃʰ",
    "e\u0301",
    "👩‍👩‍👧",
    "😀",
    " ",
    "\x1b[2J",
    "\u202e",
    "שלום",
    "سلام",
    "\u0303",
    "\u1161",
    "long" * 9,
]


def _plain(drawing: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", drawing)


def _blocks(drawing: str) -> list[list[str]]:
    """The blocks of columns, without the colour bar at the end."""
    return [block.split("\n") for block in _plain(drawing).split("\n\n")[:-1]]


def test_the_fullest_block_is_where_the_weight_is(known: Alignment) -> None:
    (block,) = _blocks(text.render(known))
    rows = [line.split("│")[1] for line in block[-3:]]
    assert rows == ["  ··", "██··", "  ▒▒"]


def test_input_is_down_and_output_across(known: Alignment) -> None:
    (block,) = _blocks(text.render(known))
    assert block[0].split() == ["output"]
    assert block[1].split() == ["input", "x", "y"]
    assert [line.split("│")[0].strip() for line in block[2:]] == ["a", "b", "c"]


def test_colour_is_the_background(known: Alignment) -> None:
    lines = text.render(known, colour=True).split("\n")
    assert "\x1b[48;2;252;253;191m  " in lines[3]
    assert "\x1b[48;2;0;0;4m  " in lines[2]
    assert all(line.count("\x1b") == 0 or line.rstrip().endswith(("\x1b[0m", "1")) for line in lines)


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("width", [20, 40, 100, 400])
@pytest.mark.parametrize("turned", [False, True])
def test_all_lines_of_a_block_are_equally_wide(colour: bool, width: int, turned: bool) -> None:
    alignment = diagonal(MIXED, ["a", "한"] * 20) if turned else diagonal(["a", "bc"], MIXED)
    for block in _blocks(text.render(alignment, colour=colour, width=width)):
        assert len({cell_len(line) for line in block}) == 1


def test_blocks_of_columns_keep_within_the_width() -> None:
    drawing = text.render(diagonal("abcdef", "x" * 150), width=60)
    assert max(map(cell_len, drawing.split("\n"))) <= 60
    blocks = _blocks(drawing)
    assert len(blocks) > 1
    assert sum(block[1].split().count("x") for block in blocks) == 150


def test_long_words_are_written_downwards() -> None:
    words = ["attention", "recurrence", "memory", "of"] * 4
    (block,) = _blocks(text.render(diagonal("abc", words), width=100))
    heads = block[1:-3]
    margin = heads[-1].index("input") + len("input ")
    downwards = ["".join(line[column] for line in heads).strip() for column in range(margin + 1, margin + 33, 2)]
    assert downwards == words


def test_a_few_words_are_written_across() -> None:
    assert "input  attention" in text.render(diagonal(["abc"], ["attention", "recurrence"])).replace("    ", " ")


def test_right_to_left_labels_cannot_swap_columns() -> None:
    assert "א\u200e" in text.render(diagonal("ab", ["א", "ב"]))


def test_no_label_reaches_the_terminal_as_a_command() -> None:
    assert "\x1b" not in text.render(diagonal(MIXED, MIXED), title="\x1b]0;mine\x07")


def test_nothing_to_draw_is_said() -> None:
    empty = Alignment(("a",), (), np.zeros((0, 1), dtype=np.float32))
    assert text.render(empty) == "nothing to draw: the output is empty\n"
