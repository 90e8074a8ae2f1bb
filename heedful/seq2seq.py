"""The front desk: fit, predict, search, attend, evaluate, save, load.

On lists of strings, of arrays, or of files of pictures and sound.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from heedful.checkpoint import Checkpoint, load, save, write_beside
from heedful.codec import Row, shown
from heedful.data.corpus import Corpus, corpus_of, given_columns, hold_out
from heedful.data.media import Given, settled_data
from heedful.data.settings import DEV_SHARE, DataSettings
from heedful.errors import DataError, HeedfulError, SettingsError
from heedful.evaluation.report import Report
from heedful.explorer import Exploration, Explorer, Hold
from heedful.inspection.renderers import RENDERERS, for_path
from heedful.predictor import BATCH_SIZE, Predictor, check_attends
from heedful.results import Alignment, Result
from heedful.search.settings import SearchSettings
from heedful.training import journal, run
from heedful.training.prepare import prepare
from heedful.training.recipe import compose
from heedful.training.signals import Stopping
from heedful.training.trainer import Trainer

Text = Given | Path | tuple[Given | Path, ...]
"""A source: one text, or a text a column; where frames are read, an array or the path of a file."""
OF_FRAMES = {"reader", "subsampling", "reader_channels"}
"""Keys of the model that only sources without text have."""
Pairs = Iterable[tuple[Text, str]]


@dataclass(frozen=True)
class Heatmap(Alignment):
    """An alignment that can draw itself: input down the left, output across, brighter is more."""

    def save(self, path: str | Path) -> Path:
        """Writes the map; the suffix says how (.png .svg .html .json .txt .pharaoh).

        Raises:
            SettingsError: nothing writes such a file. MissingPackageError: no font has the letters of a PNG's labels.
        """
        render = for_path(path)
        write_beside(Path(path), render(self))
        return Path(path)

    def __str__(self) -> str:
        return str(RENDERERS["text"](self)).rstrip("\n")

    def _repr_svg_(self) -> str:
        """What a notebook shows."""
        return str(RENDERERS["svg"](self))


@dataclass(frozen=True)
class Encoding:
    """What the encoder makes of one source: every hidden state, and every layer's final state."""

    memory: NDArray[np.float32]
    final: tuple[tuple[NDArray[np.float32], ...], ...]


class _Kept:
    """Keeps the best model in memory."""

    def __init__(self) -> None:
        self.model: Checkpoint | None = None

    def best(self, checkpoint: Checkpoint) -> None:
        self.model = replace(checkpoint, training=None)

    def last(self, checkpoint: Checkpoint) -> None:
        pass


class Seq2Seq:
    """A recurrent encoder-decoder with attention, from strings to strings.

    Args:
        source, target: the units of each side, as a name (``"letters"``, ``"words"``, ``"symbols"``, ``"jamo"``,
            ``"tags"``; for sources that are no text ``"columns"``, ``"patches"``, ``"log-mel"``, ``"vectors"``) or a table as
            in a recipe; a list of them for a source of several columns. Guessed from the text where neither is given;
            arrays are read as vectors.
        model_keys: keys of the recipe's ``[model]``, such as ``cell="gru"``; the rest is sized to the data.

    Raises:
        SettingsError: an unknown key or an impossible value.
    """

    def __init__(self, *, source: Any = None, target: Any = None, **model_keys: Any) -> None:
        data = {key: _columns(value) for key, value in (("source", source), ("target", target)) if value is not None}
        self.table: dict[str, dict[str, Any]] = {"data": data, "model": dict(model_keys)}
        judged = data or ({"source": {"unit": "vectors"}} if model_keys.keys() & OF_FRAMES else {})
        compose({"data": judged, "model": dict(model_keys)}, [], "Seq2Seq")  # what is read may not be known yet
        self._trained: tuple[Checkpoint, Predictor] | None = None

    @property
    def predictor(self) -> Predictor:
        """The trained model underneath.

        Raises:
            HeedfulError: nothing was trained or loaded yet.
        """
        return self._both()[1]

    def _model(self) -> Checkpoint:
        return self._both()[0]

    def _both(self) -> tuple[Checkpoint, Predictor]:
        if self._trained is None:
            raise HeedfulError("this model is not trained yet; call fit(pairs) first, or Seq2Seq.load(path)")
        return self._trained

    def fit(
        self,
        pairs: Pairs,
        dev: Pairs | None = None,
        *,
        search: Mapping[str, Any] | None = None,
        watch: journal.Watcher = lambda event: None,
        **training_keys: Any,
    ) -> Self:
        """Trains on (source, target) pairs; a tenth is held out where no ``dev`` is given.

        ``training_keys`` are keys of the recipe's ``[training]``, ``search`` its ``[search]``. ``watch`` is told what
        happens. Calling it again on a trained model begins anew.

        Raises:
            DataError: a pair is bad. SettingsError: a key is. DivergedError: training left the finite numbers.
            StoppedError: a signal came; what was best until then is kept in this model.
        """
        table = {**self.table, "training": dict(training_keys), "search": dict(search or {})}
        pairs, given = list(pairs), None if dev is None else list(dev)
        if not table["data"]:
            table["data"] = _several(pairs)

        def read(settings: DataSettings) -> tuple[Corpus, Corpus]:
            corpus = corpus_of(pairs, settings)
            if given is None:
                return hold_out(corpus, DEV_SHARE)
            return corpus, corpus_of(given, settled_data(settings, corpus.sources))

        composed, train, held = run.choose(table, [], "fit", read)
        prepared = prepare(composed.recipe, train, held)
        keeper = _Kept()
        try:
            with Stopping() as stopping:
                Trainer(prepared, keeper, watch, stopping).train()
        finally:
            if keeper.model is not None:
                self._take(keeper.model)
        return self

    def _take(self, checkpoint: Checkpoint) -> None:
        self._trained = checkpoint, Predictor.from_checkpoint(checkpoint)

    def predict(self, sources: Iterable[Text], batch_size: int = BATCH_SIZE, **search_keys: Any) -> list[str]:
        """The best output for every source, in order. An empty source gives an empty output."""
        return [result.text for result in self.search(sources, batch_size=batch_size, **search_keys)]

    def search(
        self,
        sources: Iterable[Text],
        beam_size: int | None = None,
        n_best: int | None = None,
        *,
        batch_size: int = BATCH_SIZE,
        **search_keys: Any,
    ) -> list[Result]:
        """The best hypotheses for every source, with scores and attention; a source without units has none.

        ``search_keys`` are the other keys of the recipe's ``[search]``. A beam is widened to ``n_best``, and an
        ``n_best`` of the recipe's narrowed to the beam that is asked for.

        Raises:
            DataError: no unit of a source was seen in training. SettingsError: an unknown key or an impossible value.
        """
        return self._found(self._rows(sources), beam_size, n_best, batch_size, search_keys)

    def _found(
        self, rows: Sequence[Row], beam_size: int | None = None, n_best: int | None = None, batch_size: int = BATCH_SIZE,
        search_keys: Mapping[str, Any] | None = None,
    ) -> list[Result]:  # fmt: skip
        if unreadable := self.predictor.unreadable(rows):
            problems = [
                f"source {row + 1}, {shown(rows[row])!r}: no unit of it was seen in training" for row in unreadable
            ]
            raise DataError(problems, "check the text and the units that the model was trained on")
        given = {**self.predictor.settings.model_dump(), **(search_keys or {})}
        if beam_size is not None:
            given |= {"beam_size": beam_size, "n_best": min(given["n_best"], beam_size)}
        if n_best is not None:
            given["n_best"] = n_best
            given["beam_size"] = max(given["beam_size"], n_best) if beam_size is None else beam_size
        return self.predictor.search(rows, SearchSettings.read(given, "search"), batch_size)

    def attend(self, source: Text, target: str | None = None) -> Heatmap:
        """Which source units each unit of the output looked at; of ``target``, where one is given.

        Raises:
            SettingsError: the model has no attention. DataError: the source is empty.
        """
        check_attends(self.predictor)
        (row,) = self.predictor.codec.seen([self._row(source)])
        found = (
            self._found([row])[0].attention if target is None else self.predictor.force([row], [target])[0].attention
        )
        if found is None:
            raise DataError("the source is empty", "give it at least one unit")
        found = self.predictor.pictured(found, row)
        return Heatmap(found.source, found.target, found.weights, found.scene)

    def explore(
        self,
        source: Text,
        *,
        prefix: Sequence[str] = (),
        hold: Mapping[int | None, int] | None = None,
        alternatives: int = 8,
        **search_keys: Any,
    ) -> Exploration:
        """What the search kept and dropped for one source, what else was likely at every place, and what would be if.

        Args:
            source: one source.
            prefix: units that the output has to begin with.
            hold: attention held by hand: output step (None: every one) to source position, both from zero.
            alternatives: so many likeliest units are told at every place.
            search_keys: keys of the recipe's ``[search]``; all hypotheses of the beam are told unless ``n_best`` says.

        Raises:
            DataError: the source is empty. SettingsError: attention is held where there is none, or an impossible value.
        """
        explorer, row = Explorer(self.predictor), self._row(source)
        positions = len(explorer.look(row).units)
        holds = [Hold.on(position, positions, step) for step, position in (hold or {}).items()]
        given = {**self.predictor.settings.model_dump(), **search_keys}
        given["n_best"] = search_keys.get("n_best", given["beam_size"])
        settings = SearchSettings.read(given, "explore")
        return explorer.explore(row, settings, prefix=prefix, holds=holds, count=alternatives)

    def _row(self, source: Text) -> Row:
        row = given_columns(source, self.predictor.codec.data.source)
        if not row:
            expected = "a string, or a tuple of them, one a column"
            if self.predictor.codec.data.framed:
                expected = "an array or the path of a file, or a tuple, one a column"
            found = " ".join(repr(source).split())[:60]
            raise DataError(f"a source is {expected}; found {found}")
        return row

    def _rows(self, sources: Iterable[Text]) -> list[Row]:
        if isinstance(sources, str):
            raise DataError(f"expected a list of sources, found one string {sources!r}", "put it into a list")
        if isinstance(sources, np.ndarray):
            raise DataError(
                f"expected a list of sources, found one array of the shape {sources.shape}", "put it into a list"
            )
        return [self._row(source) for source in sources]

    def evaluate(self, pairs: Pairs, **evaluation_keys: Any) -> Report:
        """Metrics with intervals over (source, target) pairs; lines with one source are references of it."""
        predictor = self.predictor
        corpus = corpus_of(pairs, predictor.codec.data)
        settings = self._model().evaluation
        chosen = type(settings).read({**settings.model_dump(), **evaluation_keys}, "evaluate")
        return predictor.evaluate(corpus, chosen)[0]

    def encode(self, sources: Sequence[Text]) -> list[Encoding]:
        """The memory (positions, features) and the final states of every source."""
        rows = self.predictor.codec.seen(self._rows(sources))
        if empty := [place for place, row in enumerate(rows, start=1) if not any(self.predictor.split(row))]:
            raise DataError([f"source {place} is empty" for place in empty], "give each at least one unit")
        return [Encoding(*self.predictor.encode(row)) for row in rows]

    def save(self, path: str | Path) -> None:
        """Writes a model folder: safetensors, JSON, a card and a manifest."""
        save(self._model(), Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The model of a folder, or the best one of a run.

        Raises:
            ModelFolderError: the folder is missing, damaged or altered.
        """
        checkpoint = load(Path(path))
        made = cls()
        columns = checkpoint.data.model_dump(mode="json", exclude_none=True, include={"source", "target"})
        # Fitted again, it is a model of the same kind.
        made.table = {"data": columns, "model": checkpoint.model.model_dump(mode="json", exclude_none=True)}
        made._take(checkpoint)
        return made


def _columns(value: Any) -> Any:
    if isinstance(value, str):
        return {"unit": value}
    if isinstance(value, Sequence):
        each = [dict(_columns(one)) for one in value]
        return [{"column": place, **one} for place, one in enumerate(each, start=1)]
    return value


def _several(pairs: Sequence[tuple[Text, str]]) -> dict[str, Any]:
    """A table for as many columns as the first source has, letters or vectors; nothing for a single text, which is guessed."""
    first = pairs[0][0] if pairs and len(pairs[0]) == 2 else ""
    each = first if isinstance(first, tuple) else (first,)
    if any(isinstance(one, Path) for one in each):
        raise SettingsError(
            "what the files hold has to be said: Seq2Seq(source='columns'), 'patches', 'log-mel' or 'vectors'"
        )
    units = ["letters" if isinstance(one, str) else "vectors" for one in each]
    if units in (["letters"], []):
        return {}
    return {"source": [{"column": place, "unit": unit} for place, unit in enumerate(units, start=1)]}
