"""Letters as the model has them, found without the package that the model finds them with."""

import re

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from heedful.data import units
from heedful.data.settings import Column
from heedful.data.vocabulary import Vocabulary
from heedful.export import letters
from heedful.export.folder import source_side
from heedful.export.runner import split

TEXTS = [
    "", " ", "The quick\tbrown fox", "e\u0301a\u0308\u0323", "Straße İI ıi", "한국어 값", "\u1112\u1161\u11ab 옛\u1112\u119e",
    "हिन्दी क्षत्रिय", "தமிழ் க்ஷ", "ไทย น้ำ", "မြန်မာ", "العَرَبِيَّة", "日本語が",
    "👨‍👩‍👧‍👦👍🏽🇰🇷🇩🇪", "a\r\nb\rc\u2028", "N;;SG", "؀١", "x;y;",
]  # fmt: skip


def side(unit: str) -> dict[str, object]:
    """What the runner knows of a column."""
    return source_side(Column(unit=unit, split=";" if unit == "tags" else None), Vocabulary(("a",)))  # type: ignore[arg-type]


@pytest.mark.parametrize("unit", units.UNITS)
@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_split_as_the_model_splits_them(unit: str, text: str) -> None:
    assert split(text, side(unit)) == units.build(unit, ";" if unit == "tags" else None).split(text)


PARTS = ["GCB=Extend", "GCB=SpacingMark", "GCB=Control", "GCB=L", "GCB=V", "GCB=T", "GCB=LV", "GCB=LVT", "GCB=RI",
         "GCB=ZWJ", "Extended_Pictographic", "InCB=Linker", "InCB=Consonant"]  # fmt: skip
POOL = [
    character
    for part in PARTS
    for character in regex.findall(rf"\p{{{part}}}", letters.EVERY)[::7]
    if not regex.match(
        r"\p{GCB=Prepend}", character
    )  # three signs are consonants of conjuncts as well: nobody writes them so
]


@given(st.lists(st.one_of(st.sampled_from(POOL), st.characters(exclude_categories=["Cs"])), max_size=9).map("".join))
def test_any_text(text: str) -> None:
    assert re.findall(letters.pattern(), text, re.DOTALL) == regex.findall(r"\X", text)


def test_the_pattern_is_plain_ascii() -> None:
    assert letters.pattern().isascii()
    assert "".join(re.findall(letters.pattern(), letters.EVERY, re.DOTALL)) == letters.EVERY
