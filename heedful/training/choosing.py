"""What a recipe leaves open: units guessed from the text, sizes and lengths of training from how much of it there is."""

from collections.abc import Mapping, Sequence
from typing import Any

from heedful.data.corpus import Corpus, Item
from heedful.model.settings import SUBSAMPLING
from heedful.training.recipe import Recipe

Table = dict[str, Any]
LONG = 64
"""From so many positions of frames on, attention gets help."""
LOOKED_AT = 2_000
"""So many texts are looked at when a unit is guessed."""


def guess_unit(texts: Sequence[str]) -> str:
    """Letters, words or symbols, by how blanks stand in the texts.

    Symbols: nearly every blank-separated item is one to three characters long and there are few different ones, as
    with phones. Words: most texts have several items, and items recur. Letters otherwise.
    """
    few = texts[:LOOKED_AT]
    items = [item for text in few for item in text.split()]
    with_blanks = sum(" " in text.strip() for text in few) / max(1, len(few))
    if not items or with_blanks < 0.5:
        return "letters"
    mean = sum(map(len, items)) / len(items)
    distinct = len(set(items))
    if mean <= 2.5 and distinct <= 300:
        return "symbols"
    many = len(items) / len(few) >= 4 and with_blanks > 0.9
    return "words" if many and all(len(text.split()) > 1 for text in few[:20]) else "letters"


def _positions(corpus: Corpus, said: Recipe) -> float:
    """About how many positions a source has: its frames, shortened as the readers do."""
    few = corpus.sources[:LOOKED_AT]
    frames = sum(sum(map(_length, source)) for source in few) / len(few)
    return frames / (said.model.subsampling or (1 if said.readers == {"projection"} else SUBSAMPLING))


def _length(item: Item) -> int:
    return len(item) if isinstance(item, str) else item.length


def sized(table: Mapping[str, Any], corpus: Corpus, said: Recipe) -> Table:
    """The same tables, with what suits this much data filled in where it is not given.

    ``said`` is the recipe with the overrides in it: what it says decides what goes with it.

    Small data want a small, strongly regularised network and many passes; the figures come from our own runs
    (``docs/log.md``). Lengths of texts stand for lengths in units: only their size matters here.
    """
    pairs, target_unit = len(corpus), said.data.target.unit
    words = target_unit in ("words", "symbols")
    units = sum(len(text.split()) if words else len(text) for text in corpus.targets[:LOOKED_AT])
    source = sum(max(1, sum(map(_length, text))) for text in corpus.sources[:LOOKED_AT])
    source = source / 6 if target_unit == "words" and not said.data.framed else source
    mean = (units + source) / min(LOOKED_AT, pairs) + 2
    long = said.data.framed and _positions(corpus, said) >= LONG
    rows = 16 if long else int(min(64, max(16, pairs / 60)))
    passes = min(60.0, max(8.0, 450_000 / pairs))
    updates = int(min(60_000, max(1_500, passes * pairs / rows)))
    if "updates" in said.training.model_fields_set:
        updates = said.training.updates
    hidden = 128 if pairs < 1_000 else 256 if pairs < 20_000 else 512
    if "hidden_size" in said.model.model_fields_set:
        hidden = said.model.hidden_size
    model: Table = {
        "hidden_size": hidden,
        "embedding_size": max(1, hidden // 2),
        "dropout": 0.4 if pairs < 50_000 else 0.3,
    }
    if long:
        # Attention over so many positions does not form by itself (docs/log.md); what feeds it into the recurrence finds its way.
        model |= {"ctc": True} if "ctc" not in said.model.model_fields_set else {}
        wiring = {"attention", "input_feeding", "feed_context"}  # each of them says which
        model |= {} if wiring & said.model.model_fields_set else {"attention": "bahdanau"}
    training: Table = {
        "updates": updates,
        "warmup": min(400, updates // 10),
        "batch_size": rows,
        "batch_units": int(rows * mean * 1.5) + 1,
        "validate_every": max(min(50, updates), updates // 15),
        "learning_rate": 0.002 if hidden <= 256 else 0.001,
    }
    data: Table = {}
    if "accuracy" not in said.evaluation.metrics:
        training["metric"] = said.evaluation.metrics[0]
    if target_unit == "words":
        if "bleu" in said.evaluation.metrics:
            training["metric"] = "bleu"
        data = {"min_count": 2} if pairs >= 5_000 else {}
    filled = {room: dict(values) for room, values in table.items()}
    filled["data"] = data | filled.get("data", {})
    filled["model"] = model | filled.get("model", {})
    filled["training"] = training | filled.get("training", {})
    return filled
