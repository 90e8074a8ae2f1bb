"""Built-in tasks: the same seed makes the same pairs, and nothing stands in both train and dev."""

import subprocess
import sys

import pytest

from heedful import choices
from heedful.data.dates import written_dates
from heedful.data.toy import (
    TASKS,
    digit_pictures,
    held_out,
    letter_strings,
    make,
    parted,
    split,
)
from heedful.errors import SettingsError

TEXT = [task for task in TASKS if task != "digits"]


def test_the_table_is_the_one_in_choices() -> None:
    assert list(TASKS) == list(choices.TASKS)


@pytest.mark.parametrize("task", TEXT)
def test_the_seed_decides(task: str) -> None:
    pairs = make(task, 500, seed=7)
    assert pairs == make(task, 500, seed=7)
    assert pairs != make(task, 500, seed=8)
    assert len({source for source, _ in pairs}) == len(pairs) == 500


def test_another_process_makes_the_same_pairs() -> None:
    # with its own hash seed: nothing may hang on Python's hash()
    program = (
        "import sys; from heedful.data.toy import TASKS, split; "
        "print([split(task, 40, 5) for task in TASKS if task != 'digits']); assert 'torch' not in sys.modules"
    )
    told = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program],
        capture_output=True,
        encoding="utf-8",
        check=True,
        env={"PYTHONHASHSEED": "123"},
    )
    assert told.stdout.strip() == str([split(task, 40, 5) for task in TEXT])


@pytest.mark.parametrize("task", TEXT)
def test_split_holds_out_about_a_tenth_by_group(task: str) -> None:
    train, dev = split(task, 5000, seed=1)
    assert sorted(train + dev) == sorted(make(task, 5000, seed=1))
    assert 0.08 < len(dev) / 5000 < 0.12
    group = TASKS[task].group
    assert not {group(pair) for pair in train} & {group(pair) for pair in dev}


def test_a_number_of_the_digits_stands_on_one_side() -> None:
    train, dev = parted("digits", 3000, seed=1)
    assert len(train) + len(dev) == 3000
    assert 0.05 < len(dev) / 3000 < 0.2
    assert not {target for _, target in train} & {target for _, target in dev}
    assert [target for _, target in digit_pictures(50, 2)] == [target for _, target in digit_pictures(60, 2)[:50]]


def test_pictures_are_no_text() -> None:
    with pytest.raises(SettingsError, match="makes pictures"):
        make("digits", 10, seed=1)


def test_a_day_stands_on_one_side_in_every_seed() -> None:
    dev_days = {day for _, day in split("dates", 20_000, seed=1)[1]}
    train_days = {day for _, day in split("dates", 20_000, seed=2)[0]}
    assert not dev_days & train_days
    assert all(held_out(day) for day in dev_days)


def test_the_share_is_the_callers() -> None:
    train, dev = split("reverse", 2000, seed=1, dev_share=0.5)
    assert abs(len(train) - len(dev)) < 200


def test_date_pairs_are_written_dates() -> None:
    assert make("dates", 50, 4) == [(written.source, written.target) for written in written_dates(50, 4)]


def test_copy_and_reverse_are_what_they_say() -> None:
    assert all(target == source for source, target in make("copy", 200, 1))
    assert all(target == source[::-1] for source, target in make("reverse", 200, 1))
    lengths = {len(source) for source, _ in make("copy", 500, 1)}
    assert lengths == set(range(5, 13))
    assert {len(source) for source, _ in make("copy", 100, 1, (2, 3))} == {2, 3}
    assert {len(source) for source, _ in make("reverse", 100, 1, (20, 20))} == {20}
    assert all(text.isascii() and text.islower() and text.isalpha() for text in letter_strings(100, 1))


def test_small_alphabets_of_strings_are_drawn_to_their_limit() -> None:
    assert len(letter_strings(13, 1, shortest=1, longest=1)) == 13


@pytest.mark.parametrize(("count", "shortest", "longest"), [(0, 5, 12), (14, 1, 1), (10, 0, 3), (10, 4, 3)])
def test_impossible_strings_are_refused(count: int, shortest: int, longest: int) -> None:
    with pytest.raises(SettingsError):
        letter_strings(count, 1, shortest, longest)


def test_an_unknown_task_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match="did you mean 'reverse'"):
        make("revers", 10, 1)
    with pytest.raises(SettingsError, match="tasks: dates, copy, reverse"):
        split("zzz", 10, 1)


@pytest.mark.parametrize("task", ["dates", "digits"])
def test_lengths_are_for_tasks_of_letters(task: str) -> None:
    with pytest.raises(SettingsError, match="lengths of its own"):
        parted(task, 20, 1, lengths=(3, 4))
