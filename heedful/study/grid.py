"""What is compared: every combination of the values that vary, each one an arm."""

import hashlib
import re
import tomllib
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from heedful.data.corpus import Corpus
from heedful.data.settings import DataSettings
from heedful.errors import SettingsError
from heedful.training.prepare import corpora
from heedful.training.recipe import Recipe, parse_override
from heedful.training.run import choose

Override = tuple[str, Any]
Varied = tuple[str, tuple[Any, ...]]
"""A key of the recipe, and the values that it takes."""
MOST = 200
"""More arms than this are a mistake."""
LONGEST, KEPT = 200, 60
"""A folder's name of more bytes is cut to so many characters: file systems end at 255 bytes."""


@dataclass(frozen=True)
class Arm:
    """One combination: what it is called, the overrides that make it, and the recipe that comes of it, without a seed."""

    name: str
    overrides: tuple[Override, ...]
    recipe: Recipe
    notes: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """A name that a folder may have, and no other arm's has: where signs had to go, a digest tells them apart."""
        written = re.sub(r"[^\w.=,+-]+", "_", self.name)
        plain = written == self.name.replace(", ", ",_") and written.strip(".")
        if plain and len(written.encode()) <= LONGEST:
            return written
        return f"{written[:KEPT]}-{hashlib.blake2b(self.name.encode(), digest_size=4).hexdigest()}"


def parse_vary(text: str) -> Varied:
    """``model.attention=fixed,luong`` as a key and its values: TOML values, or bare words as strings.

    Raises:
        SettingsError: it is no such thing, a value stands there twice, or the key is one that arms have to share.
    """
    try:
        key, values = parse_override(text)
    except SettingsError as error:
        raise SettingsError(str(error).replace("--set", "--vary", 1)) from None
    if key.startswith(("training.seed", "training.threads")):
        raise SettingsError(f"--vary {key}: seeds are --seeds N, threads are --threads N")
    if key.startswith("evaluation.") or key == "training.metric":
        raise SettingsError(f"--vary {key}: all arms are scored alike; say it for all of them with --set")
    if isinstance(values, str):
        _, _, written = text.partition("=")
        values = [parse_override(f"{key}={each}")[1] for each in _split(written)]
    found = list(values) if isinstance(values, list) else [values]
    if len({repr(each) for each in found}) < len(found):
        raise SettingsError(f"--vary {text}: a value stands there twice")
    return key, tuple(found)


def _split(written: str) -> list[str]:
    """At the commas that stand in no list, table or string."""
    found: list[str] = []
    begun = ""
    for piece in written.split(","):
        begun = f"{begun},{piece}" if begun else piece
        if _whole(begun):
            found.append(begun.strip())
            begun = ""
    return [*found, *([begun.strip()] if begun else [])]


def _whole(piece: str) -> bool:
    if not re.search(r"[\[{\"']", piece):
        return True
    try:
        tomllib.loads(f"value = {piece}")
    except tomllib.TOMLDecodeError:
        return False
    return True


def arms(
    table: Mapping[str, Any],
    overrides: Sequence[Override],
    varied: Sequence[Varied],
    where: str,
    read: Callable[[DataSettings], tuple[Corpus, Corpus]] = corpora,
) -> list[Arm]:
    """Every combination of the values, in the order in which they were named; two that come to the same are one.

    Early stopping is off unless it was asked for: arms have equal budgets.

    Raises:
        SettingsError: a key is varied twice, there are too many arms, or all of them come to the same. What composing a
            recipe raises.
    """
    keys = [key for key, _ in varied]
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise SettingsError(f"--vary {twice[0]}: it is varied twice; name all its values at once")
    combinations = list(product(*([(key, value) for value in values] for key, values in varied)))
    if len(combinations) > MOST:
        raise SettingsError(f"--vary: {len(combinations):,} arms; at most {MOST} can be compared")
    found = planned(table, overrides, [(None, chosen) for chosen in combinations], where, read)
    if len(found) < 2 <= len(combinations):
        raise SettingsError(f"--vary: all arms come to the same recipe ({'; '.join(found[0].notes)})")
    return found


def planned(
    table: Mapping[str, Any],
    overrides: Sequence[Override],
    named: Iterable[tuple[str | None, Sequence[Override]]],
    where: str,
    read: Callable[[DataSettings], tuple[Corpus, Corpus]] = corpora,
) -> list[Arm]:
    """Arms of these names and overrides; of those that come to the same, the first.

    An arm without a name is called by its overrides, those that have an effect.

    Raises:
        SettingsError, DataError: see ``training.run.choose``.
    """
    reading: dict[str, tuple[Corpus, Corpus]] = {}

    def once(settings: DataSettings) -> tuple[Corpus, Corpus]:
        told = settings.model_dump_json()
        if told not in reading:
            reading[told] = read(settings)
        return reading[told]

    wanted = list(named)
    whole_keys = _shown_alike([override for _, chosen in wanted for override in chosen])
    found: dict[str, Arm] = {}
    for name, chosen in wanted:
        given = [*overrides, *chosen]
        whole = given if _says_patience(table, given) else [("training.patience", 0), *given]
        composed, _, _ = choose(table, whole, where, once, {key for key, _ in chosen})
        with_effect = [(key, value) for key, value in chosen if not _dropped(key, composed.notes)]
        seedless = composed.recipe.model_dump_json(exclude={"training": {"seed", "threads"}})
        if seedless in found:
            kept = found[seedless]
            note = f"{_name(chosen, whole_keys)} comes to the same as {kept.name}"
            found[seedless] = replace(kept, notes=(*kept.notes, note))
            continue
        called = name or _name(with_effect, whole_keys)
        notes = tuple(f"{called}: {note}" for note in composed.notes)
        found[seedless] = Arm(called, tuple(with_effect), composed.recipe, notes)
    return list(found.values())


def _says_patience(table: Mapping[str, Any], given: Sequence[Override]) -> bool:
    said = table.get("training", {})  # composing the recipe says it where this is no table
    return (isinstance(said, Mapping) and "patience" in said) or any(key == "training.patience" for key, _ in given)


def _dropped(key: str, notes: Sequence[str]) -> bool:
    return any(note.startswith(f"{key} is dropped") for note in notes)


def _shown_alike(chosen: Iterable[Override]) -> set[str]:
    """Keys with two values whose last parts are one: files of one name in different folders."""
    seen: dict[tuple[str, str], str] = {}
    return {key for key, value in chosen if seen.setdefault((key, _value(value)), repr(value)) != repr(value)}


def _name(chosen: Sequence[Override], whole_keys: Container[str]) -> str:
    """``model.attention=luong, model.cell=gru``; a file by its name, or by its whole path under ``whole_keys``."""
    return ", ".join(f"{key}={_value(value, whole=key in whole_keys)}" for key, value in chosen) or "recipe"


def _value(value: Any, *, whole: bool = False) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and not whole and ("/" in value or "$" in value):
        return Path(value).name
    return str(value)
