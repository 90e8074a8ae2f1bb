"""Small random networks of every kind, and sources for them."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from heedful.contracts import RESERVED, Source
from heedful.model.attention import SCORERS
from heedful.model.decoder import DECODERS
from heedful.model.reach import REACHES
from heedful.model.seq2seq import Network
from heedful.model.settings import ModelSettings

SOURCE_UNITS, TARGET_UNITS = 11, 9
"""Sizes of the vocabularies, reserved ids included."""

VARIANTS: dict[str, list[dict[str, Any]]] = {
    "fixed": [{}, {"feed_context": True}],
    "luong": [{}, {"input_feeding": True}],
}
"""Settings that a wiring of its own has; any other wiring comes as it is."""


def wirings() -> Iterator[dict[str, Any]]:
    """Every wiring, in every variant, with every scorer and every reach."""
    for attention in DECODERS:
        for variant in VARIANTS.get(attention, [{}]):
            if attention == "fixed":
                yield {"attention": attention, **variant}
                continue
            for scorer in SCORERS:
                for reach in REACHES:
                    window = {} if reach == "global" else {"window": 2}
                    yield {"attention": attention, "scorer": scorer, "reach": reach, **window, **variant}


def name(given: dict[str, Any]) -> str:
    """What pytest calls these settings."""
    return "-".join(key if value is True else str(value) for key, value in given.items() if key != "window")


def settings(**given: Any) -> ModelSettings:
    """Two layers of small odd sizes; memory and decoder state differ in size where the scorer allows that."""
    encoder_size = 6 if given.get("scorer") == "dot" else 8
    small = {"embedding_size": 5, "hidden_size": 6, "encoder_size": encoder_size, "num_layers": 2, "dropout": 0.0}
    return ModelSettings.model_validate(small | given)


def network(given: ModelSettings, seed: int = 0, columns: int = 1, dtype: torch.dtype = torch.float64) -> Network:
    """A network of weights large enough that every part of it matters."""
    torch.manual_seed(seed)
    made = Network(given, [SOURCE_UNITS] * columns, TARGET_UNITS).to(dtype).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.3)
    return made


def source(*lengths: int, padding: int = 0, seed: int = 0) -> Source:
    """A source of one column, with a row of random units for each length; padding holds units too, to be ignored."""
    generator = torch.Generator().manual_seed(seed)
    width = max(lengths)
    ids = torch.randint(RESERVED, SOURCE_UNITS, (len(lengths), width), generator=generator)
    ids = torch.nn.functional.pad(ids, (0, padding), value=RESERVED)
    return Source((ids,), (torch.arange(width + padding) < torch.tensor(lengths)[:, None],))


def units(rows: int, time: int, seed: int = 1) -> Tensor:
    """Random target units (rows, time)."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(RESERVED, TARGET_UNITS, (rows, time), generator=generator)


def rows_of(source: Source, rows: list[int]) -> Source:
    """These rows, cut to the longest of them."""
    width = int(source.real[0][rows].sum(dim=1).max())
    return Source(
        tuple(column[rows, :width] for column in source.columns), tuple(real[rows, :width] for real in source.real)
    )
