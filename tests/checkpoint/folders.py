"""One small model, and a manifest for whatever somebody made of its folder."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import torch

from heedful.checkpoint import Checkpoint, LengthModel, TrainingState
from heedful.data.settings import Column, DataSettings
from heedful.data.vocabulary import Vocabulary
from heedful.evaluation.settings import EvaluationSettings
from heedful.model.seq2seq import Network
from heedful.model.settings import ModelSettings
from heedful.search.settings import SearchSettings

Edit: TypeAlias = Callable[[dict[str, Any]], object]


def unchanged(record: dict[str, Any]) -> object:
    """No edit."""
    return record


def make(update: int = 3, *, training: bool = True, **model: Any) -> Checkpoint:
    """A model of a few hundred weights, the same for the same update."""
    settings = ModelSettings.read({"embedding_size": 3, "hidden_size": 4, **model}, "model").resolved()
    letters, tags = Vocabulary(tuple("ab 안é⁇")), Vocabulary(("V", "PST"))
    with torch.random.fork_rng():
        torch.manual_seed(update)
        weights = Network(settings, (len(letters), len(tags)), len(letters)).state_dict()
        state = TrainingState({"update": update, "epoch": [1, 0.5, None]}, {"rng": torch.get_rng_state()})
    return Checkpoint(
        model=settings,
        data=DataSettings(
            train="secret/place.tsv",
            dev="secret/other.tsv",
            source=(Column(column=1), Column(column=3, unit="tags", split=";")),
            target=Column(column=2),
            min_count=2,
        ),
        search=SearchSettings(beam_size=7, length_penalty=0.3),
        evaluation=EvaluationSettings(lowercase=True),
        source_vocabularies=(letters, tags),
        target_vocabulary=letters,
        lengths=LengthModel(slope=1.25, margin=-0.5),
        weights=weights,
        metrics={"update": update, "dev": {"accuracy": {"value": 93.214, "low": 90.0, "high": 95.5}, "bleu": 31.5}},
        training=state if training else None,
    )


def vouch(folder: Path, edit: Edit = unchanged) -> None:
    """Rewrites the manifest to vouch for what stands in the folder now, as a hostile hand would; ``edit`` does the rest."""
    sums = {}
    for path in sorted(folder.iterdir()):
        if path.name != "manifest.json" and path.is_file():
            size = path.stat().st_size
            sums[path.name] = {
                "size": size,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest() if size < 1 << 28 else "0" * 64,
            }
    record = {"format": "heedful-model", "version": 1, "files": sums}
    edit(record)
    (folder / "manifest.json").write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
