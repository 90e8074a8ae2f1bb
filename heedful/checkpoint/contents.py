"""What the files of a model folder say, checked against each other: the settings imply everything else."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from heedful.checkpoint import formats
from heedful.checkpoint.checkpoint import (
    ALWAYS,
    CARD,
    KNOWN,
    LIMITS,
    METRICS,
    SETTINGS,
    TRAINING,
    TRAINING_WEIGHTS,
    VOCABULARIES,
    WEIGHTS,
    WITH_TRAINING,
    Checkpoint,
    LengthModel,
    TrainingState,
)
from heedful.checkpoint.folder import FORMAT, VERSION, Folder, opened
from heedful.checkpoint.formats import JSON
from heedful.data.frames import contents
from heedful.data.settings import DataSettings
from heedful.data.vocabulary import Vocabulary
from heedful.errors import SettingsError
from heedful.evaluation.settings import EvaluationSettings
from heedful.model.seq2seq import outline
from heedful.model.settings import ModelSettings
from heedful.search.settings import SearchSettings
from heedful.settings import Settings

KEYS = frozenset({"format", "version", "heedful", "model", "data", "search", "evaluation", "lengths"})

Room = TypeVar("Room", bound=Settings)


def read(path: Path, shown: Path, *, with_training: bool) -> Checkpoint:
    """The checkpoint in this very folder, which messages call ``shown``."""
    with opened(path, KNOWN, shown) as folder:
        for name in sorted(ALWAYS - folder.files.keys()):
            folder.refuse(name, "is missing, and every model has one")
        settings = folder.json(SETTINGS, LIMITS[SETTINGS])
        found = (frozenset(settings), settings.get("format"), settings.get("version"))
        if found != (KEYS, FORMAT, VERSION):
            folder.refuse(SETTINGS, f"not the settings of a {FORMAT} folder of format {VERSION}")
        model, data = _room(folder, settings, "model", ModelSettings), _room(folder, settings, "data", DataSettings)
        sources, target = _vocabularies(folder, len(data.source))
        implied = _implied(folder, model, data, sources, target)
        folder.check(CARD, LIMITS[CARD])
        return Checkpoint(
            model=model,
            data=data,
            search=_room(folder, settings, "search", SearchSettings),
            evaluation=_room(folder, settings, "evaluation", EvaluationSettings),
            source_vocabularies=sources,
            target_vocabulary=target,
            lengths=_room(folder, settings, "lengths", LengthModel),
            metrics=folder.json(METRICS, LIMITS[METRICS]),
            weights=_weights(folder, implied),
            training=_training(folder, implied, with_training=with_training),
        )


def implied_weights(
    model: ModelSettings, data: DataSettings, sources: tuple[Vocabulary, ...], target: Vocabulary
) -> dict[str, Tensor]:
    """The names, shapes and types of the weights that these settings imply: tensors without numbers."""
    return outline(model, contents(data, sources), len(target)).state_dict()


def _implied(
    folder: Folder, model: ModelSettings, data: DataSettings, sources: tuple[Vocabulary, ...], target: Vocabulary
) -> dict[str, Tensor]:
    try:
        return implied_weights(model, data, sources, target)
    except ValueError as error:  # a reader for other frames than these
        folder.refuse(SETTINGS, str(error))


def _room(folder: Folder, settings: Mapping[str, JSON], name: str, kind: type[Room]) -> Room:
    if not isinstance(settings[name], dict):
        folder.refuse(SETTINGS, f"{name} is not a table")
    try:
        return kind.read(settings[name], name)
    except SettingsError as error:
        folder.refuse(SETTINGS, str(error).replace("\n", "; "))


def _vocabularies(folder: Folder, columns: int) -> tuple[tuple[Vocabulary, ...], Vocabulary]:
    record = folder.json(VOCABULARIES, LIMITS[VOCABULARIES])
    sources, target = record.get("source"), record.get("target")
    if record.keys() != {"source", "target"} or not isinstance(sources, list) or len(sources) != columns:
        folder.refuse(VOCABULARIES, f"expected the vocabularies of {columns} source columns and of the target")
    if not isinstance(target, dict) or not all(isinstance(one, dict) for one in sources):
        folder.refuse(VOCABULARIES, "a vocabulary is not a table")
    units = [one["units"] for one in (*sources, target) if isinstance(one.get("units"), list)]
    if not all(isinstance(unit, str) for unit in chain.from_iterable(units)):
        folder.refuse(VOCABULARIES, "a unit is not a string")
    try:
        return tuple(Vocabulary.from_record(one) for one in sources), Vocabulary.from_record(target)
    except ValueError as error:
        folder.refuse(VOCABULARIES, str(error))


def _weights(folder: Folder, implied: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights, when they are those that the settings imply: decided by name and size before the bulk is read."""
    try:
        length = formats.header_length(folder.start(WEIGHTS, 8))
        names = formats.header_names(folder.start(WEIGHTS, 8 + length))
        if missing := implied.keys() - names:
            folder.refuse(WEIGHTS, f"has no {min(missing)}, which the settings imply")
        if odd := names - implied.keys():
            folder.refuse(WEIGHTS, f"has {min(odd)[:80]!r}, which the settings do not imply")
        expected = 8 + length + sum(tensor.nbytes for tensor in implied.values())
        if folder.files[WEIGHTS].size != expected:
            folder.refuse(WEIGHTS, f"{folder.files[WEIGHTS].size:,} bytes, and the settings imply {expected:,}")
        weights = formats.from_safetensors(folder.read(WEIGHTS, expected))
    except ValueError as error:
        folder.refuse(WEIGHTS, str(error))
    for name, tensor in weights.items():
        found, wanted = (tensor.dtype, tuple(tensor.shape)), (implied[name].dtype, tuple(implied[name].shape))
        if found != wanted:
            folder.refuse(WEIGHTS, f"{name} is {_kind(*found)}, and the settings imply {_kind(*wanted)}")
        if not bool(torch.isfinite(tensor).all()):
            folder.refuse(WEIGHTS, f"{name} holds numbers that are not finite")
    return weights


def _training(folder: Folder, implied: Mapping[str, Tensor], *, with_training: bool) -> TrainingState | None:
    """The training state; checked though nobody asks for it, since a folder is sound or it is not."""
    present = WITH_TRAINING & folder.files.keys()
    if not present:
        return None
    if present != WITH_TRAINING:
        folder.refuse(min(WITH_TRAINING - present), "is missing, and the other half of the training state is there")
    # Two moments a weight, copies to roll back to, and generators: far below this, and far above nothing.
    limit = 32 * sum(tensor.nbytes for tensor in implied.values()) + (1 << 26)
    if not with_training:
        folder.check(TRAINING, LIMITS[TRAINING])
        folder.check(TRAINING_WEIGHTS, limit)
        return None
    record = folder.json(TRAINING, LIMITS[TRAINING])
    try:
        formats.header_length(folder.start(TRAINING_WEIGHTS, 8))
        return TrainingState(record, formats.from_safetensors(folder.read(TRAINING_WEIGHTS, limit)))
    except ValueError as error:
        folder.refuse(TRAINING_WEIGHTS, str(error))


def _kind(dtype: torch.dtype, shape: tuple[int, ...]) -> str:
    return f"{str(dtype).removeprefix('torch.')} {shape}"
