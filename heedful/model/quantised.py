"""The packed network in eight-bit integers: for search, where the processor multiplies bytes.

Weights are rounded once, each output column to its own scale; rows are rounded at every step to the range that they have
(dynamic quantisation). The cells' gates, attention and the encoder stay in float32: they are a small part of the work.
"""

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from heedful.contracts import Stepper
from heedful.errors import SettingsError
from heedful.model.cells import Cell, State
from heedful.model.decoder import Moving
from heedful.model.packed import Packed, packable
from heedful.model.seq2seq import Network
from heedful.native.calls import Kernels
from heedful.native.layout import CellPacked

FEW = 16
"""Up to so many rows FBGEMM is quicker, above oneDNN."""


def can() -> bool:
    """Whether this processor and this PyTorch multiply bytes quickly."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    engines = torch.backends.quantized.supported_engines
    return ("avx512_vnni" in flags or "avx_vnni" in flags) and {"fbgemm", "onednn"} <= set(engines)


class _Rounded:
    """Weights (columns, inner) in bytes, and a product of float rows with them."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        scales = (weight.detach().abs().amax(dim=1) / 127).clamp(min=1e-12)
        offsets = torch.zeros(len(weight), dtype=torch.int64)
        engine = torch.backends.quantized.engine
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch moves this elsewhere one day; a test says when it is gone
            rounded = torch.quantize_per_channel(weight.detach(), scales, offsets, 0, torch.qint8)
            try:
                torch.backends.quantized.engine = "fbgemm"
                self.few = torch.ops.quantized.linear_prepack(rounded, bias)
                torch.backends.quantized.engine = "onednn"
                self.many = torch.ops.quantized.linear_prepack(rounded, bias)
            finally:
                torch.backends.quantized.engine = engine

    def __call__(self, rows: Tensor) -> Tensor:
        """Products of rows (row, inner) with the weights, and the bias."""
        return torch.ops.quantized.linear_dynamic(rows, self.few if len(rows) <= FEW else self.many, reduce_range=False)


class QuantisedProduct:
    """A linear layer of the decoder."""

    def __init__(self, found: Kernels, weight: Tensor, bias: Tensor | None) -> None:
        self.weight = _Rounded(weight, bias)

    def __call__(self, rows: Tensor, beside: Tensor | None = None, *, tanh: bool = False) -> Tensor:
        """The layer's outputs for [rows, beside]."""
        made = self.weight(rows if beside is None else torch.cat([rows, beside], dim=1))
        return made.tanh_() if tanh else made


class QuantisedCell:
    """A decoder cell: its products in bytes, its gates in float32."""

    def __init__(self, found: Kernels, cell: Cell, entering: Tensor, table: Tensor | None) -> None:
        self.found, self.table, self.size = found, table, cell.hidden_size
        self.name, self.own = str(cell.compiled), cell.own_bias
        bias = cell.bias if table is None else None
        if self.own is None:  # what enters and what was meet in one sum
            self.together = _Rounded(torch.cat([entering, cell.hidden_weight], dim=1), bias)
        else:
            self.outside = _Rounded(entering, bias) if entering.shape[1] else None
            self.inside = _Rounded(cell.hidden_weight, None)

    def __call__(self, entering: list[Tensor], state: State, ids: Tensor | None) -> State:
        """One step."""
        told = None if self.table is None or ids is None else self.table.index_select(0, ids)
        own = None
        if self.own is None:
            sums = self.together(torch.cat([*entering, state[0]], dim=1))
            x = sums if told is None else sums.add_(told)
        else:
            inside = self.inside(state[0])
            x = told if self.outside is None else self.outside(torch.cat(entering, dim=1))
            if x is None:
                raise TypeError("nothing enters the cell")
            x = x if told is None or self.outside is None else x.add_(told)
            x[:, : 2 * self.size] += inside[:, : 2 * self.size]
            own = inside[:, 2 * self.size :].add(self.own)
        after = tuple(torch.empty_like(part) for part in state)
        self.found.step(CellPacked(x, self.name, self.size, 0, own), [], state, after, x=x)
        return after


class Quantised(Packed):
    """See ``Packed``; scores differ from the network's in the second or third digit, outputs seldom."""

    product = QuantisedProduct
    cell = QuantisedCell


def quantised_stepper(network: Network) -> Stepper[Any, Moving]:
    """The network in eight-bit integers.

    Raises:
        SettingsError: this machine can't.
    """
    found = packable(network)
    if found is None or not can():
        why = "this processor has no instructions for it" if found is not None else "it needs the compiled loops (g++)"
        raise SettingsError(f"search.precision = 'int8': {why}; use precision = 'float32'")
    with torch.inference_mode():
        return Quantised(network, found)
