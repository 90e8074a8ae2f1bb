"""A model folder into one that runs without torch: built, held against the model, and published only then."""

import tempfile
from pathlib import Path
from typing import NamedTuple

from heedful.checkpoint import Checkpoint
from heedful.checkpoint.writing import write_folder
from heedful.export import checking, folder, place, quantising
from heedful.export.checking import Checked
from heedful.export.network import graphs, tables
from heedful.export.quantising import Scores, Trial
from heedful.predictor import Predictor


class Exported(NamedTuple):
    """What was written: bytes of every file, how near it is to the model, its scores in eight bits, and odd units.

    ``float32`` is how many bytes both graphs have before they are rounded; ``otherwise`` are units and sources that the
    runner splits otherwise than the model.
    """

    sizes: dict[str, int]
    checked: Checked
    scores: Scores | None
    float32: int
    otherwise: list[str]


def export(
    checkpoint: Checkpoint, out: Path, *, trial: Trial | None = None, overwrite: bool = False, threads: int = 0
) -> Exported:
    """Writes the folder ``out``, whole or not at all; with a ``trial`` its weights are in eight bits.

    Raises:
        SettingsError: the folder may not stand there, or does already and ``overwrite`` is not said.
        MissingPackageError: onnx or onnxruntime is not installed.
        HeedfulError: the model reads frames; the graphs differ from it; eight bits cost too much; nothing can be written there.
    """
    place.check(out, overwrite=overwrite)
    predictor = Predictor.from_checkpoint(checkpoint)
    tables(predictor.network)  # refuses frames before anything else is done
    made = graphs(predictor.network)
    plain = made.encoder.content(), made.step.content()
    files = folder.files(predictor, *plain, made.names, "float32")
    scores = None
    with tempfile.TemporaryDirectory(prefix="heedful-export-") as room:
        runner = checking.open_runner(_written(files, Path(room) / "float32"), threads)
        checked = checking.check(predictor, runner)
        otherwise = checking.split_otherwise(predictor, runner, () if trial is None else trial.dev.sources)
        if trial is not None:
            made = graphs(predictor.network, rounded=True)
            files = folder.files(predictor, made.encoder.content(), made.step.content(), made.names, "int8")
            runner = checking.open_runner(_written(files, Path(room) / "int8"), threads)
            scores = quantising.scores(predictor, runner, trial)
            quantising.check_scores(scores)
    whole = folder.with_manifest(files)
    write_folder(out, whole, checking.open_runner, place.is_ours)
    sizes = {name: len(content) for name, content in whole.items()}
    return Exported(sizes, checked, scores, sum(map(len, plain)), otherwise)


def _written(files: dict[str, bytes], room: Path) -> Path:
    room.mkdir()
    for name, content in files.items():
        (room / name).write_bytes(content)
    return room
