"""Options that several commands share, and what they mean. Loads nothing but typer, so that help is quick."""

import inspect
import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from heedful.errors import DataError, SettingsError

Told = Callable[[str], None]
"""Is told something to say."""
BEAM, N_BEST, PENALTY = "beam_size", "n_best", "length_penalty"
_OVERRIDE = re.compile(r"(data|model|training|search|evaluation)\.[\w.]+=")


class OnBad(StrEnum):
    """What to do about a bad line."""

    stop = "stop"
    skip = "skip"


Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A model folder, or a run's: then its best model.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a recipe key, as model.cell=gru. May be said again."),
]
Bad = Annotated[OnBad | None, typer.Option("--on-bad", help="A bad line stops everything (default), or is left out.")]
Threads = Annotated[int | None, typer.Option("--threads", min=1, metavar="N", help="Processor threads to use.")]
BatchSize = Annotated[
    int | None, typer.Option("--batch-size", min=1, metavar="N", help="Sources searched side by side.")
]


class Precision(StrEnum):
    """What search reckons in."""

    FLOAT32 = "float32"
    INT8 = "int8"


class Language(StrEnum):
    """What a page is written in."""

    EN = "en"
    KO = "ko"


InLanguage = Annotated[Language, typer.Option("--language", help="What the page is written in.")]
InPrecision = Annotated[
    Precision | None,
    typer.Option("--precision", help="int8: quicker on processors that multiply bytes, a little coarser."),
]
BeamSize = Annotated[int | None, typer.Option("--beam-size", metavar="N", help="Hypotheses kept; 1 is greedy search.")]
LengthPenalty = Annotated[
    float | None, typer.Option("--length-penalty", metavar="X", help="Scores are divided by length to this power.")
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]


def add(app: typer.Typer, name: str, command: Callable[..., None], line: str) -> None:
    """Makes a function a command; its docstring is the help, its paragraphs free to be wrapped as the terminal likes."""
    paragraphs = inspect.getdoc(command) or ""
    app.command(name, short_help=line, help=re.sub(r"(?<!\n)\n(?!\n)", " ", paragraphs))(command)


def separated(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Files, and overrides among them: ``--set model.cell=gru model.dropout=0.2`` leaves the second with the files."""
    return [word for word in words if not _OVERRIDE.match(word)], [word for word in words if _OVERRIDE.match(word)]


def as_place(files: Sequence[str], what: str) -> str | list[str]:
    """One file of pairs, or two of parallel text, as a recipe stored anywhere may say it: absolute.

    Raises:
        SettingsError: there are more.
    """
    if len(files) > 2:
        raise SettingsError(f"{what}: one file of pairs or two parallel ones, found {len(files)}: {' '.join(files)}")
    found = [absolute(file) for file in files]
    return found[0] if len(found) == 1 else found


def absolute(file: str) -> str:
    """The path from the root; a built-in task and a path that begins with a ``$VARIABLE`` stay as they are."""
    if file.startswith(("task:", "$")):
        return file
    return str(Path(file).expanduser().absolute())


def read_overrides(given: Sequence[str]) -> list[tuple[str, Any]]:
    """``--set`` options as keys and values; a file named there is seen from here, not from where the run will stand.

    Raises:
        SettingsError: one is no key=value.
    """
    from heedful.training.recipe import parse_override

    found: list[tuple[str, Any]] = []
    for key, value in map(parse_override, given):
        if key not in ("data.train", "data.dev"):
            found.append((key, value))
        else:
            found.append((key, [*map(absolute, value)] if isinstance(value, list) else absolute(str(value))))
    return found


def use_threads(count: int | None) -> None:
    """Limits torch to so many threads; leaves it alone where None."""
    if count is not None:
        import torch

        torch.set_num_threads(count)


def searching(stored: Any, command: str, **given: Any) -> Any:
    """The model's search settings with the options that were given (not None).

    ``n_best`` above the beam widens it, unless the beam was given too; a narrow beam that was given limits an
    ``n_best`` that was not.

    Raises:
        SettingsError: an impossible value.
    """
    from heedful.search.settings import SearchSettings

    told = {key: value for key, value in given.items() if value is not None}
    values = {**stored.model_dump(), **told}
    if N_BEST in told and BEAM not in told:
        values[BEAM] = max(values[BEAM], told[N_BEST])
    elif N_BEST not in told:
        values[N_BEST] = min(values[N_BEST], max(1, values[BEAM]))
    return SearchSettings.read(values, command)


def as_text(word: str, name: str) -> str:
    """A word of the command line that is going to be text for a model.

    Raises:
        DataError: it is not UTF-8.
    """
    try:
        word.encode()
    except UnicodeEncodeError:
        raise DataError(f"{name}: this is not UTF-8", "set the terminal and the locale to UTF-8") from None
    return word
