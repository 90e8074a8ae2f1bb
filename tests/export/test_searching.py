"""What the runner finds otherwise than the model is right where it is as good, and refused where it is not."""

from pathlib import Path
from typing import Any

import pytest

from heedful.codec import Row
from heedful.errors import HeedfulError
from heedful.export import checking, runner, searching
from heedful.export.searching import check_search
from heedful.predictor import Predictor
from tests.export import models


def check(model: Predictor, place: Path, rows: list[Row] | None = None) -> searching.Searched:
    """The check of the model's runner."""
    return check_search(model, models.runner_of(model, place), rows or models.sources(12), (1, 5))


def told(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Changes what the runner finds for every source."""
    original = runner.Runner.beam

    def changed(self: Any, *given: Any) -> Any:
        found = original(self, *given)
        for sentence in found:
            sentence.finished = change(sentence.finished)
        return found

    monkeypatch.setattr(runner.Runner, "beam", changed)


def test_the_same_outputs(tmp_path: Path) -> None:
    found = check(models.predictor(), tmp_path)
    assert (found.searched, found.undecided) == (24, 0)
    assert found.scores < searching.TOLERANCE


def test_a_swap_of_equally_good_outputs_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores a little apart, and less than the tolerance: whoever is first, nobody is wrong."""
    model = models.predictor()
    monkeypatch.setattr(searching, "TOLERANCE", 0.5)
    told(monkeypatch, lambda finished: [finished[1], finished[0], *finished[2:]])
    rows = [
        row
        for row, each in zip(models.sources(40), model.search(models.sources(40)), strict=True)
        if 1e-3 < each.hypotheses[0].score - each.hypotheses[1].score < 0.4
    ]
    assert len(rows) > 3
    assert check(model, tmp_path, rows).undecided == 2 * len(rows)


def test_a_swap_of_others_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, lambda finished: [finished[1], finished[0], *finished[2:]])
    with pytest.raises(HeedfulError, match="where the model finds outputs of"):
        check(models.predictor(), tmp_path)


def test_a_search_that_finds_less_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every score is true, and a greedy search is no beam."""
    original = runner.Runner.beam

    def greedy(self: Any, batch: Any, search: dict[str, Any]) -> Any:
        return original(self, batch, search | {"beam_size": 1, "n_best": 1})

    model = models.predictor()
    model.settings = model.settings.model_copy(update={"n_best": 1})
    monkeypatch.setattr(runner.Runner, "beam", greedy)
    with pytest.raises(HeedfulError, match=r"for \('.*',\) the runner finds '.*' .* where the model finds outputs of"):
        check(model, tmp_path)


@pytest.mark.parametrize(("change", "why"), [
    (lambda finished: [(score + 0.001, *rest) for score, *rest in finished], "and of that the model says"),
    (lambda finished: [(float("nan"), *rest) for _, *rest in finished], "and of that the model says"),
    (lambda finished: finished[:1], "the runner finds 1 outputs where the model finds 3"),
])  # fmt: skip
def test_what_is_not_true_is_refused(change: Any, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, change)
    with pytest.raises(HeedfulError, match=why):
        check(models.predictor(), tmp_path)


def test_a_text_that_is_not_that_of_its_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = runner.Sentence.told
    monkeypatch.setattr(
        runner.Sentence,
        "told",
        lambda self, *given: original(self, *given) | {"text": original(self, *given)["text"] + "!"},
    )
    with pytest.raises(HeedfulError, match="the runner finds '.*!'"):
        check(models.predictor(), tmp_path)


def test_in_chaos_other_outputs_are_as_good(tmp_path: Path) -> None:
    """Whole outputs hang on the last digit: of the model, too, and so nobody can say that the runner is wrong."""
    model = models.predictor({"hidden_size": 128, "encoder_size": 128, "embedding_size": 32})
    found = check(model, tmp_path, models.sources(12, longest=34))
    assert found.undecided > 0


def test_in_chaos_short_sources_are_still_held_to_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, lambda finished: [(score - 0.01, *rest) for score, *rest in finished])
    model = models.predictor({"hidden_size": 128, "encoder_size": 128, "embedding_size": 32})
    with pytest.raises(HeedfulError, match="and of that the model says"):
        check(model, tmp_path, models.sources(12, longest=3))


def test_models_beside_a_model(tmp_path: Path) -> None:
    """In float64 what they say of an output is near, and not the same; the first one is the model itself."""
    model = models.predictor()
    (row, *_), (found, *_) = models.sources(1), model.search(models.sources(1))
    units = [each.units for each in found.hypotheses]
    exact, *others = [searching.scores_of(each, [row], [units])[0] for each in searching.beside(model)]
    assert exact == pytest.approx([each.score for each in found.hypotheses], abs=1e-5)
    assert len(others) == searching.BESIDE
    for each in others:
        assert each != exact
        assert each == pytest.approx(exact, abs=1e-3)


def test_sources_whose_units_melt_together(tmp_path: Path) -> None:
    """Marks side by side are another unit, which the model does not know: nothing can be asked about such a source."""
    from heedful.data.vocabulary import Vocabulary

    model = models.predictor()
    marks = model.codec._replace(source_vocabularies=(Vocabulary(("\u0301", "\u0302", *"abcde")),))
    odd = Predictor(model.network, marks, model.settings)
    rows = checking.made_sources(odd)
    assert odd.unreadable(rows) == []
