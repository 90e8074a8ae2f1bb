"""The model card: what a model folder is, for whoever finds one."""

from collections.abc import Mapping

from heedful.checkpoint.formats import JSON
from heedful.data.settings import Column, DataSettings
from heedful.model.settings import ModelSettings


def card(
    model: ModelSettings,
    data: DataSettings,
    sizes: tuple[int, ...],
    numbers: int,
    metrics: Mapping[str, JSON],
    version: str,
) -> str:
    """A README in Markdown.

    ``sizes`` are of the vocabularies, the target's last; ``numbers`` counts the weights; the scores shown are those
    under ``metrics["dev"]``.
    """
    sides = [("source", column) for column in data.source] + [("target", data.target)]
    units = "\n".join(
        f"- {side}: {_units(column)}" + ("" if column.framed else f", {size:,} of them known")
        for (side, column), size in zip(sides, sizes, strict=True)
    )
    dev = metrics.get("dev")
    found = dev if isinstance(dev, Mapping) else {}
    scores = "\n".join(f"| {name} | {shown} |" for name, value in found.items() if (shown := _number(value)))
    table = f"| metric | on the dev set |\n|---|---|\n{scores}" if scores else "None were taken."
    attention = model.attention if model.attention == "fixed" else f"{model.attention} ({model.scorer}, {model.reach})"
    return f"""# A Heedful model

A recurrent encoder and decoder that turn one sequence into another, written by Heedful {version} (format 1).

- cells: {model.encoder_cell or model.cell} in the encoder{_direction(model)}, \
{model.decoder_cell or model.cell} in the decoder
- attention: {attention}
- sizes: embedding {model.embedding_size}, encoder {model.encoder_size or model.hidden_size} x \
{model.encoder_layers or model.num_layers}, decoder {model.hidden_size} x {model.decoder_layers or model.num_layers}; \
{numbers:,} weights
{units}

## Scores

{table}

## Use

    heedful predict THIS_FOLDER input.txt

```python
from heedful import Seq2Seq

model = Seq2Seq.load("THIS_FOLDER")
model.predict(["..."])
```

The weights are in safetensors, all else is JSON. `manifest.json` has each file's size and sha256: a folder that was
changed, this file included, is no longer loaded.
"""


def _units(column: Column) -> str:
    if column.framed:
        spelled = column.resolved().model_dump(exclude={"column", "unit"}, exclude_none=True)
        return f"{column.unit} ({', '.join(f'{key} {value}' for key, value in spelled.items())})"
    return column.unit if column.split is None else f"{column.unit} split by {column.split!r}"


def _number(value: JSON) -> str:
    """A score with its interval, or nothing for what is not a score."""
    if isinstance(value, Mapping) and "value" in value:
        low, high = value.get("low"), value.get("high")
        interval = f" ({_number(low)} to {_number(high)})" if _number(low) and _number(high) else ""
        return _number(value["value"]) + interval
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _direction(model: ModelSettings) -> str:
    return " (both directions)" if model.bidirectional else " (backwards)" if model.read_backwards else ""
