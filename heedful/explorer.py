"""A search, watched: what it kept and dropped at every step, what else could have stood there, and what if.

What if the output began like this; what if attention were held here; what else was likely: one source at a time, from the
same generators that ``search`` runs to their end.
"""

import itertools
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from heedful.codec import Row, shown
from heedful.contracts import END, RESERVED, START, Source, Step, Stepper
from heedful.errors import DataError, SettingsError
from heedful.model.decoder import Moving
from heedful.predictor import Predictor
from heedful.results import Hypothesis, Scene
from heedful.search.hypothesis import Candidates, Frontier
from heedful.search.searches import frontiers
from heedful.search.settings import SearchSettings

ROOT = -1
"""The parent of branches that stand first in the output."""


class Hold(NamedTuple):
    """Attention held by hand: at this output step (None: at every one) it lies on the source as ``weights`` says.

    ``weights`` (position,) is not negative and sums to one.
    """

    step: int | None
    weights: NDArray[np.float32]

    @classmethod
    def on(cls, position: int, positions: int, step: int | None = None) -> "Hold":
        """All attention on one source position of so many.

        Raises:
            SettingsError: there is no such position.
        """
        if not 0 <= position < positions:
            raise SettingsError(f"attention can be held on positions 0 to {positions - 1}, found {position}")
        weights = np.zeros(positions, dtype=np.float32)
        weights[position] = 1.0
        return cls(step, weights)


@dataclass(frozen=True)
class Branch:
    """One continuation that the search weighed: a place in the tree of a beam.

    ``parent`` is the number of the branch that it goes on from, or ``ROOT``. ``unit`` is None for the end mark.
    ``log_prob`` counts from the start of the output. ``fate``: it went on, it was dropped, or it ended as an output.
    """

    parent: int
    step: int
    unit: str | None
    log_prob: float
    fate: Literal["kept", "pruned", "ended"]


@dataclass(frozen=True)
class Alternative:
    """A unit that could have stood there, None for the end mark, and its log-probability given what stands before."""

    unit: str | None
    log_prob: float


@dataclass(frozen=True)
class Moment:
    """The search after one step: the best output so far, as what changed of it since the moment before.

    The first ``keep`` units stand; then come ``units``, each with its log-probability, and its weights (unit, position)
    where the model attends. ``branches`` are new in the tree. Nothing changes at a step that only ends outputs.
    """

    step: int
    keep: int
    units: tuple[str, ...]
    log_probs: tuple[float, ...]
    weights: NDArray[np.float32] | None
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class Look:
    """A source as the model sees it: its units, which of them it never saw, and where positions lie in a picture."""

    text: str
    units: tuple[str, ...]
    unknown: tuple[int, ...]
    scene: Scene | None


@dataclass(frozen=True)
class Exploration:
    """All there is to see of one source.

    ``alternatives`` has for each hypothesis one list a unit and one for the end mark, likeliest first. ``unknown`` are
    the source positions whose units the model never saw.
    """

    source: str
    units: tuple[str, ...]
    unknown: tuple[int, ...]
    hypotheses: tuple[Hypothesis, ...]
    alternatives: tuple[tuple[tuple[Alternative, ...], ...], ...]
    branches: tuple[Branch, ...]
    scene: Scene | None


@dataclass(frozen=True)
class Explorer:
    """Asks a model about one source at a time."""

    predictor: Predictor

    def explore(self, source: Row, settings: SearchSettings | None = None, **what_if: Any) -> Exploration:
        """``watch`` to its end."""
        watched = self.watch(source, settings, **what_if)
        while True:
            try:
                next(watched)
            except StopIteration as end:
                return end.value

    def look(self, source: Row) -> Look:
        """What the model sees of a source.

        Raises:
            DataError: the source has no units.
        """
        (seen,) = self.predictor.codec.seen([source])
        split = self.predictor.split(seen)
        if not any(split):
            raise DataError("the source is empty", "give it at least one unit")
        labels = tuple(unit for column in split for unit in column)
        return Look(shown(seen), labels, self._unknown(split), self.predictor.scene(seen))

    def watch(
        self,
        source: Row,
        settings: SearchSettings | None = None,
        *,
        prefix: Sequence[str] = (),
        end: bool = False,
        holds: Sequence[Hold] = (),
        count: int = 8,
        watched: Callable[[], None] = lambda: None,
    ) -> Generator[Moment, None, Exploration]:
        """Searches, and tells of every step.

        Args:
            source: one source, a text a column or what frames were read of.
            settings: of the search; the model's own where None.
            prefix: units that the output has to begin with.
            end: the output has to end after the prefix.
            holds: where attention is held by hand; the later of two for one step counts.
            count: so many alternatives are told at every place.
            watched: is called between steps that nothing is yielded from, and may give it up by raising.

        Raises:
            DataError: the source has no units. SettingsError: attention is held where there is none to hold, or on
                other positions than the source has.
        """
        chosen = settings or self.predictor.settings
        (seen,) = self.predictor.codec.seen([source])
        split = self.predictor.split(seen)
        if not any(split):
            raise DataError("the source is empty", "give it at least one unit")
        labels = tuple(unit for column in split for unit in column)
        _, batch, counts = next(self.predictor.source_batches([seen], 1))
        stepper = self._stepper(chosen, holds, len(labels))
        forced = self._forced(prefix, end=end)
        limits = torch.from_numpy(self.predictor.limits(counts)).to(self.predictor.device)
        tree = _Tree(self.predictor)
        walked = frontiers(stepper, batch, limits, chosen, forced)
        while True:
            try:
                frontier = next(walked)
            except StopIteration as done:
                found = done.value
                break
            yield tree.grow(frontier, len(labels))
        scene = self.predictor.scene(seen)
        (hypotheses,) = self.predictor.hypotheses(found, [split], [scene])
        outputs = [found.units[0, place, : found.lengths[0, place]] for place in range(int(found.count[0]))]
        alternatives = tuple(self._alternatives(stepper, batch, outputs, count, watched))
        return Exploration(
            shown(seen), labels, self._unknown(split), hypotheses, alternatives, tuple(tree.branches), scene
        )

    def _stepper(self, settings: SearchSettings, holds: Sequence[Hold], positions: int) -> Stepper[Any, Moving]:
        found = self.predictor.stepper(settings.precision)
        if not holds:
            return found
        if self.predictor.network.settings.attention == "fixed":
            raise SettingsError("this model has no attention that could be held: its wiring is 'fixed'")
        for hold in holds:
            if hold.weights.shape != (positions,):
                raise SettingsError(f"held attention has {hold.weights.size} weights, the source {positions} positions")
            if not (
                np.isfinite(hold.weights).all() and (hold.weights >= 0).all() and abs(hold.weights.sum() - 1) < 1e-3
            ):
                raise SettingsError("held attention is not negative and sums to one")
        return _Holding(found, {hold.step: torch.from_numpy(hold.weights).to(self.predictor.device) for hold in holds})

    def _forced(self, prefix: Sequence[str], *, end: bool) -> Int[Tensor, "1 time"] | None:
        ids = self.predictor.codec.target_vocabulary.encode(prefix) + [END] * end
        return torch.tensor([ids], device=self.predictor.device) if ids else None

    def _unknown(self, split: list[list[str]]) -> tuple[int, ...]:
        vocabularies = self.predictor.codec.source_vocabularies
        framed = [kind is not None for kind in self.predictor.kinds]
        each = zip(split, vocabularies, framed, strict=True)
        known = itertools.chain.from_iterable(
            [frames or unit in vocabulary for unit in column] for column, vocabulary, frames in each
        )
        return tuple(place for place, is_known in enumerate(known) if not is_known)

    def _alternatives(
        self,
        stepper: Stepper[Any, Moving],
        source: Source,
        outputs: list[Tensor],
        count: int,
        watched: Callable[[], None],
    ) -> list[tuple[tuple[Alternative, ...], ...]]:
        """For every output, the likeliest units at each of its places and behind its end; all outputs side by side."""
        if not outputs or count < 1:
            return [() for _ in outputs]
        lengths = [len(output) for output in outputs]
        written = torch.nn.utils.rnn.pad_sequence(outputs, batch_first=True)
        found: list[list[tuple[Alternative, ...]]] = [[] for _ in outputs]
        with torch.inference_mode():
            held, state = stepper.start(source)
            state = stepper.select(state, torch.zeros(len(outputs), dtype=torch.int64, device=written.device))
            previous = written.new_full((len(outputs),), START)
            for time in range(max(lengths) + 1):
                watched()
                step = stepper.step(previous, held, state)
                log_probs, ids = _likeliest(step.logits, count)
                for row, length in enumerate(lengths):
                    if time <= length:
                        found[row].append(self._told(ids[row], log_probs[row]))
                state = step.state
                previous = written[:, time] if time < written.shape[1] else previous
        return [tuple(each) for each in found]

    def _told(self, ids: list[int], log_probs: list[float]) -> tuple[Alternative, ...]:
        spell = self.predictor.codec.target_vocabulary.decode
        return tuple(
            Alternative(None if number == END else spell([number])[0], log_prob)
            for number, log_prob in zip(ids, log_probs, strict=True)
        )


def _likeliest(logits: Float[Tensor, "row vocab"], count: int) -> tuple[list[list[float]], list[list[int]]]:
    """The likeliest units that may be written, of the whole distribution: not padding, start mark or unknown."""
    log_probs = logits.double().log_softmax(dim=1)
    log_probs[:, [number for number in range(RESERVED) if number != END]] = -torch.inf
    top = log_probs.topk(min(count, log_probs.shape[1] - RESERVED + 1), dim=1)
    return top.values.tolist(), top.indices.tolist()


class _Holding(Stepper[Any, Moving]):
    """A stepper whose attention lies, at some steps or at all, where somebody put it."""

    def __init__(self, under: Stepper[Any, Moving], weights: dict[int | None, Tensor]) -> None:
        self.under, self.weights = under, weights

    def start(self, source: Source) -> tuple[Any, Moving]:
        """See ``contracts.Stepper.start``."""
        return self.under.start(source)

    def step(
        self,
        previous: Int[Tensor, "row"],
        held: Any,
        state: Moving,
        attend_to: Float[Tensor, "row position"] | None = None,
    ) -> Step[Moving]:
        """See ``contracts.Stepper.step``; all rows are at one step."""
        if attend_to is None:
            put = self.weights.get(int(state.step[0]), self.weights.get(None))
            attend_to = None if put is None else put.expand(len(previous), -1).contiguous()
        return self.under.step(previous, held, state, attend_to)

    def select(self, state: Moving, rows: Int[Tensor, "chosen"]) -> Moving:
        """See ``contracts.Stepper.select``."""
        return self.under.select(state, rows)

    def keep(self, held: Any, sentences: Int[Tensor, "kept"]) -> Any:
        """See ``contracts.Stepper.keep``."""
        return self.under.keep(held, sentences)


@dataclass
class _Tree:
    """The branches so far. A search only knows slots of the step before; here each gets a number of its own."""

    predictor: Predictor
    branches: list[Branch] = field(default_factory=list)
    slots: list[int] = field(default_factory=lambda: [ROOT])
    looked: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    best: list[int] = field(default_factory=list)

    def grow(self, frontier: Frontier, positions: int) -> Moment:
        """Takes one step of a single source in, and tells what changed."""
        first = len(self.branches)
        weights = None if frontier.weights is None else frontier.weights[:, :positions].cpu().numpy()
        kept = self._add(frontier, frontier.kept, None, weights)
        self._add(frontier, frontier.pruned, frontier.ended[0].tolist(), weights)
        before = self.best
        if kept:
            self.slots = kept
            self.best = self._path(kept[0])
        keep = next(
            (at for at, (old, new) in enumerate(zip(before, self.best, strict=False)) if old != new), len(before)
        )
        new = self.best[keep:]
        rows = [self.looked[number] for number in new if number in self.looked]
        return Moment(
            frontier.time,
            keep,
            tuple(str(self.branches[number].unit) for number in new),
            tuple(self._own(number) for number in new),
            np.stack(rows) if rows else None,
            tuple(self.branches[first:]),
        )

    def _add(
        self, frontier: Frontier, added: Candidates, ended: list[bool] | None, weights: NDArray[np.float32] | None
    ) -> list[int]:
        """Branches of one sentence's candidates; their numbers, an empty slot left out (it stands behind the others)."""
        spell, numbers = self.predictor.codec.target_vocabulary.decode, list[int]()
        each = zip(added.parents[0].tolist(), added.units[0].tolist(), added.log_probs[0].tolist(), strict=True)
        for place, (parent, unit, log_prob) in enumerate(each):
            if log_prob == -np.inf:
                continue
            numbers.append(len(self.branches))
            if weights is not None:
                self.looked[len(self.branches)] = weights[parent]
            fate = "kept" if ended is None else "ended" if ended[place] else "pruned"
            spelled = None if unit == END else spell([unit])[0]
            self.branches.append(Branch(self.slots[parent], frontier.time, spelled, log_prob, fate))
        return numbers

    def _path(self, number: int) -> list[int]:
        path: list[int] = []
        while number != ROOT:
            path.append(number)
            number = self.branches[number].parent
        return path[::-1]

    def _own(self, number: int) -> float:
        branch = self.branches[number]
        before = 0.0 if branch.parent == ROOT else self.branches[branch.parent].log_prob
        return branch.log_prob - before
