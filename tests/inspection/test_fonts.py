import pytest

from heedful.inspection.fonts import advice, script


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("안", "Hangul"),
        ("ᄒ", "Hangul"),
        ("ㅏ", "Hangul"),
        ("カ", "kana"),
        ("ｶ", "kana"),
        ("の", "kana"),
        ("漢", "Han"),
        ("नि"[0], "Devanagari"),
        ("ि", "Devanagari"),
        ("س", "Arabic"),
        ("א", "Hebrew"),
        ("ไ", "Thai"),
        ("ʃ", "IPA"),
        ("😀", "emoji"),
        ("⁀", "symbols"),
        ("А", "Cyrillic"),
    ],
)
def test_a_character_has_the_script_that_people_name(character: str, name: str) -> None:
    assert script(character) == name


def test_many_characters_make_one_line() -> None:
    message = advice(set(map(chr, range(0xAC00, 0xAC40))) | {"カ", "न"})
    assert "\n" not in message
    assert len(message) < 300
    assert "fonts-noto-cjk and fonts-noto-core" in message
