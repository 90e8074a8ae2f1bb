"""On a GPU, where there is one: the same numbers as on the processor, and a step of training."""

from typing import Any

import pytest
import torch

from heedful.contracts import Source
from heedful.model.cells import CELLS
from heedful.model.decoder import DECODERS
from heedful.model.seq2seq import map_tensors
from heedful.training.loss import loss
from tests.conformance import networks

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that this torch sees")
LENGTHS, TIME = [5, 1, 3], 4
every_network = pytest.mark.parametrize(
    ("cell", "wiring"),
    [(cell, wiring) for cell in CELLS for attention in DECODERS for wiring in (
        {"attention": attention}, *([{"attention": "luong", "input_feeding": True}] if attention == "luong" else [])
    )],
    ids=str,
)  # fmt: skip


def on_gpu(source: Source) -> Source:
    """The source there."""
    moved: Source = map_tensors(lambda tensor: tensor.cuda(), source)
    return moved


@every_network
def test_losses_and_gradients_are_those_of_the_processor(cell: str, wiring: dict[str, Any]) -> None:
    here = networks.network(networks.settings(cell=cell, **wiring), dtype=torch.float32).train()
    there = networks.network(networks.settings(cell=cell, **wiring), dtype=torch.float32).train().cuda()
    source, previous, following = networks.source(*LENGTHS), networks.units(3, TIME), networks.units(3, TIME, seed=2)
    real = torch.arange(TIME) < torch.tensor([4, 2, 1])[:, None]
    one = loss(here, here(source, previous, real)[0], following, real, 0.1)
    other = loss(there, there(on_gpu(source), previous.cuda(), real.cuda())[0], following.cuda(), real.cuda(), 0.1)
    torch.testing.assert_close(other.cpu(), one, rtol=1e-4, atol=1e-4)
    one.backward()
    other.backward()
    for (name, mine), (_, theirs) in zip(here.named_parameters(), there.named_parameters(), strict=True):
        if mine.grad is not None and theirs.grad is not None:
            torch.testing.assert_close(theirs.grad.cpu(), mine.grad, rtol=1e-3, atol=1e-4, msg=name)


@every_network
@torch.inference_mode()
def test_steps_are_those_of_the_processor(cell: str, wiring: dict[str, Any]) -> None:
    here = networks.network(networks.settings(cell=cell, **wiring), dtype=torch.float32)
    there = networks.network(networks.settings(cell=cell, **wiring), dtype=torch.float32).cuda()
    source, previous = networks.source(*LENGTHS), networks.units(3, TIME)
    (held, state), (far, moved) = here.start(source), there.start(on_gpu(source))
    for now in previous.unbind(dim=1):
        one, other = here.step(now, held, state), there.step(now.cuda(), far, moved)
        torch.testing.assert_close(other.logits.cpu(), one.logits, rtol=1e-3, atol=1e-3)
        state, moved = one.state, other.state
