"""Where attention ought to look: spans against the pairs themselves."""

from pathlib import Path
from typing import Any

import pytest
import regex

from heedful.data.corpus import read_task
from heedful.data.dates import written_dates
from heedful.data.settings import DataSettings
from heedful.data.truth import Span, true_spans

COUNT = 400
FIELDS = {"year": slice(0, 4), "month": slice(5, 7), "day": slice(8, 10)}


def known(train: str, **more: Any) -> list[tuple[str, str, list[Span]]]:
    """The dev pairs of a task, each with its spans."""
    settings = DataSettings(train=train, task_count=COUNT, **more)
    _, dev = read_task(settings)
    found = true_spans(settings, dev.sources)
    assert found is not None
    assert len(dev.sources) > 10
    return [
        (str(source), target, each) for (source,), target, each in zip(dev.sources, dev.targets, found, strict=True)
    ]


@pytest.mark.parametrize("task", ["copy", "reverse"])
@pytest.mark.parametrize("more", [{}, {"task_lengths": (1, 30), "task_seed": 0}], ids=["as it is", "sized"])
def test_a_letter_comes_from_the_one_that_its_span_covers(task: str, more: dict[str, Any]) -> None:
    """And every source letter is used once, in the order in which the task writes them."""
    for source, target, spans in known(f"task:{task}", **more):
        told = [span for span in spans if span is not None]
        assert len(told) == len(spans) == len(target)
        assert "".join(source[start:end] for start, end in told) == target
        assert [start for start, _ in told] == sorted(range(len(source)), reverse=task == "reverse")


@pytest.mark.parametrize("seed", [None, 0, 7])
def test_a_digit_of_a_date_comes_from_the_letters_that_say_its_field(seed: int | None) -> None:
    """Where they are digits, of whatever script, they are the number that was written; hyphens come from nowhere."""
    numbers = 0
    written = {each.source: each for each in written_dates(COUNT, 1 if seed is None else seed)}
    for source, target, spans in known("task:dates", task_seed=seed):
        assert [place for place, span in enumerate(spans) if span is None] == [4, 7]
        letters = regex.findall(r"\X", source)
        taken: list[int] = []
        for field, part in FIELDS.items():
            (span,) = set(spans[part])
            assert span is not None
            said = "".join(letters[slice(*span)])
            assert said == written[source].spelled(field)  # type: ignore[arg-type]
            taken += range(*span)
            if digits := regex.sub(r"[^\d]", "", said):
                assert int(digits) == int(target[part])
                numbers += 1
        assert len(set(taken)) == len(taken)
    assert numbers > 2 * COUNT // 20


def test_a_date_by_hand() -> None:
    """A Korean date whose three fields stand in the source with their marks: 년, 월, 일."""
    written = written_dates(5000, 1)
    one = next(each for each in written if regex.fullmatch(r"\d{4}년 \d월 \d\d일", each.source))
    spans = true_spans(DataSettings(train="task:dates", task_count=5000), [(one.source,)])
    assert spans == [[*[(0, 5)] * 4, None, *[(6, 8)] * 2, None, *[(9, 12)] * 2]]
    assert (one.source[0:4], one.source[9:11]) == (one.target[0:4], one.target[8:10])


def test_nobody_knows_where_another_dev_file_stands(tmp_path: Path) -> None:
    """Its sources are none that the task made."""
    dev = tmp_path / "dev.tsv"
    dev.write_text("abc\tabc\n", encoding="utf-8")
    assert true_spans(DataSettings(train="task:copy", dev=str(dev)), [("abc",)]) is None


@pytest.mark.parametrize(
    "settings",
    [
        DataSettings(train="pairs.tsv"),
        DataSettings(train=("one.txt", "other.txt")),
        DataSettings.model_validate({"train": "task:copy", "source": {"unit": "characters"}}),
        DataSettings.model_validate({"train": "task:copy", "target": {"unit": "jamo"}}),
        DataSettings.model_validate({"train": "task:dates", "target": {"unit": "words"}}),
        DataSettings(train="task:digits"),
    ],
    ids=lambda settings: f"{settings.train} {settings.source[0].unit} {settings.target.unit}",
)
def test_nobody_knows_for_files_other_units_and_pictures(settings: DataSettings) -> None:
    assert true_spans(settings, [("abc",)]) is None
