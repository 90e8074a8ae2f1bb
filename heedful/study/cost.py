"""What things cost, measured in turns: arms one after another, round after round, so that a busy machine slows them alike."""

import contextlib
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from heedful.checkpoint import write_beside
from heedful.data import batches
from heedful.data.corpus import Corpus
from heedful.evaluation.significance import Paired, interval
from heedful.predictor import Predictor
from heedful.study.verdicts import Measure
from heedful.study.words import Words
from heedful.training.prepare import corpora

if TYPE_CHECKING:
    from heedful.study.scored import Scored

SPEEDS, COSTS = "speeds.json", "costs.json"
ROUNDS, TIMED = 3, 256
"""Rounds of prediction, and the dev sources, the first ones, that each of them predicts."""
COST_ROUNDS, STEPS = 15, 20
"""Rounds of the costs of a step, and decoding steps in each."""


def prediction_speeds(scored: "Sequence[Scored]", out: Path, threads: int) -> tuple[float, ...]:
    """Target units a second of every arm's first seed with the recipe's search, the median of some rounds.

    Measured once and kept in ``out``: the same runs are not timed again.
    """
    told = [[each.arm.folder, each.measured[0].digest, each.measured[0].model, threads] for each in scored]
    kept = out / SPEEDS
    if kept.exists():
        try:
            record = json.loads(kept.read_bytes())
            if record["runs"] == told:
                return tuple(map(float, record["units_per_second"]))
        except (ValueError, KeyError, TypeError):
            pass
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        speeds = tuple(round(each, 1) for each in _timed(scored))
    finally:
        torch.set_num_threads(before)
    write_beside(kept, json.dumps({"runs": told, "units_per_second": speeds}) + "\n")
    return speeds


def _timed(scored: "Sequence[Scored]") -> list[float]:
    predictors = [Predictor.load(each.folders[0]) for each in scored]
    sources = scored[0].items.sources[:TIMED]
    units = [
        sum(len(each.metric("accuracy").split(text)) + 1 for text in each.measured[0].outputs[:TIMED])
        for each in scored
    ]

    def work(predictor: Predictor) -> Callable[[], object]:
        return lambda: predictor.predict(sources)

    seconds = in_turns([work(each) for each in predictors], ROUNDS)
    return [count / statistics.median(times) for count, times in zip(units, seconds.tolist(), strict=True)]


def in_turns(works: Sequence[Callable[[], object]], rounds: int) -> NDArray[np.float64]:
    """Seconds of every work in every round, (work, round), after one round that does not count."""
    for each in works:
        each()
    seconds = np.empty((len(works), rounds))
    for number in range(rounds):
        for place, each in enumerate(works):
            begin = time.perf_counter()
            each()
            seconds[place, number] = time.perf_counter() - begin
    return seconds


def step_costs(one: Predictor, other: Predictor, corpus: Corpus) -> dict[str, Paired]:
    """What a step of ``one`` costs, in percent of what it costs ``other``, in two ways: ``decoding`` and ``training``.

    Decoding: some steps of the decoder over a batch, the sources read before. Training: forwards and backwards through
    encoder and decoder of a batch with its targets. Rounds in turns; a ratio each, the median with its 95 % bootstrap interval.
    """
    rows = np.arange(min(64, len(corpus)))
    few = corpus.take(rows.tolist())
    decoding = in_turns([_decoding(each, few) for each in (one, other)], COST_ROUNDS)
    training = in_turns([_training(each, few) for each in (one, other)], COST_ROUNDS)
    return {"decoding": _in_percent(decoding), "training": _in_percent(training)}


def _batch(predictor: Predictor, corpus: Corpus) -> batches.Batch:
    codec = predictor.codec
    encoded = batches.encode(
        corpus, codec.source_units, codec.target_units, codec.source_vocabularies, codec.target_vocabulary
    )
    return batches.make(encoded, np.arange(len(corpus)))


def _decoding(predictor: Predictor, corpus: Corpus) -> Callable[[], object]:
    stepper, batch = predictor.stepper(), _batch(predictor, corpus)
    previous = batch.previous[:, 0]
    with torch.inference_mode():
        held, begin = stepper.start(batch.source)

    def work() -> None:
        state = begin
        with torch.inference_mode():
            for _ in range(STEPS):
                state = stepper.step(previous, held, state).state

    return work


def _training(predictor: Predictor, corpus: Corpus) -> Callable[[], object]:
    network, batch = predictor.network, _batch(predictor, corpus)

    def work() -> None:
        network.zero_grad(set_to_none=True)
        readouts, _ = network(batch.source, batch.previous, batch.real)
        readouts.square().mean().backward()

    return work


def _in_percent(seconds: NDArray[np.float64]) -> Paired:
    ratios = 100 * seconds[0] / seconds[1]
    drawn = np.random.default_rng(0).integers(len(ratios), size=(1000, len(ratios)))
    samples = np.median(ratios[drawn], axis=1)
    value = float(np.median(ratios))
    low, high = interval(value, samples)
    strayed = np.abs(samples - value) >= abs(value - 100)
    return Paired(value, low, high, float(1 + strayed.sum()) / (1 + len(samples)))


def kept_step_costs(words: Words, out: Path, luong: "Scored", bahdanau: "Scored") -> list[tuple[str, Measure]]:
    """What a step of Luong's costs in percent of Bahdanau's; measured once and kept in ``out``."""
    told = [[each.arm.folder, each.measured[0].model, torch.get_num_threads()] for each in (luong, bahdanau)]
    kept = out / COSTS
    found: dict[str, Paired] = {}
    if kept.exists():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            record = json.loads(kept.read_bytes())
            if record["runs"] == told:
                found = {name: Paired(**numbers) for name, numbers in record["costs"].items()}
    if not found:
        corpus = corpora(luong.arm.recipe.data)[1]
        found = step_costs(Predictor.load(luong.folders[0]), Predictor.load(bahdanau.folders[0]), corpus)
        costs = {name: asdict(each) for name, each in found.items()}
        write_beside(kept, json.dumps({"runs": told, "costs": costs}) + "\n")
    return [(name, Measure.of(words(f"cost-{name}"), each, "below", 100.0)) for name, each in found.items()]
