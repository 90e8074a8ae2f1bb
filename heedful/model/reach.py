"""Reaches: which positions a query may attend to, as something added to the scores."""

from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn


class Reach(nn.Module):
    """Which positions a query may attend to: something added to the scores, or None for everywhere.

    ``sequential`` says that ``bias`` needs ``previous``, the weights of the step before (zeros before the first).
    """

    sequential: ClassVar[bool] = False

    def __init__(self, query_size: int, window: int) -> None:
        super().__init__()
        self.window = window

    def bias(
        self,
        query: Float[Tensor, "batch query features"],
        real: Bool[Tensor, "batch position"],
        step: Int[Tensor, "batch query"],
        previous: Float[Tensor, "batch query position"] | None = None,
    ) -> Float[Tensor, "batch query position"] | None:
        """What is added to the scores; minus infinity forbids."""
        return None

    def _distance(
        self, centre: Float[Tensor, "batch query"], real: Bool[Tensor, "batch position"]
    ) -> Float[Tensor, "batch query position"]:
        return torch.arange(real.shape[1], device=real.device) - centre[..., None]

    def _outside(self, distance: Float[Tensor, "batch query position"]) -> Float[Tensor, "batch query position"]:
        return torch.zeros_like(distance).masked_fill_(distance.abs() > self.window, -torch.inf)

    def _gaussian(self, distance: Float[Tensor, "batch query position"]) -> Float[Tensor, "batch query position"]:
        """The logarithm of a Gaussian whose deviation is half the window, minus infinity outside the window."""
        return self._outside(distance.detach()) - distance**2 / (2 * (self.window / 2) ** 2)


class Global(Reach):
    """Every real position (Luong 2015, section 3.1)."""


class LocalM(Reach):
    """A window of ``window`` positions to both sides of position t at step t (Luong 2015, section 3.2, *local-m*).

    The paper leaves open what happens when the target outlasts the source: here the window then rests on the last item.
    """

    def bias(
        self,
        query: Float[Tensor, "batch query features"],
        real: Bool[Tensor, "batch position"],
        step: Int[Tensor, "batch query"],
        previous: Float[Tensor, "batch query position"] | None = None,
    ) -> Float[Tensor, "batch query position"] | None:
        """Zero within the window, minus infinity outside."""
        last = real.sum(dim=1, keepdim=True) - 1
        return self._outside(self._distance(torch.minimum(step, last).float(), real))


class Predicting(Reach):
    """What the reaches share whose decoder says where to look: s(v . tanh(W q)), between 0 and 1."""

    def __init__(self, query_size: int, window: int) -> None:
        super().__init__(query_size, window)
        self.query = nn.Linear(query_size, query_size, bias=False)
        self.value = nn.Parameter(torch.empty(query_size))
        nn.init.xavier_uniform_(self.query.weight)
        nn.init.uniform_(self.value, -(query_size**-0.5), query_size**-0.5)

    def share(self, query: Float[Tensor, "batch query features"]) -> Float[Tensor, "batch query"]:
        """How far, of what is possible."""
        return torch.sigmoid(torch.tanh(self.query(query)) @ self.value)


class LocalP(Predicting):
    """A window around a predicted position p = (S - 1) s(v . tanh(W q)) (Luong 2015, section 3.2, *local-p*).

    The paper multiplies the softmax within the window by a Gaussian, exp(-(s - p)^2 / (2 (D/2)^2)). Its logarithm is
    added to the scores here: the same product, renormalised, so that rows of weights still sum to one.
    """

    def bias(
        self,
        query: Float[Tensor, "batch query features"],
        real: Bool[Tensor, "batch position"],
        step: Int[Tensor, "batch query"],
        previous: Float[Tensor, "batch query position"] | None = None,
    ) -> Float[Tensor, "batch query position"] | None:
        """The Gaussian's logarithm within the window, minus infinity outside."""
        last = real.sum(dim=1, keepdim=True) - 1
        share = self.share(query)
        centre = last * share.to(torch.promote_types(share.dtype, torch.float32))  # bfloat16 counts to 256
        return self._gaussian(self._distance(centre, real))


class Monotonic(Predicting):
    """A window that goes on from where the step before looked: p = E[s] + D s(v . tanh(W q)), never more than D on.

    E[s] is the mean position under the weights of the step before (the first step begins before the first position); the
    Gaussian around p is that of *local-p*. The idea of a predicted, always forward move is Tjandra 2017, section 3; that
    of a window around the weights of the step before, Chorowski 2015, section 2.3. For sources that are read from one end
    to the other: speech, lines of print.
    """

    sequential: ClassVar[bool] = True

    def bias(
        self,
        query: Float[Tensor, "batch query features"],
        real: Bool[Tensor, "batch position"],
        step: Int[Tensor, "batch query"],
        previous: Float[Tensor, "batch query position"] | None = None,
    ) -> Float[Tensor, "batch query position"] | None:
        """The Gaussian's logarithm within the window, minus infinity outside."""
        if previous is None:
            raise ValueError("the monotonic reach needs the weights of the step before")
        # bfloat16 counts to 256, and autocast makes it of every product: a sum stays what it is
        exact = torch.promote_types(previous.dtype, torch.float32)
        places = torch.arange(real.shape[1], device=real.device, dtype=exact)
        before = (previous.to(exact) * places).sum(dim=2)
        move = self.window * self.share(query)
        last = real.sum(dim=1, keepdim=True) - 1
        centre = torch.minimum(before + move.to(exact), last.to(exact))
        return self._gaussian(self._distance(centre, real))


REACHES: dict[str, type[Reach]] = {"global": Global, "local-m": LocalM, "local-p": LocalP, "monotonic": Monotonic}
