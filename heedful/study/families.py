"""Which arms belong together: those that differ in attention alone; and what they differ by."""

from collections.abc import Sequence
from dataclasses import dataclass

from heedful.evaluation.comparison import contrast
from heedful.evaluation.metrics import METRICS
from heedful.evaluation.significance import Paired
from heedful.study.scored import Scored

OF_ATTENTION = ("attention", "scorer", "reach", "window", "input_feeding", "feed_context")
"""Keys of the model in which arms of one family may differ."""


@dataclass(frozen=True)
class Family:
    """Arms that differ in attention alone: one without, some with."""

    name: str
    fixed: Scored
    attentive: tuple[Scored, ...]


def kindred(arms: Sequence[Scored]) -> list[list[Scored]]:
    """The arms sorted by what they share: those of one list differ in attention alone."""
    found: dict[str, list[Scored]] = {}
    for each in arms:
        rest = each.arm.recipe.model_dump_json(exclude={"model": set(OF_ATTENTION), "training": {"seed", "threads"}})
        found.setdefault(rest, []).append(each)
    return list(found.values())


def families(arms: Sequence[Scored]) -> list[Family]:
    """Kindred arms of which one has no attention, and some have."""
    found: list[Family] = []
    for members in kindred(arms):
        fixed = [each for each in members if attention_of(each) == "fixed"]
        others = tuple(each for each in members if attention_of(each) != "fixed")
        if fixed and others:
            # Of several without attention the best one is what attention has to beat.
            metric = fixed[0].arm.recipe.training.metric
            best = max(fixed, key=lambda each: sign_of(metric) * each.mean(metric).value)
            found.append(Family(cells_of(best), best, others))
    return found


def luong_and_bahdanau(arms: Sequence[Scored]) -> list[tuple[Scored, Scored]]:
    """Every pair of arms that differ in nothing but having Luong's attention and Bahdanau's."""
    return [
        (one, other)
        for members in kindred(arms)
        for one in members
        for other in members
        if (attention_of(one), attention_of(other)) == ("luong", "bahdanau")
    ]


def attention_of(scored: Scored) -> str:
    """The wiring of an arm."""
    return scored.arm.recipe.model.attention


def cells_of(scored: Scored) -> str:
    """The cell of an arm, or both of them."""
    model = scored.arm.recipe.model.resolved()
    return model.cell if model.decoder_cell is None else f"{model.cell} + {model.decoder_cell}"


def weighed(
    arms: Sequence[Scored], weights: Sequence[float], metric: str, between: tuple[int, int] | None = None
) -> Paired:
    """A weighted sum of the arms' means of a metric, in its percent; ``between`` leaves sources of other lengths out."""
    settings, lengths = arms[0].arm.recipe.evaluation, arms[0].lengths
    here = slice(None) if between is None else (lengths >= between[0]) & (lengths <= between[1])
    systems = [[counts[here] for counts in each.statistics(metric)] for each in arms]
    from_statistics = arms[0].metric(metric).from_statistics
    return contrast(systems, weights, from_statistics, settings.resamples, settings.seed)


def mean_over(arms: Sequence[Scored], metric: str, between: tuple[int, int] | None = None) -> Paired:
    """The mean metric of some arms."""
    return weighed(arms, [1 / len(arms)] * len(arms), metric, between)


def sign_of(metric: str) -> float:
    """1 where more is better, else -1: differences are told so that more is better."""
    return 1.0 if METRICS[metric].higher_is_better else -1.0


def difference(ones: Sequence[Scored], others: Sequence[Scored], metric: str) -> Paired:
    """The mean metric of some arms minus that of others, in points that are more where it is better."""
    weights: dict[str, float] = {}
    arms = {each.arm.name: each for each in (*ones, *others)}
    for group, share in ((ones, sign_of(metric) / len(ones)), (others, -sign_of(metric) / len(others))):
        for each in group:  # one that stands there twice counts twice, and its seeds are no more of them
            weights[each.arm.name] = weights.get(each.arm.name, 0.0) + share
    return weighed([arms[name] for name in weights], list(weights.values()), metric)


def gaps(found: Sequence[Family]) -> tuple[list[Scored], list[float]]:
    """Arms and their weights: the mean of all differences between an arm with attention and the one without in its family."""
    count = sum(len(each.attentive) for each in found)
    arms = [one for each in found for one in each.attentive] + [each.fixed for each in found]
    weights = [1 / count] * count + [-len(each.attentive) / count for each in found]
    return arms, weights


def gap_of(found: Sequence[Family], metric: str, between: tuple[int, int] | None = None) -> Paired:
    """The mean difference that attention makes to a metric, in points that are more where it is better."""
    arms, weights = gaps(found)
    return weighed(arms, [sign_of(metric) * each for each in weights], metric, between)
