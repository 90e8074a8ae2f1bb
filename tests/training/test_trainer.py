"""The loop: the same seed gives the same curve, the best is kept, and the budget is kept to."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor

from heedful.evaluation.report import Measured, Report
from heedful.predictor import Predictor
from heedful.reserved import START, UNKNOWN
from heedful.training import journal, trainer
from heedful.training.state import State
from tests.training import runs


def test_the_same_seed_gives_the_same_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else chance does in between; another seed gives another."""
    runs.quick(monkeypatch)
    one, same, other = runs.Watched(), runs.Watched(), runs.Watched(training={"seed": 2})
    one.train()
    torch.manual_seed(123)
    same.train()
    other.train()
    assert one.curve == same.curve
    assert len(one.curve) == 6
    runs.same_tensors(one.kept.lasts[-1].weights, same.kept.lasts[-1].weights)
    assert [each.metrics for each in one.validations] == [each.metrics for each in same.validations]
    assert all(a[0] != b[0] for a, b in zip(one.curve, other.curve, strict=True))


def test_every_update_draws_its_own_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function of seed and update alone: no two are alike, and a run that began in the middle has the same."""
    drawn: list[list[int]] = []
    for seed, begin in ((1, 0), (2, 0), (1, 7)):
        run, seeds = runs.Watched(training={"seed": seed, "validate_every": 500}), list[int]()
        move = run.trainer._move
        monkeypatch.setattr(
            run.trainer, "_move", lambda batch, to=seeds, by=move: to.append(torch.initial_seed()) or by(batch)
        )
        monkeypatch.setattr(run.trainer, "_validate", lambda: None)
        run.trainer.state.progress.update = begin
        run.train()
        drawn.append(seeds)
    one, other, rest = drawn
    assert len({*one, *other}) == 24
    assert rest == one[7:]


def test_what_it_says_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    runs.quick(monkeypatch)
    run = runs.Watched()
    run.train()
    kinds = [event.kind for event in run.events]
    assert (kinds[0], kinds[-1]) == ("started", "finished")
    started, finished = run.events[0], run.events[-1]
    assert isinstance(started, journal.Started)
    assert isinstance(finished, journal.Finished)
    assert (started.updates, started.train + started.dev) == (12, 150)
    assert started.parameters == sum(each.numel() for each in run.trainer.network.parameters())
    assert 0 <= started.padding_share < 0.5
    assert [event.update for event in run.validations] == [5, 10, 12]
    assert all(len(event.samples) == 3 for event in run.validations)
    assert run.validations[0].best
    assert finished.best_update == [event.update for event in run.validations if event.best][-1]
    reports = [event for event in run.events if isinstance(event, journal.Progressed)]
    assert all(event.units_per_second > 0 and event.left >= 0 for event in reports)
    assert [event.epoch for event in reports] == sorted(event.epoch for event in reports)


def scripted(run: runs.Watched, values: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Validations that find these values, whatever the model is."""
    left = iter(values)
    metric = run.trainer.settings.metric

    def evaluate(*_: object) -> tuple[Report, list[Any]]:
        value = next(left)
        return Report(1, {metric: Measured(value, value, value, "")}, ()), []

    monkeypatch.setattr(run.trainer.predictor, "evaluate", evaluate)


@pytest.mark.parametrize(
    ("metric", "values", "best", "ends"),
    [
        ("accuracy", [10, 30, 30, 20, 99], 2, 4),  # a tie is not better
        ("error_rate", [30, 10, 10, 20, 0], 2, 4),  # lower is better
        ("error_rate", [30, 40, 20, 25, 26, 99], 3, 5),
        ("bleu", [1, 2, 3, 4, 5, 6], 6, 6),
        ("accuracy", [0, 0, 0, 0, 0, 0], 1, 6),  # nothing is right yet: attention takes its time to form
        ("accuracy", [0, 0, 0, 8, 0, 9], 6, 6),
        ("accuracy", [0, 0, 8, 0, 0, 9], 3, 5),
        ("error_rate", [0, 0, 0, 9], 1, 3),
    ],
)
def test_it_stops_early_by_the_metrics_own_direction(
    metric: str, values: list[float], best: int, ends: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``patience`` is two validations; the best model is the one of the best value."""
    run = runs.Watched(
        training={"metric": metric, "validate_every": 1, "patience": 2, "updates": 6},
        evaluation={"metrics": ["accuracy", "error_rate", "bleu"]},
    )
    scripted(run, values, monkeypatch)
    reason = run.train()
    progress = run.trainer.state.progress
    assert (progress.best_update, progress.update) == (best, ends)
    assert run.kept.bests[-1].update == best
    assert reason == ("all updates done" if ends == 6 else f"no better {metric} in 2 validations")


def test_minutes_are_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock of ten seconds an update: two minutes are over after twelve; what is there then is validated and kept."""
    run = runs.Watched(training={"minutes": 2, "updates": 500, "validate_every": 500})
    monkeypatch.setattr(trainer.time, "monotonic", lambda: 10.0 * run.trainer.state.progress.update)
    assert run.train() == "2 minutes are over"
    assert run.trainer.state.progress.update == 12
    assert [event.update for event in run.validations] == [12]
    assert run.kept.bests[-1].update == 12


def test_it_saves_every_few_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute an update and ``save_minutes = 2.5``: after updates 3, 6, ... whether anything is validated or not."""
    run = runs.Watched(training={"save_minutes": 2.5, "validate_every": 500})
    monkeypatch.setattr(trainer.time, "monotonic", lambda: 60.0 * run.trainer.state.progress.update)
    run.train()
    assert [each.update for each in run.kept.lasts][:4] == [3, 6, 9, 12]


def test_the_mean_of_the_weights_is_a_running_mean() -> None:
    """Against a plain loop: mean = d mean + (1 - d) weight with d = min(average, (1 + t) / (10 + t))."""
    prepared = runs.prepared()
    state = State(prepared.network, prepared.recipe.training)
    assert state.averaged is not state.network
    mean = {name: each.detach().double() for name, each in state.network.named_parameters()}
    decay = 0.0
    for update in range(1, 101):
        with torch.no_grad():
            for each in state.network.parameters():
                each.add_(torch.randn_like(each))
        state.progress.update = update
        state.average()
        decay = min(0.9, (1 + update) / (10 + update))
        for name, each in state.network.named_parameters():
            mean[name] = decay * mean[name] + (1 - decay) * each.detach().double()
    assert decay == 0.9
    for name, each in state.averaged.named_parameters():
        torch.testing.assert_close(each.double(), mean[name], rtol=0, atol=1e-5)


def test_the_mean_is_what_is_kept_and_without_one_the_weights() -> None:
    averaged, plain = runs.Watched(), runs.Watched(training={"average": 0.0})
    for run in (averaged, plain):
        run.train()
    state = averaged.trainer.state
    weights, mean = state.network.state_dict(), state.averaged.state_dict()
    assert not torch.equal(weights["output_bias"], mean["output_bias"])
    runs.same_tensors(averaged.kept.lasts[-1].weights, dict(mean))
    assert plain.trainer.state.averaged is plain.trainer.state.network
    runs.same_tensors(plain.kept.lasts[-1].weights, dict(plain.trainer.network.state_dict()))
    training = averaged.kept.lasts[-1].training
    assert training is not None
    assert {name.split(".")[0] for name in training.tensors} == {"network", "averaged", "optimizer"}


def test_tied_embeddings_are_saved_once() -> None:
    run = runs.Watched(model={"tie_embeddings": True}, training={"updates": 4})
    run.train()
    best = run.kept.bests[-1]
    assert "untied_weight" not in best.weights
    assert Predictor.from_checkpoint(best).network.untied_weight is None


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_unit_dropout_hides_units_and_never_padding(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.Watched(training={"unit_dropout": share, "validate_every": 500})
    seen: list[tuple[Tensor, Tensor]] = []
    encode = type(run.trainer.network).encode

    def watch(network: Any, source: Any) -> Any:
        seen.append((source.columns[0], source.real[0]))
        return encode(network, source)

    monkeypatch.setattr(type(run.trainer.network), "encode", watch)
    monkeypatch.setattr(run.trainer, "_validate", lambda: None)
    run.train()
    hidden = sum(int(((ids == UNKNOWN) & real).sum()) for ids, real in seen) / sum(int(real.sum()) for _, real in seen)
    assert hidden == pytest.approx(share, abs=0.05)
    assert not any(bool(((ids == UNKNOWN) & ~real).any()) for ids, real in seen)


def test_previous_dropout_hides_what_was_written_and_never_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor padding; what is to be written stays as it is."""
    run = runs.Watched(training={"previous_dropout": 0.4, "validate_every": 500})
    seen: list[tuple[Tensor, Tensor, Tensor]] = []
    made: list[Any] = []
    hidden = run.trainer._move

    def watch(batch: Any) -> Any:
        made.append(batch)
        moved = hidden(batch)
        seen.append((moved.previous, moved.following, moved.real))
        return moved

    monkeypatch.setattr(run.trainer, "_move", watch)
    monkeypatch.setattr(run.trainer, "_validate", lambda: None)
    run.train()
    hides = [(previous == UNKNOWN) for previous, _, _ in seen]
    told = [real[:, 1:] for _, _, real in seen]
    share = sum(int(each.sum()) for each in hides) / sum(int(each.sum()) for each in told)
    assert share == pytest.approx(0.4, abs=0.05)
    for batch, (previous, following, real), hide in zip(made, seen, hides, strict=True):
        assert not bool((hide & ~real).any())
        assert bool((previous[:, 0] == START).all())
        assert torch.equal(previous.masked_fill(hide, 0), batch.previous.masked_fill(hide, 0))
        assert torch.equal(following, batch.following)


def test_validation_sees_what_users_get() -> None:
    """The metric of a validation is that of a greedy prediction by the model that was kept."""
    run = runs.Watched(training={"metric": "error_rate", "updates": 40, "validate_every": 20, "learning_rate": 0.02})
    run.train()
    best, last = run.kept.bests[-1], [each for each in run.validations if each.best][-1]
    predictor = Predictor.from_checkpoint(best)
    settings = run.trainer.recipe.evaluation
    greedy = best.search.model_copy(update={"beam_size": 1})
    report, _ = predictor.evaluate(run.trainer.dev, settings, greedy, batch_size=7)
    assert report.value("error_rate") == pytest.approx(last.metrics["error_rate"])


def test_training_leaves_the_mean_in_the_state_of_prediction() -> None:
    run = runs.Watched()
    before = copy.deepcopy(run.trainer.state.averaged)
    run.train()
    assert not run.trainer.state.averaged.training
    assert not before.training


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_a_prediction_follows_every_update(average: float) -> None:
    """What search keeps packed of the weights is made anew when they move, with a mean of them and without."""
    run = runs.Watched(training={"average": average})
    sources = [(str(source[0]),) for source in run.trainer.dev.sources]
    run.trainer.predictor.search(sources)
    run.train()
    state, trainer = run.trainer.state, run.trainer
    anew = Predictor(state.averaged, trainer.codec, trainer.recipe.search)
    found, expected = trainer.predictor.search(sources), anew.search(sources)
    assert [each.record() for each in found] == [each.record() for each in expected]
