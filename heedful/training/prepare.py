"""From a recipe to what a trainer needs: corpora read, vocabularies counted, everything in ids, a network made."""

from typing import NamedTuple

import numpy as np
import torch

from heedful.checkpoint import Checkpoint, LengthModel
from heedful.codec import Codec
from heedful.data import batches
from heedful.data.corpus import Corpus, hold_out, read_corpus, read_task
from heedful.data.frames import contents
from heedful.data.media import Told, settled_data
from heedful.data.settings import DEV_SHARE, DataSettings
from heedful.data.units import build
from heedful.data.vocabulary import Vocabulary
from heedful.errors import DataError, SettingsError
from heedful.model.seq2seq import Network
from heedful.reserved import RESERVED
from heedful.training.recipe import Recipe

SLACK = 5
"""Units that an output may be longer than any target that training saw for a source of its length."""


class Prepared(NamedTuple):
    """A network and its data, ready to train."""

    recipe: Recipe
    network: Network
    codec: Codec
    train: batches.Encoded
    dev: Corpus
    notes: list[str]


def corpora(settings: DataSettings, told: Told | None = None) -> tuple[Corpus, Corpus]:
    """Train and dev pairs as the recipe says: files, a built-in task, or a share held out.

    ``told`` is told how many pictures, sounds or arrays of how many are prepared.

    Raises:
        DataError: a file is missing or bad. SettingsError: the recipe names no training data.
    """
    if settings.train is None:
        raise SettingsError("data.train is missing: name a TSV, two parallel files, or a task such as task:dates")
    if settings.is_task:
        train, dev = read_task(settings)
        return train, dev if settings.dev is None else read_corpus(settings.dev, settings, told=told)
    corpus = read_corpus(settings.train, settings, told=told)
    if settings.dev is None:
        return hold_out(corpus, settings.dev_share or DEV_SHARE)
    return corpus, read_corpus(settings.dev, settled_data(settings, corpus.sources), told=told)


def count_codec(train: Corpus, settings: DataSettings) -> Codec:
    """Vocabularies counted on the training pairs, and how long outputs may become."""
    source_units = [None if column.framed else build(column.unit, column.split) for column in settings.source]
    target_units = build(settings.target.unit, settings.target.split)
    most, least = settings.max_vocabulary, settings.min_count
    vocabularies = tuple(
        Vocabulary(())
        if unit is None
        else Vocabulary.count([unit.split(str(source[column])) for source in train.sources], least, most)
        for column, unit in enumerate(source_units)
    )
    target = Vocabulary.count((target_units.split(text) for text in train.targets), least, most)
    return Codec(settings, vocabularies, target, LengthModel(slope=1.0, margin=float(SLACK)))


def length_model(encoded: batches.Encoded, before: LengthModel | None = None) -> LengthModel:
    """A line that no training target lies above: the mean ratio as slope, the largest excess and some slack above it.

    ``before`` is the line of the model that training begins from: it is moved up where these targets need it.
    """
    source, target = encoded.source_lengths, encoded.target_lengths
    slope = float(target.sum() / max(1, source.sum())) if before is None else before.slope
    margin = float(np.max(target - slope * source)) + SLACK
    return LengthModel(slope=slope, margin=margin if before is None else max(margin, before.margin))


def device(name: str) -> torch.device:
    """Where to train.

    Raises:
        SettingsError: it is not there.
    """
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise SettingsError("training.device = 'cuda', and this torch sees no GPU; use 'cpu' or 'auto'")
    return torch.device("cuda" if there and name != "cpu" else "cpu")


def prepare(recipe: Recipe, train: Corpus, dev: Corpus, initial: Checkpoint | None = None) -> Prepared:
    """A network for these pairs; from ``initial``, with its vocabularies, where one is given.

    Raises:
        DataError: there is nothing to train on. SettingsError: the initial model is of another shape than the recipe says.
    """
    if not len(train) or not len(dev):
        raise DataError(
            f"there are {len(train)} pairs to train on and {len(dev)} to validate on", "give at least one of each"
        )
    notes = [*train.notes, *dev.notes]
    notes += [f"{len(each.skipped):,} bad rows of {each.name} skipped" for each in (train, dev) if each.skipped]
    notes = list(dict.fromkeys(notes))  # a share held out has the notes of the file that it came from
    settings = recipe.data
    device(recipe.training.device)
    if initial is not None:
        recipe, codec = _follow(recipe, initial)
    else:
        codec = count_codec(train, settings)
        told = [each for each, unit in zip(codec.source_vocabularies, codec.source_units, strict=True) if unit]
        if any(len(vocabulary) == RESERVED for vocabulary in (*told, codec.target_vocabulary)):
            raise DataError(
                f"no unit of a column stands {settings.min_count} times in the data", "lower data.min_count"
            )
    encoded = batches.encode(
        train, codec.source_units, codec.target_units, codec.source_vocabularies, codec.target_vocabulary
    )
    codec = codec._replace(lengths=length_model(encoded, None if initial is None else initial.lengths))
    validated = batches.encode(
        dev, codec.source_units, codec.target_units, codec.source_vocabularies, codec.target_vocabulary
    )
    for name, data in (("training", encoded), ("dev", validated)):
        for side, report in [
            *zip(_names(len(data.source_unknown)), data.source_unknown, strict=True),
            ("target", data.target_unknown),
        ]:
            if report.count:
                common = " ".join(repr(unit) for unit, _ in report.most_common[:5])
                notes.append(f"{report.count:,} of {report.total:,} {name} {side} units are unknown, such as {common}")
    torch.manual_seed(recipe.training.seed)
    try:
        network = Network(recipe.model, contents(settings, codec.source_vocabularies), len(codec.target_vocabulary))
    except ValueError as error:  # a reader that can't read such frames
        raise SettingsError(f"model.reader: {error}") from None
    if initial is not None:
        network.load_state_dict(initial.weights)
    return Prepared(recipe, network, codec, encoded, dev, notes)


def _names(columns: int) -> list[str]:
    return ["source"] if columns == 1 else [f"source column {place + 1}" for place in range(columns)]


def _follow(recipe: Recipe, initial: Checkpoint) -> tuple[Recipe, Codec]:
    """The recipe with the initial model's shape, units and vocabularies."""
    given, had = recipe.model.resolved().model_dump(), initial.model.model_dump()
    told = recipe.model.model_fields_set
    differing = [f"model.{key} = {given[key]!r}, the model has {had[key]!r}" for key in told if given[key] != had[key]]
    differing = [line for line in differing if not line.startswith("model.dropout")]
    if differing:
        raise SettingsError(
            f"--init-from keeps the model's shape, but the recipe says {'; '.join(differing)}; leave it out"
        )
    if (recipe.data.source, recipe.data.target) != (initial.data.source, initial.data.target):
        raise SettingsError("--init-from keeps the model's columns and units, but the recipe's data tables say others")
    shape = initial.model.model_copy(update={"dropout": recipe.model.dropout})
    codec = Codec(recipe.data, initial.source_vocabularies, initial.target_vocabulary, initial.lengths)
    return recipe.model_copy(update={"model": shape}), codec
