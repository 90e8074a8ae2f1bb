"""Whole targets for the wirings whose attention feeds back into the first recurrence: a hand-derived loop, there and back.

What can leave the loop does: input projections of all steps are one product before it, weight gradients one product each
after it, and so are the gradients of memory and keys. The plain ``step`` loop of ``Decoder`` is the specification.

Derivation: backpropagation through time over equations of Bahdanau 2015, appendix A.1.2 and A.2.2, and Luong 2015,
sections 3.1 and 3.3; for the cells see ``native/cells.hpp``.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from heedful.model.attention import Additive, Attention, Dot, General, Held
from heedful.model.cells import Cell, State
from heedful.model.loop_back import Back
from heedful.model.loop_there import Given, Layer, There
from heedful.model.reach import Global
from heedful.native import kernels
from heedful.native.calls import Kernels
from heedful.native.operators import Operators


def fits(attention: Attention, cells: Sequence[Cell], embedded: Tensor) -> bool:
    """Whether the loop knows these parts: reaches and scorers that look at all positions and keep no count of steps."""
    if torch.is_autocast_enabled(embedded.device.type) or torch.compiler.is_compiling() or torch.jit.is_tracing():
        return False
    if type(attention.reach) is not Global or type(attention.scorer) not in (Dot, General, Additive):
        return False
    kinds = {cell.compiled for cell in cells}
    return embedded.numel() > 0 and len(kinds) == 1 and None not in kinds


def run(
    attention: Attention,
    cells: Sequence[Cell],
    embedded: Float[Tensor, "batch time embedding"],
    held: Held,
    states: Sequence[State],
    masks: Sequence[Tensor | None],
    *,
    combine: torch.nn.Linear | None = None,
    fed: Float[Tensor, "batch readout"] | None = None,
) -> tuple[Tensor, ...]:
    """The whole target.

    Without ``combine`` the wiring is Bahdanau's: returns top states, contexts and weights. With it, each readout
    tanh(W [context; state]) goes beside the next embedding: returns readouts and weights.
    """
    additive = attention.scorer if isinstance(attention.scorer, Additive) else None
    given = Given(
        embedded.contiguous(), held.memory.contiguous(), held.keys.contiguous(), held.real.contiguous(),
        additive.query.weight if additive else None, additive.query.bias if additive else None,
        additive.value if additive else None, combine.weight if combine else None, combine.bias if combine else None, fed,
    )  # fmt: skip
    flat: list[Tensor | None] = [*given]
    for cell, state, mask in zip(cells, states, (None, *masks), strict=True):
        h, c = state[0], state[1] if len(state) > 1 else None
        flat += Layer(
            cell.input_weight, cell.hidden_weight, cell.bias, cell.own_bias, h.contiguous(),
            None if c is None else c.contiguous(), mask,
        )  # fmt: skip
    found = kernels.active()
    compiled = found is not None and all(kernels.usable(each) for each in flat if each is not given.real)
    return _Loop.apply(found if compiled else Operators(), str(cells[0].compiled), *flat)


def _unpack(flat: Sequence[Tensor | None]) -> tuple[Given, list[Layer]]:
    end, size = len(Given._fields), len(Layer._fields)
    return Given._make(flat[:end]), [Layer._make(flat[place : place + size]) for place in range(end, len(flat), size)]


class _Loop(torch.autograd.Function):
    """``Given`` and then the layers, flat. The way back is taken once; a second time runs the way there again."""

    @staticmethod
    def forward(  # pyrefly: ignore[bad-override]  # torch's stub takes anything; a function takes what it takes
        ctx: Any, steps: Kernels | Operators, cell: str, *flat: Tensor | None
    ) -> tuple[Tensor, ...]:
        trace = There(steps, cell, *_unpack(flat)).run()
        ctx.steps, ctx.cell = steps, cell
        ctx.set_materialize_grads(False)
        if any(ctx.needs_input_grad):
            ctx.trace = trace
            ctx.save_for_backward(*flat)
        tops = (trace.states[-1][0], trace.contexts) if trace.readouts is None else (trace.readouts,)
        # Detached: an output knows its way back, which knows the trace, which may not hold the output, or none is freed.
        return tuple(each.detach() for each in (*tops, trace.weights))

    @staticmethod
    @once_differentiable
    def backward(  # pyrefly: ignore[bad-override]  # once_differentiable takes the name ctx away
        ctx: Any, *above: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        given, layers = _unpack(ctx.saved_tensors)
        trace, ctx.trace = ctx.trace or There(ctx.steps, ctx.cell, given, layers).run(), ()
        dense = [None if each is None else each.contiguous() for each in above]
        return (None, None, *Back(ctx.steps, ctx.cell, given, layers, trace).gradients(dense))
