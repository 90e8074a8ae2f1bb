"""Random models whose outputs have many lengths, sources for them, and folders with their graphs."""

import random
from pathlib import Path
from typing import Any

import pytest
import torch

from heedful.checkpoint import Checkpoint, LengthModel
from heedful.codec import Codec, Row
from heedful.contracts import END
from heedful.data.settings import DataSettings
from heedful.data.vocabulary import Vocabulary
from heedful.evaluation.settings import EvaluationSettings
from heedful.export import checking, folder
from heedful.export.network import graphs
from heedful.predictor import Predictor
from heedful.search.settings import SearchSettings
from tests.conformance import networks

pytest.importorskip("onnx", reason="the extra heedful[onnx] is not installed")
pytest.importorskip("onnxruntime", reason="the extra heedful[onnx] is not installed")

LETTERS, TAGS, TARGET = tuple("abcdefg"), ("V", "N", "PL", "SG"), tuple("xyzw가é")
ONE = DataSettings.model_validate({"source": [{"unit": "letters"}]})
TWO = DataSettings.model_validate(
    {"source": [{"unit": "letters"}, {"column": 3, "unit": "tags", "split": ";"}], "target": {"unit": "symbols"}}
)
LENGTHS, BATCHES = (1, 2, 3, 5, 8, 13, 21, 34), (1, 3, 7)


def predictor(
    wiring: dict[str, Any] | None = None, data: DataSettings = ONE, seed: int = 1, scale: float = 0.6
) -> Predictor:
    """A random model of these settings; a greater ``scale`` makes its outputs more various, and a large network chaotic."""
    sources = (Vocabulary(LETTERS), Vocabulary(TAGS))[: len(data.source)]
    codec = Codec(data, sources, Vocabulary(TARGET), LengthModel(slope=1.0, margin=2.0))
    settings = networks.settings(**(wiring or {"attention": "luong"}))
    torch.manual_seed(seed)
    network = networks.Network(settings, [len(each) for each in sources], len(codec.target_vocabulary)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=scale)
        network.output_bias[END] -= 1.0  # outputs of every length
    return Predictor(network, codec, SearchSettings(beam_size=4, n_best=3))


def checkpoint(model: Predictor) -> Checkpoint:
    """The model as it comes out of a folder."""
    return Checkpoint(
        model=model.network.settings,
        data=model.codec.data,
        search=model.settings,
        evaluation=EvaluationSettings(metrics=("accuracy",)),
        source_vocabularies=model.codec.source_vocabularies,
        target_vocabulary=model.codec.target_vocabulary,
        lengths=model.codec.lengths,
        weights=model.network.state_dict(),
    )


def runner_of(model: Predictor, place: Path, *, rounded: bool = False) -> Any:
    """The runner of the model's graphs, written to this folder."""
    made = graphs(model.network, rounded=rounded)
    place.mkdir(exist_ok=True)
    files = folder.files(model, made.encoder.content(), made.step.content(), made.names, "float32")
    for name, content in files.items():
        (place / name).write_bytes(content)
    return checking.open_runner(place, 1)


def sources(count: int, data: DataSettings = ONE, longest: int = 12, seed: int = 2) -> list[Row]:
    """Random sources, the first as long as can be; with up to three tags where the model reads tags."""
    draw = random.Random(seed)
    rows: list[Row] = []
    for number in range(count):
        word = "".join(draw.choices(LETTERS, k=draw.randint(1, longest) if number else longest))
        rows.append((word,) if len(data.source) == 1 else (word, ";".join(draw.sample(TAGS, draw.randint(0, 3)))))
    return rows


def given(rows: list[Row]) -> list[str]:
    """Sources as lines."""
    return ["\t".join(map(str, row)) for row in rows]
