"""What is measured of every finished run, once, and kept beside it: outputs, attention, what training took."""

import hashlib
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from heedful.checkpoint import write_beside
from heedful.checkpoint.folder import MANIFEST
from heedful.codec import shown
from heedful.data.alignments import Links
from heedful.data.corpus import Corpus, Item
from heedful.data.truth import true_spans
from heedful.evaluation.attention import Counted, Gold, count_links, entropy, on_gold
from heedful.evaluation.report import group_references
from heedful.predictor import Predictor
from heedful.training import journal
from heedful.training.recipe import Recipe
from heedful.training.run import BEST, JOURNAL

MEASURED = "measured.json"
FORCED = 500
"""So many dev sources, the first ones, are written again with their references, to see attention and probabilities."""


class Items(NamedTuple):
    """The distinct dev sources that every arm is scored on, each with its references."""

    sources: list[tuple[Item, ...]]
    references: list[list[str]]

    @classmethod
    def of(cls, dev: Corpus) -> "Items":
        """Of a corpus; several lines with one source are references of it."""
        return cls(*group_references(dev.sources, dev.targets))

    @property
    def digest(self) -> str:
        """The same for the same sources and references."""
        told = hashlib.blake2b(digest_size=16)
        for source, references in zip(self.sources, self.references, strict=True):
            told.update("\n".join((shown(source), *references, "\n")).encode("utf-8", "surrogatepass"))
        return told.hexdigest()


@dataclass(frozen=True)
class Looked:
    """Attention while the references were written: one number a source.

    ``entropy`` is the mean over target units, in nats. Where right positions are known, ``units`` counts the target units
    that have one, ``weight`` sums the weight on them, and ``hits`` counts the units whose most attended position is right;
    ``links`` has what the alignment error rate is made of.
    """

    entropy: tuple[float, ...]
    units: tuple[int, ...] | None = None
    weight: tuple[float, ...] | None = None
    hits: tuple[int, ...] | None = None
    links: tuple[Counted, ...] | None = None


@dataclass(frozen=True)
class Measured:
    """A finished run in numbers.

    ``outputs`` is the best output for every dev source, by the recipe's search; ``lengths`` counts their source units;
    ``log_probs`` has, for the first sources, the natural logarithm of each unit of the reference given those before it.
    ``speed`` is the median of target units a second while training, ``seconds`` what training took, validations included.
    ``links`` is the digest of the right links that were given, empty where none were; ``model`` and ``trained`` are those of
    the model that was measured and of its training pairs.
    """

    digest: str
    outputs: tuple[str, ...]
    lengths: tuple[int, ...]
    log_probs: tuple[tuple[float, ...], ...]
    looked: Looked | None
    parameters: int
    updates: int
    seconds: float
    speed: float
    links: str = ""
    model: str = ""
    trained: str = ""

    def write(self, run: Path) -> None:
        """Beside the run's other files."""
        write_beside(run / MEASURED, _ADAPTER.dump_json(self))

    @staticmethod
    def read(run: Path) -> "Measured | None":
        """What stands beside the run; None where it is missing or unreadable, so that it is measured again."""
        try:
            return _ADAPTER.validate_json((run / MEASURED).read_bytes())
        except (OSError, ValidationError):
            return None


_ADAPTER = TypeAdapter(Measured)


def gold_of(recipe: Recipe, items: Items, links: Sequence[Links] | None) -> list[Gold] | None:
    """The right links of every dev source: the given ones, or what a built-in task knows of itself."""
    if links is not None:
        return [Gold(sure, possible) for sure, possible in links]
    spans = true_spans(recipe.data, items.sources)
    return None if spans is None else [Gold.of_spans(each) for each in spans]


def model_digest(run: Path) -> str:
    """The same for the same model: what its manifest says of all its files. Empty where there is none."""
    try:
        return hashlib.blake2b((run / BEST / MANIFEST).read_bytes(), digest_size=16).hexdigest()
    except OSError:
        return ""


def digest_of(links: Sequence[Links] | None) -> str:
    """The same for the same links; empty where none are given."""
    if links is None:
        return ""
    told = repr([(sorted(sure), sorted(possible)) for sure, possible in links])
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


def measure(run: Path, recipe: Recipe, items: Items, gold: Sequence[Gold] | None) -> Measured:
    """Searches every dev source as the recipe says, and writes the references of the first ones with teacher forcing."""
    predictor = Predictor.load(run)
    outputs = predictor.predict(items.sources, recipe.search)
    lengths = [sum(map(len, predictor.split(source))) for source in items.sources]
    few = [row for row in range(min(FORCED, len(items.sources))) if lengths[row]]
    forced = predictor.force([items.sources[row] for row in few], [items.references[row][0] for row in few])
    weights = [each.attention.weights for each in forced if each.attention is not None]
    looked = _looked(weights, None if gold is None else [gold[row] for row in few]) if weights else None
    log_probs = tuple(tuple(round(number, 4) for number in each.log_probs) for each in forced)
    events = journal.read(run / JOURNAL)
    begun = next(each for each in events if each["event"] == journal.Started.kind)
    ended = next(each for each in reversed(events) if each["event"] == journal.Finished.kind)
    speeds = [each["units_per_second"] for each in events if each["event"] == journal.Progressed.kind]
    return Measured(
        digest=items.digest,
        outputs=tuple(outputs),
        lengths=tuple(lengths),
        log_probs=log_probs,
        looked=looked,
        parameters=begun["parameters"],
        updates=ended["update"],
        seconds=round(ended["elapsed"], 1),
        speed=round(statistics.median(speeds), 1) if speeds else 0.0,
        model=model_digest(run),
    )


def _looked(weights: Sequence[NDArray[np.float32]], gold: Sequence[Gold] | None) -> Looked:
    spread = tuple(round(float(entropy(each).mean()), 4) if len(each) else 0.0 for each in weights)
    if gold is None:
        return Looked(spread)
    pairs = list(zip(weights, gold, strict=True))
    found = [on_gold(each, right) for each, right in pairs]
    return Looked(
        entropy=spread,
        units=tuple(each.units for each in found),
        weight=tuple(round(each.weight, 4) for each in found),
        hits=tuple(each.hits for each in found),
        links=tuple(count_links(each, right) for each, right in pairs) if all(each.whole for each in gold) else None,
    )
