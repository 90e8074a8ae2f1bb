"""How long it takes to begin: importing, the first help page, the first prediction; and the memory of training."""

from collections.abc import Iterator


def measure() -> Iterator[tuple[str, float, str]]:
    """Name, value and unit of each."""
    yield from ()
