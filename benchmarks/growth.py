"""Whether cost grows with the corpus."""

from collections.abc import Iterator


def measure() -> Iterator[tuple[str, float, str]]:
    """Name, value and unit of each."""
    yield from ()
