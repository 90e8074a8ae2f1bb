"""Built-in tasks: pairs that cost nothing, are learned in minutes, and whose right attention is known."""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

from heedful.data.dates import written_dates
from heedful.errors import SettingsError
from heedful.settings import nearest

Pair = tuple[str, str]
Drawn = tuple[NDArray[np.uint8], str]
"""The pixels (height, width) of a picture, and its target."""


Lengths = tuple[int, int]
"""The shortest and the longest source, both inclusive."""
LENGTHS: Lengths = (5, 12)
"""Of copy and reverse, where nobody says."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task: ``make(count, seed)`` gives pairs, ``group`` what must not stand in both train and dev.

    ``sized(lengths)`` is the same task with sources of these lengths; None where it has lengths of its own.
    """

    make: Callable[[int, int], list[Pair] | list[Drawn]]
    group: Callable[[Pair | Drawn], str]
    sized: Callable[[Lengths], "Task"] | None = None


def date_pairs(count: int, seed: int) -> list[Pair]:
    """Written dates and their ISO form; ``dates.written_dates`` of the same count and seed, without the spans."""
    return [(written.source, written.target) for written in written_dates(count, seed)]


def copying(lengths: Lengths) -> Task:
    """Strings of lower-case letters, and the same again."""
    return Task(
        make=lambda count, seed: [(text, text) for text in letter_strings(count, seed, *lengths)],
        group=_by_source,
        sized=copying,
    )


def reversing(lengths: Lengths) -> Task:
    """Strings of lower-case letters, and the same backwards."""
    return Task(
        make=lambda count, seed: [(text, text[::-1]) for text in letter_strings(count, seed, *lengths)],
        group=_by_source,
        sized=reversing,
    )


def _by_source(pair: Pair | Drawn) -> str:
    return str(pair[0])


def digit_pictures(count: int, seed: int) -> list[Drawn]:
    """Pictures of two to six figures, and the figures; ``digits.drawn_digits`` of the same count and seed, without the boxes."""
    from heedful.data.digits import drawn_digits  # here: a task of text draws nothing

    return [(drawn.pixels, drawn.target) for drawn in drawn_digits(count, seed)]


def letter_strings(count: int, seed: int, shortest: int = LENGTHS[0], longest: int = LENGTHS[1]) -> list[str]:
    """``count`` different strings, every length from ``shortest`` to ``longest`` equally likely.

    Raises:
        SettingsError: the lengths or the count make no sense, or so many strings of these lengths are not to be had.
    """
    if not 1 <= shortest <= longest:
        raise SettingsError(f"lengths run from 1 up, the shortest first, not from {shortest} to {longest}")
    # at most half of all there are, so that drawing until enough are different ends soon
    most = sum(len(ascii_lowercase) ** length for length in range(shortest, longest + 1)) // 2
    if not 1 <= count <= most:
        raise SettingsError(f"strings of {shortest} to {longest} letters make 1 to {most:,} pairs, not {count:,}")
    stream = random.Random(f"letters {seed}")  # a string is hashed by SHA-512: the same in every process
    found: dict[str, None] = {}
    while len(found) < count:
        length = stream.randint(shortest, longest)
        found["".join(stream.choice(ascii_lowercase) for _ in range(length))] = None
    return list(found)


TASKS: dict[str, Task] = {
    "dates": Task(make=date_pairs, group=lambda pair: pair[1]),  # a calendar day, whatever the language
    "copy": copying(LENGTHS),
    "reverse": reversing(LENGTHS),
    "digits": Task(make=digit_pictures, group=lambda pair: pair[1]),  # the number that is written, however it is drawn
}


def make(task: str, count: int, seed: int, lengths: Lengths | None = None) -> list[Pair]:
    """``count`` pairs of a built-in task of text with different sources; the same seed makes the same ones.

    ``lengths`` are those of the sources of copy and reverse, 5 to 12 unless given.

    Raises:
        SettingsError: there is no such task, it cannot make so many, it has lengths of its own, or it makes pictures.
    """
    return _of_text(task, _task(task, lengths).make(count, seed))


def split(task: str, count: int, seed: int, dev_share: float = 0.1) -> tuple[list[Pair], list[Pair]]:
    """The pairs of ``make`` as (train, dev), see ``parted``."""
    train, dev = parted(task, count, seed, dev_share)
    return _of_text(task, train), _of_text(task, dev)


def _of_text(task: str, pairs: Sequence[Pair | Drawn]) -> list[Pair]:
    found = [(source, target) for source, target in pairs if isinstance(source, str)]
    if len(found) < len(pairs):
        raise SettingsError(f"task:{task} makes pictures, and text was asked for")
    return found


def parted(
    task: str, count: int, seed: int, dev_share: float = 0.1, lengths: Lengths | None = None
) -> tuple[list[Pair | Drawn], list[Pair | Drawn]]:
    """The pairs of a task, of text or of pictures, as (train, dev).

    Dates stand apart by calendar day, digits by number, copy and reverse by source. What is held out depends on the pair and
    not on the seed, so dev stays unseen by training on any other seed.
    """
    chosen = _task(task, lengths)
    train: list[Pair | Drawn] = []
    dev: list[Pair | Drawn] = []
    for pair in chosen.make(count, seed):
        (dev if held_out(chosen.group(pair), dev_share) else train).append(pair)
    return train, dev


def held_out(group: str, share: float = 0.1) -> bool:
    """Whether this calendar day (ISO) or source belongs to dev: the same answer on every machine."""
    digest = hashlib.blake2b(group.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def _task(name: str, lengths: Lengths | None = None) -> Task:
    if name not in TASKS:
        raise SettingsError(f"there is no task {name!r}{nearest(name, list(TASKS)) or '; tasks: ' + ', '.join(TASKS)}")
    task = TASKS[name]
    if lengths is None:
        return task
    if task.sized is None:
        raise SettingsError(f"task:{name} has lengths of its own; lengths are for copy and reverse")
    return task.sized(lengths)
