"""What this machine can do: the rate of plain matrix products, in turns with the work."""

import statistics
import time
from collections.abc import Callable, Sequence

import torch

Shape = tuple[int, int, int]
"""Rows, inner size, columns."""
SECONDS = 0.1


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


class Products:
    """Matrix products of these shapes, one after the other, as PyTorch does them.

    Weights stand as layers have them (columns, inner), or the other way round, which few rows like better.
    """

    def __init__(self, shapes: Sequence[Shape], *, turned: bool) -> None:
        self.operations = float(sum(2 * rows * inner * columns for rows, inner, columns in shapes))
        self.pairs = [
            (
                torch.randn(rows, inner),
                torch.randn(inner, columns) if turned else torch.randn(columns, inner).T,
                torch.empty(rows, columns),
            )
            for rows, inner, columns in shapes
        ]

    def _once(self) -> None:
        for left, right, result in self.pairs:
            torch.mm(left, right, out=result)

    def rate(self) -> float:
        """Operations a second, the median of five short windows."""
        self._once()
        repeats = max(1, round(SECONDS / 5 / max(1e-6, seconds(self._once))))
        windows = [seconds(lambda: [self._once() for _ in range(repeats)]) for _ in range(5)]
        return self.operations * repeats / statistics.median(windows)


class Peak:
    """The highest rate over several products: what a fraction is a fraction of."""

    def __init__(self, candidates: Sequence[Sequence[Shape]]) -> None:
        self.products = [Products(shapes, turned=turned) for shapes in candidates for turned in (False, True)]

    def rate(self) -> float:
        """Operations a second."""
        return max(each.rate() for each in self.products)
