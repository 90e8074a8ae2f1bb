"""The highest values of each row, with ties to the lower column, and quicker than the plain operators on wide rows.

``torch.topk`` promises nothing about ties, so a result of its own is only trusted where no two values are equal.
Trained models hardly ever tie; half precision and constant models do.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.native import kernels

CHUNK = 64
WIDE = 32 * CHUNK
"""From here on the maxima of chunks, which cost one quick pass, say where to look: half the time at 8,000 columns."""
NARROW = 32
FEW = 2048
"""Up to here (columns, or values in all) a stable sort is the quickest."""


def top_and_sum(
    values: Float[Tensor, "row column"], begin: int, count: int
) -> tuple[Float[Tensor, "row top"], Int[Tensor, "row top"], Float[Tensor, "row"]]:
    """The ``count`` highest from column ``begin`` on, their columns (counted from the first), and logsumexp of all.

    In one pass where compiled loops are at hand.
    """
    found = kernels.active()
    if found is not None and begin + count <= values.shape[1] and kernels.usable(values):
        highest, columns, sums = found.top(values, begin, count)
        return highest, columns.add_(begin), sums
    highest, columns = top_one(values[:, begin:]) if count == 1 else top(values[:, begin:], count)
    return highest, columns + begin, values.logsumexp(dim=1)


def top_one(values: Float[Tensor, "row column"]) -> tuple[Float[Tensor, "row 1"], Int[Tensor, "row 1"]]:
    """The highest value of each row and its first column."""
    if values.shape[1] < WIDE:
        return values.max(dim=1, keepdim=True)  # of equal ones the first, as torch.max promises
    body, rest = _chunks(values)
    maxima = torch.cat([body.amax(dim=2), rest.amax(dim=1, keepdim=True)], dim=1) if rest.shape[1] else body.amax(dim=2)
    chunk = maxima.max(dim=1, keepdim=True).indices
    start = (chunk * CHUNK).clamp(
        max=values.shape[1] - CHUNK
    )  # the rest is short: look at the last whole chunk's worth
    columns = start + torch.arange(CHUNK, device=values.device)
    highest, place = values.gather(1, columns).max(dim=1, keepdim=True)
    return highest, start + place


def top(values: Float[Tensor, "row column"], count: int) -> tuple[Float[Tensor, "row top"], Int[Tensor, "row top"]]:
    """The ``count`` highest values of each row (or all, if fewer), highest first, and their columns."""
    if count >= values.shape[1] or values.shape[1] <= NARROW or values.numel() <= FEW:
        highest, columns = values.sort(dim=1, descending=True, stable=True)
        return highest[:, :count], columns[:, :count]
    highest, columns = _top_wide(values, count + 1) if values.shape[1] >= WIDE else values.topk(count + 1, dim=1)
    ties = (highest[:, 1:] == highest[:, :-1]) & (highest[:, 1:] > -torch.inf)  # one more than asked: a tie at the edge
    highest, columns = highest[:, :count], columns[:, :count]
    if bool(ties.any()):
        rows = ties.any(dim=1).nonzero().squeeze(1)
        highest[rows], columns[rows] = _settle(values[rows], highest[rows])
    return highest, columns


def _settle(
    values: Float[Tensor, "row column"], highest: Float[Tensor, "row top"]
) -> tuple[Float[Tensor, "row top"], Int[Tensor, "row top"]]:
    """The same highest values, at the lowest columns that have them."""
    count, least = highest.shape[1], highest[:, -1:]
    above, equal = values > least, values == least
    wanted = count - above.sum(dim=1, keepdim=True)
    chosen = above | (equal & (equal.cumsum(dim=1) <= wanted))
    columns = chosen.nonzero()[:, 1].view(-1, count)
    highest, order = values.gather(1, columns).sort(dim=1, descending=True, stable=True)
    return highest, columns.gather(1, order)


def _top_wide(
    values: Float[Tensor, "row column"], count: int
) -> tuple[Float[Tensor, "row top"], Int[Tensor, "row top"]]:
    """``topk`` by way of chunks: the ``count`` highest values lie in the ``count`` chunks of highest maximum."""
    body, rest = _chunks(values)
    if count >= body.shape[1]:
        return values.topk(count, dim=1)
    chunks = body.amax(dim=2).topk(count, dim=1, sorted=False).indices
    columns = (chunks.unsqueeze(2) * CHUNK + torch.arange(CHUNK, device=values.device)).flatten(1)
    beyond = torch.arange(body.shape[1] * CHUNK, values.shape[1], device=values.device).expand(len(rest), -1)
    columns = torch.cat([columns, beyond], dim=1)
    highest, place = values.gather(1, columns).topk(count, dim=1)
    return highest, columns.gather(1, place)


def _chunks(
    values: Float[Tensor, "row column"],
) -> tuple[Float[Tensor, "row chunk inside"], Float[Tensor, "row rest"]]:
    whole = values.shape[1] // CHUNK * CHUNK
    return values[:, :whole].unflatten(1, (-1, CHUNK)), values[:, whole:]
