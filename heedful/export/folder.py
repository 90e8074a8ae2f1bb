"""What stands in an exported folder: two graphs, a table of words, the runner, how to use them, and sums that vouch for all."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from heedful import __version__
from heedful.codec import Codec
from heedful.data.settings import Column
from heedful.data.vocabulary import Vocabulary
from heedful.export import letters
from heedful.export.network import Names
from heedful.predictor import Predictor

ENCODER, STEP, MODEL, RUNNER, CARD, MANIFEST = (
    "encoder.onnx", "step.onnx", "model.json", "runner.py", "README.md", "manifest.json",
)  # fmt: skip
FORMAT, VERSION = "heedful-onnx", 1
PATTERNS = {"characters": ".", "words": "[^ \t\n\r]+", "symbols": "[^ \t\n\r]+"}
"""What finds units in a text, for ``re`` with dots that match everything; letters and jamo have ``letters.pattern``."""
NEEDS = {"python": "3.10", "numpy": "1.26", "onnxruntime": "1.20"}
"""The oldest versions that a runner is meant for."""
EXACT = {
    "float32": "",
    "int8": """
Weights are kept in bytes. In every product what is multiplied with them is rounded as it comes, each row to its own range, so
that an output does not depend on what else is in its batch, last digits aside.
""",
}
"""What there is to say about a precision."""
SEARCH = ("beam_size", "n_best", "length_penalty", "max_length", "min_length")


def files(predictor: Predictor, encoder: bytes, step: bytes, names: Names, precision: str) -> dict[str, bytes]:
    """Every file but the manifest."""
    return {
        ENCODER: encoder,
        STEP: step,
        MODEL: to_json(table(predictor, names, precision)),
        RUNNER: Path(__file__).with_name(RUNNER).read_bytes(),
        CARD: card(predictor, names, precision).encode(),
    }


def with_manifest(found: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files, and behind them the one that vouches for them."""
    sums = {
        name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in sorted(found.items())
    }
    return {**found, MANIFEST: to_json({"format": FORMAT, "version": VERSION, "files": sums})}


def to_json(value: Any) -> bytes:
    """A table as a file."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1).encode("utf-8", "surrogatepass")


def table(predictor: Predictor, names: Names, precision: str) -> dict[str, Any]:
    """All that the runner has to know: units and their ids, lengths, search settings, names of inputs and outputs.

    The first unit of a list has the id 4; 0 to 3 are padding, the unknown unit, the start and the end.
    """
    codec, search = predictor.codec, predictor.settings.model_dump(mode="json")
    return {
        "format": FORMAT,
        "version": VERSION,
        "heedful": __version__,
        "precision": precision,
        "source": [
            source_side(column, vocabulary)
            for column, vocabulary in zip(codec.data.source, codec.source_vocabularies, strict=True)
        ],
        "target": {
            "unit": codec.data.target.unit,
            "split": codec.data.target.split,
            "attention": names.weights is not None,
            "units": list(codec.target_vocabulary.units),
        },
        "lengths": codec.lengths.model_dump(mode="json"),
        "search": {key: search[key] for key in SEARCH},
        "names": names._asdict() | {"weights": [] if names.weights is None else [names.weights]},
    }


def source_side(column: Column, vocabulary: Vocabulary) -> dict[str, Any]:
    """One source column: how its texts are split, and its units."""
    pattern = letters.pattern() if column.unit in ("letters", "jamo") else PATTERNS.get(column.unit)
    return {"unit": column.unit, "split": column.split, "pattern": pattern, "units": list(vocabulary.units)}


def card(predictor: Predictor, names: Names, precision: str) -> str:
    """A README in Markdown."""
    codec = predictor.codec
    columns = len(codec.data.source)
    between = "" if columns == 1 else f" ({columns} columns, tabs between them)"
    inputs = "\n".join(
        f"- `{ids}` int64 (sentence, width): ids of source column {place}, 0 behind their ends; "
        f"`{lengths}` int64 (sentence): how many of them are real"
        for place, (ids, lengths) in enumerate(names.sources, start=1)
    )
    looked = "" if names.weights is None else f", `{names.weights}` (row, position): where each hypothesis looked"
    held = ", ".join(f"`{name}`" for name in names.held) or "nothing"
    state = ", ".join(f"`{name}`" for name in names.state)
    return f"""# A Heedful model in ONNX

{sentence(codec)} Written by Heedful {__version__}, {precision}.
{EXACT[precision]}
With Python {NEEDS["python"]} or newer:

    pip install 'numpy>={NEEDS["numpy"]}' 'onnxruntime>={NEEDS["onnxruntime"]}'
    python runner.py THIS_FOLDER < sources.txt > outputs.txt

A line is a source{between}, a line of the output belongs to it. Where a line can't be read or the model knows no unit of
it, nothing is answered, and a line on standard error says which one. From Python:

```python
from runner import Runner

found = Runner("THIS_FOLDER").predict(["..."], beam_size=5, n_best=3)
found[0]["hypotheses"][0]  # text, score, log_prob, log_probs, units, attention
```

## For other languages

`encoder.onnx` runs once a batch of sentences, `step.onnx` once a unit; `runner.py` is the loop between them, search included, and
`model.json` has units, ids (the first unit of a list has the id 4; 0 to 3 are padding, the unknown unit, start and end), search
settings and these names.

{inputs}
- held for each sentence, from the encoder to every step: {held}
- moving with each hypothesis: {state}; a step gives them back as `next_...`. The encoder gives the first ones, a row a sentence
- a step takes `{names.previous}` int64 (row), the unit before (2 at first), and gives `{names.logits}` (row, vocab){looked}

Rows are sentence-major: the hypotheses of a sentence stand together, and every sentence has equally many. Sentences, positions
and rows are free; nothing is frozen to an example. `manifest.json` has each file's size and sha256.
"""


def sentence(codec: Codec) -> str:
    """From which units to which."""
    sources = " and ".join(
        f"{column.unit} ({len(vocabulary.units):,} known)"
        for column, vocabulary in zip(codec.data.source, codec.source_vocabularies, strict=True)
    )
    return f"From {sources} to {codec.data.target.unit} ({len(codec.target_vocabulary.units):,} known)."
