"""The graphs with their weights in bytes: smaller files, quicker steps, scores that differ a little.

onnxruntime rounds products, tables, and (``DynamicQuantizeLSTM``, an operator of its own) the LSTM of the encoder; it has
nothing of the kind for RNN and GRU, which stay in float32 there. The decoder's cells are products whatever they are.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from heedful.data.corpus import Corpus
from heedful.errors import HeedfulError, MissingPackageError
from heedful.evaluation.metrics import METRICS
from heedful.evaluation.report import evaluate, group_references
from heedful.evaluation.settings import EvaluationSettings, MetricName
from heedful.export.graph import Graph
from heedful.predictor import Predictor

if TYPE_CHECKING:
    from heedful.export.runner import Runner

ROUNDED = ("MatMul", "Gather", "LSTM")
MOST_LOST = 0.2
"""Points of the metric that rounding may cost."""


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


def rounded(graph: Graph, folder: Path) -> bytes:
    """The graph with its weights in eight bits, a scale for each output; ``folder`` is room to work in.

    What is multiplied with them is rounded as it comes, to the range that it has (dynamic quantisation). Weights take seven of
    the eight bits: sums of full ones overflow on processors with AVX2 and without VNNI, and outputs must not depend on that.

    Raises:
        MissingPackageError: onnxruntime is not installed.
    """
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError:
        raise MissingPackageError(
            "--int8 needs onnxruntime, which is not installed: pip install 'heedful[onnx]'"
        ) from None
    before, after = folder / f"{graph.name}-before.onnx", folder / f"{graph.name}-after.onnx"
    before.write_bytes(graph.content())
    with _quietly():
        quantize_dynamic(
            before, after, op_types_to_quantize=[*ROUNDED], nodes_to_quantize=graph.weighty, per_channel=True,
            reduce_range=True, weight_type=QuantType.QInt8,
        )  # fmt: skip
    return after.read_bytes()


@contextmanager
def _quietly() -> Iterator[None]:
    """Without advice to prepare a graph that needs no preparation."""
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def scores(predictor: Predictor, runner: "Runner", trial: Trial) -> Scores:
    """Both on the dev pairs.

    Raises:
        DataError: there are none.
    """
    settings = trial.evaluation.model_copy(update={"metrics": (trial.metric,), "resamples": 0})
    plain = predictor.settings.model_copy(update={"precision": "float32"})
    report, told = predictor.evaluate(trial.dev, settings, plain)
    sources, references = group_references(trial.dev.sources, trial.dev.targets)
    given = [predictor.split(source) for source in sources]
    found = runner.predict([columns[0] if len(columns) == 1 else columns for columns in given])
    outputs = [record["hypotheses"][0]["text"] if record["hypotheses"] else "" for record in found]
    counts = [sum(map(len, columns)) for columns in given]
    other = evaluate(outputs, references, counts, predictor.target_units.split, settings)
    same = sum(output == its for output, (_, its, _) in zip(outputs, told, strict=True))
    return Scores(trial.metric, report.value(trial.metric), other.value(trial.metric), same, len(outputs))


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
