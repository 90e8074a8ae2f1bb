"""A checkpoint into a folder."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from heedful.checkpoint import formats
from heedful.checkpoint.card import card
from heedful.checkpoint.checkpoint import (
    CARD,
    KNOWN,
    METRICS,
    SETTINGS,
    TRAINING,
    TRAINING_WEIGHTS,
    VOCABULARIES,
    WEIGHTS,
    Checkpoint,
)
from heedful.checkpoint.contents import read
from heedful.checkpoint.folder import FORMAT, MANIFEST, VERSION, is_ours, manifest
from heedful.checkpoint.writing import write_folder
from heedful.errors import HeedfulError, ModelFolderError

TASK = ("task_count", "task_seed", "task_lengths")
"""Keys of a built-in task: a model does not say what it was trained on."""


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Writes a model folder that is there whole, or as it was before. What is written is read back before it counts.

    Raises:
        HeedfulError: it cannot be written, or would not load; what stood there before still does.
        ValueError: a metric or the training record holds what JSON cannot say.
    """
    path = Path(path)
    files = _files(checkpoint)

    def check(folder: Path) -> None:
        try:
            read(folder, path, with_training=True)
        except ModelFolderError as error:
            raise HeedfulError(f"not saved, for it would not load: {error}") from error

    write_folder(path, {**files, MANIFEST: manifest(files)}, check, lambda folder: is_ours(folder, KNOWN))


def _files(checkpoint: Checkpoint) -> dict[str, bytes]:
    vocabularies = (*checkpoint.source_vocabularies, checkpoint.target_vocabulary)
    data = checkpoint.data.model_copy(update=dict.fromkeys(("train", "dev", *TASK)))
    heedful = _version()
    settings = {
        "format": FORMAT,
        "version": VERSION,
        "heedful": heedful,
        "model": checkpoint.model.model_dump(mode="json"),
        "data": data.model_dump(mode="json"),
        "search": checkpoint.search.model_dump(mode="json"),
        "evaluation": checkpoint.evaluation.model_dump(mode="json"),
        "lengths": checkpoint.lengths.model_dump(mode="json"),
    }
    words = {
        "source": [vocabulary.record() for vocabulary in checkpoint.source_vocabularies],
        "target": checkpoint.target_vocabulary.record(),
    }
    numbers = sum(tensor.numel() for tensor in checkpoint.weights.values())
    sizes = tuple(len(vocabulary.units) for vocabulary in vocabularies)
    files = {
        WEIGHTS: formats.to_safetensors(checkpoint.weights),
        SETTINGS: formats.to_json(settings),
        VOCABULARIES: formats.to_json(words),
        METRICS: formats.to_json(checkpoint.metrics),
        CARD: card(checkpoint.model, data, sizes, numbers, checkpoint.metrics, heedful).encode(),
    }
    if checkpoint.training is not None:
        files[TRAINING] = formats.to_json(checkpoint.training.record)
        files[TRAINING_WEIGHTS] = formats.to_safetensors(checkpoint.training.tensors)
    return files


def _version() -> str:
    # Not from the package itself: its front desk imports this room.
    try:
        return version("heedful")
    except PackageNotFoundError:  # run from its sources, not installed
        return "unknown"
