"""How a unit is shown: nothing invisible, nothing that could take over a terminal, a page or the order of a line."""

import unicodedata

import regex
from rich.cells import cell_len

BLANKS = {" ": "␣", "\t": "⇥", "\n": "↵", "\u00a0": "⍽"}  # signs that the font which matplotlib brings along has, too
FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")  # letters to Unicode, empty to the eye
JOINERS = frozenset("\u200c\u200d")  # inside a Persian or Sinhala letter or an emoji they change its shape
MOST_MARKS = 6  # more combining marks on one letter than any script stacks is a flood ("zalgo")


def visible(unit: str) -> str:
    r"""The unit as a label: blanks as signs; what is no character, or none to be seen, as ``\u202e``."""
    unit = unicodedata.normalize("NFC", unit)
    if not unit:
        return "∅"
    if len(unit) == 1 and "\u1100" <= unit <= "\u11ff":
        return _standing_jamo(unit)
    shown = [] if not unicodedata.category(unit[0]).startswith("M") else ["◌"]
    marks = 0
    for at, character in enumerate(unit):
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        if marks == MOST_MARKS + 1:
            shown.append("…")
        if marks <= MOST_MARKS:
            shown.append(character if at and character in JOINERS else BLANKS.get(character) or _escaped(character))
    return "".join(shown)


def visible_text(text: str) -> str:
    """A title as it may be shown: as ``visible``, but with its spaces."""
    return " ".join(visible(word) for word in text.split(" ") if word)


def shortened(label: str, cells: int) -> str:
    """The label, cut between letters to so many terminal cells, an ellipsis included."""
    if cell_len(label) <= cells:
        return label
    kept = ""
    for letter in letters(label):
        if cell_len(kept + letter) > cells - 1:
            break
        kept += letter
    return kept + "…"


def letters(label: str) -> list[str]:
    """The label's letters as people see them (grapheme clusters)."""
    return regex.findall(r"\X", label)


def is_right_to_left(label: str) -> bool:
    """Whether the first character with a direction runs from right to left."""
    directions = (unicodedata.bidirectional(character) for character in label)
    return next((direction in ("R", "AL") for direction in directions if direction in ("L", "R", "AL")), False)


def _escaped(character: str) -> str:
    code = ord(character)
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs") or character in FILLERS
    if not hidden:
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _standing_jamo(jamo: str) -> str:
    """A conjoining jamo as the letter that stands alone: a vowel without its consonant has no width in a terminal."""
    name = unicodedata.name(jamo, "").split(" ", 2)
    try:
        return unicodedata.lookup(f"HANGUL LETTER {name[2]}")
    except (IndexError, KeyError):
        return _escaped(jamo)
