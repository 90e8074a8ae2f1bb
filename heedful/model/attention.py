"""Attention: a scorer compares decoder states with the memory, a reach says where it may look.

weights = softmax(score + reach), context = weights @ memory. Every part takes any number of queries a sentence at once:
all target positions in training, all hypotheses in search. A scorer or reach that is ``sequential`` needs to know where the
step before looked: then a target is made one step after the other.
"""

from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.model.reach import REACHES

MOST_CELLS = 2**25
"""The additive scorer's table (batch, query, position, size) is made in pieces of at most so many numbers (128 MiB)."""
WIDTH = 31
"""So many weights of the step before the location scorer sees, half of them on each side."""


class Scorer(nn.Module):
    """How well a query (a decoder state) fits each position of the memory.

    ``sequential`` says that ``score`` needs ``previous``, the weights of the step before (zeros before the first).
    """

    sequential: ClassVar[bool] = False

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()

    def keys(self, memory: Float[Tensor, "batch position memory"]) -> Float[Tensor, "batch position key"]:
        """What is compared with queries: made once a source, and held."""
        return memory

    def score(
        self,
        query: Float[Tensor, "batch query features"],
        keys: Float[Tensor, "batch position key"],
        previous: Float[Tensor, "batch query position"] | None = None,
    ) -> Float[Tensor, "batch query position"]:
        """Scores before reach and softmax."""
        return query @ keys.transpose(1, 2)


class Dot(Scorer):
    """q . m (Luong 2015, section 3.1, *dot*). Memory and decoder state have one size."""

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__(query_size, memory_size)
        if query_size != memory_size:
            raise ValueError(f"dot compares states of one size, found {query_size} and {memory_size}; use general")


class General(Scorer):
    """q W m (Luong 2015, section 3.1, *general*). W m is the key, so a step costs no more than dot."""

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__(query_size, memory_size)
        self.weight = nn.Parameter(torch.empty(query_size, memory_size))
        nn.init.xavier_uniform_(self.weight)

    def keys(self, memory: Float[Tensor, "batch position memory"]) -> Float[Tensor, "batch position key"]:
        """W m."""
        return memory @ self.weight.T


class Additive(Scorer):
    """v . tanh(W q + U m + b) (Bahdanau 2015, appendix A.1.2).

    Luong's *concat*, v . tanh(W [q; m]), is this scorer under his name: W [q; m] = W_q q + W_m m.
    """

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__(query_size, memory_size)
        self.query = nn.Linear(query_size, query_size)
        self.memory = nn.Linear(memory_size, query_size, bias=False)
        self.value = nn.Parameter(torch.empty(query_size))
        for layer in (self.query, self.memory):
            nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(self.query.bias)
        nn.init.uniform_(self.value, -(query_size**-0.5), query_size**-0.5)

    def keys(self, memory: Float[Tensor, "batch position memory"]) -> Float[Tensor, "batch position key"]:
        """U m."""
        return self.memory(memory)

    def score(
        self,
        query: Float[Tensor, "batch query features"],
        keys: Float[Tensor, "batch position key"],
        previous: Float[Tensor, "batch query position"] | None = None,
    ) -> Float[Tensor, "batch query position"]:
        """Scores, a few queries at a time so that the table of all pairs never outgrows the memory."""
        asked = self.query(query)
        few = max(1, MOST_CELLS // max(1, keys.numel()))
        pieces = [torch.tanh(part[:, :, None] + keys[:, None]) @ self.value for part in asked.split(few, dim=1)]
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=1)


class Location(Additive):
    """v . tanh(W q + U m + F a + b), where a are the weights of the step before around the position (Chorowski 2015, 2.2).

    The paper convolves them with ten filters and multiplies what comes out by a matrix; nothing stands between the two,
    so they are one matrix here, over ``WIDTH`` positions. Knowing where it looked, the scorer learns to go on from there.
    """

    sequential: ClassVar[bool] = True

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__(query_size, memory_size)
        self.location = nn.Parameter(torch.empty(query_size, WIDTH))
        nn.init.uniform_(self.location, -(WIDTH**-0.5), WIDTH**-0.5)

    def score(
        self,
        query: Float[Tensor, "batch query features"],
        keys: Float[Tensor, "batch position key"],
        previous: Float[Tensor, "batch query position"] | None = None,
    ) -> Float[Tensor, "batch query position"]:
        """Scores that know the weights of the step before."""
        if previous is None:
            raise ValueError("the location scorer needs the weights of the step before")
        around = nn.functional.pad(previous, (WIDTH // 2, WIDTH // 2)).unfold(2, WIDTH, 1)
        asked = self.query(query)
        return torch.tanh(asked[:, :, None] + keys[:, None] + around @ self.location.t()) @ self.value


SCORERS: dict[str, type[Scorer]] = {
    "dot": Dot, "general": General, "concat": Additive, "additive": Additive, "location": Location
}  # fmt: skip


class Held(NamedTuple):
    """What attention holds for each sentence."""

    memory: Float[Tensor, "batch position memory"]
    keys: Float[Tensor, "batch position key"]
    real: Bool[Tensor, "batch position"]


class Attention(nn.Module):
    """A scorer and a reach: from queries to contexts."""

    def __init__(self, scorer: str, reach: str, query_size: int, memory_size: int, window: int) -> None:
        super().__init__()
        self.scorer = SCORERS[scorer](query_size, memory_size)
        self.reach = REACHES[reach](query_size, window)

    @property
    def sequential(self) -> bool:
        """Whether a step has to know where the one before it looked."""
        return self.scorer.sequential or self.reach.sequential

    def hold(self, memory: Float[Tensor, "batch position memory"], real: Bool[Tensor, "batch position"]) -> Held:
        """The memory with its keys, made once."""
        return Held(memory, self.scorer.keys(memory), real)

    def begin(self, held: Held) -> tuple[Float[Tensor, "batch position"], ...]:
        """The weights before the first step, zeros; nothing where no step asks for them."""
        return (held.memory.new_zeros(held.memory.shape[:2]),) if self.sequential else ()

    def forward(
        self,
        query: Float[Tensor, "batch query features"],
        held: Held,
        step: Int[Tensor, "batch query"],
        previous: Float[Tensor, "batch query position"] | None = None,
    ) -> tuple[Float[Tensor, "batch query memory"], Float[Tensor, "batch query position"]]:
        """Contexts and weights; weights sum to one over real positions and are zero on padding.

        ``previous`` are the weights of the step before each query, where the scorer or the reach is ``sequential``.
        """
        scores = self.scorer.score(query, held.keys, previous)
        bias = self.reach.bias(query, held.real, step, previous)
        if bias is not None:
            scores = scores + bias
        weights = torch.softmax(scores.masked_fill(~held.real[:, None], -torch.inf), dim=2)
        return weights @ held.memory, weights

    def ask(
        self,
        query: Float[Tensor, "row features"],
        held: Held,
        step: Int[Tensor, "row"],
        attend_to: Float[Tensor, "row position"] | None = None,
        looked: tuple[Float[Tensor, "row position"], ...] = (),
    ) -> tuple[Float[Tensor, "row memory"], Float[Tensor, "row position"]]:
        """One query a row, rows sentence-major; ``attend_to`` takes the place of the weights.

        ``looked`` holds the weights of the step before, where they are asked for (see ``begin``).
        """
        sentences = held.memory.shape[0]
        if attend_to is not None:
            return (attend_to.view(sentences, -1, attend_to.shape[1]) @ held.memory).flatten(0, 1), attend_to
        previous = looked[0].view(sentences, -1, looked[0].shape[1]) if looked else None
        context, weights = self(query.view(sentences, -1, query.shape[1]), held, step.view(sentences, -1), previous)
        return context.flatten(0, 1), weights.flatten(0, 1)
