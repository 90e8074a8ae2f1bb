"""Runs a model that ``heedful export`` wrote. Needs Python 3.10, numpy and onnxruntime, and nothing of Heedful.

    python runner.py FOLDER < sources.txt > outputs.txt       (a line for a line; source columns stand between tabs)
    Runner("FOLDER").predict(["a source", ...], beam_size=5)  (a list of what ``heedful predict --json`` writes)

A source is a text, or a list: of units where the model reads one column, else of a text or a list of units for each column.
"""

import json
import math
import re
import sys
from collections.abc import Sequence
from itertools import chain, count, pairwise, zip_longest
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np
import onnxruntime

PAD, UNKNOWN, START, END = range(4)
JAMO = re.compile("[{0}][^{0}]*|[^{0}]+".format("\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff"))


def split(text: str, column: dict[str, Any]) -> list[str]:
    """The units of a text."""
    text = normalize("NFD" if column["unit"] == "characters" else "NFC", text)
    if column["unit"] == "tags":
        return text.split(normalize("NFC", column["split"] or ";")) if text else []
    found = re.findall(column["pattern"], text, re.DOTALL)
    if column["unit"] != "jamo":
        return found
    apart = [re.sub("[가-힣]", lambda syllable: normalize("NFD", syllable[0]), letter) for letter in found]
    return [jamo for letter in apart for jamo in JAMO.findall(letter)]


class Sentence:
    """A source in the search. A hypothesis is a chain of (the one before, unit, log-probability so far, weights)."""

    def __init__(self, units: list[str], lengths: dict[str, float], search: dict[str, Any]) -> None:
        limit = max(1, math.ceil(lengths["slope"] * len(units) + lengths["margin"]))
        self.units, self.search, self.longest, self.ended = units, search, min(limit, search["max_length"] or limit), 0
        self.live: list[Any] = [None]
        self.finished: list[tuple[float, float, Any]] = []

    def advance(self, totals: Any, time: int, weights: Any) -> list[tuple[int, int, float]]:
        """What goes on, of log-probabilities (slot, unit), as (slot, unit, log-probability); nothing when all is over."""
        size, n_best, power = (self.search[key] for key in ("beam_size", "n_best", "length_penalty"))
        totals[:, :END] = totals[:, END + 1 if time >= self.longest else totals.shape[1] :] = -np.inf
        totals[:, END : END + (time < min(self.longest, self.search["min_length"]))] = -np.inf
        flat = totals.ravel()
        border = np.partition(flat, -2 * size)[-2 * size] if 2 * size < len(flat) else -np.inf
        likely = np.flatnonzero((flat >= border) & (flat > -np.inf))
        best = likely[np.argsort(-flat[likely], kind="stable")][: 2 * size]  # of equal ones the lower slot, then unit
        ranked = [(*divmod(int(place), totals.shape[1]), float(flat[place])) for place in best]
        ends = [(log / (time + 1) ** power, log, self.live[slot]) for slot, unit, log in ranked[:size] if unit == END]
        self.finished = sorted(self.finished + ends, key=lambda each: -each[0])[:n_best]
        self.ended += len(ends)
        onward = [each for each in ranked if each[1] != END][:size]
        onward += [(0, START, -np.inf)] * (size - len(onward))
        worst = self.finished[-1][0] if len(self.finished) == n_best else -np.inf
        beaten = self.ended >= size and (size == 1 or onward[0][2] / (time + 2) ** power <= worst)
        own = weights[[slot for slot, _, _ in onward], : len(self.units)]  # a copy: a view would keep the whole batch's
        self.live = [(self.live[slot], unit, total, saw) for (slot, unit, total), saw in zip(onward, own, strict=True)]
        return [] if beaten or onward[0][2] / (self.longest + 1) ** power <= worst else onward

    def told(self, score: float, log_prob: float, last: Any, target: dict[str, Any]) -> dict[str, Any]:
        """One output, as ``heedful predict --json`` writes it."""
        steps: list[Any] = []
        while last:
            steps, last = [last, *steps], last[0]
        units = [target["units"][step[1] - END - 1] for step in steps]
        each = [after - before for before, after in pairwise([0.0, *(step[2] for step in steps), log_prob])]
        looked = {"source": self.units, "weights": [step[3].tolist() for step in steps]}
        between = {"words": " ", "symbols": " ", "tags": target["split"] or ";"}.get(target["unit"], "")
        told = {"text": normalize("NFC", between.join(units)), "score": score, "log_prob": log_prob, "log_probs": each}
        return told | {"units": units, "attention": looked if target["attention"] else None}


class Runner:
    """A model in a folder, ready to answer; ``threads`` 0: as many as onnxruntime likes."""

    def __init__(self, folder: str | Path, threads: int = 0) -> None:
        self.model: dict[str, Any] = json.loads((Path(folder) / "model.json").read_text(encoding="utf-8"))
        if (self.model.get("format"), self.model.get("version")) != ("heedful-onnx", 1):
            raise ValueError(f"{folder}/model.json: not heedful-onnx 1, which this runner reads; use the one beside it")
        options, cpu = onnxruntime.SessionOptions(), ["CPUExecutionProvider"]
        options.log_severity_level, options.intra_op_num_threads = 3, threads
        self.encoder: Any = onnxruntime.InferenceSession(f"{folder}/encoder.onnx", options, providers=cpu)
        self.step: Any = onnxruntime.InferenceSession(f"{folder}/step.onnx", options, providers=cpu)
        self.ids = [{unit: END + 1 + at for at, unit in enumerate(each["units"])} for each in self.model["source"]]

    def predict(self, sources: Sequence[Any], batch_size: int = 64, **options: Any) -> list[dict[str, Any]]:
        """What is found for every source; options: beam_size, n_best, length_penalty, max_length, min_length."""
        known, search = self.model["search"], self.model["search"] | options
        search["n_best"] = best = options.get("n_best", min(search["n_best"], search["beam_size"]))
        if isinstance(sources, str) or search.keys() != known.keys() or not 1 <= best <= search["beam_size"]:
            raise ValueError(f"sources are a list, not a text; options {', '.join(known)}, n_best at most beam_size")
        found: list[dict[str, Any]] = [{"source": source, "hypotheses": []} for source in sources]
        split_up = [self.columns(source, line) for line, source in enumerate(sources, start=1)]
        asked = [at for at, each in enumerate(split_up) if any(each)]
        asked.sort(key=lambda at: -sum(map(len, split_up[at])))
        while asked:  # the first is the longest; 16,384 padded units make a batch
            here = asked[: max(1, min(batch_size, 16_384 // sum(map(len, split_up[asked[0]]))))]
            asked = asked[len(here) :]
            for at, sentence in zip(here, self.beam([split_up[at] for at in here], search), strict=True):
                found[at]["hypotheses"] = [sentence.told(*made, self.model["target"]) for made in sentence.finished]
        return found

    def columns(self, source: Any, line: int) -> list[list[str]]:
        """The units of every column of a source; refuses what ``heedful predict`` refuses."""
        kinds, tabs = self.model["source"], "\t" * (len(self.model["source"]) - 1)
        given = (source or tabs).split("\t") if isinstance(source, str) else source if tabs else [source]
        if len(given) != len(kinds):
            raise ValueError(f"line {line}: {len(given)} columns, and the model reads {len(kinds)}")
        found = [split(it, kind) if isinstance(it, str) else list(it) for it, kind in zip(given, kinds, strict=True)]
        if any(found) and not any(unit in ids for ids, units in zip(self.ids, found, strict=True) for unit in units):
            raise ValueError(f"line {line}: no unit of it was seen in training")
        return found

    def beam(self, batch: Sequence[list[list[str]]], search: dict[str, Any]) -> list[Sentence]:
        """Sources, given as the units of their columns, searched side by side to the end."""
        names, feeds = self.model["names"], dict[str, Any]()
        for (ids, lengths), known, column in zip(names["sources"], self.ids, zip(*batch, strict=True), strict=True):
            padded = [*zip_longest(*([known.get(unit, UNKNOWN) for unit in units] for units in column), fillvalue=PAD)]
            feeds[ids] = np.array(padded, np.int64).reshape(-1, len(batch)).T
            feeds[lengths] = np.array([*map(len, column)], np.int64)
        sentences = [Sentence([*chain(*columns)], self.model["lengths"], search) for columns in batch]
        given = self.encoder.run([*names["held"], *names["state"]], feeds)
        held, state = given[: len(names["held"])], given[len(names["held"]) :]
        live, so_far, previous = sentences, np.zeros((len(batch), 1, 1)), np.full(len(batch), START, np.int64)
        for time in count():
            feeds = zip([names["previous"], *names["held"], *names["state"]], [previous, *held, *state], strict=True)
            given = self.step.run([names["logits"], *names["moved"], *names["weights"]], dict(feeds))
            logits, state, looked = given[0], given[1 : 1 + len(state)], given[-1].reshape(*so_far.shape[:2], -1)
            sums = logits.max(1, keepdims=True)
            sums = np.float64(sums + np.log(np.exp(logits - sums).sum(1, keepdims=True)))
            if not np.isfinite(sums).all():
                raise ValueError("the model gave what is no number: its weights are broken")
            totals = so_far + np.minimum(logits - sums, 0).reshape(len(live), -1, logits.shape[1])
            goes = [each.advance(totals[at], time, looked[at]) for at, each in enumerate(live)]  # looked: if it attends
            stay = [at for at, onward in enumerate(goes) if onward]
            if not stay:
                break
            slots, units, so_far = (np.array([[each[part] for each in goes[at]] for at in stay]) for part in range(3))
            rows = (np.array(stay)[:, None] * totals.shape[1] + slots).ravel()
            held = held if len(stay) == len(live) else [each[stay] for each in held]
            live, state = [live[at] for at in stay], [each[rows] for each in state]
            so_far, previous = so_far[:, :, None], units.ravel().astype(np.int64)
        return sentences


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python runner.py FOLDER < sources.txt > outputs.txt\n")
        sys.exit(2)
    try:
        given = sys.stdin.buffer.read().decode("utf-8-sig").replace("\r\n", "\n")
        for answer in Runner(sys.argv[1]).predict(given.removesuffix("\n").split("\n") if given else []):
            sys.stdout.buffer.write((answer["hypotheses"][0]["text"] if answer["hypotheses"] else "").encode() + b"\n")
    except (OSError, ValueError) as error:
        bad = isinstance(error, UnicodeDecodeError)
        sys.stderr.write(f"line {error.object.count(10, 0, error.start) + 1}: not UTF-8\n" if bad else f"{error}\n")
        sys.exit(3)
