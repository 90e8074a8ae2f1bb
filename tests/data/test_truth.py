"""Where attention ought to look: spans against the pairs themselves."""

from pathlib import Path
from typing import Any

import pytest
import regex

from heedful.data.corpus import read_task
from heedful.data.dates import LANGUAGES
from heedful.data.settings import DataSettings
from heedful.data.truth import true_spans

Pairs = list[tuple[str, str]]


def made(train: str, **more: Any) -> tuple[DataSettings, Pairs]:
    """The settings of a task, and its dev pairs."""
    settings = DataSettings(train=train, task_count=400, **more)
    _, dev = read_task(settings)
    return settings, [(str(source), target) for (source,), target in zip(dev.sources, dev.targets, strict=True)]


@pytest.mark.parametrize("task", ["copy", "reverse"])
@pytest.mark.parametrize("more", [{}, {"task_lengths": (1, 30), "task_seed": 0}], ids=["as it is", "sized"])
def test_a_letter_comes_from_the_letter_that_its_span_covers(task: str, more: dict[str, Any]) -> None:
    """And every source letter is used once, in the order in which the task writes them."""
    settings, pairs = made(f"task:{task}", **more)
    spans = true_spans(settings, [(source,) for source, _ in pairs])
    assert spans is not None
    assert len(spans) == len(pairs) > 10
    for (source, target), each in zip(pairs, spans, strict=True):
        told = [span for span in each if span is not None]
        assert len(told) == len(target)
        assert "".join(source[start:end] for start, end in told) == target
        places = [start for start, _ in told]
        assert places == sorted(range(len(source)), reverse=task == "reverse")


def test_a_digit_of_a_date_comes_from_the_letters_that_say_its_field() -> None:
    """What those letters spell is the number, or the name of the month; hyphens come from nowhere."""
    settings, pairs = made("task:dates")
    spans = true_spans(settings, [(source,) for source, _ in pairs])
    assert spans is not None
    numbers = 0
    for (source, target), each in zip(pairs, spans, strict=True):
        assert len(each) == len(target) == len("YYYY-MM-DD")
        assert [place for place, span in enumerate(each) if span is None] == [4, 7]
        letters = regex.findall(r"\X", source)
        for part in (slice(0, 4), slice(5, 7), slice(8, 10)):
            (span,) = set(each[part])
            assert span is not None
            said = "".join(letters[slice(*span)])
            assert said == said.strip() != ""
            digits = regex.sub(r"[^\d]", "", said)
            if digits:  # decimal digits of any script are numbers to Python
                assert int(digits) == int(target[part])
                numbers += 1
            elif part == slice(5, 7):
                months = {name.casefold() for of in LANGUAGES.values() for name in _months(of.months, of.short_months, target)}
                plain = said.casefold().replace("\u0307", "")
                assert plain in months or any(_alike(plain, month) for month in months) or said in "一二三四五六七八九十"
    assert numbers > len(pairs)


def _months(months: tuple[str, ...], short: tuple[str, ...], target: str) -> list[str]:
    number = int(target[5:7]) - 1
    return [names[number] for names in (months, short) if names]
