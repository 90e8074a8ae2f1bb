"""The whole lecture with tiny lessons: every claim is judged, nothing is done twice, and the page stands in a browser."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import get_args

import jaxtyping
import pytest

from heedful.errors import SettingsError
from heedful.inspection.html import render_page
from heedful.predictor import Predictor
from heedful.study import cost
from heedful.study.grid import Override
from heedful.study.lessons import LESSONS, Lesson
from heedful.study.running import Progress
from heedful.study.studying import Study, study, study_page
from heedful.study.verdicts import Kind
from heedful.study.words import WORDS, Words
from heedful.training import run
from tests.browsing import Browser, browsing
from tests.study.small import standing

OVERRIDES: list[Override] = [
    ("data.task_count", 200), ("model.hidden_size", 16), ("model.embedding_size", 8), ("training.updates", 10),
    ("training.warmup", 1), ("evaluation.resamples", 100),
]  # fmt: skip
CLAIMS = [
    "bottleneck", "final-by-nature", "final-after-training", "recall", "soften", "own-item", "all-states", "picks",
    "alike", "reversing", "explanation",
]  # fmt: skip
SEEDS = 2


def studied(
    out: Path, language: str = "en", lessons: Sequence[Lesson] = LESSONS, told: list[Progress] | None = None,
    looked: list[str] | None = None, jobs: int = 1,
) -> Study:  # fmt: skip
    """The study, with its page's pictures and without those of every run."""
    said, seen = [] if told is None else told, [] if looked is None else looked
    return study(
        Words(language),
        out,
        SEEDS,
        jobs=jobs,
        overrides=OVERRIDES,
        lessons=lessons,
        told=said.append,
        looking=seen.append,
    )


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Trained once, quickly: few decoding steps are timed, and nothing is checked while training."""
    folder = tmp_path_factory.mktemp("study") / "out"
    jaxtyping.config.update("jaxtyping_disable", True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "PICTURES", 0)
        patch.setattr(cost, "COST_ROUNDS", 3)
        patch.setattr(cost, "STEPS", 2)
        studied(folder)
        yield folder
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="module")
def found(out: Path) -> Study:
    return studied(out)


def test_every_claim_of_the_lecture_is_judged_by_its_measures(found: Study) -> None:
    assert [each.name for each in found.claims] == CLAIMS
    for each in found.claims:
        assert each.kind in get_args(Kind)
        assert each.measures
        for measure in each.measures:
            assert measure.low <= measure.value <= measure.high, measure.name
            assert measure.kind in get_args(Kind)
        assert each.section.verdict is not None
        assert each.section.verdict.kind == each.kind
        assert each.section.figures


def test_every_lesson_has_all_its_arms_with_all_seeds(found: Study, out: Path) -> None:
    assert set(found.compared) == {lesson.name for lesson in LESSONS}
    for lesson in LESSONS:
        compared = found.compared[lesson.name]
        assert [each.arm.name for each in compared.arms] == [name for name, _ in lesson.arms]
        for each in compared.arms:
            assert len(each.seeds) == len(each.measured) == SEEDS
            assert all(folder.is_relative_to(out / "arms" / lesson.name) for folder in each.folders)
            assert each.arm.recipe.training.patience == 0
            assert {measured.updates for measured in each.measured} == {10}


def test_the_record_is_json(found: Study) -> None:
    record = json.loads(json.dumps(found.record(), allow_nan=False))
    assert list(record["claims"]) == CLAIMS
    assert set(record["lessons"]) == {lesson.name for lesson in LESSONS}
    for each in record["claims"].values():
        assert each["verdict"] in get_args(Kind)


def test_nothing_is_done_twice(out: Path, found: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """In another language neither: measures have names of their own in each, and the same numbers."""
    before = standing(out)
    monkeypatch.setattr(Predictor, "from_checkpoint", lambda *given: pytest.fail("a model was loaded"))
    told: list[Progress] = []
    looked: list[str] = []
    again = studied(out, "ko", told=told, looked=looked)
    assert standing(out) == before
    assert looked == []
    assert len(told) == SEEDS * sum(len(lesson.arms) for lesson in LESSONS)
    assert all(each.before for each in told)
    for one, other in zip(found.claims, again.claims, strict=True):
        numbers = [[(each.value, each.low, each.high, each.kind) for each in claim.measures] for claim in (one, other)]
        assert numbers[0] == numbers[1]


def test_what_was_seen_is_seen_again_where_it_was_lost(out: Path, found: Study) -> None:
    """To the same: influence has no chance in it."""
    lost = sorted(out.rglob("*inside.json"))
    assert len([path for path in lost if path.name.startswith("untrained")]) == 3 * SEEDS
    before = lost[0].read_bytes()
    lost[0].unlink()
    looked: list[str] = []
    again = studied(out, looked=looked)
    assert len(looked) == 1
    assert lost[0].read_bytes() == before
    assert again.record() == found.record()


def test_some_at_a_time_see_the_same(out: Path, found: Study) -> None:
    """In two processes."""
    lost = sorted(out.rglob("inside.json"))[:3]
    before = [path.read_bytes() for path in lost]
    for path in lost:
        path.unlink()
    looked: list[str] = []
    again = studied(out, looked=looked, jobs=2)
    assert len(looked) == 3
    assert [path.read_bytes() for path in lost] == before
    assert again.record() == found.record()


def test_another_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SettingsError, match="is no comparison"):
        studied(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_other_lessons_in_the_same_folder_are_refused(out: Path) -> None:
    changed = [replace(each, table={**each.table, "search": {"beam_size": 3}}) for each in LESSONS]
    with pytest.raises(SettingsError, match="search.beam_size: 3 here, 1 there"):
        studied(out, lessons=changed)


@pytest.fixture(scope="module", params=WORDS)
def page(request: pytest.FixtureRequest, out: Path) -> Path:
    """The page in a language."""
    words = Words(request.param)
    path = out.parent / f"report-{request.param}.html"
    given = study_page(words, studied(out, request.param), "heedful study --out 'x y'")
    assert [section.name for section in given.sections] == [*CLAIMS, "models", "repeat"]
    path.write_text(render_page(given), encoding="utf-8")
    return path


def test_the_page_says_it_all(page: Path, found: Study) -> None:
    text = page.read_text(encoding="utf-8")
    words = Words(page.stem.removeprefix("report-"))
    assert escape(words("study-title")) in text
    for each in found.claims:
        assert f'id="{each.name}"' in text
        assert escape(words(f"{each.name}-claim")) in text
    for name, compared in found.compared.items():
        assert f"# {name}" in text
        assert all(each.arm.name in text for each in compared.arms)
    assert f'lang="{words.language}"' in text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as found:
        yield found


@pytest.mark.parametrize("width", [375, 1200])
def test_the_page_asks_for_nothing_and_shows_everything(browser: Browser, page: Path, width: int, found: Study) -> None:
    with browser.open_page(page, width=width) as visit:
        assert visit.requests == [page.as_uri()]
        assert visit.complaints == []
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width, "it scrolls sideways"
        figures = visit.page.locator("figure svg[role=img]").all()
        assert len(figures) == sum(len(each.section.figures) for each in found.claims)
        for figure in figures:
            box = figure.bounding_box()
            assert figure.is_visible()
            assert box is not None
            assert min(box["width"], box["height"]) > 60
