"""The compiled loops as functions of tensors: float32 on the processor, last axis contiguous.

Nothing is checked here for users; callers decide with ``kernels.usable`` and hand over what fits.
"""

import ctypes
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from heedful.native import layout
from heedful.native.layout import CellPacked, Kept, Lookup, Packed, Start, at, row_stride


class Kernels:
    """The compiled loops."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._calls: dict[str, Callable[..., int | None]] = {}
        for name, arguments in layout.SIGNATURES.items():
            function = getattr(library, f"heedful_{name}")
            function.argtypes, function.restype = list(arguments), ctypes.c_int if name == "choose" else None
            self._calls[name] = function

    def norm(self, tensors: Sequence[Tensor]) -> float:
        """The Euclidean norm of all of them together, in one pass."""
        count = len(tensors)
        stretches = (ctypes.c_void_p * count)(*[each.data_ptr() for each in tensors])
        sizes = (ctypes.c_long * count)(*[each.numel() for each in tensors])
        found = ctypes.c_double()
        self._calls["squares"](
            ctypes.addressof(stretches), ctypes.addressof(sizes), count, ctypes.addressof(found),
            torch.get_num_threads(),
        )  # fmt: skip
        return math.sqrt(found.value) if found.value >= 0 else math.nan

    def flush(self, *, on: bool) -> None:
        """Whether numbers too small for the usual form count as zero, in every thread that works for PyTorch."""
        self._calls["flush"](on, torch.get_num_threads())

    def pack(self, weight: Tensor) -> Packed:
        """Weights (columns, inner), in whatever strides, for products with rows (row, inner)."""
        columns, inner = weight.shape
        data = weight.new_empty((columns + layout.PANEL - 1) // layout.PANEL * layout.PANEL * inner)
        self._calls["pack"](
            weight.data_ptr(), columns, inner, weight.stride(0), weight.stride(1), data.data_ptr(),
            torch.get_num_threads(),
        )  # fmt: skip
        return Packed(data, columns, inner)

    def product(
        self, rows: Tensor, packed: Packed, bias: Tensor | None = None, out: Tensor | None = None, *,
        beside: Tensor | None = None, add: bool = False, tanh: bool = False,
    ) -> Tensor:  # fmt: skip
        """[rows, beside] (row, inner) times the packed weights, (row, columns); into ``out`` or added to it."""
        if out is None:
            out = rows.new_empty(rows.shape[0], packed.columns)
        self._calls["product"](
            rows.data_ptr(), rows.shape[0], rows.shape[1], rows.stride(0), at(beside), packed.inner - rows.shape[1],
            row_stride(beside), packed.data.data_ptr(), packed.columns, at(bias), out.data_ptr(), out.stride(0), add,
            tanh, torch.get_num_threads(),
        )  # fmt: skip
        return out

    def pack_cell(self, cell: str, parts: Sequence[Tensor], size: int, own: Tensor | None = None) -> CellPacked:
        """A cell's weights (gates x size, inner) for what enters it, part after part; the state's own part last."""
        vectors, units = layout.CELL_PANELS[cell]
        inner = sum(part.shape[1] for part in parts)
        data = parts[0].new_empty((size + units - 1) // units * vectors * layout.LANES * inner)
        offset = 0
        for part in parts:
            self._calls[f"pack_{cell}"](
                part.data_ptr(), size, part.shape[1], part.stride(0), data.data_ptr(), offset, inner,
                torch.get_num_threads(),
            )  # fmt: skip
            offset += part.shape[1]
        return CellPacked(data, cell, size, inner, own)

    def step(
        self, packed: CellPacked, entering: Sequence[Tensor], before: Sequence[Tensor], after: Sequence[Tensor], *,
        x: Tensor | None = None, ids: Tensor | None = None, bias: Tensor | None = None, gates: Tensor | None = None,
    ) -> None:  # fmt: skip
        """One step: from what enters (row, features) and the state before to the state ``after``, written.

        ``x`` is W x + b, a row each, or a table in which ``ids`` look their rows up; ``gates`` keeps what the way
        back needs. Where nothing is packed (inner 0), ``x`` has everything but what is packed as ``own``.
        """
        step = layout.StepStruct()
        parts = (*entering, before[0]) if packed.inner else ()
        step.size, step.segments = packed.size, len(parts)
        segments = step.segment
        for place, each in enumerate(parts):
            segments[place] = (each.data_ptr(), each.stride(0), each.shape[1], place == len(entering))
        step.packed = packed.data.data_ptr()
        if x is not None:
            step.x, step.x_stride = x.data_ptr(), x.stride(0)
        step.ids, step.bias, step.own = at(ids), at(bias), at(packed.own)
        step.own_stride = packed.own.stride(0) if packed.own is not None and packed.own.dim() > 1 else 0
        step.h_before, step.h_before_stride = before[0].data_ptr(), before[0].stride(0)
        step.h, step.h_stride = after[0].data_ptr(), after[0].stride(0)
        if len(before) > 1:
            step.c_before, step.c_before_stride = before[1].data_ptr(), before[1].stride(0)
            step.c, step.c_stride = after[1].data_ptr(), after[1].stride(0)
        if gates is not None:
            step.gates, step.gates_stride = gates.data_ptr(), gates.stride(0)
        self._calls[f"step_{packed.cell}"](ctypes.addressof(step), before[0].shape[0], torch.get_num_threads())

    def back(
        self, cell: str, gates: Tensor, now: Sequence[Tensor], before: Sequence[Tensor], again: Tensor,
        gradient: Sequence[Tensor],
    ) -> None:  # fmt: skip
        """The way back of one step, but for its products, from the states now and before.

        ``gates`` become their gradients in place; those of the state now, contiguous, become those of the state before,
        complete with dh += again U: ``again`` (row, gates) is what the state's weights see.
        """
        rows, size = gradient[0].shape
        c, c_before, dc = (now[1], before[1], gradient[1]) if len(now) > 1 else (None, None, None)
        self._calls[f"back_{cell}"](
            rows, size, gates.data_ptr(), gates.stride(0), now[0].data_ptr(), now[0].stride(0), before[0].data_ptr(),
            before[0].stride(0), at(c), row_stride(c), at(c_before), row_stride(c_before), again.data_ptr(),
            gradient[0].data_ptr(), at(dc), torch.get_num_threads(),
        )  # fmt: skip

    def scan(
        self, projected: Sequence[Tensor], starts: Sequence[Start], lengths: Tensor | None, *, keep: bool
    ) -> tuple[Tensor, list[tuple[Tensor, ...]], list[Kept]]:
        """Whole sequences, each direction from its projected inputs W x + b (batch, time, gates x size).

        Returns all hidden states side by side (batch, time, directions x size), zero on padding; the last states; and,
        with ``keep``, what ``scan_back`` needs (LSTM: the gates take the place of the projected inputs).
        """
        batch, time = projected[0].shape[:2]
        first = starts[0].packed
        cell, size = first.cell, first.size
        outputs = projected[0].new_empty(batch, time, len(starts) * size)
        lanes = (layout.LaneStruct * len(starts))()
        lasts: list[tuple[Tensor, ...]] = []
        kept: list[Kept] = []
        alive: list[Tensor] = []
        for place, (lane, x, start) in enumerate(zip(lanes, projected, starts, strict=True)):
            gates = (x if cell == "lstm" else x.new_empty(batch, time, 4 * size)) if keep and cell != "rnn" else None
            c = x.new_empty(batch, time, size) if keep and start.c is not None else None
            last = tuple(torch.empty_like(part) for part in (start.h, start.c) if part is not None)
            scratch = x.new_empty(3 * batch * size)
            alive.append(scratch)
            lane.x, lane.packed, lane.own = x.data_ptr(), start.packed.data.data_ptr(), at(start.packed.own)
            lane.h0, lane.c0 = start.h.data_ptr(), at(start.c)
            lane.y, lane.y_stride = outputs.data_ptr() + 4 * place * size, len(starts) * size
            lane.gates, lane.c, lane.scratch = at(gates), at(c), scratch.data_ptr()
            lane.h_last, lane.c_last = last[0].data_ptr(), at(last[1]) if len(last) > 1 else None
            lane.backwards = start.backwards
            lasts.append(last)
            kept.append(Kept(gates, c))
        self._calls[f"scan_{cell}"](
            ctypes.addressof(lanes), len(starts), batch, time, size, at(lengths), torch.get_num_threads()
        )
        return outputs, lasts, kept

    def scan_back(
        self, outputs: Tensor, d_outputs: Tensor | None, starts: Sequence[Start], kept: Sequence[Kept],
        d_lasts: Sequence[Sequence[Tensor]], again: Sequence[Packed], lengths: Tensor | None,
    ) -> list[Tensor]:  # fmt: skip
        """The way back of ``scan``: gradients of the gates (batch, time, kept), in place of what was kept.

        ``d_outputs`` are laid out as ``outputs``. ``d_lasts`` are the gradients of the last states, and become those of
        the start states.
        """
        batch, time = outputs.shape[:2]
        first = starts[0].packed
        cell, size = first.cell, first.size
        lanes = (layout.ReturnStruct * len(starts))()
        alive: list[Tensor] = []
        gradients: list[Tensor] = []
        for place, lane in enumerate(lanes):
            start, keep, d_last = starts[place], kept[place], d_lasts[place]
            gates = outputs.new_empty(batch, time, size) if keep.gates is None else keep.gates
            scratch = outputs.new_empty(2 * batch * layout.GATES[cell] * size)
            alive.append(scratch)
            gradients.append(gates)
            lane.packed, lane.h0, lane.c0 = again[place].data.data_ptr(), start.h.data_ptr(), at(start.c)
            lane.y, lane.y_stride = outputs.data_ptr() + 4 * place * size, outputs.stride(1)
            lane.c, lane.gates, lane.scratch = at(keep.c), gates.data_ptr(), scratch.data_ptr()
            if d_outputs is not None:
                lane.dy, lane.dy_stride = d_outputs.data_ptr() + 4 * place * size, d_outputs.stride(1)
            lane.dh, lane.dc = d_last[0].data_ptr(), d_last[1].data_ptr() if len(d_last) > 1 else None
            lane.backwards = start.backwards
        self._calls[f"scan_back_{cell}"](
            ctypes.addressof(lanes), len(starts), batch, time, size, at(lengths), torch.get_num_threads()
        )
        return gradients

    def attend(self, query: Tensor, lookup: Lookup, weights: Tensor, context: Tensor) -> None:
        """A query (row, size) against its sentence's keys: weights (row, position) and context (row, features), written."""
        keys, value, memory, real = lookup
        self._calls["attend"](
            query.data_ptr(), query.stride(0), keys.data_ptr(), at(value), memory.data_ptr(), real.data_ptr(),
            query.shape[0], keys.shape[0], keys.shape[1], keys.shape[2], memory.shape[2], weights.data_ptr(),
            weights.stride(0), context.data_ptr(), context.stride(0), torch.get_num_threads(),
        )  # fmt: skip

    def attend_back(
        self, query: Tensor, lookup: Lookup, weights: Tensor, d_context: Tensor, d_weights: Tensor | None, *,
        d_scores: Tensor, d_query: Tensor, sums: tuple[Tensor, Tensor] | None,
    ) -> None:  # fmt: skip
        """The way back of ``attend`` with one query a sentence: ``d_scores`` and ``d_query`` are written.

        With a value, the gradients of the keys and, a row a sentence, of the value are added to ``sums``.
        """
        keys, value, memory, _ = lookup
        d_keys, d_value = (None, None) if sums is None else sums
        self._calls["attend_back"](
            d_context.data_ptr(), d_context.stride(0), at(d_weights), row_stride(d_weights), weights.data_ptr(),
            weights.stride(0), query.data_ptr(), query.stride(0), keys.data_ptr(), at(value), memory.data_ptr(),
            query.shape[0], keys.shape[1], keys.shape[2], memory.shape[2], d_scores.data_ptr(), d_scores.stride(0),
            d_query.data_ptr(), d_query.stride(0), at(d_keys), at(d_value), torch.get_num_threads(),
        )  # fmt: skip

    def cross_entropy(self, logits: Tensor, bias: Tensor, targets: Tensor, smoothing: float, scale: float) -> Tensor:
        """Losses of the rows; the logits (row, vocab), to which the bias comes, become the gradient of scale x their sum."""
        losses = logits.new_empty(logits.shape[0])
        self._calls["cross_entropy"](
            logits.data_ptr(), logits.shape[0], logits.shape[1], logits.stride(0), bias.data_ptr(), targets.data_ptr(),
            smoothing, scale, losses.data_ptr(), torch.get_num_threads(),
        )  # fmt: skip
        return losses

    def choose(
        self, logits: Tensor, live: Tensor, size: int, units: tuple[int, int], bounds: tuple[Tensor, Tensor, Tensor | None, int]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor] | None:  # fmt: skip
        """What a beam of ``size`` chooses at one step from logits (row, vocab) and ``live`` (sentence, slot), float64.

        ``units`` are how many are reserved, and the end mark; ``bounds`` the shortest and longest outputs, forced
        units (-1: free) or None, and the time. Returns parents, units and log-probabilities (sentence, 2 x size), the
        first half going on, and which of the second half ended (sentence, size); None where a row is not sound.
        """
        sentences, slots = live.shape
        parents, chosen = torch.empty(2, sentences, 2 * size, dtype=torch.int64)
        log_probs = live.new_empty(sentences, 2 * size)
        ended = torch.empty(sentences, size, dtype=torch.bool)
        shortest, longest, forced, time = bounds
        struct = layout.BoundsStruct(shortest.data_ptr(), longest.data_ptr(), at(forced), time)
        sound = self._calls["choose"](
            logits.data_ptr(), sentences, slots, logits.shape[1], logits.stride(0), *units, size, live.data_ptr(),
            ctypes.addressof(struct), parents.data_ptr(), chosen.data_ptr(), log_probs.data_ptr(), ended.data_ptr(),
            torch.get_num_threads(),
        )  # fmt: skip
        return (parents, chosen, log_probs, ended) if sound else None

    def top(self, logits: Tensor, begin: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """The ``count`` highest of columns ``begin`` on, their columns (counted from there), and each row's logsumexp."""
        rows, columns = logits.shape
        values, normalisers = logits.new_empty(rows, count), logits.new_empty(rows)
        places = torch.empty(rows, count, dtype=torch.int64)
        maxima = logits.new_empty(rows * ((columns - begin + 63) // 64))
        self._calls["top"](
            logits.data_ptr(), rows, columns, logits.stride(0), begin, count, values.data_ptr(), places.data_ptr(),
            normalisers.data_ptr(), maxima.data_ptr(), torch.get_num_threads(),
        )  # fmt: skip
        return values, places, normalisers
