"""Models small enough to read at a glance, for searching."""

from dataclasses import dataclass

import torch
from torch import Tensor

from heedful.contracts import START, Source, Step


def source_of(sentences: Tensor) -> Source:
    """A source of one id a sentence: which random model that sentence has."""
    column = sentences.unsqueeze(1)
    return Source((column,), (torch.ones_like(column, dtype=torch.bool),))


@dataclass
class RandomStepper:
    """A random recurrent network. Its state, and so its weights, depend on every unit before: they encode the path.

    What is held is a bias and a key for each sentence, and it counts the rows that it stepped.
    """

    vocab: int = 7
    features: int = 6
    seed: int = 0
    sharpness: float = 3.0
    dtype: torch.dtype = torch.float64
    steps: int = 0
    rows: int = 0

    def __post_init__(self) -> None:
        random = torch.Generator().manual_seed(self.seed)
        sizes = {"sentence": (100, self.features), "embedding": (self.vocab, self.features)}
        sizes |= {
            "recurrent": (self.features, self.features),
            "output": (self.features, self.vocab),
            "bias": (100, self.vocab),
        }
        self.tables = {name: torch.randn(size, generator=random, dtype=self.dtype) for name, size in sizes.items()}

    def start(self, source: Source) -> tuple[tuple[Tensor], tuple[Tensor]]:
        sentences = source.columns[0][:, 0]
        return (self.tables["bias"][sentences],), (self.tables["sentence"][sentences],)

    def step(
        self, previous: Tensor, held: tuple[Tensor], state: tuple[Tensor], attend_to: Tensor | None = None
    ) -> Step[tuple[Tensor]]:
        self.steps, self.rows = self.steps + 1, self.rows + len(previous)
        bias = held[0].repeat_interleave(len(previous) // len(held[0]), dim=0)
        state = (torch.tanh(state[0] @ self.tables["recurrent"] + self.tables["embedding"][previous]),)
        logits = self.sharpness * state[0] @ self.tables["output"] + bias
        return Step(logits, state, (state[0] + bias[:, :1]).mul(2).sin().softmax(dim=1))

    def select(self, state: tuple[Tensor], rows: Tensor) -> tuple[Tensor]:
        return (state[0][rows],)

    def keep(self, held: tuple[Tensor], sentences: Tensor) -> tuple[Tensor]:
        return (held[0][sentences],)

    def along(self, sentence: int, units: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        """Log-probabilities of every next unit, and weights, along a path: one row a step, the last after all of it."""
        held, state = self.start(source_of(torch.tensor([sentence])))
        rows: list[Step[tuple[Tensor]]] = []
        for unit in (START, *units):
            rows.append(self.step(torch.tensor([unit]), held, state))
            state = rows[-1].state
        weights = [step.weights for step in rows if step.weights is not None]
        return torch.cat([step.logits for step in rows]).log_softmax(dim=1), torch.cat(weights)

    def after(self, sentence: int, units: tuple[int, ...]) -> list[float]:
        """What the reference searches ask for."""
        return self.along(sentence, units)[0][-1].tolist()


class FixedStepper:
    """Gives the same logits at every step, whatever came before. No attention."""

    def __init__(self, logits: list[float]) -> None:
        self.logits = torch.tensor(logits)

    def start(self, source: Source) -> tuple[tuple[()], tuple[()]]:
        return (), ()

    def step(
        self, previous: Tensor, held: tuple[()], state: tuple[()], attend_to: Tensor | None = None
    ) -> Step[tuple[()]]:
        return Step(self.logits.expand(len(previous), -1), (), None)

    def select(self, state: tuple[()], rows: Tensor) -> tuple[()]:
        return ()

    def keep(self, held: tuple[()], sentences: Tensor) -> tuple[()]:
        return ()

    def after(self, units: tuple[int, ...]) -> list[float]:
        """What the reference searches ask for."""
        return self.logits.double().log_softmax(dim=0).tolist()
