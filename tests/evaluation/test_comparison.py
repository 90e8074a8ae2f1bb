"""Comparisons over seeds and items: how often they find a difference that is none, and one that is."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from sacrebleu.metrics import BLEU
from sacrebleu.significance import PairedTest

from heedful.evaluation.comparison import compared, holm, mean_of
from heedful.evaluation.metrics import METRICS, Statistics
from heedful.evaluation.settings import EvaluationSettings
from heedful.evaluation.significance import paired, resample

ACCURACY = METRICS["accuracy"](EvaluationSettings(), str.split)


def system(
    chance: np.random.Generator, items: NDArray[np.float64], seeds: int, spread: float, gain: float = 0.0
) -> list[Statistics]:
    """Counts of accuracy a seed: hard items are hard for all seeds, and a seed is better or worse as a whole."""
    found: list[Statistics] = []
    for _ in range(seeds):
        share = np.clip(items + gain + spread * chance.standard_normal(), 0.01, 0.99)
        found.append(np.stack([chance.random(len(items)) < share, np.ones(len(items))], axis=1).astype(np.float64))
    return found


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("spread", [0.0, 0.01, 0.05])
def test_seeds_of_one_recipe_seldom_differ(seeds: int, spread: float) -> None:
    """At most one time in twenty, give or take, whether seeds differ little or much."""
    chance = np.random.default_rng(1)
    found = 0
    for trial in range(200):
        items = chance.uniform(0.3, 0.95, 300)
        a, b = (system(chance, items, seeds, spread) for _ in range(2))
        found += compared(a, b, ACCURACY.from_statistics, 300, trial).p < 0.05
    assert found <= 18


def test_of_the_ten_ways_to_split_six_seeds_hardly_one_differs() -> None:
    chance = np.random.default_rng(2)
    for trial in range(10):
        six = system(chance, chance.uniform(0.3, 0.95, 400), 6, 0.02)
        splits = [chosen for chosen in combinations(range(6), 3) if 0 in chosen]
        assert len(splits) == 10
        values = []
        for chosen in splits:
            a, b = [six[place] for place in chosen], [six[place] for place in range(6) if place not in chosen]
            values.append(compared(a, b, ACCURACY.from_statistics, 500, trial).p)
        assert sum(value < 0.05 for value in values) <= 1


def test_a_clear_difference_is_found() -> None:
    chance = np.random.default_rng(3)
    items = chance.uniform(0.3, 0.8, 500)
    found = compared(system(chance, items, 3, 0.01, 0.15), system(chance, items, 3, 0.01), ACCURACY.from_statistics)
    assert found.p < 0.05
    assert 5 < found.low < found.difference < found.high < 25


def test_intervals_of_the_difference_hold_the_true_one() -> None:
    chance = np.random.default_rng(4)
    held = 0
    for trial in range(200):
        items = chance.uniform(0.3, 0.8, 300)
        a, b = system(chance, items, 3, 0.02, 0.05), system(chance, items, 3, 0.02)
        found = compared(a, b, ACCURACY.from_statistics, 300, trial)
        held += found.low <= 5 <= found.high
    assert held >= 180


def test_a_system_does_not_differ_from_itself() -> None:
    chance = np.random.default_rng(5)
    seeds = system(chance, chance.uniform(0.3, 0.8, 100), 3, 0.05)
    for twin in (seeds, [each.copy() for each in seeds]):
        found = compared(seeds, twin, ACCURACY.from_statistics)
        assert (found.difference, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_one_seed_each_is_the_paired_test_over_items() -> None:
    chance = np.random.default_rng(6)
    (a,), (b,) = (system(chance, chance.uniform(0.3, 0.8, 200), 1, 0.0) for _ in range(2))
    assert compared([a], [b], ACCURACY.from_statistics, 500) == paired(a, b, ACCURACY.from_statistics, 500)


def test_bleu_is_compared_as_sacrebleu_does() -> None:
    """The same difference; the same p from our resamples by their formula; the same verdict by ours.

    sacreBLEU takes the size of each resample's difference before it is centred, which makes its p one-sided where the sign is
    certain, and too small where there is no difference. Ours is two-sided.
    """
    chance = np.random.default_rng(7)
    words = np.array(["a", "b", "c", "d", "e", "f"])
    references = [" ".join(chance.choice(words, 9)) for _ in range(200)]

    def noisy(share: float) -> list[str]:
        return [
            " ".join(word if chance.random() > share else str(chance.choice(words)) for word in each.split())
            for each in references
        ]

    bleu = METRICS["bleu"](EvaluationSettings(bleu_tokenize="none"), str.split)
    verdicts: list[tuple[bool, bool]] = []
    for one, other in ((0.3, 0.3), (0.3, 0.3), (0.28, 0.3), (0.2, 0.3), (0.1, 0.4)):
        a, b = noisy(one), noisy(other)
        counts = [bleu.statistics(each, [[reference] for reference in references]) for each in (a, b)]
        found = compared([counts[0]], [counts[1]], bleu.from_statistics, 2000)
        scorer = BLEU(references=[references], tokenize="none", force=True)
        _, tested = PairedTest([("b", b), ("a", a)], {"BLEU": scorer}, None, test_type="bs", n_samples=2000)()
        baseline, theirs = (each for each in tested["BLEU"] if not isinstance(each, str))
        assert found.difference == pytest.approx(theirs.score - baseline.score, abs=1e-9)
        sizes = np.abs(np.subtract(*(bleu.from_statistics(resample(each, 2000, 0)) for each in counts)))
        by_their_formula = (1 + (sizes - sizes.mean() > abs(found.difference)).sum()) / 2001
        assert by_their_formula == pytest.approx(theirs.p_value, abs=0.04)
        verdicts.append((found.p < 0.05, (theirs.p_value or 1.0) < 0.05))
    assert verdicts[0] == verdicts[1] == (False, False)
    assert all(one == other for one, other in verdicts)
    assert verdicts[-1] == (True, True)


def test_holm_multiplies_the_smallest_most() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
    values = np.random.default_rng(8).random(20)
    adjusted = np.array(holm(values.tolist()))
    assert (adjusted >= values).all()
    assert (np.argsort(adjusted[np.argsort(values)], kind="stable") == np.arange(20)).all()


def test_a_mean_has_its_seeds_and_widens_with_their_spread() -> None:
    chance = np.random.default_rng(9)
    items = chance.uniform(0.3, 0.8, 300)
    narrow, wide = (mean_of(system(chance, items, 3, spread), ACCURACY.from_statistics) for spread in (0.0, 0.1))
    assert narrow.value == pytest.approx(np.mean(narrow.each))
    assert narrow.low < narrow.value < narrow.high
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_other_sentences_cannot_be_compared() -> None:
    one = np.ones((3, 2))
    with pytest.raises(ValueError, match="same sentences"):
        compared([one], [np.ones((4, 2))], ACCURACY.from_statistics)
    with pytest.raises(ValueError, match="same sentences"):
        mean_of([], ACCURACY.from_statistics)
