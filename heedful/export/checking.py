"""Whether the graphs say what the model says, and the runner finds what the model finds, over many lengths and batches."""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heedful.codec import Row
from heedful.contracts import RESERVED, START, UNKNOWN, Source
from heedful.errors import HeedfulError
from heedful.export.packages import needed
from heedful.export.searching import OWN, REPORT, TOLERANCE, beside, check_search
from heedful.predictor import Predictor

if TYPE_CHECKING:
    from heedful.export.runner import Runner

LENGTHS, BATCHES = (1, 2, 3, 5, 8, 13, 21, 34), (1, 3, 7)
"""Longest source of a batch, and sources in it. An example that froze into a graph would show at one of these."""
Spoken = tuple[NDArray[Any], NDArray[Any] | None]
"""Log-probabilities (batch, time, vocab) and weights (batch, time, position), where there is attention."""


class Checked(NamedTuple):
    """How far apart the two were at most: log-probabilities, weights, scores.

    ``searched`` sources were compared; of so many ``undecided`` ones the last digit says what is found.
    """

    log_probs: float
    weights: float
    scores: float
    searched: int
    undecided: int


def open_runner(folder: Path, threads: int = 0) -> "Runner":
    """The runner of this folder.

    Raises:
        MissingPackageError: onnxruntime is not installed.
    """
    with needed("exporting"):
        from heedful.export.runner import Runner  # here: it loads onnxruntime at once
    return Runner(folder, threads)


def check(predictor: Predictor, runner: "Runner") -> Checked:
    """Holds an exported folder in float32 against the model that it came from.

    Raises:
        HeedfulError: they differ.
    """
    log_probs = weights = 0.0
    draw = np.random.default_rng(0)
    for length in LENGTHS:
        for batch in BATCHES:
            source, previous = _source(predictor, length, batch, draw), _previous(predictor, batch, length, draw)
            found = forced(runner, source, previous)
            farthest = apart(found, expected_of(predictor, source, previous))
            if not max(farthest) <= TOLERANCE:
                _blame(predictor, source, previous, found, length)
            log_probs, weights = max(log_probs, farthest[0]), max(weights, farthest[1])
    return Checked(log_probs, weights, *check_search(predictor, runner, made_sources(predictor), BATCHES))


def split_otherwise(predictor: Predictor, runner: "Runner", rows: Iterable[Row] = ()) -> list[str]:
    """What the runner takes for other units than the model: of its units, of sources made of these, and of ``rows``."""
    from heedful.export.runner import split

    columns = [*zip(predictor.source_units, runner.model["source"], strict=True)]
    vocabularies = zip(columns, predictor.codec.source_vocabularies, strict=True)
    texts = [(column, unit) for column, vocabulary in vocabularies for unit in vocabulary.units]
    for row in (*made_sources(predictor), *rows):
        texts += zip(columns, map(str, row), strict=True)
    return [text for (units, column), text in texts if units is not None and units.split(text) != split(text, column)]


@torch.inference_mode()
def expected_of(predictor: Predictor, source: Source, previous: Tensor) -> Spoken:
    """What the model says along a target."""
    network = predictor.network
    readouts, weights = network.readouts(network.encode(source), previous)
    return network.project(readouts).log_softmax(dim=2).numpy(), None if weights is None else weights.numpy()


def forced(runner: "Runner", source: Source, previous: Tensor) -> Spoken:
    """The same by the graphs, step after step."""
    names = runner.model["names"]
    feeds: dict[str, Any] = {}
    for (ids, lengths), values, real in zip(names["sources"], source.columns, source.real, strict=True):
        feeds |= {ids: values.numpy(), lengths: real.sum(dim=1).numpy()}
    asked = [*names["held"], *names["state"]]
    flow = dict(zip(asked, runner.encoder.run(asked, feeds), strict=True))
    log_probs: list[NDArray[np.float32]] = []
    weights: list[NDArray[np.float32]] = []
    for unit in previous.unbind(dim=1):
        flow[names["previous"]] = unit.numpy()
        given: list[NDArray[Any]] = runner.step.run([names["logits"], *names["moved"], *names["weights"]], flow)
        log_probs.append(torch.from_numpy(given[0]).log_softmax(dim=1).numpy())
        weights += given[1 + len(names["moved"]) :]
        flow |= dict(zip(names["state"], given[1:], strict=False))
    return np.stack(log_probs, axis=1), np.stack(weights, axis=1) if weights else None


def _source(predictor: Predictor, length: int, batch: int, draw: np.random.Generator) -> Source:
    """Random ids, padding after them; the first source has ``length`` in the first column, some lack a later column."""
    columns: list[Tensor] = []
    reals: list[Tensor] = []
    for place, vocabulary in enumerate(predictor.codec.source_vocabularies):
        lengths = draw.integers(1 if place == 0 else 0, length + 1, batch)
        lengths[0] = length
        ids = draw.integers(RESERVED, max(RESERVED + 1, len(vocabulary)), (batch, length + 2))
        ids[draw.random(ids.shape) < 0.05] = UNKNOWN
        if len(vocabulary) == RESERVED:
            ids[:] = UNKNOWN
        columns.append(torch.from_numpy(ids))
        reals.append(torch.arange(length + 2) < torch.from_numpy(lengths)[:, None])
    return Source(tuple(columns), tuple(reals))


def _previous(predictor: Predictor, batch: int, time: int, draw: np.random.Generator) -> Tensor:
    ids = draw.integers(RESERVED, max(RESERVED + 1, len(predictor.codec.target_vocabulary)), (batch, time))
    ids = np.minimum(ids, len(predictor.codec.target_vocabulary) - 1)
    ids[:, 0] = START
    return torch.from_numpy(ids)


def apart(found: Spoken, expected: Spoken) -> tuple[float, float]:
    """The farthest log-probabilities, and weights; infinitely far where shapes differ or one is no number."""
    if found[1] is None or expected[1] is None:
        return _far(found[0], expected[0]), 0.0 if found[1] is expected[1] else float("inf")
    return _far(found[0], expected[0]), _far(found[1], expected[1])


def _far(one: NDArray[Any], other: NDArray[Any]) -> float:
    if one.shape != other.shape:
        return float("inf")
    return float(np.nan_to_num(np.abs(one - other).max(), nan=np.inf))


def _blame(predictor: Predictor, source: Source, previous: Tensor, found: Spoken, length: int) -> None:
    """Whether graphs that differ from the model are wrong, or the model has no such digits.

    It has none where in float32 it is itself a tenth as far from what it says in float64, or the models beside it are as far.

    Raises:
        HeedfulError: they are wrong.
    """
    models = beside(predictor)
    right = expected_of(next(models), source, previous)
    far = apart(found, right)
    own = [apart(expected_of(each, source, previous), right) for each in chain([predictor], models)]
    for what, here, its in zip(("log-probability", "weight"), far, zip(*own, strict=True), strict=True):
        if not here <= max(TOLERANCE, OWN * its[0], *its):
            raise HeedfulError(
                f"not exported: a {what} at length {length} differs by {here:.2g} from the model's, at most {TOLERANCE:g} is "
                f"allowed; {REPORT}"
            )


def made_sources(predictor: Predictor) -> list[Row]:
    """Random sources of the model's units, of many lengths; without those that, put together, are of unknown units."""
    draw = np.random.default_rng(1)
    rows: list[Row] = []
    for length in (each for each in LENGTHS for _ in range(max(BATCHES))):
        drawn = [
            draw.choice(each.units, size=length).tolist() if each.units else []
            for each in predictor.codec.source_vocabularies
        ]
        pairs = zip(predictor.source_units, drawn, strict=True)
        rows.append(tuple("" if units is None else units.join(each) for units, each in pairs))
    odd = frozenset(predictor.unreadable(rows))
    return [row for number, row in enumerate(rows) if number not in odd]
