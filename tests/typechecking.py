"""Checks what annotations say while the tests run: shapes by jaxtyping, types by beartype. See ``conftest.py``."""

import typing
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""An int where a float is expected is as good (PEP 484)."""


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its annotations checked, as far as beartype can on a bare function."""
    function.__annotations__ = {name: _checkable(hint) for name, hint in function.__annotations__.items()}
    return check(function)


def _checkable(hint: Any) -> Any:
    """The hint, or one that means the same at run time, or ``Any``."""
    if typing.get_origin(hint) is np.ndarray:
        return hint | np.generic  # numpy's operators turn an array without axes into a number
    if typing.get_origin(hint) is Iterable:
        return Iterable  # it may be read once only, and what it holds may be judged by the function itself
    return hint if _decidable(hint) else Any


def _decidable(hint: Any) -> bool:
    """Not ``Self`` outside its class, protocols that are not ``runtime_checkable``, generic named tuples and files."""
    protocol = getattr(hint, "_is_protocol", False) and not getattr(hint, "_is_runtime_protocol", False)
    generic_tuple = hasattr(hint, "_fields") and hasattr(hint, "__parameters__")
    undecidable = hint in (typing.Self, typing.BinaryIO, typing.TextIO) or protocol or generic_tuple
    return not undecidable and all(map(_decidable, typing.get_args(hint)))
