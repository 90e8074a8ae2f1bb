import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from heedful.inspection.labels import is_right_to_left, shortened, visible, visible_text


@pytest.mark.parametrize(
    ("unit", "label"),
    [
        (" ", "␣"),
        ("\t", "⇥"),
        ("\n", "↵"),
        ("\u3000", "\\u3000"),
        ("", "∅"),
        ("\x1b", "\\x1b"),
        ("\u202e", "\\u202e"),
        ("a\u2066b", "a\\u2066b"),
        ("\ud800", "\\ud800"),
        ("\U000e0067", "\\U000e0067"),
        ("\ue000", "\\ue000"),
        ("\u2028", "\\u2028"),
        ("\ufffe", "\\ufffe"),
        ("\u200d", "\\u200d"),
        ("\u3164", "\\u3164"),
        ("\u0303", "◌\u0303"),
        ("e\u0301", "é"),
        ("\u1161", "ㅏ"),
        ("\u11a8", "ㄱ"),
        ("\u1112\u1161\u11ab", "한"),
        ("\u06cc\u200c", "\u06cc\u200c"),
        ("👩‍👧", "👩‍👧"),
        ("tʃʰ", "tʃʰ"),
        ("क्षि", "क्षि"),
    ],
)
def test_a_unit_as_it_is_shown(unit: str, label: str) -> None:
    assert visible(unit) == label


@given(st.text(st.characters(codec=None), max_size=8))
def test_no_unit_can_take_over_a_terminal_or_the_order_of_a_line(unit: str) -> None:
    label = visible(unit)
    assert label
    label.encode()
    assert all(unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp") for character in label)
    assert not set(label) & set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_a_flood_of_marks_is_dammed() -> None:
    assert len(visible("o" + "\u0338" * 500)) < 12


@given(st.text(max_size=30), st.integers(2, 12))
def test_a_shortened_label_fits(text: str, cells: int) -> None:
    label = shortened(visible(text), cells)
    assert cell_len(label) <= cells
    assert label == visible(text) or label.endswith("…")


def test_the_direction_is_that_of_the_first_letter() -> None:
    assert [is_right_to_left(text) for text in ("שלום", "سلام", "abc", "1 א", "(", "aא")] == [
        True,
        True,
        False,
        True,
        False,
        False,
    ]


def test_a_title_keeps_its_spaces() -> None:
    assert visible_text("5 March\t2021\x1b") == "5 March⇥2021\\x1b"
