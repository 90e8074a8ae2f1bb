"""Bytes to values and back, trusting nothing: JSON without its traps, and safetensors of a known shape."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn, TypeAlias

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

JSON: TypeAlias = Any
"""What JSON can say: None, bool, int, finite float, str, and lists and tables of these. Spelled out, the alias would
refer to itself, which run-time type checkers do not follow."""

HEADER_LIMIT = 1 << 20
"""Most bytes of a safetensors header: 200,000 empty tensors have one of 12 MB, and take 8 seconds to load."""
COUNT_LIMIT = 10_000
"""Most tensors in a file."""
CONTAINER_LIMIT = 50_000
"""Most lists and tables in a JSON file: three bytes of text make one, and some sixty of memory."""

_STRING = re.compile(rb'"(?:[^"\\]++|\\.?)*+"?', re.DOTALL)  # matches at every quote, so it never goes back


def to_json(value: JSON) -> bytes:
    """The one way in which this value is written. No blank after the end, so that every cut shows.

    Raises:
        ValueError: a number is not finite, which JSON cannot say.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1).encode("utf-8", "surrogatepass")


def from_json(content: bytes) -> JSON:
    """The value that is written here.

    Raises:
        ValueError: it is not JSON, it is nested too deeply, a key stands twice or a number is not finite. The message
            says which.
    """
    if _containers(content) > CONTAINER_LIMIT and _containers(_STRING.sub(b"", content)) > CONTAINER_LIMIT:
        raise ValueError(f"more than {CONTAINER_LIMIT:,} lists and tables, or nested too deeply")
    try:
        text = content.decode("utf-8", "surrogatepass")
        return json.loads(text, parse_constant=_refused, parse_float=_finite, object_pairs_hook=_distinct)
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg.lower()} at line {error.lineno}") from None


def to_safetensors(tensors: Mapping[str, Tensor]) -> bytes:
    """Tensors as a file, in an order that depends on nothing but their types and names."""
    # Cloned, for safetensors refuses tensors that share their numbers.
    plain = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()
    }
    return safetensors.torch.save(plain)


def from_safetensors(content: bytes) -> dict[str, Tensor]:
    """The tensors in a file.

    Raises:
        ValueError: it is not a safetensors file, or its header is far too long.
    """
    header_names(content)
    try:
        return safetensors.torch.load(content)
    except (SafetensorError, KeyError, RuntimeError) as error:
        raise ValueError(f"not a safetensors file: {error}") from None


def header_length(start: bytes) -> int:
    """How long the header is that follows these first 8 bytes.

    Raises:
        ValueError: it is no header, or far too long.
    """
    length = int.from_bytes(start[:8], "little")
    if len(start) < 8 or length < 2:
        raise ValueError("not a safetensors file")
    if length > HEADER_LIMIT:
        raise ValueError(
            f"not a safetensors file of ours: a header of {length:,} bytes, at most {HEADER_LIMIT:,} are read"
        )
    return length


def header_names(start: bytes) -> set[str]:
    """The names of the tensors in a file, of which at least the header is given.

    Raises:
        ValueError: it is no safetensors file, or holds far too many tensors.
    """
    length = header_length(start)
    header = from_json(start[8 : 8 + length])
    if not isinstance(header, dict):
        raise ValueError("not a safetensors file")  # noqa: TRY004 (a bad file, not a wrong call)
    if len(header) > COUNT_LIMIT:
        raise ValueError(f"{len(header):,} tensors, at most {COUNT_LIMIT:,} are read")
    return set(header) - {"__metadata__"}


def _containers(content: bytes) -> int:
    return content.count(b"[") + content.count(b"{")


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"the number {constant} is not finite")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        _refused(digits[:20])
    return number


def _distinct(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key stands twice")
    return table
