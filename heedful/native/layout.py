"""What passes between Python and the compiled loops: packed weights, starts, and structures as C++ lays them out."""

import ctypes
from typing import NamedTuple

from torch import Tensor

PANEL, LANES = 64, 16
GATES = {"lstm": 4, "gru": 3, "rnn": 1}
KEPT = {"lstm": 4, "gru": 4, "rnn": 1}
CELL_PANELS = {"lstm": (4, 16), "gru": (3, 16), "rnn": (4, 64)}
"""Vectors of a panel, and the units that it is about."""


class Packed(NamedTuple):
    """Weights in panels, for ``product``."""

    data: Tensor
    columns: int
    inner: int


class CellPacked(NamedTuple):
    """A cell's weights for all that enters it, in panels; and GRU's bias inside the recurrence."""

    data: Tensor
    cell: str
    size: int
    inner: int
    own: Tensor | None


class Start(NamedTuple):
    """Where a direction begins and what it is: a cell's start state (h, c or None), its weights, which way it reads."""

    h: Tensor
    c: Tensor | None
    packed: CellPacked
    backwards: bool


class Kept(NamedTuple):
    """What a direction's forward pass leaves for the way back: gates (GRU: n r z m) and the memory cell, all positions."""

    gates: Tensor | None
    c: Tensor | None


class Lookup(NamedTuple):
    """What queries are compared with, one row a sentence: keys, an additive scorer's value or None, memory, what is real."""

    keys: Tensor
    value: Tensor | None
    memory: Tensor
    real: Tensor


_P, _L, _I, _F = ctypes.c_void_p, ctypes.c_long, ctypes.c_int, ctypes.c_float
Fields = tuple[tuple[str, type], ...]


def _pointers(*names: str) -> Fields:
    return tuple((name, _P) for name in names)


def _longs(*names: str) -> Fields:
    return tuple((name, _L) for name in names)


class BoundsStruct(ctypes.Structure):
    """``Bounds`` of search.cpp."""

    _fields_ = (*_pointers("shortest", "longest", "forced"), ("time", ctypes.c_int64))


class SegmentStruct(ctypes.Structure):
    """``Segment`` of scan.cpp."""

    _fields_ = (*_pointers("a"), *_longs("stride", "inner", "state"))


class StepStruct(ctypes.Structure):
    """``Step`` of scan.cpp."""

    _fields_ = (
        *_longs("size", "segments"), ("segment", SegmentStruct * 3), *_pointers("packed", "x"), *_longs("x_stride"),
        *_pointers("ids", "bias", "own"), *_longs("own_stride"), *_pointers("h_before", "c_before"),
        *_longs("h_before_stride", "c_before_stride"),
        *_pointers("h", "c", "gates"), *_longs("h_stride", "c_stride", "gates_stride"),
    )  # fmt: skip


class LaneStruct(ctypes.Structure):
    """``Lane`` of scan.cpp."""

    _fields_ = (
        *_pointers("x", "packed", "own", "h0", "c0", "y", "gates", "c", "h_last", "c_last", "scratch"),
        *_longs("y_stride", "backwards"),
    )


class ReturnStruct(ctypes.Structure):
    """``Return`` of scan.cpp."""

    _fields_ = (
        *_pointers("packed", "h0", "c0", "y", "c", "dy", "gates", "dh", "dc", "scratch"),
        *_longs("y_stride", "dy_stride", "backwards"),
    )


SIGNATURES: dict[str, tuple[type, ...]] = {
    "pack": (_P, _L, _L, _L, _L, _P, _I),
    "product": (_P, _L, _L, _L, _P, _L, _L, _P, _L, _P, _P, _L, _I, _I, _I),
    "attend": (_P, _L, _P, _P, _P, _P, _L, _L, _L, _L, _L, _P, _L, _P, _L, _I),
    "attend_back": (_P, _L, _P, _L, _P, _L, _P, _L, _P, _P, _P, _L, _L, _L, _L, _P, _L, _P, _L, _P, _P, _I),
    "cross_entropy": (_P, _L, _L, _L, _P, _P, _F, _F, _P, _I),
    "flush": (_I, _I),
    "squares": (_P, _P, _L, _P, _I),
    "choose": (_P, _L, _L, _L, _L, _L, _L, _L, _P, _P, _P, _P, _P, _P, _I),
    "top": (_P, _L, _L, _L, _L, _L, _P, _P, _P, _P, _I),
}
for _cell in GATES:
    SIGNATURES[f"step_{_cell}"] = (_P, _L, _I)
    SIGNATURES[f"scan_{_cell}"] = SIGNATURES[f"scan_back_{_cell}"] = (_P, _L, _L, _L, _L, _P, _I)
    SIGNATURES[f"back_{_cell}"] = (_L, _L, _P, _L, _P, _L, _P, _L, _P, _L, _P, _L, _P, _P, _P, _I)
    SIGNATURES[f"pack_{_cell}"] = (_P, _L, _L, _L, _P, _L, _L, _I)


def at(tensor: Tensor | None) -> int | None:
    """Where a tensor's numbers begin, if there is one."""
    return None if tensor is None else tensor.data_ptr()


def row_stride(tensor: Tensor | None) -> int:
    """How far one row's numbers stand from the next's, if there are any."""
    return 0 if tensor is None else tensor.stride(0)
