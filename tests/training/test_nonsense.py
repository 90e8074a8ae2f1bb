"""Losses and gradients that are no numbers: skipped, counted, gone back from once, then given up with the best kept."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from heedful.checkpoint import Checkpoint, load
from heedful.errors import DivergedError, StoppedError
from heedful.predictor import Predictor
from heedful.training import learner, run, trainer
from tests.training import runs

real_loss = learner.loss


def poison(monkeypatch: pytest.MonkeyPatch, spoil: Callable[[int, Tensor], Tensor]) -> None:
    """Passes every loss through ``spoil``, with the number of the call counted from one."""
    calls = 0

    def loss(*given: Any) -> Tensor:
        nonlocal calls
        calls += 1
        return spoil(calls, real_loss(*given))

    monkeypatch.setattr(learner, "loss", loss)


def all_finite(checkpoints: list[Checkpoint]) -> bool:
    """Whether every number of every tensor is one."""
    tensors = [each for one in checkpoints for each in one.weights.values()]
    tensors += [each for one in checkpoints if one.training for each in one.training.tensors.values()]
    return all(bool(each.isfinite().all()) for each in tensors)


SPOILED: dict[str, Callable[[Tensor], Tensor]] = {
    "loss not a number": lambda value: value * math.nan,
    "loss infinite": lambda value: value * math.inf,
    "gradient not a number": lambda value: value + (value - value.detach()).sqrt(),  # d sqrt at 0 is infinite
    "loss beyond any sense": lambda value: value * 1e6,
}


@pytest.mark.parametrize("kind", SPOILED)
def test_one_is_skipped_and_counted(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its weights, moments and mean stay as they were; the update is spent."""
    poison(monkeypatch, lambda call, value: SPOILED[kind](value) if call == 4 else value)
    run = runs.Watched(training={"validate_every": 1})
    assert run.train() == "all updates done"
    assert len(run.notes) == 1
    assert run.notes[0].startswith("update 4 skipped: loss ")
    progress = run.trainer.state.progress
    assert (progress.update, progress.skipped, progress.in_a_row, progress.halved) == (12, 1, 0, False)
    before, after = run.kept.lasts[2].training, run.kept.lasts[3].training  # a save after every update, from the first
    assert before is not None
    assert after is not None
    assert (before.record["update"], after.record["update"]) == (3, 4)
    kept = ({key: value for key, value in each.tensors.items() if "good" not in key} for each in (before, after))
    runs.same_tensors(*kept)
    assert all_finite(run.kept.bests + run.kept.lasts)


def test_two_in_a_row_are_skipped_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    poison(monkeypatch, lambda call, value: value * math.nan if call in (3, 4, 6, 7) else value)
    run = runs.Watched()
    assert run.train() == "all updates done"
    assert len(run.notes) == 4
    assert not run.trainer.state.progress.halved


def test_three_in_a_row_go_back_and_halve_the_rate_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back to the last validation, and on from there at half the rate, with the same batches."""
    poison(monkeypatch, lambda call, value: value * math.nan if call in (7, 8, 9) else value)
    monkeypatch.setattr(trainer, "REPORT_EVERY", 1)
    run, straight = runs.Watched(), runs.Watched()
    assert run.train() == "all updates done"
    assert run.notes[-1] == "back to update 5 at half the learning rate"
    progress = run.trainer.state.progress
    assert (progress.update, progress.skipped, progress.halved) == (12, 3, True)
    assert straight.train() == "all updates done"
    ours, theirs = run.curve, straight.curve
    assert ours[:6] == theirs[:6]
    again = ours[6:]
    assert len(again) == 7
    assert again[0][:2] == theirs[5][:2]  # the same batch, the same weights
    assert [rate for _, _, rate in again] == pytest.approx([rate / 2 for _, _, rate in theirs[5:]])
    assert all_finite(run.kept.bests + run.kept.lasts)


def test_again_after_going_back_is_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The best model is kept, loads, and answers."""
    poison(monkeypatch, lambda call, value: value * math.nan if call > 7 else value)
    with pytest.raises(DivergedError) as caught:
        run.start(runs.table(), [], "recipe.toml", tmp_path, lambda event: None)
    message = str(caught.value)
    assert message.startswith("training diverged at update 8 (loss nan, gradient norm nan), again after going back; ")
    assert message.endswith("the best model is kept; try --set training.learning_rate=0.001")
    assert caught.value.exit_code == 4
    best, last = load(tmp_path / "best", with_training=True), load(tmp_path / "last", with_training=True)
    assert all_finite([best, last])
    assert best.update == last.update == 5
    assert len(Predictor.load(tmp_path).predict([("abcde",), ("xyz",)])) == 2


@pytest.mark.parametrize("rate", [100.0, 1000.0])
@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_a_learning_rate_of_a_hundred(rate: float, cell: str) -> None:
    """Detected and reported, and nothing that is no number is ever handed to the keeper."""
    run = runs.Watched(
        model={"cell": cell},
        training={"learning_rate": rate, "schedule": "constant", "warmup": 0, "validate_every": 1, "updates": 60},
    )
    with pytest.raises(DivergedError, match="the best model is kept|no model was validated yet"):
        run.train()
    assert any("half the learning rate" in note for note in run.notes)
    assert all_finite(run.kept.bests + run.kept.lasts)


def test_a_resumed_run_goes_back_as_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped between the last validation and the trouble: the good state is not the one that it was stopped in."""
    runs.quick(monkeypatch)
    poison(monkeypatch, lambda call, value: value * math.nan if call in (8, 9, 10) else value)
    run.start(runs.table(), [], "recipe.toml", tmp_path / "straight", lambda event: None)
    poison(monkeypatch, lambda call, value: value * math.nan if call in (8, 9, 10) else value)
    stopping = run.Stopping
    monkeypatch.setattr(run, "Stopping", lambda: runs.StopAfter(7))
    with pytest.raises(StoppedError):
        run.start(runs.table(), [], "recipe.toml", tmp_path / "broken", lambda event: None)
    monkeypatch.setattr(run, "Stopping", stopping)
    run.resume(tmp_path / "broken", lambda event: None)
    one, other = (load(tmp_path / name / "last", with_training=True) for name in ("straight", "broken"))
    runs.same_tensors(one.weights, other.weights)
    assert one.training is not None
    assert other.training is not None
    assert one.training.record["halved"] is True
    assert {**one.training.record, "elapsed": 0} == {**other.training.record, "elapsed": 0}


def test_before_the_first_validation_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    poison(monkeypatch, lambda call, value: value * math.nan)
    run = runs.Watched()
    with pytest.raises(DivergedError, match=r"at update 3 .* again after going back; no model was validated yet; try"):
        run.train()
    assert len([note for note in run.notes if "skipped" in note]) == 6
    assert run.kept.bests == []


def test_chance_elsewhere_is_left_alone() -> None:
    """Training seeds its own chance and puts back what it found."""
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    run = runs.Watched()
    torch.manual_seed(5)
    run.train()
    assert torch.equal(torch.rand(3), expected)
