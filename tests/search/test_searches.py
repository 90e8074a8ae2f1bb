"""What every search must do, run over every entry of SEARCHES."""

import inspect
from functools import partial

import pytest
import torch

from heedful import choices
from heedful.contracts import END, START
from heedful.errors import HeedfulError
from heedful.search.hypothesis import Found
from heedful.search.searches import SEARCHES, finish
from heedful.search.settings import SearchSettings
from tests.reference.exhaustive_search import plain_beam
from tests.search.steppers import FixedStepper, RandomStepper, source_of

every_search = pytest.mark.parametrize("name", SEARCHES)
FREE = -1


def run(
    name: str,
    stepper: RandomStepper | FixedStepper,
    sentences: torch.Tensor,
    limits: torch.Tensor,
    prefix: torch.Tensor | None = None,
    **keys: float,
) -> Found:
    settings = SearchSettings.read({"beam_size": 5, "n_best": 3} | keys, "test")
    return finish(SEARCHES[name](stepper, source_of(sentences), limits, settings, prefix))


def test_the_table_has_the_names_that_settings_know() -> None:
    assert SEARCHES.keys() == choices.SEARCHES.keys()


@every_search
def test_takes_what_every_search_takes(name: str) -> None:
    assert list(inspect.signature(SEARCHES[name]).parameters) == ["stepper", "source", "limits", "settings", "prefix"]


@every_search
@pytest.mark.parametrize(("dtype", "length_penalty"), [(torch.float32, 1.0), (torch.float64, 3.0)])
def test_batch_size_and_order_change_nothing(name: str, dtype: torch.dtype, length_penalty: float) -> None:
    stepper = RandomStepper(vocab=20, dtype=dtype, sharpness=2.0)
    sentences, limits = torch.arange(64), torch.arange(64) * 7 % 13
    whole = run(name, stepper, sentences, limits, length_penalty=length_penalty)
    for size in (1, 7):
        for order in (torch.arange(64), torch.randperm(64, generator=torch.Generator().manual_seed(size))):
            for part in order.split(size):
                found = run(name, stepper, sentences[part], limits[part], length_penalty=length_penalty)
                time = found.units.shape[2]
                assert torch.equal(found.units, whole.units[part, :, :time])
                assert torch.equal(found.lengths, whole.lengths[part])
                assert torch.equal(found.count, whole.count[part])
                torch.testing.assert_close(found.scores, whole.scores[part], atol=1e-5, rtol=0)
                torch.testing.assert_close(found.log_probs, whole.log_probs[part, :, : time + 1], atol=1e-5, rtol=0)
                assert found.weights is not None
                assert whole.weights is not None
                torch.testing.assert_close(found.weights, whole.weights[part, :, :time], atol=1e-5, rtol=0)


@every_search
def test_numbers_and_weights_are_those_of_the_path(name: str) -> None:
    stepper = RandomStepper(vocab=12)
    found = run(name, stepper, torch.arange(30), torch.arange(30) % 11, length_penalty=0.7)
    assert found.weights is not None
    torch.testing.assert_close(found.log_probs.sum(dim=2), found.log_prob)
    for sentence in range(30):
        assert found.count[sentence] >= 1
        for place in range(int(found.count[sentence])):
            length = int(found.lengths[sentence, place])
            units = found.units[sentence, place, :length]
            log_probs, weights = stepper.along(sentence, tuple(units.tolist()))
            expected = log_probs.gather(1, torch.cat([units, torch.tensor([END])]).unsqueeze(1)).squeeze(1)
            torch.testing.assert_close(found.log_probs[sentence, place, : length + 1], expected)
            torch.testing.assert_close(found.weights[sentence, place, :length], weights[:length])
            torch.testing.assert_close(
                found.scores[sentence, place], found.log_prob[sentence, place] / (length + 1) ** 0.7
            )
            assert not found.log_probs[sentence, place, length + 1 :].any()
            assert not found.weights[sentence, place, length:].any()
            assert not found.units[sentence, place, length:].any()


@every_search
def test_lengths_stay_within_their_bounds(name: str) -> None:
    limits = torch.tensor([0, 1, 2, 3, 9, 30])
    found = run(name, RandomStepper(), torch.arange(6), limits, min_length=2, max_length=5)
    for lengths, limit, count in zip(found.lengths, limits.clamp(max=5), found.count, strict=True):
        assert bool((lengths[:count] <= limit).all())
        assert bool((lengths[:count] >= limit.clamp(max=2)).all())
    assert found.lengths[0, 0] == 0


@every_search
def test_reserved_units_are_never_written(name: str) -> None:
    found = run(name, FixedStepper([50.0, 40.0, 30.0, 1.0, 2.0, 3.0]), torch.arange(3), torch.tensor([1, 4, 7]))
    for sentence in range(3):
        for place in range(int(found.count[sentence])):
            assert bool((found.units[sentence, place, : int(found.lengths[sentence, place])] > END).all())
    assert found.log_probs[0, 0, 0] < -40  # and they keep their share of the probability
    assert found.weights is None


@every_search
def test_prefixes_are_followed(name: str) -> None:
    stepper = RandomStepper(vocab=12)
    free = run(name, stepper, torch.arange(6), torch.full((6,), 8))
    prefix = torch.full((6, 4), FREE)
    prefix[1, :2] = torch.tensor([7, 5])
    prefix[2] = torch.tensor([4, 4, 4, END])
    prefix[3, 0] = END
    prefix[4] = torch.tensor([FREE, 9, FREE, 10])
    prefix[5, :2] = torch.tensor([1, END])  # a target to align may hold an unknown unit
    forced = run(name, stepper, torch.arange(6), torch.full((6,), 8), prefix=prefix)
    time = min(free.units.shape[2], forced.units.shape[2])
    assert torch.equal(forced.units[0, :, :time], free.units[0, :, :time])
    torch.testing.assert_close(forced.scores[0], free.scores[0])
    assert forced.units[1, : forced.count[1], :2].tolist() == [[7, 5]] * int(forced.count[1])
    assert (forced.count[2], forced.lengths[2, 0], forced.units[2, 0, :3].tolist()) == (1, 3, [4, 4, 4])
    assert (forced.count[3], forced.lengths[3, 0]) == (1, 0)
    assert bool((forced.units[4, : forced.count[4], 1] == 9).all())
    assert bool((forced.units[4, : forced.count[4], 3] == 10).all())
    assert (forced.count[5], forced.units[5, 0, 0]) == (1, 1)
    for sentence, units in ((2, (4, 4, 4)), (5, (1,))):
        log_probs, weights = stepper.along(sentence, units)
        path = torch.tensor([*units, END]).unsqueeze(1)
        torch.testing.assert_close(forced.log_prob[sentence, 0], log_probs.gather(1, path).sum())
        assert forced.weights is not None
        torch.testing.assert_close(forced.weights[sentence, 0, : len(units)], weights[:-1])


@every_search
def test_a_prefix_may_be_longer_than_the_limit(name: str) -> None:
    prefix = torch.tensor([[5, 6, 5, 6]])
    found = run(name, RandomStepper(), torch.arange(1), torch.tensor([2]), prefix=prefix)
    assert found.lengths[0, 0] == 4


@every_search
@pytest.mark.parametrize("prefix", [[START, 5], [0, 5], [END, 5]])
def test_impossible_prefixes_are_refused(name: str, prefix: list[int]) -> None:
    with pytest.raises(ValueError, match="a prefix holds"):
        run(name, RandomStepper(), torch.arange(1), torch.tensor([2]), prefix=torch.tensor([prefix]))


@every_search
@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_a_broken_model_is_an_error_not_a_hang(name: str, bad: float) -> None:
    with pytest.raises(HeedfulError, match=r"output 1 is not a number") as error:
        run(name, FixedStepper([0.0, 0.0, 0.0, 0.0, bad, 1.0]), torch.arange(2), torch.tensor([5, 1000]))
    assert "\n" not in str(error.value)


@every_search
def test_impossible_units_never_come(name: str) -> None:
    stepper = FixedStepper([0.0, 0.0, 0.0, 0.0, -torch.inf, 1.0, -torch.inf])
    found = run(name, stepper, torch.arange(1), torch.tensor([3]))
    assert set(found.units.flatten().tolist()) <= {0, 5}
    never = run(name, FixedStepper([0.0, 0.0, 0.0, -torch.inf, 1.0]), torch.arange(1), torch.tensor([3]))
    assert never.count.tolist() == [0]


@every_search
def test_finished_sentences_leave(name: str) -> None:
    stepper = RandomStepper(vocab=9)
    limits = torch.full((64,), 1)
    limits[0] = 60
    run(name, stepper, torch.arange(64), limits, min_length=60)
    width = 5 if name == "beam" else 1
    assert stepper.steps == 61
    assert stepper.rows == 64 + 64 * width + 59 * width  # all, all once more, then the one that is left


@every_search
def test_a_finished_sentence_that_waits_for_others_does_not_change(name: str) -> None:
    stepper = RandomStepper(vocab=6, sharpness=0.5)
    stepper.tables["bias"][:, END] = -9.0
    stepper.tables["bias"][0, END] = 1.0
    limits = torch.full((30,), 12)
    waiting = run(name, stepper, torch.arange(30), limits, length_penalty=0)
    alone = run(name, stepper, torch.arange(1), limits[:1], length_penalty=0)
    assert alone.lengths.max() < 9
    assert torch.equal(waiting.lengths[:1], alone.lengths)
    torch.testing.assert_close(waiting.scores[:1], alone.scores)


@every_search
def test_no_sentences(name: str) -> None:
    found = run(name, RandomStepper(), torch.arange(0), torch.arange(0))
    assert found.units.shape[0] == found.count.shape[0] == 0


@every_search
def test_frontiers_tell_the_story(name: str) -> None:
    stepper = RandomStepper(vocab=12)
    settings = SearchSettings(beam_size=4, n_best=4)
    frontiers = SEARCHES[name](stepper, source_of(torch.arange(9)), torch.arange(9), settings, None)
    paths: dict[int, list[tuple[int, ...]]] = {sentence: [()] for sentence in range(9)}
    ended: dict[int, list[tuple[int, ...]]] = {sentence: [] for sentence in range(9)}
    time = 0
    while True:
        try:
            frontier = next(frontiers)
        except StopIteration as end:
            found: Found = end.value
            break
        assert frontier.time == time
        time += 1
        for line, sentence in enumerate(frontier.sentences.tolist()):
            before = paths[sentence]
            pruned = zip(*(field[line].tolist() for field in (*frontier.pruned, frontier.ended)), strict=True)
            ended[sentence] += [before[parent] for parent, _, _, over in pruned if over]
            kept = zip(*(field[line].tolist() for field in frontier.kept), strict=True)
            paths[sentence] = [(*before[parent], unit) for parent, unit, _ in kept]
    for sentence in range(9):
        for place in range(int(found.count[sentence])):
            units = tuple(found.units[sentence, place, : int(found.lengths[sentence, place])].tolist())
            assert units in ended[sentence]


def test_greedy_follows_the_likeliest_unit() -> None:
    stepper = RandomStepper(vocab=25)
    found = run("greedy", stepper, torch.arange(20), torch.arange(20))
    for sentence in range(20):
        (expected,) = plain_beam(partial(stepper.after, sentence), 0, sentence, 1.0, 1, 1)
        assert tuple(found.units[sentence, 0, : found.lengths[sentence, 0]].tolist()) == expected.units
        assert float(found.scores[sentence, 0]) == pytest.approx(expected.score)
