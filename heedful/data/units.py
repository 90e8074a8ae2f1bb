"""Text to units and back. For every text, ``join(split(text)) == normal(text)``.

``normal`` is Unicode NFC. For words and symbols it also counts runs of blanks as one and drops those at the ends. A
blank is a space, tab, line feed or carriage return and nothing else: a no-break space, an ideographic space or
U+2028 is part of its word, and so comes out again as it went in.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import regex

BLANKS = " \t\n\r"
_BLANKS = regex.compile(f"[{BLANKS}]+")
_CLUSTER = regex.compile(r"\X")
_SYLLABLE = regex.compile(r"[\uac00-\ud7a3]")
_CONJOINING = r"\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff"
# A jamo takes along the marks that follow it. A few signs may stand before a syllable in its cluster; they stand alone.
_JAMO = regex.compile(f"[{_CONJOINING}][^{_CONJOINING}]*|[^{_CONJOINING}]+")
_HANGUL = regex.compile(rf"[\uac00-\ud7a3{_CONJOINING}]")


def nfc(text: str) -> str:
    """The text in Unicode's composed form, the only form that Heedful compares."""
    return unicodedata.normalize("NFC", text)


class Units(Protocol):
    """How one side's text becomes units and is put together again."""

    @property
    def name(self) -> str:
        """The name in ``UNITS``."""
        ...

    def split(self, text: str) -> list[str]:
        """The units of a text; an empty text has none."""
        ...

    def join(self, units: Sequence[str]) -> str:
        """The text of these units, in NFC."""
        ...

    def normal(self, text: str) -> str:
        """What ``join`` gives back for the units of this text."""
        ...


def _clusters(text: str) -> list[str]:
    # In ASCII every character is a cluster of its own, except that \r\n is one: ten times faster without the regex.
    if text.isascii() and "\r" not in text:
        return list(text)
    return _CLUSTER.findall(text)


@dataclass(frozen=True)
class Letters:
    """Letters as people see them: grapheme clusters. The space is one of them."""

    name: str = "letters"

    def split(self, text: str) -> list[str]:
        """The grapheme clusters of the text in NFC."""
        return _clusters(nfc(text))

    def join(self, units: Sequence[str]) -> str:
        """The letters side by side. NFC again, because a model may put a lone accent after a letter."""
        return nfc("".join(units))

    def normal(self, text: str) -> str:
        """NFC."""
        return nfc(text)


@dataclass(frozen=True)
class Jamo:
    """Letters, with Hangul syllables taken apart into their two or three conjoining jamo."""

    name: str = "jamo"

    def split(self, text: str) -> list[str]:
        """Jamo for Hangul, grapheme clusters for everything else."""
        found: list[str] = []
        for cluster in _clusters(nfc(text)):
            if _HANGUL.search(cluster):
                found.extend(_JAMO.findall(_SYLLABLE.sub(_apart, cluster)))
            else:
                found.append(cluster)
        return found

    def join(self, units: Sequence[str]) -> str:
        """Syllables put together again.

        Taking them apart is a canonical equivalence, so NFC undoes it exactly, whatever stray jamo stand beside them.
        """
        return nfc("".join(units))

    def normal(self, text: str) -> str:
        """NFC."""
        return nfc(text)


def _apart(syllable: "regex.Match[str]") -> str:
    return unicodedata.normalize("NFD", syllable[0])


@dataclass(frozen=True)
class Characters:
    """Code points after NFD: an accent, a vowel sign or a jamo is a unit of its own.

    Scripts that write a syllable as a consonant with marks around it (Devanagari, Tamil, Thai, Hangul) have few
    characters and many clusters; on little data the few are learned and the many are not.
    """

    name: str = "characters"

    def split(self, text: str) -> list[str]:
        """Every code point of the text in NFD."""
        return list(unicodedata.normalize("NFD", text))

    def join(self, units: Sequence[str]) -> str:
        """Put together again: NFC undoes NFD exactly."""
        return nfc("".join(units))

    def normal(self, text: str) -> str:
        """NFC."""
        return nfc(text)


@dataclass(frozen=True)
class BetweenBlanks:
    """Words, or symbols such as phones: whatever stands between blanks. No tokeniser."""

    name: str

    def split(self, text: str) -> list[str]:
        """The parts between blanks."""
        return [part for part in _BLANKS.split(nfc(text)) if part]

    def join(self, units: Sequence[str]) -> str:
        """The parts with one space between them."""
        return nfc(" ".join(units))

    def normal(self, text: str) -> str:
        """NFC, with one space for each run of blanks and none at the ends."""
        return " ".join(self.split(text))


@dataclass(frozen=True)
class Tags:
    """Tags between a character. An empty tag (``N;;SG``, ``N;``) is a unit too, or the text could not come back."""

    separator: str = ";"
    name: str = "tags"

    def split(self, text: str) -> list[str]:
        """The tags of the text in NFC, which turns the Greek question mark U+037E into a semicolon."""
        text = nfc(text)
        return text.split(nfc(self.separator)) if text else []

    def join(self, units: Sequence[str]) -> str:
        """The tags with the separator between them."""
        return nfc(nfc(self.separator).join(units))

    def normal(self, text: str) -> str:
        """NFC."""
        return nfc(text)


UNITS: dict[str, Callable[[str | None], Units]] = {
    "letters": lambda split: Letters(),
    "characters": lambda split: Characters(),
    "words": lambda split: BetweenBlanks("words"),
    "symbols": lambda split: BetweenBlanks("symbols"),
    "jamo": lambda split: Jamo(),
    "tags": lambda split: Tags() if split is None else Tags(split),
}


def build(unit: str, split: str | None = None) -> Units:
    """The units of this name; ``split`` is the character between tags, a semicolon if None."""
    return UNITS[unit](split)
