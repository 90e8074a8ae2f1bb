"""The metrics: strings to counts a sentence, and summed counts to a number in percent.

Every metric here is a function of sums. A sentence gives a row of counts (its sufficient statistics); rows of a corpus
are added and ``from_statistics`` turns the sum into the number. So a bootstrap resample is a weighted sum of rows, and
nothing is compared twice.

Accuracy compares units and not characters: where blanks only separate units, two blanks are one, and an output is
exactly right if and only if its edit distance is zero.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from operator import eq, itemgetter
from typing import ClassVar, TypeAlias
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from sacrebleu.metrics import BLEU, CHRF

from heedful import __version__
from heedful.evaluation.settings import EvaluationSettings

Split: TypeAlias = Callable[[str], Sequence[str]]
"""Takes a target apart into its units."""
References: TypeAlias = Sequence[Sequence[str]]
"""At least one right answer for every output."""
Statistics: TypeAlias = NDArray[np.float64]
"""Counts, (sentence, width) or sums of such rows; whole numbers, so that sums are exact in any order."""


class Metric(ABC):
    """One metric, ready to count. ``width`` is the number of counts that a sentence gives."""

    name: ClassVar[str]
    higher_is_better: ClassVar[bool]
    width: ClassVar[int]

    def __init__(self, settings: EvaluationSettings, split: Split) -> None:
        self.settings = settings
        self.split = split

    def statistics(self, outputs: Sequence[str], references: References) -> Statistics:
        """Counts of every sentence, (sentence, width), after NFC (and lower case, if the settings say so).

        Raises:
            ValueError: there is not one list of references an output, or one of them is empty.
        """
        if len(outputs) != len(references) or not all(references):
            raise ValueError(f"{len(outputs)} outputs need as many lists of references, none of them empty")
        counts = self._count([self._prepare(x) for x in outputs], [[self._prepare(x) for x in of] for of in references])
        return np.asarray(counts, dtype=np.float64).reshape(len(outputs), self.width)

    def _prepare(self, text: str) -> str:
        text = normalize("NFC", text)
        return text.lower() if self.settings.lowercase else text

    @abstractmethod
    def _count(self, outputs: list[str], references: list[list[str]]) -> list[list[int]]: ...

    @abstractmethod
    def from_statistics(self, summed: Statistics) -> NDArray[np.float64]:
        """The metric in percent of each sum of rows: (..., width) to (...)."""

    @abstractmethod
    def signature(self, references: References) -> str:
        """What must be equal before two numbers may be compared, in the manner of sacreBLEU (Post 2018)."""


def our_signature(settings: EvaluationSettings, references: References, *facts: str) -> str:
    """The signature of a metric that is not sacreBLEU's; ``facts`` are what is particular to it."""
    found = number_of_references(references)
    case = "lc" if settings.lowercase else "mixed"
    number = "var" if found < 0 else str(found)
    return "|".join([f"nrefs:{number}", f"case:{case}", *facts, "norm:nfc", f"version:heedful-{__version__}"])


def number_of_references(references: References) -> int:
    """How many references every sentence has, or -1 where that varies (sacreBLEU's convention)."""
    found = {len(of) for of in references}
    return found.pop() if len(found) == 1 else -1


class Accuracy(Metric):
    """Share of outputs that are exactly right: equal, unit for unit, to any reference. 100 minus it is g2p's WER."""

    name = "accuracy"
    higher_is_better = True
    width = 2  # right, sentences

    def _count(self, outputs: list[str], references: list[list[str]]) -> list[list[int]]:
        return [[int(self._right(output, of)), 1] for output, of in zip(outputs, references, strict=True)]

    def _right(self, output: str, references: list[str]) -> bool:
        if output in references:
            return True
        units = list(self.split(output))
        return any(units == list(self.split(reference)) for reference in references)

    def from_statistics(self, summed: Statistics) -> NDArray[np.float64]:
        """Percent, see ``Metric.from_statistics``."""
        right, sentences = summed[..., 0], summed[..., 1]
        return 100 * right / np.maximum(sentences, 1)

    def signature(self, references: References) -> str:
        """What must be equal to compare, see ``Metric.signature``."""
        return our_signature(self.settings, references)


class ErrorRate(Metric):
    """Summed edit distance to the closest reference, over the summed length of those references, in units (micro).

    CER, PER or WER by the unit. Of several references equally close the first counts, so that the length does not
    depend on a rule that favours long or short ones. An empty reference adds what was output to the errors and nothing
    to the length; if all of them are empty, the errors are counted over one unit, which keeps the number finite.
    """

    name = "error_rate"
    higher_is_better = False
    width = 2  # edit distance, reference units

    def _count(self, outputs: list[str], references: list[list[str]]) -> list[list[int]]:
        return [list(self._closest(output, of)) for output, of in zip(outputs, references, strict=True)]

    def _closest(self, output: str, references: list[str]) -> tuple[int, int]:
        units = self.split(output)
        lists = [self.split(reference) for reference in references]
        return min(((Levenshtein.distance(units, expected), len(expected)) for expected in lists), key=itemgetter(0))

    def from_statistics(self, summed: Statistics) -> NDArray[np.float64]:
        """Percent, see ``Metric.from_statistics``."""
        distance, length = summed[..., 0], summed[..., 1]
        return 100 * distance / np.maximum(length, 1)

    def signature(self, references: References) -> str:
        """What must be equal to compare, see ``Metric.signature``."""
        return our_signature(self.settings, references, "average:micro", "closest:first")


class ItemAccuracy(Metric):
    """Share of places where the unit that was written is the one that belongs there.

    Over the places of the longer of both, so that neither a missing nor a superfluous unit is free; of several references
    the one with the most units in place counts. Unlike an edit distance it forgives no shift: it asks for the k-th item.
    """

    name = "item_accuracy"
    higher_is_better = True
    width = 2  # units in place, places

    def _count(self, outputs: list[str], references: list[list[str]]) -> list[list[int]]:
        return [list(self._best(output, of)) for output, of in zip(outputs, references, strict=True)]

    def _best(self, output: str, references: list[str]) -> tuple[int, int]:
        units = self.split(output)
        lists = [self.split(reference) for reference in references]
        counts = [(sum(map(eq, units, of)), max(len(units), len(of))) for of in lists]
        return max(counts, key=lambda count: count[0] / max(1, count[1]))

    def from_statistics(self, summed: Statistics) -> NDArray[np.float64]:
        """Percent, see ``Metric.from_statistics``."""
        right, places = summed[..., 0], summed[..., 1]
        return 100 * right / np.maximum(places, 1)

    def signature(self, references: References) -> str:
        """What must be equal to compare, see ``Metric.signature``."""
        return our_signature(self.settings, references, "average:micro", "closest:first")


class SacreBleuMetric(Metric):
    """A metric whose counts and signature are sacreBLEU's own (Post 2018, A call for clarity in reporting BLEU scores).

    sacreBLEU turns sums into a score one at a time; here that last step is written for many resamples at once, and
    tests hold it equal to sacreBLEU's. The counting is not public there, but its own significance tests stand on it.
    """

    @abstractmethod
    def _scorer(self) -> BLEU | CHRF: ...

    def _count(self, outputs: list[str], references: list[list[str]]) -> list[list[int]]:
        most = max(map(len, references), default=0)
        if not outputs:
            return []
        # sacreBLEU wants one list for each place in the row of references; None fills the places that a sentence lacks
        # (its documentation says so, its types do not).
        places = [[of[place] if place < len(of) else None for of in references] for place in range(most)]
        return self._scorer()._extract_corpus_statistics(outputs, places)  # noqa: SLF001  # pyrefly: ignore[bad-argument-type]

    def signature(self, references: References) -> str:
        """What must be equal to compare, see ``Metric.signature``."""
        scorer = self._scorer()
        scorer.num_refs = number_of_references(references)
        return str(scorer.get_signature())


class Bleu(SacreBleuMetric):
    """BLEU (Papineni et al. 2002): clipped n-gram precision up to four words, times the brevity penalty.

    Smoothed as mteval-v13a does (each order without a match counts half as much as the one before: "exp").
    """

    name = "bleu"
    higher_is_better = True
    width = 10  # output words, closest reference words, right n-grams (4 orders), output n-grams (4 orders)

    def _scorer(self) -> BLEU:
        # `force` stills a warning about text that looks tokenized: what was done stands in the signature.
        return BLEU(lowercase=self.settings.lowercase, tokenize=self.settings.bleu_tokenize, force=True)

    def from_statistics(self, summed: Statistics) -> NDArray[np.float64]:
        """Percent, see ``Metric.from_statistics``."""
        length, expected = summed[..., 0], summed[..., 1]
        right, total = summed[..., 2:6], summed[..., 6:10]
        halvings = np.cumsum(right == 0, axis=-1)
        precision = np.where(right == 0, 0.5**halvings, right) / np.maximum(total, 1)
        defined = right.any(axis=-1) & total.all(axis=-1)  # no match at all, or no output of four words: 0
        brevity = np.minimum(0, 1 - expected / np.maximum(length, 1))
        score = 100 * np.exp(brevity + np.log(precision).mean(axis=-1))
        return np.where(defined, score, 0)


class Chrf(SacreBleuMetric):
    """chrF2 (Popović 2015): F-score of letter n-grams up to six, recall weighing twice as much; blanks left out.

    Precision and recall are averages over the orders that both sides have.
    """

    name = "chrf"
    higher_is_better = True
    width = 18  # output, reference and common n-grams, for each of six orders

    def _scorer(self) -> CHRF:
        return CHRF(lowercase=self.settings.lowercase)

    def from_statistics(self, summed: Statistics) -> NDArray[np.float64]:
        """Percent, see ``Metric.from_statistics``."""
        found, expected, common = (summed[..., place::3] for place in range(3))
        both = (found > 0) & (expected > 0)
        orders = np.maximum(both.sum(axis=-1), 1)
        precision = np.where(both, common / np.maximum(found, 1), 0).sum(axis=-1) / orders
        recall = np.where(both, common / np.maximum(expected, 1), 0).sum(axis=-1) / orders
        weight = CHRF.BETA**2
        below = weight * precision + recall
        return 100 * (1 + weight) * precision * recall / np.where(below > 0, below, 1)


METRICS: dict[str, type[Metric]] = {metric.name: metric for metric in (Accuracy, ErrorRate, ItemAccuracy, Bleu, Chrf)}
