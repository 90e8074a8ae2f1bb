import json
from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful import contracts, reserved
from heedful.data.vocabulary import UNKNOWN_SHOWN, Vocabulary

sequences = st.lists(st.lists(st.one_of(st.sampled_from(["a", "b", "⁇", "<pad>", "", " ", "\n", "한"]), st.text())))


def test_the_contract_has_the_same_reserved_ids() -> None:
    for name in ("PAD", "UNKNOWN", "START", "END", "RESERVED"):
        assert getattr(contracts, name) == getattr(reserved, name)
    assert sorted([reserved.PAD, reserved.UNKNOWN, reserved.START, reserved.END]) == list(range(reserved.RESERVED))


@given(sequences)
def test_units_come_back_and_never_as_reserved_ids(found: list[list[str]]) -> None:
    vocabulary = Vocabulary.count(found)
    for units in found:
        ids = vocabulary.encode(units)
        assert all(reserved.RESERVED <= number < len(vocabulary) for number in ids)
        assert vocabulary.decode(ids) == units
        assert vocabulary.unknown(units) == []


@given(sequences, st.integers(1, 4), st.one_of(st.none(), st.integers(1, 5)))
def test_the_most_frequent_stay(found: list[list[str]], min_count: int, max_size: int | None) -> None:
    counts = Counter(unit for units in found for unit in units)
    vocabulary = Vocabulary.count(found, min_count, max_size)
    often = [unit for unit in counts if counts[unit] >= min_count]
    assert len(vocabulary.units) == min(len(often), len(often) if max_size is None else max_size)
    ranks = [(-counts[unit], unit) for unit in vocabulary.units]
    assert ranks == sorted(ranks)
    assert all((-counts[unit], unit) > max(ranks) for unit in set(often) - set(vocabulary.units) if ranks)


@given(sequences, st.randoms())
def test_the_order_of_the_data_does_not_matter(found: list[list[str]], random: Random) -> None:
    shuffled = [list(units) for units in found]
    random.shuffle(shuffled)
    assert Vocabulary.count(shuffled) == Vocabulary.count(found)


@given(sequences)
def test_the_record_is_json_and_comes_back(found: list[list[str]]) -> None:
    vocabulary = Vocabulary.count(found)
    assert Vocabulary.from_record(json.loads(json.dumps(vocabulary.record()))) == vocabulary


def test_unknown_units() -> None:
    vocabulary = Vocabulary.count([["a", "b", "a"]])
    assert vocabulary.encode(["b", "z", "a"]) == [5, reserved.UNKNOWN, 4]
    assert vocabulary.unknown(["b", "z", "y", "z"]) == ["z", "y", "z"]
    ids = [reserved.START, 4, reserved.UNKNOWN, 5, reserved.END, reserved.PAD]
    assert vocabulary.decode(ids) == ["a", UNKNOWN_SHOWN, "b"]
    assert vocabulary.encode([UNKNOWN_SHOWN]) == [reserved.UNKNOWN]
    with_the_sign = Vocabulary((UNKNOWN_SHOWN,))
    assert with_the_sign.encode([UNKNOWN_SHOWN]) == [reserved.RESERVED]


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"units": ["a", "b", "a"]}, "'a' stands in the vocabulary more than once"),
        ({"units": ["a", 7]}, "unit 1 of the vocabulary is 7"),
        ({"units": "abc"}, "a vocabulary is"),
        ({"units": [], "more": 1}, "more"),
        ({}, "a vocabulary is"),
    ],
)
def test_a_bad_record_is_refused(record: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Vocabulary.from_record(record)


def test_it_can_not_be_changed() -> None:
    with pytest.raises(AttributeError):
        Vocabulary(("a",)).units = ("b",)  # type: ignore[misc]
