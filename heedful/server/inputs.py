"""From an input of a request to a source that a model reads; whatever is wrong with it names its field."""

import base64
import binascii
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from heedful.codec import Row
from heedful.data.frames import BadFramesError, Kind
from heedful.data.media import Given
from heedful.errors import HeedfulError
from heedful.predictor import Predictor
from heedful.server.limits import Limits
from heedful.server.refusals import unprocessable
from heedful.server.requests import Binary, Item

ARCHIVE = b"PK"
"""How a .npz begins. It may unpack to a thousand times its size, so arrays come as .npy."""


class Source(NamedTuple):
    """A source as the predictor takes it, how many units it has, and how many bytes of pictures, sounds and arrays."""

    row: Row
    units: int
    media: int = 0


def sources_of(given: Sequence[str | Binary | Sequence[Item]], predictor: Predictor, limits: Limits) -> list[Source]:
    """The sources of a request, see ``source_of``; unpacked they are ``max_media`` bytes at most, all together.

    Raises:
        Refusal: 422, naming the field.
    """
    found: list[Source] = []
    media = 0
    for place, each in enumerate(given):
        found.append(source_of(each, predictor, limits, f"inputs[{place}]"))
        media += found[-1].media
        if media > limits.max_media:
            most = f"{limits.max_media:,} bytes"
            raise unprocessable("too_large", f"inputs[{place}]", f"what a request holds is {most} at most, unpacked")
    return found


def source_of(given: str | Binary | Sequence[Item], predictor: Predictor, limits: Limits, field: str) -> Source:
    """The source, with pictures, sounds and arrays read; text is checked.

    A string is never taken for the name of a file. Arrays stay arrays: those of a batch have to be read into one store.

    Raises:
        Refusal: 422, naming the field.
    """
    columns = predictor.codec.data.source
    if isinstance(given, str):
        items: Sequence[Item] = given.split("\t") if len(columns) > 1 else [given]
    else:
        items = [given] if isinstance(given, Binary) else given
    if items == [""]:
        return Source(("",) * len(columns), 0)
    if len(items) != len(columns):
        raise unprocessable("columns", field, f"the model reads {len(columns)} columns, found {len(items)}")
    row: list[Given] = []
    for place, (item, kind) in enumerate(zip(items, predictor.kinds, strict=True)):
        named = field if len(columns) == 1 or isinstance(given, str) else f"{field}[{place}]"
        row.append(_text(item, limits, named) if kind is None else _array(item, kind, named))
    return _checked(tuple(row), predictor, limits, field)


def _text(item: Item, limits: Limits, field: str) -> str:
    if not isinstance(item, str):
        raise unprocessable("not_text", field, "the model reads text here")
    if len(item) > limits.max_characters:
        raise unprocessable(
            "too_long", field, f"an input has {limits.max_characters:,} characters at most, found {len(item):,}"
        )
    return checked_text(item, field)


def checked_text(text: str, field: str) -> str:
    """The text, if it is one.

    Raises:
        Refusal: 422, it has half of a character that takes two.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise unprocessable("not_text", field, "a lone surrogate is no text") from None
    return text


def _array(item: Item, kind: Kind, field: str) -> Given:
    if isinstance(item, str):
        raise unprocessable("not_binary", field, f'the model reads a {kind.seen_as} here: {{"base64": "..."}}')
    try:
        content = base64.b64decode(item.base64, validate=True)
    except (binascii.Error, ValueError):
        raise unprocessable("not_base64", f"{field}.base64", "this is not base64") from None
    if kind.seen_as == "vectors" and content.startswith(ARCHIVE):
        raise unprocessable("bad_file", field, "arrays come as .npy")
    with tempfile.TemporaryDirectory(prefix="heedful-") as folder:
        path = Path(folder) / "input"
        path.write_bytes(content)
        try:
            array = kind.open(path)
            array = array.copy()  # not a map of the file, which is about to go
        except BadFramesError as error:
            raise unprocessable("bad_file", field, f"the file {str(error).replace(str(path), 'itself')}") from None
        except MemoryError:
            raise unprocessable("bad_file", field, "the file is too large") from None
    return array


def _checked(row: Row, predictor: Predictor, limits: Limits, field: str) -> Source:
    try:
        found, problems = predictor.codec.looked([row])
    except HeedfulError as error:
        raise unprocessable("bad_file", field, str(error)) from None
    if problems or found[0] is None:
        raise unprocessable("bad_file", field, f"the file {problems.get(0, 'can not be read')}")
    seen = found[0]
    units = sum(map(len, predictor.split(seen)))
    if units > limits.max_units:
        raise unprocessable("too_long", field, f"an input has {limits.max_units:,} units at most, found {units:,}")
    if predictor.unreadable([seen]):
        raise unprocessable(
            "unknown", field, "no unit of it was seen in training; check the text and the model's units"
        )
    return Source(row, units, sum(item.nbytes for item in row if isinstance(item, np.ndarray)))
