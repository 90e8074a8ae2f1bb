"""Every error that Heedful raises on purpose.

    HeedfulError                   1   anything that went wrong and is not a bug
    ├── SettingsError              2   an option or a recipe key: unknown, impossible, without effect
    ├── DataError                  3   a missing or bad file, a bad row
    ├── ModelFolderError           3   a model folder that is damaged, altered or of another kind
    ├── DivergedError              4   training left the finite numbers and did not come back
    ├── StoppedError             130   stopped by a signal, with everything saved
    └── MissingPackageError        1   an optional package or a font is not installed

The number is the exit code of the command line. A message says what, where, why and the way out, in one line;
the door prints it as it is. Anything that is not a ``HeedfulError`` is a bug and shows its traceback.
"""

from collections.abc import Sequence
from typing import ClassVar


class HeedfulError(Exception):
    """Base of everything that Heedful raises on purpose."""

    exit_code: ClassVar[int] = 1


class SettingsError(HeedfulError):
    """An option or a recipe key is unknown, impossible, or has no effect in this combination."""

    exit_code = 2


class DataError(HeedfulError):
    """A file is missing or bad, or some of its rows are.

    ``problems`` holds one line for each bad row; the message shows the first five of them and counts the rest.
    """

    exit_code = 3
    shown: ClassVar[int] = 5

    def __init__(self, problems: str | Sequence[str], way_out: str = "") -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        lines = self.problems[: self.shown]
        if len(self.problems) > self.shown:
            lines.append(f"... and {len(self.problems) - self.shown:,} more like these")
        message = "\n".join(lines)
        between = "; " if len(lines) == 1 else "\n"
        super().__init__(f"{message}{between}{way_out}" if way_out else message)


class ModelFolderError(HeedfulError):
    """A model folder is damaged, was altered, or is not one."""

    exit_code = 3


class DivergedError(HeedfulError):
    """The loss left the finite numbers again after a roll-back; the best model so far is kept."""

    exit_code = 4


class StoppedError(HeedfulError):
    """A signal stopped the work; what was done is saved."""

    exit_code = 130


class MissingPackageError(HeedfulError):
    """An optional package, or a font, is needed for this and is not installed."""
