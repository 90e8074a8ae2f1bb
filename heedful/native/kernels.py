"""The compiled loops as functions of tensors: float32 on the processor, last axis contiguous.

Nothing is checked here for users; callers decide with ``usable`` and hand over what fits.
"""

import ctypes
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

from heedful.native import build

PANEL, LANES = 64, 16
GATES = {"lstm": 4, "gru": 3, "rnn": 1}
KEPT = {"lstm": 4, "gru": 4, "rnn": 1}
_PACKED = {"lstm": (4, 16), "gru": (3, 16), "rnn": (4, 64)}
"""Vectors of a panel, and the units that it is about."""


class Packed(NamedTuple):
    """Weights in panels, for ``product``."""

    data: Tensor
    columns: int
    inner: int


class CellPacked(NamedTuple):
    """A cell's weights for all that enters it, in panels."""

    data: Tensor
    cell: str
    size: int
    inner: int


class _Segment(ctypes.Structure):
    _fields_ = (("a", ctypes.c_void_p), ("stride", ctypes.c_long), ("inner", ctypes.c_long), ("state", ctypes.c_long))


class _Step(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_long), ("segments", ctypes.c_long), ("segment", _Segment * 3), ("packed", ctypes.c_void_p),
        ("x", ctypes.c_void_p), ("x_stride", ctypes.c_long), ("ids", ctypes.c_void_p), ("bias", ctypes.c_void_p),
        ("own", ctypes.c_void_p), ("h_before", ctypes.c_void_p), ("c_before", ctypes.c_void_p),
        ("h_before_stride", ctypes.c_long), ("c_before_stride", ctypes.c_long), ("h", ctypes.c_void_p),
        ("c", ctypes.c_void_p), ("gates", ctypes.c_void_p), ("h_stride", ctypes.c_long), ("c_stride", ctypes.c_long),
        ("gates_stride", ctypes.c_long),
    )  # fmt: skip


class _Lane(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_void_p)
        for name in ("x", "packed", "own", "h0", "c0", "y", "gates", "c", "h_last", "c_last", "scratch")
    ) + (("y_stride", ctypes.c_long), ("backwards", ctypes.c_long))


class _Return(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_void_p) for name in ("packed", "h0", "c0", "y", "c", "dy", "gates", "dh", "dc", "scratch")
    ) + (("y_stride", ctypes.c_long), ("dy_stride", ctypes.c_long), ("backwards", ctypes.c_long))


def _at(tensor: Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()


_P, _L, _I, _F = ctypes.c_void_p, ctypes.c_long, ctypes.c_int, ctypes.c_float
_SIGNATURES: dict[str, tuple[type, ...]] = {
    "pack": (_P, _L, _L, _L, _L, _P, _I),
    "product": (_P, _L, _L, _L, _P, _L, _L, _P, _L, _P, _P, _L, _I, _I, _I),
    "attend": (_P, _L, _P, _P, _P, _P, _L, _L, _L, _L, _L, _P, _L, _P, _L, _I),
    "attend_back": (_P, _L, _P, _L, _P, _L, _P, _L, _P, _P, _P, _L, _L, _L, _L, _P, _L, _P, _L, _P, _P, _I),
    "cross_entropy": (_P, _L, _L, _L, _P, _P, _F, _F, _P, _I),
    "flush": (_I, _I),
    "squares": (_P, _P, _L, _P, _I),
    "top": (_P, _L, _L, _L, _L, _L, _P, _P, _P, _P, _I),
}
for _cell in GATES:
    _SIGNATURES[f"step_{_cell}"] = (_P, _L, _I)
    _SIGNATURES[f"scan_{_cell}"] = _SIGNATURES[f"scan_back_{_cell}"] = (_P, _L, _L, _L, _L, _P, _I)
    _SIGNATURES[f"back_{_cell}"] = (_L, _L, _P, _L, _P, _L, _P, _L, _P, _L, _P, _L, _P, _P, _P, _I)
    _SIGNATURES[f"pack_{_cell}"] = (_P, _L, _L, _L, _P, _L, _L, _I)


class Start(NamedTuple):
    """Where a direction begins and what it is: a cell's start state (h, c or None), its weights, which way it reads."""

    h: Tensor
    c: Tensor | None
    packed: CellPacked
    own: Tensor | None
    backwards: bool


class Kept(NamedTuple):
    """What a direction's forward pass leaves for the way back: gates (GRU: n r z m) and the memory cell, all positions."""

    gates: Tensor | None
    c: Tensor | None


class Kernels:
    """The compiled loops."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._calls = {}
        for name, arguments in _SIGNATURES.items():
            function = getattr(library, f"heedful_{name}")
            function.argtypes, function.restype = list(arguments), None
            self._calls[name] = function

    def norm(self, tensors: Sequence[Tensor]) -> float:
        """The Euclidean norm of all of them together, in one pass."""
        count = len(tensors)
        stretches = (ctypes.c_void_p * count)(*[each.data_ptr() for each in tensors])
        sizes = (ctypes.c_long * count)(*[each.numel() for each in tensors])
        found = ctypes.c_double()
        self._calls["squares"](
            ctypes.addressof(stretches), ctypes.addressof(sizes), count, ctypes.addressof(found), torch.get_num_threads()
        )
        return math.sqrt(found.value) if found.value >= 0 else math.nan

    def flush(self, *, on: bool) -> None:
        """Whether numbers too small for the usual form count as zero, in every thread that works for PyTorch."""
        self._calls["flush"](on, torch.get_num_threads())

    def pack(self, weight: Tensor) -> Packed:
        """Weights (columns, inner), in whatever strides, for products with rows (row, inner)."""
        columns, inner = weight.shape
        data = weight.new_empty((columns + PANEL - 1) // PANEL * PANEL * inner)
        self._calls["pack"](
            weight.data_ptr(), columns, inner, weight.stride(0), weight.stride(1), data.data_ptr(), torch.get_num_threads()
        )
        return Packed(data, columns, inner)

    def product(
        self, rows: Tensor, packed: Packed, bias: Tensor | None = None, out: Tensor | None = None, *,
        beside: Tensor | None = None, add: bool = False, tanh: bool = False,
    ) -> Tensor:  # fmt: skip
        """[rows, beside] (row, inner) times the packed weights, (row, columns); into ``out`` or added to it."""
        if out is None:
            out = rows.new_empty(rows.shape[0], packed.columns)
        self._calls["product"](
            rows.data_ptr(), rows.shape[0], rows.shape[1], rows.stride(0), _at(beside), packed.inner - rows.shape[1],
            0 if beside is None else beside.stride(0), packed.data.data_ptr(), packed.columns, _at(bias), out.data_ptr(), out.stride(0), add, tanh, torch.get_num_threads(),
        )  # fmt: skip
        return out

    def pack_cell(self, cell: str, parts: Sequence[Tensor], size: int) -> CellPacked:
        """A cell's weights (gates x size, inner) for what enters it, part after part; the state's own part last."""
        vectors, units = _PACKED[cell]
        inner = sum(part.shape[1] for part in parts)
        data = parts[0].new_empty((size + units - 1) // units * vectors * LANES * inner)
        offset = 0
        for part in parts:
            self._calls[f"pack_{cell}"](
                part.data_ptr(), size, part.shape[1], part.stride(0), data.data_ptr(), offset, inner,
                torch.get_num_threads(),
            )  # fmt: skip
            offset += part.shape[1]
        return CellPacked(data, cell, size, inner)

    def step(
        self, packed: CellPacked, entering: Sequence[Tensor], before: Sequence[Tensor], after: Sequence[Tensor], *,
        x: Tensor | None = None, ids: Tensor | None = None, bias: Tensor | None = None, own: Tensor | None = None,
        gates: Tensor | None = None,
    ) -> None:  # fmt: skip
        """One step: from what enters (row, features) and the state before to the state ``after``, written.

        ``x`` is W x + b, a row each, or a table in which ``ids`` look their rows up; ``gates`` keeps what the way
        back needs.
        """
        step = _Step()
        step.size, step.segments = packed.size, len(entering) + 1
        segments = step.segment
        for place, each in enumerate((*entering, before[0])):
            segments[place] = (each.data_ptr(), each.stride(0), each.shape[1], place == len(entering))
        step.packed = packed.data.data_ptr()
        if x is not None:
            step.x, step.x_stride = x.data_ptr(), x.stride(0)
        step.ids, step.bias, step.own = _at(ids), _at(bias), _at(own)
        step.h_before, step.h_before_stride = before[0].data_ptr(), before[0].stride(0)
        step.h, step.h_stride = after[0].data_ptr(), after[0].stride(0)
        if len(before) > 1:
            step.c_before, step.c_before_stride = before[1].data_ptr(), before[1].stride(0)
            step.c, step.c_stride = after[1].data_ptr(), after[1].stride(0)
        if gates is not None:
            step.gates, step.gates_stride = gates.data_ptr(), gates.stride(0)
        self._calls[f"step_{packed.cell}"](ctypes.addressof(step), before[0].shape[0], torch.get_num_threads())

    def back(
        self, cell: str, gates: Tensor, h: Tensor, h_before: Tensor, c: Tensor | None, c_before: Tensor | None,
        again: Tensor, dh: Tensor, dc: Tensor | None,
    ) -> None:  # fmt: skip
        """The way back of one step, but for its products: ``gates``, ``dh`` and ``dc`` become gradients in place.

        ``again`` (row, gates) is what the state's weights see: dh += again U completes dh.
        """
        rows, size = dh.shape
        self._calls[f"back_{cell}"](
            rows, size, gates.data_ptr(), gates.stride(0), h.data_ptr(), h.stride(0), h_before.data_ptr(),
            h_before.stride(0), _at(c), 0 if c is None else c.stride(0), _at(c_before),
            0 if c_before is None else c_before.stride(0), again.data_ptr(), dh.data_ptr(), _at(dc),
            torch.get_num_threads(),
        )  # fmt: skip

    def scan(
        self, projected: Sequence[Tensor], starts: Sequence[Start], lengths: Tensor | None, *, keep: bool
    ) -> tuple[Tensor, list[tuple[Tensor, ...]], list[Kept]]:
        """Whole sequences, each direction from its projected inputs W x + b (batch, time, gates x size).

        Returns all hidden states side by side (batch, time, directions x size), zero on padding; the last states; and,
        with ``keep``, what ``scan_back`` needs (LSTM: the gates take the place of the projected inputs).
        """
        batch, time = projected[0].shape[:2]
        first = starts[0].packed
        cell, size = first.cell, first.size
        outputs = projected[0].new_empty(batch, time, len(starts) * size)
        lanes = (_Lane * len(starts))()
        lasts: list[tuple[Tensor, ...]] = []
        kept: list[Kept] = []
        alive: list[Tensor] = []
        for place, (lane, x, start) in enumerate(zip(lanes, projected, starts, strict=True)):
            gates = (x if cell == "lstm" else x.new_empty(batch, time, 4 * size)) if keep and cell != "rnn" else None
            c = x.new_empty(batch, time, size) if keep and start.c is not None else None
            last = (torch.empty_like(start.h),) if start.c is None else (torch.empty_like(start.h), torch.empty_like(start.h))
            scratch = x.new_empty(3 * batch * size)
            alive.append(scratch)
            lane.x, lane.packed, lane.own = x.data_ptr(), start.packed.data.data_ptr(), _at(start.own)
            lane.h0, lane.c0 = start.h.data_ptr(), _at(start.c)
            lane.y, lane.y_stride = outputs.data_ptr() + 4 * place * size, len(starts) * size
            lane.gates, lane.c, lane.scratch = _at(gates), _at(c), scratch.data_ptr()
            lane.h_last, lane.c_last = last[0].data_ptr(), _at(last[1]) if len(last) > 1 else None
            lane.backwards = start.backwards
            lasts.append(last)
            kept.append(Kept(gates, c))
        self._calls[f"scan_{cell}"](
            ctypes.addressof(lanes), len(starts), batch, time, size, _at(lengths), torch.get_num_threads()
        )
        return outputs, lasts, kept

    def scan_back(
        self, outputs: Tensor, d_outputs: Tensor | None, starts: Sequence[Start], kept: Sequence[Kept],
        d_lasts: Sequence[Sequence[Tensor]], again: Sequence[Packed], lengths: Tensor | None,
    ) -> list[Tensor]:  # fmt: skip
        """The way back of ``scan``: gradients of the gates (batch, time, kept), in place of what was kept.

        ``d_lasts`` are the gradients of the last states, and become those of the start states.
        """
        batch, time = outputs.shape[:2]
        first = starts[0].packed
        cell, size = first.cell, first.size
        lanes = (_Return * len(starts))()
        alive: list[Tensor] = []
        gradients: list[Tensor] = []
        for place, lane in enumerate(lanes):
            start, keep, d_last = starts[place], kept[place], d_lasts[place]
            gates = outputs.new_empty(batch, time, size) if keep.gates is None else keep.gates
            scratch = outputs.new_empty(2 * batch * GATES[cell] * size)
            alive.append(scratch)
            gradients.append(gates)
            lane.packed, lane.h0, lane.c0 = again[place].data.data_ptr(), start.h.data_ptr(), _at(start.c)
            lane.y, lane.y_stride = outputs.data_ptr() + 4 * place * size, outputs.stride(1)
            lane.c, lane.gates, lane.scratch = _at(keep.c), gates.data_ptr(), scratch.data_ptr()
            if d_outputs is not None:
                lane.dy, lane.dy_stride = d_outputs.data_ptr() + 4 * place * size, d_outputs.stride(1)
            lane.dh, lane.dc = d_last[0].data_ptr(), d_last[1].data_ptr() if len(d_last) > 1 else None
            lane.backwards = start.backwards
        self._calls[f"scan_back_{cell}"](
            ctypes.addressof(lanes), len(starts), batch, time, size, _at(lengths), torch.get_num_threads()
        )
        return gradients

    def attend(
        self, query: Tensor, keys: Tensor, value: Tensor | None, memory: Tensor, real: Tensor, weights: Tensor,
        context: Tensor,
    ) -> None:  # fmt: skip
        """A query (row, size) against its sentence's keys: weights (row, position) and context (row, features), written."""
        self._calls["attend"](
            query.data_ptr(), query.stride(0), keys.data_ptr(), _at(value), memory.data_ptr(), real.data_ptr(),
            query.shape[0], keys.shape[0], keys.shape[1], keys.shape[2], memory.shape[2], weights.data_ptr(),
            weights.stride(0), context.data_ptr(), context.stride(0), torch.get_num_threads(),
        )  # fmt: skip

    def attend_back(
        self, d_context: Tensor, d_weights: Tensor | None, weights: Tensor, query: Tensor, keys: Tensor,
        value: Tensor | None, memory: Tensor, d_scores: Tensor, d_query: Tensor, d_keys: Tensor | None,
        d_value: Tensor | None,
    ) -> None:  # fmt: skip
        """The way back of ``attend`` with one query a sentence: ``d_scores`` and ``d_query`` written, the others added to."""
        self._calls["attend_back"](
            d_context.data_ptr(), d_context.stride(0), _at(d_weights), 0 if d_weights is None else d_weights.stride(0),
            weights.data_ptr(), weights.stride(0), query.data_ptr(), query.stride(0), keys.data_ptr(), _at(value),
            memory.data_ptr(), query.shape[0], keys.shape[1], keys.shape[2], memory.shape[2], d_scores.data_ptr(),
            d_scores.stride(0), d_query.data_ptr(), d_query.stride(0), _at(d_keys), _at(d_value), torch.get_num_threads(),
        )  # fmt: skip

    def cross_entropy(self, logits: Tensor, bias: Tensor, targets: Tensor, smoothing: float, scale: float) -> Tensor:
        """Losses of the rows; the logits (row, vocab), to which the bias comes, become the gradient of scale x their sum."""
        losses = logits.new_empty(logits.shape[0])
        self._calls["cross_entropy"](
            logits.data_ptr(), logits.shape[0], logits.shape[1], logits.stride(0), bias.data_ptr(), targets.data_ptr(), smoothing,
            scale, losses.data_ptr(), torch.get_num_threads(),
        )  # fmt: skip
        return losses

    def top(self, logits: Tensor, begin: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """The ``count`` highest of columns ``begin`` on, their columns (counted from there), and each row's logsumexp."""
        rows, columns = logits.shape
        values, normalisers = logits.new_empty(rows, count), logits.new_empty(rows)
        places = torch.empty(rows, count, dtype=torch.int64)
        maxima = logits.new_empty(rows * ((columns - begin + 63) // 64))
        self._calls["top"](
            logits.data_ptr(), rows, columns, logits.stride(0), begin, count, values.data_ptr(), places.data_ptr(),
            normalisers.data_ptr(), maxima.data_ptr(), torch.get_num_threads(),
        )  # fmt: skip
        return values, places, normalisers


class _Chosen:
    """What this process uses. The first who asks decides; only ``prepare`` and ``switched`` change it."""

    kernels: Kernels | None = None
    decided = False


def active() -> Kernels | None:
    """The compiled loops if this process uses them. Where they are not built yet, they are built aside for the next."""
    if not _Chosen.decided:
        _choose(build.library(wait=False))
    return _Chosen.kernels


def prepare() -> bool:
    """Builds the loops first if need be (a few seconds, once a machine); returns whether they are used from now on."""
    if _Chosen.kernels is None:
        _choose(build.library(wait=True))
    return _Chosen.kernels is not None


def _choose(library: ctypes.CDLL | None) -> None:
    _Chosen.decided = True
    try:
        _Chosen.kernels = None if library is None else Kernels(library)
    except AttributeError:  # a library of another make
        _Chosen.kernels = None


@contextmanager
def flushed() -> Iterator[None]:
    """Within: numbers below the smallest normal one count as zero. Well-trained attention makes many, and they are slow."""
    found = _Chosen.kernels
    torch.set_flush_denormal(True)
    if found is not None:
        found.flush(on=True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        if found is not None:
            found.flush(on=False)


@contextmanager
def switched(*, on: bool) -> Iterator[bool]:
    """Within: compiled loops on (if they can be had; the value says whether) or off."""
    before = (_Chosen.kernels, _Chosen.decided)
    if on:
        prepare()
    else:
        _Chosen.kernels, _Chosen.decided = None, True
    try:
        yield _Chosen.kernels is not None
    finally:
        _Chosen.kernels, _Chosen.decided = before


def usable(*tensors: Tensor | None) -> bool:
    """Whether these can be handed over: float32 on the processor, in one piece, and no autocast about."""
    if torch.is_autocast_enabled("cpu"):
        return False
    return all(
        each is None or (each.dtype == torch.float32 and each.device.type == "cpu" and each.is_contiguous())
        for each in tensors
    )
