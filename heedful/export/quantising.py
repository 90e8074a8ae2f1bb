"""What it costs to keep weights in bytes: the rounded graphs against the model, on dev data. ``graph.py`` does the rounding."""

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from heedful.data.corpus import Corpus
from heedful.errors import HeedfulError
from heedful.evaluation.metrics import METRICS
from heedful.evaluation.report import evaluate, group_references
from heedful.evaluation.settings import EvaluationSettings, MetricName
from heedful.predictor import Predictor

if TYPE_CHECKING:
    from heedful.export.runner import Runner

MOST_LOST = 0.2
"""Points of the metric that rounding may cost."""
FEW = 50
"""Fewer dev sources than these say little: one of them is worth more than 2 points."""


class Trial(NamedTuple):
    """What a rounded model has to do well on: dev pairs, the metric that counts, and how it is taken."""

    dev: Corpus
    metric: MetricName
    evaluation: EvaluationSettings


class Scores(NamedTuple):
    """The metric of the model and of its rounded graphs, in percent, and how many of ``count`` outputs are the same."""

    metric: str
    model: float
    rounded: float
    same: int
    count: int


def scores(predictor: Predictor, runner: "Runner", trial: Trial) -> Scores:
    """Both on the dev pairs whose sources say something to the model: what all others are answered with, chance decides.

    Raises:
        DataError: there are none.
    """
    dev = readable(predictor, trial.dev)
    settings = trial.evaluation.model_copy(update={"metrics": (trial.metric,), "resamples": 0})
    plain = predictor.settings.model_copy(update={"precision": "float32"})
    report, told = predictor.evaluate(dev, settings, plain)
    sources, references = group_references(dev.sources, dev.targets)
    given = [predictor.split(source) for source in sources]
    found = runner.predict([columns[0] if len(columns) == 1 else columns for columns in given])
    outputs = [record["hypotheses"][0]["text"] if record["hypotheses"] else "" for record in found]
    counts = [sum(map(len, columns)) for columns in given]
    other = evaluate(outputs, references, counts, predictor.target_units.split, settings)
    same = sum(output == its for output, (_, its, _) in zip(outputs, told, strict=True))
    return Scores(trial.metric, report.value(trial.metric), other.value(trial.metric), same, len(outputs))


def readable(predictor: Predictor, dev: Corpus) -> Corpus:
    """The pairs of which the model knows a unit; the runner refuses all others."""
    odd = frozenset(predictor.unreadable(dev.sources))
    kept = [row for row in range(len(dev)) if row not in odd]
    return replace(
        dev,
        sources=[dev.sources[row] for row in kept],
        targets=[dev.targets[row] for row in kept],
        numbers=[dev.numbers[row] for row in kept],
    )


def vacuous(found: Scores) -> str | None:
    """Why the scores say little about what rounding costs, if they do."""
    if found.count < FEW:
        return f"{found.count:,} dev sources say little about what eight bits cost; pass a longer --dev FILE"
    if METRICS[found.metric].higher_is_better and found.model == 0:
        return f"a model whose {found.metric} on dev data is 0 has nothing to lose: this says nothing about eight bits"
    return None


def check_scores(found: Scores) -> None:
    """Refuses a rounded model that lost too much.

    Raises:
        HeedfulError: the metric is more than ``MOST_LOST`` points worse.
    """
    lost = found.model - found.rounded if METRICS[found.metric].higher_is_better else found.rounded - found.model
    if lost > MOST_LOST + 1e-9:
        raise HeedfulError(
            f"not exported: in eight bits {found.metric} on {found.count:,} dev sources is {found.rounded:.2f} %, in float32 "
            f"{found.model:.2f} %, and at most {MOST_LOST} points may be lost; export without --int8"
        )
