"""Characters that look alike and are different: the ``g`` and ``ɡ`` that split one phone into two.

A short list, on purpose. Unicode's table of confusables has thousands of entries, most of which no keyboard mixes up;
here are those that do get mixed up in word lists and phone sets, and wide or other compatibility forms.
"""

import unicodedata
from collections import Counter, defaultdict
from typing import NamedTuple

GROUPS = (
    "g\u0261",  # the letter, and the IPA sign for the same sound
    ":\u02d0\ua789\uff1a",  # colon, IPA length mark
    "'\u2018\u2019\u02bc\u02b9\u02c8\u00b4`\u2032",  # apostrophes, quotes, IPA stress
    "-\u2010\u2011\u2012\u2013\u2014\u2212",  # hyphens, dashes, minus
    "\u025b\u03b5",  # open e, Greek epsilon
    "\u0263\u03b3",  # IPA and Greek gamma
    "\u0259\u01dd\u04d9",  # schwa, turned e, Cyrillic schwa
    "?\u0294\u0241",  # question mark, glottal stop
    "\u00f8\u2205\u00d8",  # o with stroke, empty set
    "!\u01c3",  # exclamation mark, click
    "|\u01c0\u2223",  # bar, click
    " \u00a0\u2009\u202f\u3000",  # blanks that are no space
    ".\u00b7\u2027\u30fb",  # dots between
    # Latin, Cyrillic, Greek
    "a\u0430", "c\u0441", "e\u0435", "o\u043e\u03bf", "p\u0440\u03c1", "x\u0445\u03c7", "y\u0443", "i\u0456",
    "j\u0458", "s\u0455", "v\u03bd", "A\u0410\u0391", "B\u0412\u0392", "C\u0421", "E\u0415\u0395", "H\u041d\u0397",
    "K\u041a\u039a", "M\u041c\u039c", "O\u041e\u039f", "P\u0420\u03a1", "T\u0422\u03a4", "X\u0425\u03a7", "N\u039d",
    "I\u0406\u0399", "Y\u03a5", "Z\u0396",
)  # fmt: skip
_LIKE = {character: group[0] for group in GROUPS for character in group}
_FORMS = ("<wide>", "<narrow>", "<font>", "<compat>")


class LookAlike(NamedTuple):
    """Characters of one side that look alike: each with its code point, its name and its count, commonest first."""

    characters: tuple[tuple[str, str, str, int], ...]


def _looks_like(character: str) -> str:
    # A superscript or a final form is another sign than its base; a wide or a mathematical a is not.
    if character not in _LIKE and unicodedata.decomposition(character).startswith(_FORMS):
        character = unicodedata.normalize("NFKC", character)
    return _LIKE.get(character, character)


def look_alikes(counts: Counter[str]) -> tuple[LookAlike, ...]:
    """Groups of characters, of which two or more occur in these texts, and which a reader takes for one."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for character in counts:
        groups[_looks_like(character)].append(character)
    found = [sorted(group, key=lambda character: (-counts[character], character)) for group in groups.values()]
    return tuple(
        LookAlike(
            tuple((each, f"U+{ord(each):04X}", unicodedata.name(each, "unnamed"), counts[each]) for each in group)
        )
        for group in sorted(found)
        if len(group) > 1
    )
