"""Claims on made-up arms: each holds, does not hold, or is not decided, as the arms were made."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.evaluation.report import length_bins
from heedful.evaluation.significance import Paired
from heedful.study import claims
from heedful.study.claims import Claim, interval_of, number, slope_of
from heedful.study.claims_inside import explanation, final_state, own_item, recall, reversing
from heedful.study.families import cells_of, difference, families
from heedful.study.inside import Inside
from heedful.study.scored import Scored
from heedful.study.verdicts import Kind, Measure
from heedful.study.words import Words
from tests.study.made_up import LONGEST, SHORTEST, Share, items, scored

pytestmark = pytest.mark.usefixtures("unchecked")
ENGLISH = Words()
KINDS: tuple[Kind, ...] = ("holds", "does not hold", "not decided")


def falling(length: int) -> float:
    """Nearly all of the shortest sources, little of the longest."""
    return 0.95 - 0.8 * (length - SHORTEST) / (LONGEST - SHORTEST)


def rising(length: int) -> float:
    return falling(SHORTEST + LONGEST - length)


def pair(fixed: Share, attentive: Share, cell: str = "lstm") -> list[Scored]:
    """An arm without attention and one with."""
    return [
        scored(fixed, attention="fixed", cell=cell, bidirectional=False, seed=1),
        scored(attentive, attention="luong", cell=cell, bidirectional=False, seed=2),
    ]


def judged(found: Claim | None, expected: Kind) -> Claim:
    """The claim, whose verdict and whose section are this one."""
    assert found is not None
    assert found.kind == expected
    assert found.section.verdict is not None
    assert (found.section.verdict.kind, found.section.verdict.text) == (expected, ENGLISH(expected))
    assert found.section.claim == ENGLISH(f"{found.name}-claim")
    assert len(found.section.tables[0].rows) == len(found.measures)
    record = json.loads(json.dumps(found.record(), allow_nan=False))
    assert record["verdict"] == expected
    for each in found.measures:
        assert each.low <= each.value <= each.high
    return found


@pytest.mark.parametrize(
    ("arms", "expected"),
    [
        (pair(falling, 0.95), "holds"),
        (pair(rising, falling), "does not hold"),
        (pair(0.95, falling), "does not hold"),
        (pair(0.6, 0.6), "not decided"),
        (pair(0.3, 0.9), "not decided"),  # better everywhere, and not more so on long sources
    ],
    ids=["falls", "rises", "the other way", "alike", "even"],
)
def test_the_fixed_vector_is_a_bottleneck(arms: list[Scored], expected: Kind) -> None:
    found = judged(claims.bottleneck(ENGLISH, arms), expected)
    table = found.section.tables[1]
    assert sum(int(str(row[1])) for row in table.rows) == 200
    lengths = arms[0].lengths
    for (low, high), row in zip(length_bins(lengths, 4), table.rows, strict=True):
        here = [at for at, length in enumerate(lengths) if low <= length <= high]
        assert row[1] == len(here)
        means = [np.mean([_right(each, seed, here) for seed in range(3)]) for each in arms]
        assert row[2:4] == pytest.approx(means)
        assert row[4] == pytest.approx(means[1] - means[0])


def _right(arm: Scored, seed: int, rows: Sequence[int]) -> float:
    """Letters in place, in percent, of these sources."""
    right = total = 0
    for at in rows:
        (reference,), output = arm.items.references[at], arm.measured[seed].outputs[at]
        right += sum(one == other for one, other in zip(output, reference, strict=True))
        total += len(reference)
    return 100 * right / total


def test_ranges_may_be_given_and_those_without_sources_are_left_out() -> None:
    found = claims.bottleneck(ENGLISH, pair(falling, 0.95), [(0, 7), (8, 13), (14, 20), (21, 1_000_000)])
    assert found is not None
    assert [row[0] for row in found.section.tables[1].rows] == ["5 – 7", "8 – 13", "14 – 20"]
    assert found.measures[1].name == ENGLISH("gap-longest", metric=ENGLISH("item_accuracy"), low=14)
    assert found.measures[1].value == pytest.approx(found.section.tables[1].rows[-1][-2])


@pytest.mark.parametrize(
    ("fixed", "attentive", "expected"), [(0.4, 0.8, "holds"), (0.8, 0.4, "does not hold"), (0.6, 0.6, "not decided")]
)
def test_all_states_are_more_than_the_last(fixed: float, attentive: float, expected: Kind) -> None:
    found = judged(claims.all_states(ENGLISH, pair(fixed, attentive)), expected)
    assert found.measures[0].value == pytest.approx(100 * (attentive - fixed), abs=5)


@pytest.mark.parametrize(
    ("plain", "gated", "attentive", "expected"),
    [
        (0.3, 0.6, 0.9, "holds"),
        (0.6, 0.3, 0.9, "does not hold"),
        (0.3, 0.9, 0.6, "does not hold"),
        (0.6, 0.6, 0.9, "not decided"),
        (0.3, 0.6, 0.6, "not decided"),
    ],
)
def test_gates_soften_it_and_do_not_cure_it(plain: float, gated: float, attentive: float, expected: Kind) -> None:
    arms = [*pair(plain, attentive, "rnn"), *pair(gated, attentive, "gru")]
    judged(claims.soften(ENGLISH, arms), expected)
    judged(claims.soften(ENGLISH, [*arms, *pair(gated, attentive, "lstm")]), expected)
    assert claims.soften(ENGLISH, pair(plain, attentive, "rnn")) is None
    assert claims.soften(ENGLISH, pair(gated, attentive, "gru")) is None


@pytest.mark.parametrize(("weight", "expected"), [(0.8, "holds"), (0.2, "does not hold"), (0.5, "not decided")])
def test_attention_picks_what_is_right(weight: float, expected: Kind) -> None:
    arms = [scored(attention="fixed"), *(scored(attention=name, weight=weight) for name in ("luong", "bahdanau"))]
    found = judged(claims.picks(ENGLISH, [("copying", arms)]), expected)
    assert found.measures[0].value == pytest.approx(100 * weight, abs=1)
    rows = found.section.tables[1].rows
    assert [str(row[0]).split("=")[-1] for row in rows] == ["luong", "bahdanau"]
    for _, on_right, precision, error_rate, entropy in rows:
        assert on_right == pytest.approx(100 * weight, abs=1)
        assert (precision, entropy) == (pytest.approx(100 * int(10 * weight) / 10), 1.0)
        assert error_rate == pytest.approx(100 - float(str(precision)))
    assert claims.picks(ENGLISH, [("copying", arms[:1])]) is None


@pytest.mark.parametrize(
    ("luong", "costs", "expected"),
    [
        (0.6, (), "holds"),
        (0.6, (80.0,), "holds"),
        (0.6, (80.0, 120.0), "does not hold"),
        (0.6, (100.0,), "not decided"),
        (0.8, (80.0,), "does not hold"),
        (0.4, (), "does not hold"),
    ],
)
def test_bahdanau_and_luong_are_alike(luong: float, costs: tuple[float, ...], expected: Kind) -> None:
    """Sixty points right with 3,000 sources: three seeds of each lie well within two points."""
    many = items(1500)
    arms = [scored(share, of=many, attention=name, seed=seed, seeds=1)
            for seed, (name, share) in enumerate([("fixed", 0.3), ("luong", luong), ("bahdanau", 0.6)])]  # fmt: skip
    measured = [("x", Measure.of("cost", Paired(each, each - 9, each + 9, 0.1), "below", 100.0)) for each in costs]
    judged(claims.alike(ENGLISH, [("", arms)], measured), expected)
    assert claims.alike(ENGLISH, [("", arms[:2])]) is None


def test_few_sources_do_not_decide_whether_they_are_alike() -> None:
    few = items(12)
    arms = [scored(share, of=few, attention=name, seed=seed)
            for seed, (name, share) in enumerate([("fixed", 0.3), ("luong", 0.62), ("bahdanau", 0.6)])]  # fmt: skip
    judged(claims.alike(ENGLISH, [("", arms)]), "not decided")


def test_a_metric_that_is_better_lower_is_turned_round() -> None:
    """A gain is a gain, in errors too."""
    worse, better = pair(0.4, 0.8)
    assert difference([better], [worse], "error_rate").difference > 30
    assert difference([worse], [better], "error_rate").difference < -30
    arms = [scored(share, attention=name, seed=seed, training={"metric": "error_rate"})
            for seed, (name, share) in enumerate([("fixed", falling), ("luong", 0.9)])]  # fmt: skip
    judged(claims.all_states(ENGLISH, arms), "holds")
    judged(claims.bottleneck(ENGLISH, arms), "holds")


def test_arms_of_one_family_differ_in_attention_alone() -> None:
    arms = [
        scored(attention=attention, cell=cell, hidden_size=size)
        for cell in ("gru", "lstm")
        for size in (8, 16)
        for attention in ("luong", "fixed", "bahdanau")
    ]
    arms += [scored(attention="luong", cell="gru", hidden_size=8, scorer="dot")]
    arms += [scored(attention="fixed", cell="rnn"), scored(attention="luong", cell="lstm", bidirectional=False)]
    found = families(arms)
    assert [(each.name, each.fixed.arm.recipe.model.hidden_size) for each in found] == [
        ("gru", 8), ("gru", 16), ("lstm", 8), ("lstm", 16)
    ]  # fmt: skip
    assert [len(each.attentive) for each in found] == [3, 2, 2, 2]
    for each in found:
        assert each.fixed.arm.recipe.model.attention == "fixed"
        for one in each.attentive:
            assert one.arm.recipe.model.attention != "fixed"
            assert cells_of(one) == each.name
            assert one.arm.recipe.model.hidden_size == each.fixed.arm.recipe.model.hidden_size
    assert families(arms[-2:]) == families([]) == []


def test_two_cells_are_called_by_both() -> None:
    assert cells_of(scored(attention="luong", encoder_cell="rnn", decoder_cell="lstm")) == "rnn + lstm"
    assert cells_of(scored(attention="luong", encoder_cell="gru", decoder_cell="gru")) == "gru"


def test_what_cannot_be_measured_is_no_claim() -> None:
    for arms in ([], [scored(attention="fixed")], [scored(attention="luong"), scored(attention="bahdanau")]):
        assert claims.bottleneck(ENGLISH, arms) is None
        assert claims.all_states(ENGLISH, arms) is None
        assert claims.soften(ENGLISH, arms) is None
        assert claims.picks(ENGLISH, [("x", arms)]) is None
    assert claims.alike(ENGLISH, [("x", [scored(attention="fixed"), scored(attention="luong")])]) is None


def test_luong_and_bahdanau_need_no_third() -> None:
    pair = [scored(attention="luong"), scored(attention="bahdanau")]
    made = claims.alike(ENGLISH, [("x", pair)])
    assert made is not None
    assert [measure.claimed for measure in made.measures] == ["within"]


@given(st.lists(st.tuples(st.integers(1, 30), st.floats(-100, 100)), min_size=2, max_size=40))
def test_a_slope_is_that_of_the_least_squares_line(points: list[tuple[int, float]]) -> None:
    x, y = (np.array(each, dtype=np.float64) for each in zip(*points, strict=True))
    found = slope_of(np.stack([np.ones_like(x), x, y, x**2, x * y], axis=1).sum(axis=0))
    expected = np.polyfit(x, y, 1)[0] if len(set(x)) > 1 else 0.0
    assert found == pytest.approx(expected, abs=1e-6)


def test_slopes_of_many_resamples_at_once() -> None:
    chance = np.random.default_rng(0)
    x, y = chance.integers(5, 20, (30, 50)).astype(np.float64), chance.random((30, 50))
    sums = np.stack([np.ones_like(x), x, y, x**2, x * y], axis=-1).sum(axis=1)
    expected = [np.polyfit(one, other, 1)[0] for one, other in zip(x, y, strict=True)]
    np.testing.assert_allclose(slope_of(sums), expected, rtol=1e-9)


def test_numbers_as_print_has_them() -> None:
    assert number(-1.25, 1) == "\u22121.2"
    assert number(-0.04, 1) == number(0.04, 1) == "0.0"
    assert interval_of(-1, 2.5) == "\u22121.0 … 2.5"


# what goes on inside ---------------------------------------------------------------------------------------------------


def inside(last: float = 50.0, own: float = 50.0, weights: float = 0.2, between: float = 0.2, seed: int = 0) -> Inside:
    """Sixty sources around these values."""
    chance = np.random.default_rng(seed)

    def around(value: float, spread: float) -> tuple[float, ...]:
        return tuple(chance.normal(value, spread, 60).tolist())

    return Inside(
        digest="", model="", thirds=tuple(zip(around(100 - last, 5), around(last, 5), strict=True)),
        relative=tuple(tuple(chance.random(length).tolist()) for length in range(3, 63)), own=around(own, 5)[:15],
        units=("a", "b", "c"), example=((1.0, 0.1, 0.0), (0.2, 1.0, 0.3), (0.0, 0.1, 1.0)),
        weights_gradient=around(weights, 0.1), weights_erasure=around(weights, 0.1), gradient_erasure=around(between, 0.1),
    )  # fmt: skip


def seeds(**given_: float) -> list[Inside]:
    return [inside(seed=number, **given_) for number in range(3)]


@pytest.mark.parametrize(("last", "expected"), [(70.0, "holds"), (30.0, "does not hold"), (50.0, "not decided")])
def test_the_last_items_dominate_the_final_state(last: float, expected: Kind) -> None:
    """A measure a cell; what stands beside is drawn, and judged by nobody."""
    beside = [("both", {"gru": seeds(last=10.0)})]
    group = ("copying", {"gru": seeds(last=last), "lstm": seeds(last=last)})
    found = judged(final_state(ENGLISH, "final-by-nature", [group], beside), expected)
    assert [each.name for each in found.measures] == [
        ENGLISH("last-third", data=f"copying, {cell}") for cell in ("gru", "lstm")
    ]
    assert found.measures[0].value == pytest.approx(last, abs=2)
    assert len(found.section.figures) == 2
    if expected == "holds":
        one_fails = ("dates", {"rnn": seeds(last=30.0)})
        judged(final_state(ENGLISH, "final-after-training", [group, one_fails]), "does not hold")


@pytest.mark.parametrize(("own", "expected"), [(80.0, "holds"), (20.0, "does not hold"), (50.0, "not decided")])
def test_a_state_is_mostly_about_its_own_item(own: float, expected: Kind) -> None:
    found = judged(own_item(ENGLISH, [("copying", {"a": seeds(own=own), "b": seeds(own=own)})]), expected)
    assert found.measures[0].value == pytest.approx(own, abs=3)


@pytest.mark.parametrize(
    ("weights", "between", "expected"), [(0.2, 0.6, "holds"), (0.6, 0.2, "does not hold"), (0.4, 0.4, "not decided")]
)
def test_attention_is_not_the_whole_explanation(weights: float, between: float, expected: Kind) -> None:
    group = {"a": seeds(weights=weights, between=between), "b": seeds(weights=weights, between=between)}
    found = judged(explanation(ENGLISH, [("copying", group)]), expected)
    assert found.measures[0].value == pytest.approx(between - weights, abs=0.05)


@pytest.mark.parametrize(("back", "expected"), [(0.7, "holds"), (0.3, "does not hold"), (0.5, "not decided")])
def test_reversing_helps(back: float, expected: Kind) -> None:
    pairs = [
        (scored(0.5, attention="fixed", cell=cell, bidirectional=False),
         scored(back, attention="fixed", cell=cell, bidirectional=False, read_backwards=True, seed=5))
        for cell in ("gru", "lstm")
    ]  # fmt: skip
    found = judged(reversing(ENGLISH, pairs), expected)
    assert found.measures[0].value == pytest.approx(100 * (back - 0.5), abs=4)


def recalled(early: float, late: float, back: bool) -> Scored:
    """Probabilities from that of the item read first to that of the item read last; no item is easier for its place."""

    def log_probs(length: int) -> list[float]:
        read = np.log(np.linspace(early, late, length)).tolist()
        return [*(read[::-1] if back else read), -0.1]  # the end mark, which is no item

    return scored(0.5, attention="fixed", cell="gru", bidirectional=False, read_backwards=back, log_probs=log_probs)


@pytest.mark.parametrize(
    ("early", "late", "expected"), [(0.2, 0.8, "holds"), (0.8, 0.2, "does not hold"), (0.5, 0.5, "not decided")]
)
def test_what_was_read_first_is_nearly_lost(early: float, late: float, expected: Kind) -> None:
    found = judged(recall(ENGLISH, [(recalled(early, late, back=False), recalled(early, late, back=True))]), expected)
    assert found.measures[0].value == pytest.approx(100 * (late - early) * 2 / 3, abs=6)


def test_an_effect_of_the_order_of_writing_cancels() -> None:
    """What is written first is easier, whenever it was read: read forwards it counts for one side, backwards for the other."""

    def written(back: bool) -> Scored:
        return scored(
            0.5, attention="fixed", cell="gru", bidirectional=False, read_backwards=back,
            log_probs=lambda length: np.log([*np.linspace(0.9, 0.3, length), 0.5]).tolist(),
        )  # fmt: skip

    found = recall(ENGLISH, [(written(back=False), written(back=True))])
    assert found.measures[0].value == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_claim_has_its_words_in_both_languages(language: str) -> None:
    words = Words(language)
    arms = [*pair(falling, 0.9, "rnn"), *pair(falling, 0.9, "gru"), scored(0.9, attention="bahdanau", weight=0.8)]
    arms.append(scored(0.4, attention="fixed"))
    arms.append(scored(0.9, attention="luong"))
    costs = [(name, Measure.of(words(f"cost-{name}"), Paired(80, 70, 90, 0.01), "below", 100.0))
             for name in ("decoding", "training")]  # fmt: skip
    found = [
        claims.bottleneck(words, arms), claims.all_states(words, arms), claims.soften(words, arms),
        claims.picks(words, [("x", arms)]), claims.alike(words, [("x", arms)], costs),
    ]  # fmt: skip
    names = [each.name for each in found if each is not None]
    assert names == ["bottleneck", "all-states", "soften", "picks", "alike"]


def test_kinds_are_what_a_page_knows() -> None:
    assert all(ENGLISH(kind) for kind in KINDS)
