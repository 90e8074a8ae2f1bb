"""The units that a model knows, and their ids."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Self

from heedful.reserved import RESERVED, UNKNOWN

UNKNOWN_SHOWN = "\u2047"
"""⁇, how an unknown unit is shown. Only shown: a ⁇ in data is an ordinary unit, and never encodes to the reserved id."""


@dataclass(frozen=True)
class Vocabulary:
    """Units and ids. The ids below ``RESERVED`` have no spelling; ``units[0]`` has the id ``RESERVED``.

    Raises:
        ValueError: a unit stands twice.
    """

    units: tuple[str, ...]
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ids = {unit: number for number, unit in enumerate(self.units, start=RESERVED)}
        if len(ids) != len(self.units):
            twice = next(unit for unit, count in Counter(self.units).items() if count > 1)
            raise ValueError(f"the unit {twice!r} stands in the vocabulary more than once")
        object.__setattr__(self, "_ids", ids)

    @classmethod
    def count(cls, sequences: Iterable[Sequence[str]], min_count: int = 1, max_size: int | None = None) -> "Vocabulary":
        """The units of these sequences, most frequent first, equal counts by code point.

        Units seen fewer than ``min_count`` times are left out; ``max_size`` is the greatest number of units,
        reserved ids not counted.
        """
        counts = Counter(chain.from_iterable(sequences))
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return cls(tuple(unit for unit, count in ordered[:max_size] if count >= min_count))

    def __len__(self) -> int:
        """The number of ids, reserved ones included: the size of an output layer."""
        return RESERVED + len(self.units)

    def __contains__(self, unit: object) -> bool:
        return unit in self._ids

    def encode(self, units: Sequence[str]) -> list[int]:
        """An id for each unit."""
        find = self._ids.get
        return [find(unit, UNKNOWN) for unit in units]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The units of these ids. Reserved ids are skipped, except that an unknown unit shows as ⁇.

        Raises:
            IndexError: an id is beyond the vocabulary.
        """
        return [
            UNKNOWN_SHOWN if number == UNKNOWN else self.units[number - RESERVED]
            for number in ids
            if number == UNKNOWN or number >= RESERVED
        ]

    def unknown(self, units: Sequence[str]) -> list[str]:
        """Those units that have no id, with repeats."""
        return [unit for unit in units if unit not in self._ids]

    def record(self) -> dict[str, list[str]]:
        """The vocabulary as JSON-ready values."""
        return {"units": list(self.units)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """The vocabulary that ``record`` wrote.

        Raises:
            ValueError: the record has other keys, or its units are not distinct strings.
        """
        if set(record) != {"units"} or not isinstance(record["units"], list):
            raise ValueError(f"a vocabulary is {{'units': [...]}}, found the keys {sorted(map(str, record))}")
        for place, unit in enumerate(record["units"]):
            if not isinstance(unit, str):
                raise ValueError(f"unit {place} of the vocabulary is {unit!r}, expected a string")  # noqa: TRY004 (a bad file)
        return cls(tuple(record["units"]))
