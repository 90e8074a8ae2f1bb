"""The same steps as ``kernels``, in operators of PyTorch: their specification, and what runs where nothing was compiled.

Any float type, any device.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from heedful.native.kernels import GATES, CellPacked, Packed


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

    def pack_cell(self, cell: str, parts: Sequence[Tensor], size: int) -> CellPacked:
        """See ``Kernels.pack_cell``."""
        data = torch.cat(list(parts), dim=1).t().contiguous()
        return CellPacked(data, cell, size, data.shape[0])

    def step(
        self, packed: CellPacked, entering: Sequence[Tensor], before: Sequence[Tensor], after: Sequence[Tensor], *,
        x: Tensor | None = None, ids: Tensor | None = None, bias: Tensor | None = None, own: Tensor | None = None,
        gates: Tensor | None = None,
    ) -> None:  # fmt: skip
        """See ``Kernels.step``."""
        size = packed.size
        given = x if ids is None or x is None else x.index_select(0, ids)
        inputs = torch.cat([*entering], dim=1) if entering else None
        width = 0 if inputs is None else inputs.shape[1]
        outside = None if inputs is None else inputs @ packed.data[:width]
        for part in (given, bias):
            if part is not None:
                outside = part if outside is None else outside + part
        inside = before[0] @ packed.data[width:]
        sums = inside if outside is None else outside + inside
        if packed.cell == "lstm":
            kept = torch.cat([sums[:, : 2 * size].sigmoid(), sums[:, 2 * size : 3 * size].tanh(), sums[:, 3 * size :].sigmoid()], dim=1)
            enter, forget, fresh, leave = kept.chunk(4, dim=1)
            c = forget * before[1] + enter * fresh
            after[1].copy_(c)
            after[0].copy_(leave * c.tanh())
        elif packed.cell == "gru":
            reset, keep = sums[:, : 2 * size].sigmoid().chunk(2, dim=1)
            inner = inside[:, 2 * size :] if own is None else inside[:, 2 * size :] + own
            fresh = reset * inner
            if outside is not None:
                fresh = fresh + outside[:, 2 * size :]
            fresh = fresh.tanh()
            kept = torch.cat([fresh, reset, keep, inner], dim=1)
            after[0].copy_(torch.lerp(fresh, before[0], keep))
        else:
            kept = sums
            after[0].copy_(sums.tanh())
        if gates is not None:
            gates.copy_(kept)

    def back(
        self, cell: str, gates: Tensor, h: Tensor, h_before: Tensor, c: Tensor | None, c_before: Tensor | None,
        again: Tensor, dh: Tensor, dc: Tensor | None,
    ) -> None:  # fmt: skip
        """See ``Kernels.back``."""
        if cell == "lstm":
            if c is None or c_before is None or dc is None:
                raise TypeError("an LSTM has a memory cell")
            enter, forget, fresh, leave = gates.chunk(4, dim=1)
            bent = c.tanh()
            down = dc + dh * leave * (1 - bent * bent)
            gradient = torch.cat(
                [
                    down * fresh * enter * (1 - enter),
                    down * c_before * forget * (1 - forget),
                    down * enter * (1 - fresh * fresh),
                    dh * bent * leave * (1 - leave),
                ],
                dim=1,
            )
            dc.copy_(down * forget)
            dh.zero_()
        elif cell == "gru":
            fresh, reset, keep, inner = gates.chunk(4, dim=1)
            d_fresh = dh * (1 - keep) * (1 - fresh * fresh)
            d_reset = d_fresh * inner * reset * (1 - reset)
            d_keep = dh * (h_before - fresh) * keep * (1 - keep)
            gradient = torch.cat([d_fresh, d_reset, d_keep, d_fresh * reset], dim=1)
            dh.mul_(keep)
        else:
            gradient = dh * (1 - h * h)
            dh.zero_()
        gates.copy_(gradient)
        again.copy_(gradient[:, -GATES[cell] * dh.shape[1] :])

    def attend(
        self, query: Tensor, keys: Tensor, value: Tensor | None, memory: Tensor, real: Tensor, weights: Tensor,
        context: Tensor,
    ) -> None:  # fmt: skip
        """See ``Kernels.attend``."""
        asked = query.reshape(keys.shape[0], -1, keys.shape[2])
        if value is None:
            scores = asked @ keys.transpose(1, 2)
        else:
            scores = torch.tanh(asked[:, :, None] + keys[:, None]) @ value
        found = scores.masked_fill(~real[:, None], -torch.inf).softmax(dim=2)
        weights.copy_(found.flatten(0, 1))
        context.copy_((found @ memory).flatten(0, 1))

    def attend_back(
        self, d_context: Tensor, d_weights: Tensor | None, weights: Tensor, query: Tensor, keys: Tensor,
        value: Tensor | None, memory: Tensor, d_scores: Tensor, d_query: Tensor, d_keys: Tensor | None,
        d_value: Tensor | None,
    ) -> None:  # fmt: skip
        """See ``Kernels.attend_back``."""
        into = (memory @ d_context[:, :, None]).squeeze(2)
        if d_weights is not None:
            into = into + d_weights
        into = weights * (into - (weights * into).sum(dim=1, keepdim=True))
        d_scores.copy_(into)
        if value is None:
            d_query.copy_((into[:, None] @ keys).squeeze(1))
            return
        bent = torch.tanh(query[:, None] + keys)
        inner = (1 - bent * bent) * value * into[:, :, None]
        d_query.copy_(inner.sum(dim=1))
        if d_keys is not None:
            d_keys += inner
        if d_value is not None:
            d_value += (bent * into[:, :, None]).sum(dim=1)
