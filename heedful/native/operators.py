"""The same steps as ``calls``, in operators of PyTorch: their specification, and what runs where nothing was compiled.

Any float type, any device.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from heedful.native.layout import GATES, CellPacked, Lookup, Packed


class Operators:
    """The steps of ``Kernels`` that hand-derived loops are made of. Weights are laid out once, not at every step."""

    def pack(self, weight: Tensor) -> Packed:
        """Weights (columns, inner), kept as (inner, columns): what products of few rows like best."""
        return Packed(weight.t().contiguous(), *weight.shape)

    def product(
        self, rows: Tensor, packed: Packed, bias: Tensor | None = None, out: Tensor | None = None, *,
        beside: Tensor | None = None, add: bool = False, tanh: bool = False,
    ) -> Tensor:  # fmt: skip
        """See ``Kernels.product``."""
        rows = rows if beside is None else torch.cat([rows, beside], dim=1)
        found = rows @ packed.data if bias is None else torch.addmm(bias, rows, packed.data)
        if add and out is not None:
            found += out
        if tanh:
            found.tanh_()
        return found if out is None else out.copy_(found)

    def pack_cell(self, cell: str, parts: Sequence[Tensor], size: int, own: Tensor | None = None) -> CellPacked:
        """See ``Kernels.pack_cell``."""
        data = torch.cat(list(parts), dim=1).t().contiguous()
        return CellPacked(data, cell, size, data.shape[0], own)

    def step(
        self, packed: CellPacked, entering: Sequence[Tensor], before: Sequence[Tensor], after: Sequence[Tensor], *,
        x: Tensor | None = None, ids: Tensor | None = None, bias: Tensor | None = None, gates: Tensor | None = None,
    ) -> None:  # fmt: skip
        """See ``Kernels.step``."""
        size, own = packed.size, packed.own
        width = packed.inner - size
        outside = torch.cat([*entering], dim=1) @ packed.data[:width] if entering else None
        for part in (x if ids is None or x is None else x.index_select(0, ids), bias):
            if part is not None:
                outside = part if outside is None else outside + part
        inside = before[0] @ packed.data[width:]
        sums = inside if outside is None else outside + inside
        if packed.cell == "lstm":
            bent = sums[:, 2 * size : 3 * size].tanh()
            kept = torch.cat([sums[:, : 2 * size].sigmoid(), bent, sums[:, 3 * size :].sigmoid()], dim=1)
            enter, forget, fresh, leave = kept.chunk(4, dim=1)
            c = forget * before[1] + enter * fresh
            after[1].copy_(c)
            after[0].copy_(leave * c.tanh())
        elif packed.cell == "gru":
            reset, keep = sums[:, : 2 * size].sigmoid().chunk(2, dim=1)
            inner = inside[:, 2 * size :] if own is None else inside[:, 2 * size :] + own
            fresh = reset * inner if outside is None else outside[..., 2 * size :] + reset * inner
            fresh = fresh.tanh()
            kept = torch.cat([fresh, reset, keep, inner], dim=1)
            after[0].copy_(torch.lerp(fresh, before[0], keep))
        else:
            kept = sums
            after[0].copy_(sums.tanh())
        if gates is not None:
            gates.copy_(kept)

    def back(
        self, cell: str, gates: Tensor, now: Sequence[Tensor], before: Sequence[Tensor], again: Tensor,
        gradient: Sequence[Tensor],
    ) -> None:  # fmt: skip
        """See ``Kernels.back``."""
        dh = gradient[0]
        if cell == "lstm":
            enter, forget, fresh, leave = gates.chunk(4, dim=1)
            bent, dc = now[1].tanh(), gradient[1]
            down = dc + dh * leave * (1 - bent * bent)
            made = [
                down * fresh * enter * (1 - enter),
                down * before[1] * forget * (1 - forget),
                down * enter * (1 - fresh * fresh),
                dh * bent * leave * (1 - leave),
            ]
            dc.copy_(down * forget)
            dh.zero_()
        elif cell == "gru":
            fresh, reset, keep, inner = gates.chunk(4, dim=1)
            d_fresh = dh * (1 - keep) * (1 - fresh * fresh)
            d_reset = d_fresh * inner * reset * (1 - reset)
            d_keep = dh * (before[0] - fresh) * keep * (1 - keep)
            made = [d_fresh, d_reset, d_keep, d_fresh * reset]
            dh.mul_(keep)
        else:
            made = [dh * (1 - now[0] * now[0])]
            dh.zero_()
        gates.copy_(torch.cat(made, dim=1))
        again.copy_(gates[:, -GATES[cell] * dh.shape[1] :])

    def attend(self, query: Tensor, lookup: Lookup, weights: Tensor, context: Tensor) -> None:
        """See ``Kernels.attend``."""
        keys, value, memory, real = lookup
        asked = query.reshape(keys.shape[0], -1, keys.shape[2])
        found = asked @ keys.transpose(1, 2) if value is None else torch.tanh(asked[:, :, None] + keys[:, None]) @ value
        found = found.masked_fill(~real[:, None], -torch.inf).softmax(dim=2)
        weights.copy_(found.flatten(0, 1))
        context.copy_((found @ memory).flatten(0, 1))

    def attend_back(
        self, query: Tensor, lookup: Lookup, weights: Tensor, d_context: Tensor, d_weights: Tensor | None, *,
        d_scores: Tensor, d_query: Tensor, sums: tuple[Tensor, Tensor] | None,
    ) -> None:  # fmt: skip
        """See ``Kernels.attend_back``."""
        keys, value, memory, _ = lookup
        into = (memory @ d_context[:, :, None]).squeeze(2)
        if d_weights is not None:
            into = into + d_weights
        into = weights * (into - (weights * into).sum(dim=1, keepdim=True))
        d_scores.copy_(into)
        if value is None or sums is None:
            d_query.copy_((into[:, None] @ keys).squeeze(1))
            return
        bent = torch.tanh(query[:, None] + keys)
        inner = (1 - bent * bent) * value * into[:, :, None]
        d_query.copy_(inner.sum(dim=1))
        sums[0].add_(inner)
        sums[1].add_((bent * into[:, :, None]).sum(dim=1))
