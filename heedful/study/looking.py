"""Looks into many models, some at a time; what was seen is kept beside each run and not looked for again."""

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

from heedful.checkpoint import load
from heedful.data.settings import DataSettings
from heedful.model.seq2seq import Network
from heedful.predictor import Predictor
from heedful.study.inside import INSIDE, Inside, look_inside
from heedful.study.measuring import Items, model_digest
from heedful.study.processes import apart, leave_with_parent
from heedful.study.scored import Scored
from heedful.training.prepare import corpora

Looking = Callable[[str], None]
"""Is told what was looked into."""


@dataclass(frozen=True)
class Look:
    """One model to look into: a run's best, or with a ``seed`` the network that this seed begins training with."""

    name: str
    folder: Path
    data: str
    digest: str
    outputs: bool = False
    seed: int | None = None

    @property
    def path(self) -> Path:
        """Where what was seen is kept."""
        return self.folder / (INSIDE if self.seed is None else f"untrained-{INSIDE}")

    def seen(self) -> Inside | None:
        """What was seen before; None where nothing was, or not all of it."""
        found = Inside.read(self.path, self.digest, model_digest(self.folder))
        return None if found is None or (self.outputs and not found.weights_gradient) else found

    def look(self, threads: int) -> None:
        """Looks, and keeps what is seen."""
        torch.set_num_threads(threads)
        predictor = Predictor.load(self.folder) if self.seed is None else _untrained(self.folder, self.seed)
        found = look_inside(predictor, _items(self.data), outputs=self.outputs, model=model_digest(self.folder))
        found.write(self.path)


def looks(arms: Mapping[str, Scored], *, outputs: bool = False, untrained: bool = False) -> dict[str, list[Look]]:
    """Every seed of these arms, by what the arm is called here."""
    return {
        name: [
            Look(
                f"{scored.arm.name}, seed {seed}{', untrained' if untrained else ''}", folder,
                scored.arm.recipe.data.model_dump_json(), run.digest, outputs, seed if untrained else None,
            )
            for folder, seed, run in zip(scored.folders, scored.seeds, scored.measured, strict=True)
        ]
        for name, scored in arms.items()
    }  # fmt: skip


def look_all(wanted: Sequence[Look], jobs: int, threads: int, told: Looking) -> None:
    """Looks into what was not looked into, ``jobs`` at a time with ``threads`` each."""
    left = [each for each in dict.fromkeys(wanted) if each.seen() is None]
    before = torch.get_num_threads()
    if min(jobs, len(left)) <= 1:
        for each in left:
            each.look(threads)
            told(each.name)
        torch.set_num_threads(before)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(left)), context, initializer=leave_with_parent) as pool:
        try:
            with apart():
                looking = [(each, pool.submit(each.look, threads)) for each in left]
            for each, future in looking:
                future.result()
                told(each.name)
        except BaseException:
            pool.shutdown(cancel_futures=True)  # what has begun is finished and kept
            raise


@cache
def _items(data: str) -> Items:
    return Items.of(corpora(DataSettings.model_validate_json(data))[1])


def _untrained(folder: Path, seed: int) -> Predictor:
    """The run's network with the weights that training began with."""
    predictor = Predictor.from_checkpoint(load(folder))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        columns = [len(vocabulary) for vocabulary in predictor.codec.source_vocabularies]
        network = Network(predictor.network.settings, columns, len(predictor.codec.target_vocabulary))
    return Predictor(network.eval(), predictor.codec, predictor.settings)
