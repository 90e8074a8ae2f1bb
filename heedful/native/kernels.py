"""Whether this process uses compiled loops, and which tensors can be handed to them."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from heedful.native import build
from heedful.native.calls import Kernels

__all__ = ["Kernels", "active", "flushed", "prepare", "switched", "usable"]


class _Chosen:
    """What this process uses. The first who asks decides; only ``prepare`` and ``switched`` change it."""

    kernels: Kernels | None = None
    decided = False
    off = False


def active() -> Kernels | None:
    """The compiled loops if this process uses them. Where they are not built yet, they are built aside for the next."""
    if not _Chosen.decided:
        _choose(build.library(wait=False))
    return _Chosen.kernels


def prepare() -> bool:
    """Builds the loops first if need be (a few seconds, once a machine); returns whether they are used from now on."""
    if _Chosen.kernels is None and not _Chosen.off:
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
    before = (_Chosen.kernels, _Chosen.decided, _Chosen.off)
    _Chosen.off = not on
    if on:
        prepare()
    else:
        _Chosen.kernels, _Chosen.decided = None, True
    try:
        yield _Chosen.kernels is not None
    finally:
        _Chosen.kernels, _Chosen.decided, _Chosen.off = before


def usable(*tensors: Tensor | None) -> bool:
    """Whether these can be handed over: float32 on the processor, in one piece, and no autocast about."""
    if torch.is_autocast_enabled("cpu"):
        return False
    return all(
        each is None or (each.dtype == torch.float32 and each.device.type == "cpu" and each.is_contiguous())
        for each in tensors
    )
