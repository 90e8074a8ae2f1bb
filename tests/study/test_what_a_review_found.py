"""What a reader who tried to break comparisons found: each of these gave a wrong number, or none, once."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from heedful.errors import DataError, DivergedError, SettingsError
from heedful.evaluation.comparison import LEAST, contrast, holm
from heedful.evaluation.comparison import compared as compare_systems
from heedful.evaluation.metrics import METRICS
from heedful.evaluation.settings import EvaluationSettings
from heedful.study.comparing import compare, scored_on
from heedful.study.cost import prediction_speeds
from heedful.study.grid import parse_vary
from heedful.study.verdicts import Measure
from tests.study.small import WIRINGS, compared, varied

ACCURACY = METRICS["accuracy"](EvaluationSettings(), str.split).from_statistics


def counts(right: list[int]) -> np.ndarray:
    """Of accuracy."""
    return np.stack([right, np.ones(len(right))], axis=1).astype(np.float64)


def test_a_model_that_was_trained_anew_is_measured_anew(tmp_path: Path) -> None:
    before = compared(tmp_path, "model.attention=luong")
    for recipe in tmp_path.glob("arms/*/*/recipe.toml"):
        recipe.unlink()
    after = compared(tmp_path, "model.attention=luong", model={"hidden_size": 20})
    assert after.arms[0].measured[0].parameters > before.arms[0].measured[0].parameters
    assert after.arms[0].measured[0].model != before.arms[0].measured[0].model


def test_and_timed_anew(tmp_path: Path) -> None:
    arms = varied("model.attention=luong")
    first = compare(arms, 1, tmp_path)
    kept = (tmp_path / "speeds.json").read_bytes()
    assert prediction_speeds(first.arms, tmp_path, 1) == first.speeds  # not timed again
    for arm in (tmp_path / "arms").iterdir():
        shutil.rmtree(arm)
    compare(varied("model.attention=luong", model={"hidden_size": 20}), 1, tmp_path)
    assert (tmp_path / "speeds.json").read_bytes() != kept


def test_training_data_that_changed_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "mine.tsv"
    data.write_text("".join(f"{a}{b}c\t{a}{b}c\n" for a in "abcdefgh" for b in "abcdefgh"))
    rooms = {"data": {"train": str(data), "dev": str(data), "task_count": None, "task_lengths": None}}
    compared(tmp_path / "out", "model.attention=luong", **rooms)
    dev = tmp_path / "dev.tsv"
    dev.write_bytes(data.read_bytes())
    data.write_text(data.read_text() + "hhh\thhh\n")
    with pytest.raises(SettingsError, match="changed"):
        compared(tmp_path / "out", "model.attention=luong", seeds=2, **rooms)


def test_a_handful_of_sources_decides_nothing() -> None:
    few, many = [counts([1] * (LEAST - 1)), counts([0] * (LEAST - 1))], [counts([1] * LEAST), counts([0] * LEAST)]
    assert compare_systems([few[0]], [few[1]], ACCURACY).p == 1.0
    assert compare_systems([many[0]], [many[1]], ACCURACY).p < 0.05
    assert Measure.of("x", contrast([[few[0]], [few[1]]], [1, -1], ACCURACY)).kind == "not decided"
    assert Measure.of("x", contrast([[many[0]], [many[1]]], [1, -1], ACCURACY)).kind == "holds"


def test_the_best_of_many_equals_seldom_differs_from_the_others() -> None:
    """The best was picked by looking, so all pairs count."""
    chance = np.random.default_rng(0)
    differs = 0
    for trial in range(30):
        arms = [[counts((chance.random(200) < 0.5).astype(int).tolist())] for _ in range(12)]
        best = max(range(12), key=lambda place: arms[place][0][:, 0].sum())
        ps = [compare_systems(arm, arms[best], ACCURACY, 3000, trial).p for at, arm in enumerate(arms) if at != best]
        differs += min(holm(ps, 66)) < 0.05
    assert differs <= 4


def test_one_seed_beside_several_is_no_surer_than_they_are() -> None:
    chance = np.random.default_rng(1)
    several = [counts((chance.random(300) < share).astype(int).tolist()) for share in (0.5, 0.6, 0.7)]
    lone = [counts((chance.random(300) < 0.7).astype(int).tolist())]
    beside = contrast([lone, several], [1, -1], ACCURACY)
    alone = contrast([lone, several[1:2]], [1, -1], ACCURACY)
    assert beside.high - beside.low > 2 * (alone.high - alone.low)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_diverges_leaves_the_others_their_place(jobs: int, tmp_path: Path) -> None:
    found = compared(tmp_path, "training.learning_rate=1000.0,0.01", jobs=jobs)
    assert [arm.arm.name for arm in found.arms] == ["training.learning_rate=0.01"]
    assert any("left out, for it diverged" in note for note in found.notes)


def test_where_all_diverge_there_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match="diverged"):
        compared(tmp_path, "training.learning_rate=1000.0,900.0")


def test_arms_are_chosen_by_one_metric() -> None:
    with pytest.raises(SettingsError, match="scored alike"):
        parse_vary("training.metric=accuracy,bleu")


def test_links_beyond_a_sentence_are_refused_with_their_line(tmp_path: Path) -> None:
    outside = frozenset({(90, 90)})
    arms = varied(WIRINGS)
    links = [(outside, outside)] * len(scored_on(arms).sources)
    with pytest.raises(DataError, match=r"line 1: a link leaves"):
        compare(arms, 1, tmp_path, links=links, timed=False)
    assert not list(tmp_path.rglob("recipe.toml"))
