"""Text, pictures, sound or arrays in, results out: units, network, search, text.

Also what validation uses, so that training sees what users get.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heedful.checkpoint import Checkpoint, load
from heedful.codec import Codec, Row, Seen, shown
from heedful.contracts import Source, Stepper
from heedful.data import batches, units
from heedful.data.corpus import Corpus, Item
from heedful.data.frames import Kind, contents
from heedful.data.media import Given, Media
from heedful.errors import DataError, SettingsError
from heedful.evaluation.report import Report, evaluate, group_references
from heedful.evaluation.settings import EvaluationSettings
from heedful.model.decoder import Moving
from heedful.model.packed import stepper
from heedful.model.quantised import quantised_stepper
from heedful.model.seq2seq import Network, outline
from heedful.results import Alignment, Hypothesis, Result, Scene
from heedful.search.hypothesis import Found
from heedful.search.searches import search as find
from heedful.search.settings import SearchSettings

BATCH_SIZE = 64
"""Sentences searched side by side unless told otherwise."""
BATCH_UNITS = 16_384
"""Most padded source units of one search batch: a few very long sources do not share a batch."""
CHUNK = 1024
"""So many sources with frames stand in memory at once."""


class Predictor:
    """A network with its codec and its search settings."""

    def __init__(self, network: Network, codec: Codec, settings: SearchSettings) -> None:
        self.network, self.codec, self.settings = network, codec, settings
        self._packed: tuple[str, tuple[int, ...], Stepper[Any, Moving]] | None = None

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint, device: str = "cpu") -> Self:
        """The model of a folder, ready to answer."""
        vocabularies = checkpoint.source_vocabularies
        columns = contents(checkpoint.data, vocabularies)
        network = outline(checkpoint.model, columns, len(checkpoint.target_vocabulary))
        network.load_state_dict(checkpoint.weights, assign=True)
        codec = Codec(checkpoint.data, vocabularies, checkpoint.target_vocabulary, checkpoint.lengths)
        return cls(network.to(device).eval(), codec, checkpoint.search)

    @classmethod
    def load(cls, path: str | Path, device: str = "cpu") -> Self:
        """The model of this folder, or of a run's ``best/``."""
        return cls.from_checkpoint(load(Path(path)), device)

    @cached_property
    def source_units(self) -> tuple[units.Units | None, ...]:
        """The units of every source column; None for frames."""
        return self.codec.source_units

    @cached_property
    def kinds(self) -> tuple[Kind | None, ...]:
        """How every source column's frames are read; None for text."""
        return self.codec.kinds

    @cached_property
    def target_units(self) -> units.Units:
        """The units of the target."""
        return self.codec.target_units

    def stepper(self, precision: str = "float32") -> Stepper[Any, Moving]:
        """The network as search steps it: packed where compiled loops are at hand, anew when its weights have changed.

        Raises:
            SettingsError: this machine can't search in this precision.
        """
        weights = tuple(number for each in self.network.parameters() for number in (each.data_ptr(), each._version))  # noqa: SLF001
        if self._packed is None or self._packed[:2] != (precision, weights):
            made = quantised_stepper(self.network) if precision == "int8" else stepper(self.network)
            self._packed = (precision, weights, made)
        return self._packed[2]

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.network.output_bias.device

    def split(self, source: Row) -> list[list[str]]:
        """The units of every column of a source; for frames that were read, a name for every position.

        Raises:
            DataError: the source has another number of columns than the model reads.
        """
        self.codec.check_columns(source)
        return [
            self._places(place, item) if unit is None else unit.split(str(item))
            for place, (unit, item) in enumerate(zip(self.source_units, source, strict=True))
        ]

    def _places(self, column: int, item: Given | Item) -> list[str]:
        named = self.kinds[column]
        if not isinstance(item, Media) or named is None:
            return [str(item)] if isinstance(item, str) and item else []
        return named.labels(self._spans(column, item), item.length)

    def _spans(self, column: int, item: Media) -> NDArray[np.float32]:
        return self.network.encoder.reader.each()[column].spans(item.length, item.shape)

    def unreadable(self, sources: Sequence[Row]) -> list[int]:
        """Which sources say nothing that the model knows: not empty, and every unit unknown."""
        if any(self.kinds):  # frames are never unknown
            return []
        return [row for row, source in enumerate(sources) if self._nothing_known(self.split(source))]

    def _nothing_known(self, split: list[list[str]]) -> bool:
        known = self.codec.source_vocabularies
        found = [vocabulary.unknown(column) for vocabulary, column in zip(known, split, strict=True)]
        count = sum(map(len, split))
        return count > 0 and sum(map(len, found)) == count

    def unknown(self, sources: Sequence[Row]) -> batches.UnknownReport:
        """The units of these sources that the model never saw in training, all columns together."""
        places = [place for place, unit in enumerate(self.source_units) if unit is not None]
        if not places:
            return batches.UnknownReport(0, 0, ())
        _, reports = batches.encode_sources(
            [tuple(str(source[place]) for place in places) for source in sources],
            [self.source_units[place] for place in places],
            [self.codec.source_vocabularies[place] for place in places],
        )
        common = sorted(
            (item for report in reports for item in report.most_common), key=lambda item: (-item[1], item[0])
        )
        return batches.UnknownReport(
            sum(report.count for report in reports), sum(report.total for report in reports), tuple(common)
        )

    def search(
        self,
        sources: Sequence[Row],
        settings: SearchSettings | None = None,
        batch_size: int = BATCH_SIZE,
        prefixes: Sequence[str] | None = None,
        watch: Callable[[], None] | None = None,
    ) -> list[Result]:
        """The best hypotheses of every source, in the order of the sources, whatever the batches were.

        ``prefixes`` forces how each output begins. A source without units has no hypotheses. ``watch`` is called after
        every step, and may give the search up by raising.
        """
        if any(self.kinds) and len(sources) > CHUNK:
            pieces = range(0, len(sources), CHUNK)
            return [
                each
                for at in pieces
                for each in self.search(
                    sources[at : at + CHUNK],
                    settings,
                    batch_size,
                    None if prefixes is None else prefixes[at : at + CHUNK],
                    watch,
                )
            ]
        chosen = settings or self.settings
        seen = self.codec.seen(sources)
        split = [self.split(source) for source in seen]
        results = [Result(shown(source), ()) for source in seen]
        asked = [row for row, columns in enumerate(split) if any(columns)]
        forced = None if prefixes is None else self._prefixes([prefixes[row] for row in asked])
        quick = self.stepper(chosen.precision)
        for rows, source, counts in self.source_batches([seen[row] for row in asked], batch_size):
            limits = torch.from_numpy(self.limits(counts)).to(self.device)
            begun = None if forced is None else forced[torch.from_numpy(rows)]
            found = find(quick, source, limits, chosen, begun, watch)
            here = [asked[row] for row in rows]
            made = self.hypotheses(found, [split[row] for row in here], [self.scene(seen[row]) for row in here])
            for row, hypotheses in zip(here, made, strict=True):
                results[row] = Result(results[row].source, hypotheses)
        return results

    def predict(
        self, sources: Sequence[Row], settings: SearchSettings | None = None, batch_size: int = BATCH_SIZE
    ) -> list[str]:
        """The best output of every source; the empty string for a source without units."""
        return [result.text for result in self.search(sources, settings, batch_size)]

    def source_batches(
        self, sources: Sequence[Seen], batch_size: int
    ) -> Iterator[tuple[NDArray[np.int64], Source, NDArray[np.int64]]]:
        """Padded batches of sources of like length: which rows stand in each, the batch, and how many units a row has.

        Raises:
            SettingsError: ``batch_size`` is below one.
        """
        if batch_size < 1:
            raise SettingsError(
                f"batch_size is how many sources are searched side by side, at least 1; found {batch_size}"
            )
        if not sources:
            return
        columns, _ = batches.encode_sources(sources, self.source_units, self.codec.source_vocabularies)
        lengths = batches.total_lengths(columns)
        for rows in batches.in_length_order(lengths, BATCH_UNITS, batch_size):
            yield rows, source_on(batches.make_source(columns, rows), self.device), lengths[rows]

    def scene(self, source: Seen) -> Scene | None:
        """What each position covers, where the source is no text; the first column of frames is what is looked at."""
        if not any(self.kinds):
            return None
        boxes: list[NDArray[np.float32]] = []
        kind_seen = None
        for place, (named, item) in enumerate(zip(self.kinds, source, strict=True)):
            if named is not None and isinstance(item, Media):
                spans = self._spans(place, item)
                boxes.append(spans if kind_seen is None else np.full_like(spans, np.nan))
                kind_seen = kind_seen or named.seen_as
            else:
                boxes.append(np.full((len(self.split(source)[place]), 4), np.nan, dtype=np.float32))
        return None if kind_seen is None else Scene(kind_seen, np.concatenate(boxes))

    def pictured(self, alignment: Alignment, source: Row, base: Path | None = None) -> Alignment:
        """The alignment with the picture or spectrogram in its scene, to be drawn on."""
        if alignment.scene is None:
            return alignment
        return replace(alignment, scene=self.painted(alignment.scene, source, base))

    def painted(self, scene: Scene, source: Row, base: Path | None = None) -> Scene:
        """The scene of this source with its picture or spectrogram."""
        (seen,) = self.codec.seen([source], base)
        for named, item in zip(self.kinds, seen, strict=True):
            if named is not None and isinstance(item, Media):
                origin = item.origin
                array = named.open(origin) if isinstance(origin, Path) else origin
                look, boxes = named.look(array), scene.boxes.copy()
                boxes[:, ::2] = np.minimum(boxes[:, ::2] * named.stretch(array, item.length, item.shape), 1.0)
                return replace(scene, boxes=boxes, pixels=look.pixels, seconds=look.seconds)
        return scene

    def limits(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """The most output units for sources of so many units, as the training data suggest."""
        return np.array([self.codec.lengths.longest(count) for count in counts.tolist()], dtype=np.int64)

    def _prefixes(self, prefixes: Sequence[str]) -> Tensor:
        ids = [self.codec.target_vocabulary.encode(self.target_units.split(prefix)) for prefix in prefixes]
        padded, real = batches.Ragged.of(ids).pad(np.arange(len(ids)))
        return padded.masked_fill(~real, -1).to(self.device)

    def hypotheses(
        self, found: Found, sources: list[list[list[str]]], scenes: list[Scene | None]
    ) -> Iterator[tuple[Hypothesis, ...]]:
        """One tuple of hypotheses a sentence, as plain values."""
        counts, lengths = found.count.tolist(), found.lengths.tolist()
        ids, scores, log_probs = found.units.tolist(), found.scores.tolist(), found.log_probs.tolist()
        weights = None if found.weights is None else found.weights.cpu().numpy()
        for row, columns in enumerate(sources):
            labels = tuple(unit for column in columns for unit in column)
            made: list[Hypothesis] = []
            for place in range(counts[row]):
                length = lengths[row][place]
                target = tuple(self.codec.target_vocabulary.decode(ids[row][place][:length]))
                each = tuple(log_probs[row][place][: length + 1])
                looked = None
                if weights is not None:
                    looked = Alignment(labels, target, weights[row, place, :length, : len(labels)].copy(), scenes[row])
                text = self.target_units.join(target)
                made.append(Hypothesis(text, target, scores[row][place], sum(each), each, looked))
            yield tuple(made)

    @torch.inference_mode()
    def force(self, sources: Sequence[Row], targets: Sequence[str], batch_size: int = BATCH_SIZE) -> list[Hypothesis]:
        """Scores and aligns given targets, as if the search had found them."""
        seen = self.codec.seen(sources)
        split = [self.split(source) for source in seen]
        written = [self.target_units.split(target) for target in targets]
        for source, columns in zip(seen, split, strict=True):
            if not any(columns):
                raise DataError(f"the source {shown(source)!r} is empty", "give it at least one unit")
        targets_ragged = batches.Ragged.of([self.codec.target_vocabulary.encode(each) for each in written])
        made: dict[int, Hypothesis] = {}
        for rows, source, _ in self.source_batches(seen, batch_size):
            batch = batches.make(batches.Encoded((), targets_ragged, (), batches.UnknownReport(0, 0, ())), rows)
            forced = self.network.force(
                source, batch.previous.to(self.device), batch.following.to(self.device), batch.real.to(self.device)
            )
            weights = None if forced.weights is None else forced.weights.cpu().numpy()
            for place, row in enumerate(rows.tolist()):
                length = len(written[row])
                each = tuple(forced.log_probs[place, : length + 1].tolist())
                labels = tuple(unit for column in split[row] for unit in column)
                target, looked = tuple(written[row]), None
                if weights is not None:
                    scene = self.scene(seen[row])
                    looked = Alignment(labels, target, weights[place, :length, : len(labels)].copy(), scene)
                score = sum(each) / (length + 1) ** self.settings.length_penalty
                made[row] = Hypothesis(self.target_units.join(target), target, score, sum(each), each, looked)
        return [made[row] for row in range(len(sources))]

    @torch.inference_mode()
    def encode(self, source: Row) -> tuple[NDArray[np.float32], tuple[tuple[NDArray[np.float32], ...], ...]]:
        """The memory (position, features) of one source, and every layer's final state (a tuple of (features,))."""
        _, batch, _ = next(self.source_batches(self.codec.seen([source]), 1))
        encoded = self.network.encode(batch)
        final = tuple(tuple(part[0].cpu().numpy() for part in state) for state in encoded.final)
        return encoded.memory[0].cpu().numpy(), final

    def evaluate(
        self,
        corpus: Corpus,
        settings: EvaluationSettings,
        search_settings: SearchSettings | None = None,
        batch_size: int = BATCH_SIZE,
    ) -> tuple[Report, list[tuple[Seen, str, list[str]]]]:
        """A report over the distinct sources of a corpus, and each (source, output, references)."""
        sources, references = group_references(corpus.sources, corpus.targets)
        outputs = self.predict(sources, search_settings, batch_size)
        counts = [sum(map(len, self.split(source))) for source in sources]
        report = evaluate(outputs, references, counts, self.target_units.split, settings)
        return report, list(zip(sources, outputs, references, strict=True))


def source_on(source: Source, device: torch.device) -> Source:
    """The source on this device."""
    if device.type == "cpu":
        return source
    return Source(
        tuple(values.to(device) for values in source.columns),
        tuple(real.to(device) for real in source.real),
        tuple(None if shape is None else shape.to(device) for shape in source.shapes),
    )


def check_attends(predictor: Predictor) -> None:
    """Refuses a model that has no attention to show.

    Raises:
        SettingsError: the model's wiring is ``fixed``.
    """
    if predictor.network.settings.attention == "fixed":
        raise SettingsError(
            "this model has no attention: its wiring is 'fixed', only the encoder's final state reaches the decoder; "
            "train one with --set model.attention=luong"
        )
