"""Losses that help attention to form: as their formulas say, blind to padding, and of use."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from heedful import Seq2Seq
from heedful.contracts import PAD
from heedful.data import batches
from heedful.training import journal
from heedful.training.alignment import guided, spelling
from tests.training import runs

POSITIONS, TIMES = [5, 3, 1], [4, 2, 3]


def real(lengths: list[int], padding: int = 0) -> Tensor:
    """True on so many places of each row."""
    return torch.arange(max(lengths) + padding) < torch.tensor(lengths)[:, None]


def weights(padding: int = 0) -> Tensor:
    """Attention over real positions, (row, time, position)."""
    torch.manual_seed(1)
    scores = torch.randn(3, max(TIMES), max(POSITIONS), dtype=torch.float64)
    shares = torch.softmax(scores.masked_fill(~real(POSITIONS)[:, None], -torch.inf), dim=2)
    return torch.nn.functional.pad(shares, (0, padding, 0, padding))


def test_the_guide_is_the_formula() -> None:
    """Mean over real target units of sum w (1 - exp(-(n / N - t / T)^2 / (2 g^2))) (Tachibana 2018, section 4)."""
    shares, terms = weights(), []
    for row, (count, times) in enumerate(zip(POSITIONS, TIMES, strict=True)):
        for t in range(times):
            off = [1 - np.exp(-((n / count - t / times) ** 2) / (2 * 0.3**2)) for n in range(count)]
            terms.append(sum(float(shares[row, t, n]) * off[n] for n in range(count)))
    found = guided(shares, real(POSITIONS), real(TIMES), 0.3)
    assert float(found) == pytest.approx(np.mean(terms), abs=1e-12)


def test_the_guide_wants_the_diagonal_and_knows_no_padding() -> None:
    diagonal, corner = torch.eye(6)[None], torch.zeros(1, 6, 6)
    corner[..., 0] = 1.0
    whole = torch.ones(1, 6, dtype=torch.bool)
    assert float(guided(diagonal, whole, whole, 0.1)) < 0.01
    assert float(guided(corner, whole, whole, 0.1)) > 0.5
    torch.testing.assert_close(
        guided(weights(padding=3), real(POSITIONS, 3), real(TIMES, 3), 0.2),
        guided(weights(), real(POSITIONS), real(TIMES), 0.2),
    )


def collapsed(path: tuple[int, ...]) -> list[int]:
    """What a path says: neighbours that repeat are one, blanks are left out (Graves 2006, section 3.1)."""
    return [unit for place, unit in enumerate(path) if unit != PAD and (place == 0 or path[place - 1] != unit)]


@pytest.mark.parametrize("targets", [[[1], [2, 2]], [[2, 1], [1, 2]], [[1, 1], [2]]])
def test_the_second_reading_is_the_sum_over_all_paths(targets: list[list[int]]) -> None:
    """Of four positions and three units, the blank among them; padding holds nonsense."""
    torch.manual_seed(2)
    lengths, vocabulary = [4, 3], 3
    logits = torch.randn(2, 6, vocabulary, dtype=torch.float64, requires_grad=True)
    following = torch.full((2, 4), 2)
    for row, target in enumerate(targets):
        following[row, : len(target)] = torch.tensor(target)
    asked = real([len(target) + 1 for target in targets], padding=4 - max(map(len, targets)) - 1)
    total = 0.0
    for row, (target, length) in enumerate(zip(targets, lengths, strict=True)):
        log_probs = logits[row].detach().log_softmax(dim=1).numpy()
        paths = [path for path in product(range(vocabulary), repeat=length) if collapsed(path) == target]
        total -= np.log(sum(np.exp(sum(log_probs[place, unit] for place, unit in enumerate(path))) for path in paths))
    found = spelling(logits, real(lengths, padding=2), following, asked)
    assert float(found.detach()) == pytest.approx(total / sum(map(len, targets)), abs=1e-5)
    found.backward()
    assert logits.grad is not None
    assert not bool(logits.grad[0, 4:].any() or logits.grad[1, 3:].any())


def test_a_source_too_short_for_its_target_teaches_nothing() -> None:
    logits = torch.randn(1, 2, 5, requires_grad=True)
    found = spelling(logits, real([2]), torch.tensor([[1, 2, 3, 4, 0]]), real([5]))
    found.backward()
    assert float(found.detach()) == 0.0
    assert logits.grad is not None
    assert bool(torch.isfinite(logits.grad).all())


@pytest.mark.parametrize("attention", ["luong", "bahdanau"])
def test_both_work_in_half_precision(attention: str) -> None:
    run = runs.Watched(
        data={"train": "task:copy"}, model={"attention": attention, "ctc": True},
        training={"guide": 1.0, "precision": "bf16", "updates": 4},
    )  # fmt: skip
    assert run.train() == "all updates done"
    assert not run.notes or "skipped" not in "".join(run.notes)


@pytest.mark.parametrize("attention", ["luong", "bahdanau"])
def test_a_guided_run_keeps_nearer_to_the_diagonal(attention: str) -> None:
    """On strings to be copied, after as many updates of the same seed."""
    off: list[float] = []
    for guide in (0.0, 5.0):
        run = runs.Watched(
            data={"train": "task:copy"}, model={"attention": attention},
            training={"guide": guide, "updates": 150, "validate_every": 150},
        )  # fmt: skip
        run.train()
        looked = [each.attention for each in run.trainer.predictor.force(*told(run))]
        off.append(float(np.mean([distance(each.weights) for each in looked if each is not None])))
    assert off[1] < 0.7 * off[0]


def told(run: runs.Watched) -> tuple[list[tuple[str]], list[str]]:
    """Sources and right outputs of dev."""
    return [(str(source[0]),) for source in run.trainer.dev.sources], list(run.trainer.dev.targets)


def distance(weights: np.ndarray) -> float:
    """How far from the diagonal attention lies on average, as a share of the source."""
    times, positions = weights.shape
    off = np.abs(np.arange(positions) / positions - (np.arange(times) / times)[:, None])
    return float((weights * off).sum(axis=1).mean())


def test_the_second_reading_learns_beside_the_first() -> None:
    """Its layer is part of the model, is saved with it, and says more of the source at the end than at the beginning."""
    run = runs.Watched(
        data={"train": "task:copy"}, model={"ctc": True}, training={"updates": 60, "validate_every": 60, "average": 0.0}
    )
    trainer = run.trainer
    batch = batches.make(trainer.data, np.arange(20))

    def read() -> float:
        with torch.no_grad():
            encoded = trainer.network.eval().encode(batch.source)
            assert trainer.network.spelling is not None
            logits = trainer.network.spelling(encoded.memory)
            return float(spelling(logits, encoded.real, batch.following, batch.real))

    before = read()
    run.train()
    assert read() < 0.9 * before
    assert "spelling.weight" in run.kept.bests[-1].weights


def test_a_long_source_of_a_short_target_is_no_nonsense() -> None:
    """The second reading begins at some hundred nats a unit there; that is no reason to skip an update."""
    pairs = [("ab" * 60 + letter, letter) for letter in "cdefgh"] * 4
    told: list[journal.Event] = []
    model = Seq2Seq(source="letters", target="letters", hidden_size=12, embedding_size=6, ctc=True)
    model.fit(pairs, dev=pairs[:4], updates=4, validate_every=4, batch_units=5000, watch=told.append)
    assert not [event for event in told if isinstance(event, journal.Noted)]
