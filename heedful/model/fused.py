"""A layer over a whole sequence in compiled loops: input projections in one product before, weight gradients in one after.

The fused layers of PyTorch (``Cell.scan``) are the specification and the fallback. Backpropagation through time as in
Werbos 1990; the gates' gradients as in Greff 2017, appendix A.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from heedful.model.cells import Cell, State
from heedful.native import kernels
from heedful.native.calls import Kernels
from heedful.native.layout import GATES, Kept, Start


def fits(cells: Sequence[Cell], inputs: Tensor) -> Kernels | None:
    """The compiled loops, if these cells and inputs can go through them."""
    found = kernels.active()
    if found is None or inputs.numel() == 0 or any(cell.compiled is None for cell in cells):
        return None
    if not kernels.usable(cells[0].bias) or inputs.dtype != torch.float32 or inputs.device.type != "cpu":
        return None
    return None if torch.compiler.is_compiling() or torch.jit.is_tracing() else found


def scan(
    found: Kernels,
    cells: Sequence[Cell],
    inputs: Float[Tensor, "batch time input"],
    states: Sequence[State],
    real: Bool[Tensor, "batch time"] | None,
    backwards: Sequence[bool],
) -> tuple[Float[Tensor, "batch time size"], list[State]]:
    """All directions of a layer, side by side: hidden states (zero on padding) and the last state of each.

    A direction that reads backwards starts at the last real item of each row, from zeros.
    """
    flat: list[Tensor | None] = []
    for cell, state in zip(cells, states, strict=True):
        flat += [cell.input_weight, cell.hidden_weight, cell.bias, cell.own_bias, *state, *[None] * (2 - len(state))]
    lengths = None if real is None else real.sum(dim=1)
    names = [str(cell.compiled) for cell in cells]
    outputs, *lasts = _Scan.apply(found, names[0], tuple(backwards), lengths, inputs.contiguous(), *flat)
    each = cells[0].states
    return outputs, [tuple(lasts[place * each : (place + 1) * each]) for place in range(len(cells))]


def gate_order(cell: str, gradient: Tensor) -> Tensor:
    """Rows of an input weight's gradient in the order of the weight: GRU's come as n r z, and it has r z n."""
    if cell != "gru":
        return gradient
    return gradient.roll(-(gradient.shape[0] // 3), dims=0)


class _Scan(torch.autograd.Function):
    """Six tensors a direction: input weight, hidden weight, bias, GRU's own bias, h and c at the start."""

    @staticmethod
    def forward(  # pyrefly: ignore[bad-override]  # torch's stub takes anything; a function takes what it takes
        ctx: Any, found: Kernels, cell: str, backwards: tuple[bool, ...], lengths: Tensor | None, inputs: Tensor,
        *flat: Tensor | None,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        keep = any(ctx.needs_input_grad)
        outputs, lasts, kept, starts = _forward(found, cell, backwards, lengths, inputs, flat, keep=keep)
        ctx.found, ctx.cell, ctx.backwards, ctx.lengths = found, cell, backwards, lengths
        if keep:
            ctx.save_for_backward(inputs, outputs, *flat)
            ctx.kept, ctx.starts = kept, starts
        ctx.set_materialize_grads(False)
        return (outputs, *[tensor for last in lasts for tensor in last])

    @staticmethod
    @once_differentiable
    def backward(  # pyrefly: ignore[bad-override]  # once_differentiable takes the name ctx away
        ctx: Any, *above: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        d_outputs, *d_lasts = above
        inputs, outputs, *flat = ctx.saved_tensors
        found, cell, lengths = ctx.found, ctx.cell, ctx.lengths
        if ctx.kept is None:  # a second way back: the first one wrote over what was kept
            _, _, ctx.kept, ctx.starts = _forward(found, cell, ctx.backwards, lengths, inputs, flat, keep=True)
        kept, starts, ctx.kept = ctx.kept, ctx.starts, None
        each = 1 if starts[0].c is None else 2
        given = [d_lasts[place * each : (place + 1) * each] for place in range(len(starts))]
        carried = [
            [
                torch.zeros_like(start.h) if tensor is None else tensor.clone(memory_format=torch.contiguous_format)
                for tensor in last
            ]
            for start, last in zip(starts, given, strict=True)
        ]
        hidden = [flat[6 * place + 1] for place in range(len(starts))]
        again = [found.pack(weight.t()) for weight in hidden if weight is not None]
        if d_outputs is not None and d_outputs.stride() != outputs.stride():
            d_outputs = torch.empty_like(outputs).copy_(d_outputs)
        gates = found.scan_back(outputs, d_outputs, starts, kept, carried, again, lengths)
        flat_inputs, d_inputs = inputs.flatten(0, 1), None
        gradients: list[Tensor | None] = []
        for place, (start, gate) in enumerate(zip(starts, gates, strict=True)):
            weight, size = flat[6 * place], start.h.shape[1]
            through = gate.flatten(0, 1)
            wide = GATES[cell] * size
            entering, recurring = through[:, :wide], through[:, through.shape[1] - wide :]
            if ctx.needs_input_grad[4] and weight is not None:
                into = weight.roll(weight.shape[0] // 3, dims=0) if cell == "gru" else weight
                d_inputs = torch.mm(entering, into) if d_inputs is None else torch.addmm(d_inputs, entering, into)
            mine = outputs[:, :, place * size : (place + 1) * size]
            if any(ctx.needs_input_grad[5 + 6 * place : 9 + 6 * place]):
                gradients += _of_weights(cell, start, entering, recurring, flat_inputs, mine)
            else:  # only what a source does is asked: half of the work
                gradients += [None] * 4
            gradients += [*carried[place], *[None] * (2 - each)]
        shaped = None if d_inputs is None else d_inputs.view_as(inputs)
        return (None, None, None, None, shaped, *gradients)


def _of_weights(
    cell: str, start: Start, entering: Tensor, recurring: Tensor, inputs: Tensor, outputs: Tensor
) -> list[Tensor | None]:
    """Gradients of the weights and biases of one direction, from those of its gates at every step."""
    size = start.h.shape[1]
    own = recurring[:, recurring.shape[1] - size :].sum(dim=0) if start.packed.own is not None else None
    if start.backwards:
        before = torch.cat([outputs[:, 1:], torch.zeros_like(outputs[:, :1])], dim=1)
    else:
        before = torch.cat([start.h[:, None], outputs[:, :-1]], dim=1)
    d_weight = gate_order(cell, torch.mm(entering.t(), inputs))
    d_hidden = torch.mm(recurring.t(), before.flatten(0, 1))
    return [d_weight, d_hidden, gate_order(cell, entering.sum(dim=0)), own]


def _forward(
    found: Kernels, cell: str, backwards: Sequence[bool], lengths: Tensor | None, inputs: Tensor,
    flat: Sequence[Tensor | None], *, keep: bool,
) -> tuple[Tensor, list[tuple[Tensor, ...]], list[Kept], list[Start]]:  # fmt: skip
    starts: list[Start] = []
    projected: list[Tensor] = []
    rows = inputs.flatten(0, 1)
    for place, back in enumerate(backwards):
        weight, hidden, bias, own, h, c = flat[6 * place : 6 * place + 6]
        if weight is None or hidden is None or bias is None or h is None:
            raise TypeError("a direction has weights, a bias and a start state")
        packed = found.pack_cell(cell, [hidden.contiguous()], hidden.shape[1], own)
        starts.append(Start(h.contiguous(), None if c is None else c.contiguous(), packed, back))
        projected.append(torch.addmm(bias, rows, weight.t()).view(*inputs.shape[:2], -1))
    outputs, lasts, kept = found.scan(projected, starts, lengths, keep=keep)
    return outputs, lasts, kept, starts
