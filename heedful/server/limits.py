"""How much one request may ask, how long anybody may take, and how much waits."""

from typing import Annotated

from pydantic import Field

from heedful.settings import Settings

Count = Annotated[int, Field(ge=1, le=1_000_000)]
Bytes = Annotated[int, Field(ge=1024, le=1 << 30)]
Numbers = Annotated[int, Field(ge=1000, le=1_000_000_000)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class Limits(Settings):
    """Every limit of the server; ``heedful serve --limit max_beam_size=50`` sets one.

    ``max_`` bounds a request: its body and headers in bytes, its inputs, the characters and source units of each, the bytes
    of its pictures, sounds and arrays once unpacked, beam size, n-best, output length, the alternatives told at a place, and
    the numbers in the answer. ``header_seconds`` and ``body_seconds`` are for whoever sends, ``write_seconds`` for whoever
    does not read, ``request_seconds`` for the answer. ``waiting`` inputs stand in the queue at most; ``requests`` are
    answered at a time, others wait ``parked_seconds`` at most, on ``connections`` that are open at most; ``bodies`` is how
    many bytes of large bodies may be there, ``numbers`` how many numbers of answers; ``explorations`` run or wait. A batch
    has at most ``batch_inputs`` inputs and ``batch_units`` source units, padding counted, times the beam; it waits
    ``batch_ms`` milliseconds at most for others that are on their way.
    """

    max_body: Bytes = 1 << 20
    max_header: Annotated[int, Field(ge=1024, le=1 << 20)] = 1 << 14
    max_inputs: Count = 256
    max_characters: Count = 4_000
    max_units: Count = 2_000
    max_beam_size: Annotated[int, Field(ge=1, le=1000)] = 20
    max_n_best: Annotated[int, Field(ge=1, le=1000)] = 20
    max_length: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    max_alternatives: Annotated[int, Field(ge=1, le=1000)] = 50
    max_media: Bytes = 64 << 20
    max_numbers: Numbers = 4_000_000
    header_seconds: Seconds = 10.0
    body_seconds: Seconds = 20.0
    write_seconds: Seconds = 30.0
    idle_seconds: Seconds = 15.0
    request_seconds: Seconds = 30.0
    parked_seconds: Seconds = 5.0
    shutdown_seconds: Seconds = 20.0
    waiting: Count = 512
    requests: Count = 128
    connections: Count = 900
    bodies: Bytes = 64 << 20
    numbers: Numbers = 16_000_000
    explorations: Count = 16
    batch_inputs: Count = 64
    batch_units: Count = 32_768
    batch_ms: Annotated[float, Field(ge=0, le=1000)] = 3.0
