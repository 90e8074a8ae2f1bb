"""Whether the runner finds what the model finds, as far as the model itself knows.

Two searches in float32 part where a last digit keeps one hypothesis or another, and in a chaotic model everything behind that
is another output. So what the runner finds otherwise is not wrong yet. It is asked whether the model says these scores of these
units, and whether the scores are, rank by rank, among those that the model finds in float64 and models beside it, whose
weights are moved by ten times what float32 rounds. Where all of these agree, so has the runner to.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from heedful.codec import Row
from heedful.data import batches
from heedful.errors import HeedfulError
from heedful.predictor import BATCH_SIZE, Predictor
from heedful.results import Hypothesis
from heedful.search.searches import search as find
from heedful.search.settings import SearchSettings

if TYPE_CHECKING:
    from heedful.export.runner import Runner

TOLERANCE = 1e-4
"""Most that a score may differ, unless those of the model itself do."""
OWN = 10
"""So many times what float32 rounds are the models beside this one moved."""
BESIDE = 8
"""How many models beside this one are asked."""
REPORT = "please report this with the model's README.md"


class Dispute(NamedTuple):
    """A source, of so many units, whose outputs are others than the model's."""

    row: Row
    length: int
    found: list[dict[str, Any]]


class Searched(NamedTuple):
    """The farthest score, how many sources were searched, and in how many of them the last digit decides what is found."""

    scores: float
    searched: int
    undecided: int


def check_search(predictor: Predictor, runner: "Runner", rows: Sequence[Row], batch_sizes: Sequence[int]) -> Searched:
    """Holds what the runner finds for these sources, in batches of these sizes, against what the model finds.

    Raises:
        HeedfulError: it finds what the model does not.
    """
    settings = predictor.settings.model_copy(update={"precision": "float32"})
    expected = predictor.search(rows, settings)
    given = [columns[0] if len(columns) == 1 else columns for columns in map(predictor.split, rows)]
    farthest, disputes = 0.0, list[Dispute]()
    for size in batch_sizes:
        for row, result, record in zip(rows, expected, runner.predict(given, batch_size=size), strict=True):
            found = record["hypotheses"]
            if is_same(result.hypotheses, found):
                farthest = max([farthest, *(abs(far) for far in _differences(result.hypotheses, found))])
            else:
                disputes.append(Dispute(row, sum(map(len, predictor.split(row))), found))
    if disputes:
        disputes.sort(key=lambda dispute: dispute.length)
        farthest = max(farthest, settle(predictor, disputes, settings))
    return Searched(farthest, len(rows) * len(batch_sizes), len(disputes))


def is_same(expected: Sequence[Hypothesis], found: Sequence[dict[str, Any]]) -> bool:
    """Whether these are the same outputs in the same order, with the same scores."""
    texts = [each.text for each in expected], [each["text"] for each in found]
    return texts[0] == texts[1] and all(abs(far) <= TOLERANCE for far in _differences(expected, found))


def _differences(expected: Sequence[Hypothesis], found: Sequence[dict[str, Any]]) -> list[float]:
    return [one.score - other["score"] for one, other in zip(expected, found, strict=True)]


class Asked(NamedTuple):
    """What one model makes of disputed sources.

    ``says`` is how it scores the runner's outputs, ``finds`` the scores of its own ones, and ``exactly`` what the model in
    float64 says of these.
    """

    says: list[list[float]]
    finds: list[list[float]]
    exactly: list[list[float]]


def settle(predictor: Predictor, disputes: Sequence[Dispute], settings: SearchSettings) -> float:
    """Whether what the runner finds otherwise is as good. Gives how far its scores are from those in float64, at most.

    The shortest sources come first: digits that say nothing of one say nothing of a longer one.

    Raises:
        HeedfulError: it is not.
    """
    models = beside(predictor)
    exact = next(models)
    asked = [_asked(model, exact, disputes, settings) for model in chain([exact, predictor], models)]
    farthest, gap, spread = 0.0, 0.0, TOLERANCE
    for source, dispute in enumerate(disputes):
        _check_count(dispute, {len(each.finds[source]) for each in asked})
        # what a model finds it thinks too well of, or it had not found it: the more so, the less its digits say
        pairs = [pair for each in asked for pair in zip(each.finds[source], each.exactly[source], strict=True)]
        gap = max(gap, *(abs(one - other) for one, other in pairs))
        for rank, output in enumerate(dispute.found):
            says = [each.says[source][rank] for each in asked]
            own = [score for each in asked for score in each.finds[source][rank : rank + 1]]
            spread = max(spread, max(own) - min(own))
            farthest = max(farthest, _check_said(predictor, output, says, gap))
            _check_rank(dispute, rank, own, spread)
    return farthest


def _asked(model: Predictor, exact: Predictor, disputes: Sequence[Dispute], settings: SearchSettings) -> Asked:
    rows = [each.row for each in disputes]
    scores, units = finds_of(model, rows, settings)
    says = scores_of(model, rows, [[one["units"] for one in each.found] for each in disputes])
    return Asked(says, scores, scores_of(exact, rows, units))


def beside(predictor: Predictor) -> Iterator[Predictor]:
    """The model in float64, and then those beside it."""
    for number in range(1 + BESIDE):
        network = deepcopy(predictor.network).double()
        draw = torch.Generator().manual_seed(number)
        moved = OWN * torch.finfo(torch.float32).eps if number else 0.0
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.mul_(1 + moved * torch.randn(parameter.shape, generator=draw, dtype=torch.float64))
        yield Predictor(network, predictor.codec, predictor.settings)


@torch.inference_mode()
def finds_of(
    model: Predictor, rows: Sequence[Row], settings: SearchSettings
) -> tuple[list[list[float]], list[list[list[str]]]]:
    """The scores of what the model finds for each source, and the units. As ``Predictor.search``, in whatever precision."""
    scores, units = [list[float]() for _ in rows], [list[list[str]]() for _ in rows]
    decode = model.codec.target_vocabulary.decode
    for places, source, counts in model.source_batches(model.codec.seen(rows), BATCH_SIZE):
        found = find(model.stepper(settings.precision), source, torch.from_numpy(model.limits(counts)), settings)
        for at, place in enumerate(places.tolist()):
            lengths = found.lengths[at, : found.count[at]].tolist()
            scores[place] = found.scores[at, : len(lengths)].tolist()
            units[place] = [list(decode(found.units[at, rank, :end].tolist())) for rank, end in enumerate(lengths)]
    return scores, units


@torch.inference_mode()
def scores_of(model: Predictor, rows: Sequence[Row], outputs: Sequence[Sequence[Sequence[str]]]) -> list[list[float]]:
    """What the model says of some outputs, given as units, of each source."""
    flat = [(row, units) for row, each in zip(rows, outputs, strict=True) for units in each]
    ids = [model.codec.target_vocabulary.encode(list(units)) for _, units in flat]
    encoded = batches.Encoded((), batches.Ragged.of(ids), (), batches.UnknownReport(0, 0, ()))
    scores = [0.0] * len(flat)
    for places, source, _ in model.source_batches(model.codec.seen([row for row, _ in flat]), BATCH_SIZE):
        batch = batches.make(encoded, places)
        sums = model.network.force(source, batch.previous, batch.following, batch.real).log_probs.sum(dim=1)
        for place, total in zip(places.tolist(), sums.tolist(), strict=True):
            scores[place] = total / (len(ids[place]) + 1) ** model.settings.length_penalty
    each = iter(scores)
    return [[next(each) for _ in some] for some in outputs]


def _check_count(dispute: Dispute, counts: set[int]) -> None:
    if len(dispute.found) not in counts:
        raise HeedfulError(
            f"not exported: the runner finds {len(dispute.found)} outputs where the model finds {max(counts)}; {REPORT}"
        )


def _check_said(predictor: Predictor, output: dict[str, Any], says: Sequence[float], gap: float) -> float:
    """Refuses an output whose text is not that of its units, or whose score is not what the models say of it."""
    exact = says[0]
    far, own = abs(output["score"] - exact), max(gap, *(abs(each - exact) for each in says))
    text = predictor.target_units.join(output["units"])
    if text != output["text"] or not far <= max(TOLERANCE, 2 * own):
        raise HeedfulError(
            f"not exported: the runner finds {output['text']!r} ({output['score']:.6f}), and of that the model says "
            f"{text!r} ({exact:.6f}); {REPORT}"
        )
    return far


def _check_rank(dispute: Dispute, rank: int, own: Sequence[float], spread: float) -> None:
    """Refuses an output that is worse, or better, than what stands at its rank by any of the models' searches."""
    low, high = min(own), max(own)
    score = dispute.found[rank]["score"]
    if not low - spread <= score <= high + spread:
        raise HeedfulError(
            f"not exported: for {dispute.row!r} the runner finds {dispute.found[rank]['text']!r} ({score:.6f}) where the model "
            f"finds outputs of {high:.6f}; {REPORT}"
        )
