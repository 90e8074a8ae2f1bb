"""``heedful study``: the lecture from the command line. What it finds is tested in tests/study."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest

from heedful.study import cost, lessons, studying
from heedful.study.lessons import LESSONS
from heedful.study.verdicts import Kind
from heedful.study.words import Words
from heedful.training import run
from tests.cli.door import Said, heedful, write

pytestmark = pytest.mark.usefixtures("unchecked")
SMALL: dict[str, dict[str, Any]] = {
    "data": {"task_count": 200}, "model": {"hidden_size": 8, "embedding_size": 4}, "evaluation": {"resamples": 50}
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Lessons of few pairs, and nothing timed long or drawn for every run."""
    made = tuple(
        lessons.Lesson(
            each.name, {room: {**values, **SMALL.get(room, {})} for room, values in each.table.items()}, each.arms
        )
        for each in LESSONS
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "PICTURES", 0)
        patch.setattr(cost, "COST_ROUNDS", 3)
        patch.setattr(cost, "STEPS", 2)
        patch.setattr(lessons, "LESSONS", made)
        patch.setattr(studying, "study", partial(studying.study, lessons=made))
        yield


def study(out: Path, *words: str | int) -> Said:
    return heedful("study", "--out", out, "--seeds", 1, "--updates", 5, "--jobs", 1, "--threads", 1, *words)


@pytest.fixture(scope="module")
def out(small: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that stands."""
    folder = tmp_path_factory.mktemp("study") / "out"
    said = study(folder)
    assert said.code == 0, said.talk
    write(folder.parent / "said.txt", said.out)
    write(folder.parent / "talk.txt", said.talk)
    return folder


def test_what_it_leaves_and_says(out: Path) -> None:
    assert {path.name for path in out.iterdir()} >= {"arms", "comparison.json", "report.html", "figures", "costs.json"}
    assert {path.name for path in (out / "arms").iterdir()} == {lesson.name for lesson in LESSONS}
    total = sum(len(lesson.arms) for lesson in LESSONS)
    talk = (out.parent / "talk.txt").read_text()
    assert f"{total} small models to train, 1 at a time" in talk
    assert f"{total} of {total} runs" in talk
    assert "looking into attention=luong, cell=lstm, seed 1" in talk
    assert f"report: {out / 'report.html'}" in talk


def test_the_verdicts_are_on_standard_output(out: Path) -> None:
    said = (out.parent / "said.txt").read_text()
    record = json.loads((out / "comparison.json").read_text())
    for name, claim in record["claims"].items():
        assert claim["verdict"] in get_args(Kind)
        assert any(Words()(name) in line and line.lstrip().startswith(claim["verdict"]) for line in said.splitlines())


def test_json_is_one_object_and_korean_is_korean(out: Path) -> None:
    said = study(out, "--json", "--language", "ko")
    assert said.code == 0, said.talk
    (record,) = said.records
    assert record == json.loads((out / "comparison.json").read_text())
    report = (out / "report.html").read_text(encoding="utf-8")
    assert Words("ko")("study-title") in report


def test_the_report_says_how_to_repeat_it(out: Path) -> None:
    study(out)
    report = (out / "report.html").read_text(encoding="utf-8")
    assert f"heedful study --out {out} --seeds 1 --updates 5" in report


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--language", "kr"], "--language kr: known: en, ko"),
        (["--updates", "0"], "--updates"),
        (["--seeds", "0"], "--seeds"),
        (["--jobs", "none"], "--jobs"),
        (["recipe.toml"], "recipe.toml"),
    ],
)
def test_wrong_usage_is_2(words: list[str], why: str, tmp_path: Path) -> None:
    said = heedful("study", "--out", tmp_path / "out", *words)
    assert (said.code, said.out) == (2, "")
    assert why in said.talk
    assert not (tmp_path / "out").exists()


def test_another_budget_in_the_same_folder_is_2(out: Path) -> None:
    said = study(out, "--updates", 6)
    assert (said.code, said.out) == (2, "")
    assert "training.updates: 6 here, 5 there" in said.talk


def test_a_folder_of_something_else_is_2(tmp_path: Path) -> None:
    write(tmp_path / "mine.txt", "mine")
    said = study(tmp_path)
    assert (said.code, said.out) == (2, "")
    assert "is no comparison" in said.talk
