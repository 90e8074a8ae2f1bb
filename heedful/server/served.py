"""The models of a server: chosen when it starts, and known by name."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from heedful.checkpoint import Checkpoint, load
from heedful.codec import Row
from heedful.data import units
from heedful.data.media import Given
from heedful.errors import SettingsError
from heedful.predictor import Predictor
from heedful.search.settings import SearchSettings
from heedful.server.limits import Limits
from heedful.server.refusals import unprocessable
from heedful.server.requests import Searching
from heedful.server.responses import Column, Model

EXAMPLE_UNITS = 6


@dataclass(frozen=True, eq=False)
class Served:
    """A model that answers. ``record`` is what ``GET /v1/models`` tells of it."""

    name: str
    predictor: Predictor
    record: Model
    probe: Row
    """A source that it can read."""

    @property
    def attends(self) -> bool:
        """Whether there are weights to look at."""
        return self.record.attends

    def settings(self, asked: Searching, limits: Limits) -> SearchSettings:
        """How to search for this request.

        Raises:
            Refusal: a number is beyond the limits, or two of them do not go together.
        """
        stored = self.predictor.settings
        given = {
            "beam_size": asked.beam_size,
            "n_best": asked.n_best,
            "length_penalty": asked.length_penalty,
            "max_length": asked.max_length,
        }
        for name, most in (
            ("beam_size", limits.max_beam_size),
            ("n_best", limits.max_n_best),
            ("max_length", limits.max_length),
        ):
            value = given[name]
            if value is not None and value > most:
                raise unprocessable("too_large", name, f"{name} is {most:,} at most, found {_written(int(value))}")
        values: dict[str, Any] = {
            **stored.model_dump(),
            **{key: value for key, value in given.items() if value is not None},
        }
        if asked.n_best is not None and asked.beam_size is None:
            values["beam_size"] = max(values["beam_size"], asked.n_best)
        elif asked.n_best is None:
            values["n_best"] = min(values["n_best"], values["beam_size"])
        if values["n_best"] > values["beam_size"]:
            raise unprocessable("too_large", "n_best", "n_best is beam_size at most")
        values["max_length"] = min(values["max_length"] or limits.max_length, limits.max_length)
        values["min_length"] = min(values["min_length"], values["max_length"])
        return SearchSettings.model_validate(values)


def _written(number: int) -> str:
    return f"{number:,}" if abs(number) < 10**12 else "more than a million million"


class Shelf:
    """All models of a server, the first of which answers where none is named."""

    def __init__(self, served: Sequence[Served]) -> None:
        self.served = {each.name: each for each in served}

    @classmethod
    def load(cls, paths: Sequence[Path]) -> "Shelf":
        """The models of these folders, each called by its folder's name.

        Raises:
            ModelFolderError: a folder is missing or damaged. SettingsError: two have one name.
        """
        found: list[Served] = []
        for path in paths:
            whole = path.resolve()
            part = whole.name in ("best", "last") and not (whole / "best").is_dir()
            name = whole.parent.name if part else whole.name
            if not name.isprintable() or not _is_text(name):
                raise SettingsError(
                    f"{path}: a model is asked for by its folder's name, which is text; rename the folder"
                )
            if any(each.name == name for each in found):
                raise SettingsError(f"two models are called {name}; rename a folder: requests say which by its name")
            found.append(served(name, load(path), sample(whole)))
        return cls(found)

    def named(self, name: str | None) -> Served:
        """The model of this name, or the first.

        Raises:
            Refusal: there is no such model; none is ever loaded for a request.
        """
        if name is None:
            return next(iter(self.served.values()))
        if name not in self.served:
            raise unprocessable("unknown_model", "model", f"there is no such model; there are {', '.join(self.served)}")
        return self.served[name]


def served(name: str, checkpoint: Checkpoint, tried: str | None = None) -> Served:
    """A model that answers; ``tried`` is an input to offer, else some of its units are."""
    predictor = Predictor.from_checkpoint(replace(checkpoint, training=None))
    predictor.stepper(predictor.settings.precision)  # packed now, not by the first request
    network = checkpoint.model.resolved()
    kinds = ["text" if kind is None else kind.seen_as for kind in predictor.kinds]
    record = Model.model_validate({
        "name": name,
        "cell": network.cell if network.decoder_cell is None else f"{network.cell}, {network.decoder_cell}",
        "attention": network.attention,
        "scorer": network.scorer,
        "reach": network.reach,
        "attends": network.attention != "fixed",
        "source": [
            Column.model_validate({"unit": column.unit, "kind": kind})
            for column, kind in zip(checkpoint.data.source, kinds, strict=True)
        ],
        "target": checkpoint.data.target.unit,
        "parameters": sum(each.numel() for each in predictor.network.parameters()),
        "search": predictor.settings.model_dump(),
        "metrics": _metrics(checkpoint),
        "example": _offered(predictor, tried),
    })  # fmt: skip
    return Served(name, predictor, record, probe_row(predictor))


def _metrics(checkpoint: Checkpoint) -> dict[str, float]:
    found = checkpoint.metrics.get("dev", {})
    if not isinstance(found, dict):
        return {}
    values = {name: each.get("value") if isinstance(each, dict) else each for name, each in found.items()}
    return {name: float(value) for name, value in values.items() if isinstance(value, int | float)}


def sample(run: Path) -> str | None:
    """A source of the run's dev data, as its journal shows some; None for a model folder alone."""
    try:
        with (run / "journal.jsonl").open(encoding="utf-8") as file:
            events = [json.loads(line) for line in file if '"samples"' in line]
        source = events[-1]["samples"][0][0]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return source if isinstance(source, str) else None


def _offered(predictor: Predictor, tried: str | None) -> str | None:
    """The input, or units that the model knows, the commonest first; None where it reads no text."""
    if any(predictor.kinds):
        return None
    columns = len(predictor.kinds)
    if tried and len(tried.split("\t")) == columns and not predictor.unreadable([tuple(tried.split("\t"))]):
        return tried
    return probe(predictor)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def probe_row(predictor: Predictor) -> Row:
    """A source that the model can read, whatever it reads: units that it knows, a blank picture, silence, zeros."""
    texts = probe(predictor).split("\t")
    found: list[Given] = []
    for text, kind, column in zip(texts, predictor.kinds, predictor.codec.data.source, strict=True):
        if kind is None:
            found.append(text)
        elif kind.seen_as == "picture":
            found.append(np.full((32, 64, 3), 255, dtype=np.uint8))
        elif kind.seen_as == "spectrogram":
            found.append(np.zeros(8000, dtype=np.float32))
        else:
            shape = (4, 4) if column.grid else (16,)
            found.append(np.zeros((*shape, column.features or 1), dtype=np.float32))
    return tuple(found)


def probe(predictor: Predictor) -> str:
    """A text that the model can read, column by column; nothing for a column of frames."""
    found: list[str] = []
    for unit, vocabulary in zip(predictor.source_units, predictor.codec.source_vocabularies, strict=True):
        known = [each for each in vocabulary.units if each.strip()] or list(vocabulary.units)
        few = 1 if isinstance(unit, units.Tags) else EXAMPLE_UNITS
        found.append("" if unit is None else unit.join(known[:few]).replace("\t", " "))
    return "\t".join(found)
