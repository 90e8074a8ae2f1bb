"""Letters without the package ``regex``: its rule for grapheme clusters as a pattern that Python's own ``re`` reads.

Python's ``re`` knows no classes of characters, and ``unicodedata`` not the ones that matter here. So the classes are spelled
out, as the ``regex`` of this machine has them, and stand in the exported folder: what a model has learned as one letter stays
one, whatever Unicode the Python has that runs it. The rule is Unicode's annex 29, table 1c, *extended grapheme cluster*.
"""

from functools import cache

import regex

EVERY = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
"""Every character; halves of surrogates are none."""


def escaped(character: str) -> str:
    """The character in ASCII, as ``re`` reads it."""
    return f"\\U{ord(character):08x}" if ord(character) > 0xFFFF else f"\\u{ord(character):04x}"


@cache
def ranges(wanted: str) -> str:
    """The characters of these properties, to stand between brackets."""
    runs = [(run[0], run[-1]) for run in regex.findall(f"[{wanted}]+", EVERY)]
    return "".join(escaped(first) if first == last else f"{escaped(first)}-{escaped(last)}" for first, last in runs)


@cache
def pattern() -> str:
    """What ``re.findall`` finds letters with."""
    control, prepend = ranges(r"\p{GCB=Control}\r\n"), ranges(r"\p{GCB=Prepend}")
    more = ranges(r"\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}")
    first, middle, last, open_, closed = (ranges(rf"\p{{GCB={kind}}}") for kind in ("L", "V", "T", "LV", "LVT"))
    hangul = f"[{first}]*(?:[{middle}]+|[{open_}][{middle}]*|[{closed}])[{last}]*|[{first}]+|[{last}]+"
    flag = "[{0}][{0}]".format(ranges(r"\p{GCB=RI}"))
    picture, extend = ranges(r"\p{Extended_Pictographic}"), ranges(r"\p{GCB=Extend}")
    emoji = f"[{picture}](?:[{extend}]*\\u200d[{picture}])*"
    consonant, linker = ranges(r"\p{InCB=Consonant}"), ranges(r"\p{InCB=Linker}")
    within = ranges(r"\p{InCB=Extend}\p{InCB=Linker}")
    # A consonant under another one. Unicode wants a consonant before the sign between the two as well, ``regex`` does not.
    under = f"[{more}]*(?<=[{linker}])[{within}]*[{consonant}]"
    core = f"(?:{hangul}|{flag}|{emoji}|[^{control}])"
    return f"\\r\\n|[{control}]|[{prepend}]*{core}(?:{under})*[{more}]*"
