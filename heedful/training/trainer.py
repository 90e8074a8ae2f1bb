"""The loop: batches in a fixed order, one update at a time, validation, early stopping, and what to do when it goes wrong."""

import math
import time
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from heedful.checkpoint import Checkpoint, TrainingState
from heedful.contracts import Frames, Source
from heedful.data import batches
from heedful.data.augment import augmented
from heedful.data.frames import contents
from heedful.data.settings import Augment
from heedful.errors import DivergedError, StoppedError
from heedful.evaluation.metrics import METRICS
from heedful.evaluation.report import better
from heedful.native import kernels
from heedful.predictor import Predictor, source_on
from heedful.reserved import START, UNKNOWN
from heedful.search.settings import SearchSettings
from heedful.training import journal
from heedful.training.learner import Learner
from heedful.training.prepare import Prepared, device
from heedful.training.schedule import learning_rate
from heedful.training.state import Snapshot, State

PATIENCE_WITH_NONSENSE = 3
"""So many updates without a finite loss in a row lead back to the last good state."""
GOOD = "good."
"""Before the names of the last good state's tensors, where they are saved beside the newest."""
REPORT_EVERY = 50
SAMPLES = 3


class Keeper(Protocol):
    """Where models go."""

    def best(self, checkpoint: Checkpoint) -> None:
        """A better model than any before."""
        ...

    def last(self, checkpoint: Checkpoint) -> None:
        """The newest state, with what resuming needs."""
        ...


class Trainer:
    """Trains what was prepared; ``stopping`` is asked after every update and says whether a signal came."""

    def __init__(
        self,
        prepared: Prepared,
        keeper: Keeper,
        watch: journal.Watcher,
        stopping: Callable[[], bool] = lambda: False,
        fingerprint: str = "",
    ) -> None:
        self.recipe, self.codec, self.data, self.dev = prepared.recipe, prepared.codec, prepared.train, prepared.dev
        self.settings = prepared.recipe.training
        self.keeper, self.watch, self.stopping = keeper, watch, stopping
        self.device = device(self.settings.device)
        self.network = prepared.network.to(self.device)
        self.state = State(self.network, self.settings)
        self.learner = Learner(self.state)
        self.predictor = Predictor(self.state.averaged, self.codec, prepared.recipe.search)
        self.state.progress.data = fingerprint
        self.limit = 5 * math.log(len(self.codec.target_vocabulary)) + 5
        self.contents = contents(self.codec.data, self.codec.source_vocabularies)
        self.notes = list(prepared.notes)
        self.good: Snapshot | None = None

    def train(self, resumed: Snapshot | None = None) -> str:
        """Trains to the end of the budget and returns why it ended.

        Raises:
            DivergedError: the loss left the finite numbers, again after a roll-back. StoppedError: a signal came.
        """
        threads = torch.get_num_threads()
        if self.settings.threads is not None:
            torch.set_num_threads(self.settings.threads)
        try:
            if self.device.type == "cpu":
                self._compile()
            with torch.random.fork_rng(devices=[]), kernels.flushed():
                self._begin(resumed)
                reason = self._loop()
        finally:
            torch.set_num_threads(threads)
        self._save()
        progress = self.state.progress
        self.watch(journal.Finished(progress.update, reason, progress.best_update, progress.elapsed))
        return reason

    def _compile(self) -> None:
        """Builds the compiled loops if need be, before the first number is made: a run keeps to one kind throughout."""
        begin = time.monotonic()
        if not kernels.prepare():
            self.notes.append(
                "without compiled loops (no C++ compiler, or switched off): the same results, more slowly"
            )
        elif time.monotonic() - begin > 1.0:
            self.notes.append(f"compiled the loops for this machine, once: {time.monotonic() - begin:.0f} s")

    def _begin(self, resumed: Snapshot | None) -> None:
        if resumed is not None:
            record = dict(resumed.record)
            good = record.pop("good", None)
            here = {name: tensor for name, tensor in resumed.tensors.items() if not name.startswith(GOOD)}
            self.state.restore(Snapshot(record, here))
            if good is not None:
                there = {
                    name.removeprefix(GOOD): tensor for name, tensor in resumed.tensors.items() if name not in here
                }
                self.good = Snapshot(good, there)
        progress = self.state.progress
        self.good = self.good or self.state.snapshot()
        self.clock = time.monotonic() - progress.elapsed
        self.saved = self.reported_at = time.monotonic()
        self.units_since = 0
        self.plan = self._plan()
        parameters = sum(each.numel() for each in self.state.parameters)
        padding = batches.padding_share(self.plan, self.data.source_lengths + self.data.target_lengths + 1)
        updates = self.settings.updates
        sizes = (len(self.data), len(self.dev))
        self.watch(journal.Started(progress.update, updates, parameters, *sizes, padding, tuple(self.notes)))

    def _loop(self) -> str:
        progress = self.state.progress
        while True:
            progress = self.state.progress
            due = progress.update % self.settings.validate_every == 0 or progress.update == self.settings.updates
            if due and progress.validated != progress.update:
                self._validate()
            if 0 < self.settings.patience <= progress.waited:
                return f"no better {self.settings.metric} in {progress.waited} validations"
            if progress.update >= self.settings.updates:
                return "all updates done"
            if self.settings.minutes is not None and progress.elapsed >= 60 * self.settings.minutes:
                if progress.validated != progress.update:
                    self._validate()
                return f"{self.settings.minutes:g} minutes are over"
            self._update()
            if self.stopping():
                self._save()
                raise StoppedError(f"stopped after update {self.state.progress.update:,}, saved; go on with --resume")
            if time.monotonic() - self.saved > 60 * self.settings.save_minutes:
                self._save()

    def _plan(self) -> list[batches.Rows]:
        return batches.plan(
            self.data.source_lengths,
            self.data.target_lengths,
            units_per_batch=self.settings.batch_units,
            max_rows=self.settings.batch_size,
            seed=self.settings.seed,
            epoch=self.state.progress.epoch,
        )

    def _update(self) -> None:
        """One update: the randomness in it is a pure function of (seed, update), so a resumed run repeats it."""
        progress, settings = self.state.progress, self.settings
        torch.manual_seed(settings.seed * 1_000_003 + progress.update)
        batch = batches.make(self.data, self.plan[progress.batch])
        if progress.batch + 1 < len(self.plan):
            for column in self.data.columns:
                column.ahead(self.plan[progress.batch + 1])
        batch = self._move(batch)
        number, length = self.learner.measure(batch)
        if not math.isfinite(length) or not number < self.limit:
            self._nonsense(number, length)
            return
        rate = learning_rate(progress.update, settings) * (0.5 if progress.halved else 1.0)
        self.learner.step(rate)
        self._advance()
        progress.in_a_row = 0
        self.state.average()
        progress.losses += number
        progress.norms += length
        progress.reported += 1
        self.units_since += int(batch.real.sum())
        progress.elapsed = time.monotonic() - self.clock
        if progress.update % REPORT_EVERY == 0:
            self._report(rate)

    def _advance(self) -> None:
        progress = self.state.progress
        progress.update += 1
        progress.batch += 1
        if progress.batch == len(self.plan):
            progress.epoch, progress.batch = progress.epoch + 1, 0
            self.plan = self._plan()

    def _nonsense(self, number: float, length: float) -> None:
        """Skips an update without a finite loss; after three in a row, back to the last good state at half the rate."""
        progress = self.state.progress
        progress.skipped += 1
        progress.in_a_row += 1
        what = f"loss {number:.3g}, gradient norm {length:.3g}"
        self.watch(journal.Noted(progress.update, f"update {progress.update + 1:,} skipped: {what}"))
        if progress.in_a_row < PATIENCE_WITH_NONSENSE:
            self._advance()
            return
        if progress.halved or self.good is None:
            kept = "no model was validated yet" if progress.best is None else "the best model is kept"
            raise DivergedError(
                f"training diverged at update {progress.update + 1:,} ({what}), again after going back; {kept}; "
                f"try --set training.learning_rate={self.settings.learning_rate / 10:g}"
            )
        skipped = progress.skipped
        self.state.restore(self.good)
        progress = self.state.progress
        progress.halved, progress.skipped, progress.in_a_row = True, skipped, 0
        self.plan = self._plan()
        self.watch(journal.Noted(progress.update, f"back to update {progress.update:,} at half the learning rate"))

    def _report(self, rate: float) -> None:
        progress = self.state.progress
        now = time.monotonic()
        speed = self.units_since / max(1e-9, now - self.reported_at)
        left = (self.settings.updates - progress.update) * progress.elapsed / max(1, progress.update)
        if self.settings.minutes is not None:
            left = min(left, max(0.0, 60 * self.settings.minutes - progress.elapsed))
        mean_loss, mean_norm = progress.losses / progress.reported, progress.norms / progress.reported
        self.watch(
            journal.Progressed(
                progress.update, self.settings.updates, progress.epoch, mean_loss, mean_norm, rate, speed,
                progress.elapsed, left,
            )
        )  # fmt: skip
        progress.losses = progress.norms = 0.0
        progress.reported = self.units_since = 0
        self.reported_at = now

    def _validate(self) -> None:
        progress, metric = self.state.progress, self.settings.metric
        self.state.averaged.eval()
        greedy = SearchSettings(beam_size=1, **self.recipe.search.model_dump(include={"max_length", "min_length"}))
        quick = self.recipe.evaluation.model_copy(update={"resamples": 0, "metrics": (metric,)})
        report, outputs = self.predictor.evaluate(self.dev, quick, greedy)
        value = report.value(metric)
        is_best = progress.best is None or better(metric, value, progress.best)
        progress.validated = progress.update
        if is_best:
            progress.best, progress.best_update, progress.waited = value, progress.update, 0
        elif progress.best != 0.0 or not METRICS[metric].higher_is_better:
            progress.waited += 1  # not while nothing is right yet: attention takes its time to form
        metrics = {name: each.value for name, each in report.metrics.items()}
        samples = tuple(("\t".join(map(str, source)), output, given[0]) for source, output, given in outputs[:SAMPLES])
        progress.elapsed = time.monotonic() - self.clock
        snapshot = self.state.snapshot()
        if progress.in_a_row == 0 or self.good is None:
            self.good = snapshot
        # Said before it is saved: a run that is killed in between validates again, and its journal drops this line.
        self.watch(journal.Validated(progress.update, metrics, is_best, samples, progress.elapsed))
        if is_best:
            # With what resuming needs: should last/ be damaged, a run goes on from here.
            self.keeper.best(self._checkpoint(metrics, self._training(snapshot)))
        self._save(snapshot)
        self.reported_at, self.units_since = time.monotonic(), 0

    def _save(self, snapshot: Snapshot | None = None) -> None:
        self.keeper.last(self._checkpoint({}, self._training(snapshot or self.state.snapshot())))
        self.saved = time.monotonic()

    def _training(self, snapshot: Snapshot) -> TrainingState:
        """What resuming needs: where we are, and the last good state where that is another one."""
        good = self.good
        if good is None or good.record["update"] == snapshot.record["update"]:
            return TrainingState(snapshot.record, snapshot.tensors)
        behind = {f"{GOOD}{name}": tensor for name, tensor in good.tensors.items()}
        return TrainingState({**snapshot.record, "good": good.record}, {**snapshot.tensors, **behind})

    def _checkpoint(self, metrics: dict[str, Any], training: TrainingState | None) -> Checkpoint:
        recipe = self.recipe
        progress = self.state.progress
        return Checkpoint(
            model=recipe.model.resolved(),
            data=self.codec.data.model_copy(update={"train": None, "dev": None}),
            search=recipe.search,
            evaluation=recipe.evaluation,
            source_vocabularies=self.codec.source_vocabularies,
            target_vocabulary=self.codec.target_vocabulary,
            lengths=self.codec.lengths,
            weights=self.state.weights(),
            metrics={"update": progress.update, "dev": metrics},
            training=training,
        )

    def _move(self, batch: batches.Batch) -> batches.Batch:
        """The batch with some units hidden and frames changed, on the device."""
        source, settings = batch.source, self.settings
        if settings.augment is not None:
            source = self._augmented(source, settings.augment)
        if settings.unit_dropout:
            columns = zip(source.columns, source.real, strict=True)
            hidden = tuple(
                ids if ids.is_floating_point() else _hide(ids, real, settings.unit_dropout) for ids, real in columns
            )
            source = source._replace(columns=hidden)
        if settings.previous_dropout:
            told = batch.real & (batch.previous != START)
            batch = batch._replace(previous=_hide(batch.previous, told, settings.previous_dropout))
        if self.device.type != "cpu":
            source = source_on(source, self.device)
            return batches.Batch(
                source,
                batch.previous.to(self.device),
                batch.following.to(self.device),
                batch.real.to(self.device),
                batch.rows,
            )
        return batch._replace(source=source)

    def _augmented(self, source: Source, settings: Augment) -> Source:
        """The source with its frames changed at random."""
        each = [
            augmented(values, real, column, settings) if isinstance(column, Frames) else (values, real)
            for values, real, column in zip(source.columns, source.real, self.contents, strict=True)
        ]
        return source._replace(columns=tuple(one for one, _ in each), real=tuple(real for _, real in each))


def _hide(ids: Tensor, real: Tensor, share: float) -> Tensor:
    """The ids with a share of the real ones behind the unknown unit."""
    return ids.masked_fill(real & (torch.rand(ids.shape) < share), UNKNOWN)
