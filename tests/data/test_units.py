import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from heedful import choices
from heedful.data.units import UNITS, build

# Text full of what goes wrong: Hangul whole and in stray jamo, marks, joiners, line ends that are none, blanks.
AWKWARD = (
    "각가갸힣ㄱㅏᄀ까ᅢᆨᆩꥠힰퟋ"
    "\u0301\u0308\u0323\u093f\u094d\u0915\u0937\u200d\u200c\ufe0f\u0600\u1159\u115f\u1160"
    "\U0001f468\U0001f469\U0001f1f0\U0001f1f7\U0001f3fd"
    "\r\n\t \u00a0\u3000\u2028\x85\x0b\x1c;\u037eae\u212b\u0958\ufeff"
)
texts = st.text(st.one_of(st.sampled_from(AWKWARD), st.characters()), max_size=30)
named = pytest.mark.parametrize("name", list(UNITS))


def test_the_names_are_the_choices() -> None:
    assert UNITS.keys() == choices.UNITS.keys()
    assert [build(name).name for name in UNITS] == list(UNITS)


@named
@given(text=texts)
def test_text_comes_back(name: str, text: str) -> None:
    units = build(name)
    assert units.join(units.split(text)) == units.normal(text)


@pytest.mark.parametrize("name", ["letters", "characters", "jamo", "tags"])
@given(text=texts)
def test_normal_is_nfc(name: str, text: str) -> None:
    assert build(name).normal(text) == unicodedata.normalize("NFC", text)


@named
@given(text=texts)
def test_normal_form_is_final_and_forms_of_one_text_have_the_same_units(name: str, text: str) -> None:
    units = build(name)
    assert units.normal(units.normal(text)) == units.normal(text)
    assert units.split(unicodedata.normalize("NFD", text)) == units.split(text)


@given(text=texts, split=st.characters(exclude_characters="\t\n"))
def test_tags_come_back_with_any_separator(text: str, split: str) -> None:
    units = build("tags", split)
    assert units.join(units.split(text)) == unicodedata.normalize("NFC", text)


@named
@given(data=st.data())
def test_what_a_model_makes_up_is_nfc(name: str, data: st.DataObject) -> None:
    units = build(name)
    made_up = units.join(data.draw(st.lists(texts)))
    assert made_up == unicodedata.normalize("NFC", made_up)


@named
def test_an_empty_text_has_no_units(name: str) -> None:
    assert build(name).split("") == []
    assert build(name).join([]) == ""


@given(st.text(st.characters(max_codepoint=127)))
def test_letters_of_ascii_are_clusters(text: str) -> None:
    assert build("letters").split(text) == regex.findall(r"\X", text)


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("a b", ["a", " ", "b"]),
        ("e\u0301a", ["é", "a"]),
        ("Z\u0335\u0321\u0300a", ["Z\u0335\u0321\u0300", "a"]),  # zalgo: however many marks, one letter
        ("हिन्दी"[:2] + "क", ["हि", "क"]),
        ("👨‍👩‍👧!", ["👨‍👩‍👧", "!"]),
        ("🇰🇷🇫🇷", ["🇰🇷", "🇫🇷"]),
        ("한글", ["한", "글"]),
        ("\u1112\u1161\u11ab", ["한"]),
        ("a\r\nb", ["a", "\r\n", "b"]),
    ],
)
def test_letters_are_what_people_see(text: str, letters: list[str]) -> None:
    assert build("letters").split(text) == letters


@pytest.mark.parametrize(
    ("text", "jamo"),
    [
        ("한글", ["\u1112", "\u1161", "\u11ab", "\u1100", "\u1173", "\u11af"]),
        ("가 e\u0301", ["\u1100", "\u1161", " ", "é"]),
        ("ㅋ가", ["ㅋ", "\u1100", "\u1161"]),  # compatibility jamo are letters of their own
        ("가\u0301", ["\u1100", "\u1161\u0301"]),
        ("각\u11a8", ["\u1100", "\u1161", "\u11a8", "\u11a8"]),
    ],
)
def test_jamo(text: str, jamo: list[str]) -> None:
    assert build("jamo").split(text) == jamo


@given(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)))
def test_jamo_of_hangul_are_its_nfd(text: str) -> None:
    assert build("jamo").split(text) == list(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize("name", ["words", "symbols"])
def test_blanks_are_few(name: str) -> None:
    assert build(name).split("  b  o\t\u0303 \n") == ["b", "o", "\u0303"]
    inside = ["10\u00a0000", "a\u3000b", "c\u2028d", "e\x85f", "g\x0bh", "i\x1cj"]
    assert build(name).split(" ".join(inside)) == inside


def test_empty_tags_are_tags() -> None:
    assert build("tags").split("N;;SG;") == ["N", "", "SG", ""]
    assert build("tags", "+").split("N;+SG") == ["N;", "SG"]
