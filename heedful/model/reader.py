"""How a source position becomes a vector, and several columns one sequence."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from heedful.contracts import Source


def embedding(size: int, features: int) -> nn.Embedding:
    """An embedding whose vectors have about unit norm."""
    table = nn.Embedding(size, features)
    nn.init.normal_(table.weight, std=features**-0.5)
    return table


class Embedding(nn.Module):
    """A vector a unit, each column with a table of its own; columns follow one another, padding last."""

    def __init__(self, sizes: Sequence[int], features: int) -> None:
        super().__init__()
        self.tables = nn.ModuleList(embedding(size, features) for size in sizes)

    def forward(
        self, source: Source
    ) -> tuple[Float[Tensor, "batch position features"], Bool[Tensor, "batch position"]]:
        """Vectors and what is real in them; a row's real positions come first, in column order."""
        vectors = [table(ids) for table, ids in zip(self.tables, source.columns, strict=True)]
        if len(vectors) == 1:
            return vectors[0], source.real[0]
        joined, real = torch.cat(vectors, dim=1), torch.cat(source.real, dim=1)
        longest = int(real.sum(dim=1).max())
        order = torch.argsort(~real, dim=1, stable=True)[:, :longest]
        batch, width, features = joined.shape
        rows = (order + torch.arange(batch, device=order.device)[:, None] * width).flatten()
        packed = joined.reshape(batch * width, features).index_select(0, rows).view(batch, longest, features)
        return packed, real.gather(1, order)


READERS: dict[str, type[Embedding]] = {"embedding": Embedding}
