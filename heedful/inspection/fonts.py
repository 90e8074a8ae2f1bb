"""Which script a character belongs to, and which font package has it."""

import unicodedata

CJK, CORE = "fonts-noto-cjk", "fonts-noto-core"
PACKAGES = {"Hangul": CJK, "kana": CJK, "Han": CJK, "emoji": "fonts-symbola"}  # CORE has the rest
NAMES = {"HIRAGANA": "kana", "KATAKANA": "kana", "CJK": "Han", "IDEOGRAPHIC": "Han", "KANGXI": "Han"}
IPA = (range(0x250, 0x300), range(0x1D00, 0x1DC0), range(0xA700, 0xA720))
EMOJI = range(0x1F000, 0x1FB00)
MOST_NAMED = 8


def script(character: str) -> str:
    """The script as people call it: Hangul, kana, Han, Devanagari, Arabic, IPA, emoji ..."""
    code = ord(character)
    if any(code in block for block in IPA):
        return "IPA"
    if code in EMOJI:
        return "emoji"
    word = unicodedata.name(character, "UNKNOWN").replace("HALFWIDTH ", "").replace("FULLWIDTH ", "").split(" ")[0]
    word = word.split("-")[0]
    if word == "COMBINING" or not unicodedata.category(character).startswith(("L", "M", "N")):
        return "symbols"
    return NAMES.get(word, word.capitalize())


def advice(characters: set[str]) -> str:
    """What is missing and what to install, in a line: ``no font here has 안 (Hangul); install ...``."""
    scripts: dict[str, list[str]] = {}
    for character in sorted(characters):
        scripts.setdefault(script(character), []).append(character)
    missing = ", ".join(f"{_some(found)} ({name})" for name, found in scripts.items())
    packages = sorted({PACKAGES.get(name, CORE) for name in scripts})
    if set(scripts) == {"Hangul"}:
        packages = [f"{CJK} or fonts-nanum"]
    return (
        f"no font here has {missing}, and a .png would show boxes; install {' and '.join(packages)} "
        f"(Debian and Ubuntu: apt-get install), or write a .svg, which needs no font"
    )


def _some(characters: list[str]) -> str:
    return " ".join(characters[:MOST_NAMED]) + (" ..." if len(characters) > MOST_NAMED else "")
