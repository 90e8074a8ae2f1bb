"""The door: commands, and what leaves the house as an exit code.

A ``HeedfulError`` becomes a line on standard error and its exit code. Anything else is a bug and shows its traceback.
"""

import errno
import io
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import heedful
from heedful.choices import COMMANDS as HELP
from heedful.cli import attend, compare, data, evaluate, export, influence, options, predict, serve, study, train
from heedful.errors import HeedfulError

COMMANDS: dict[str, Callable[..., None] | typer.Typer] = {
    "train": train.train,
    "evaluate": evaluate.evaluate,
    "predict": predict.predict,
    "attend": attend.attend,
    "influence": influence.influence,
    "compare": compare.compare,
    "study": study.study,
    "export": export.export,
    "serve": serve.serve,
    "data": data.app,
}
INTERRUPTED = 130
MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.EFBIG}
"""What the machine refuses is no bug of ours: a full disk behind standard output, a folder without permission."""


class Door(TyperGroup):
    """Turns what a command raises into a line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command."""
        try:
            found = super().invoke(ctx)
            sys.stdout.flush()
        except HeedfulError as error:
            raise _leave(str(error), error.exit_code) from None
        except KeyboardInterrupt:
            raise _leave("interrupted", INTERRUPTED) from None
        except BrokenPipeError:
            _close_output()  # whoever read us has enough: `heedful predict ... | head`
            raise typer.Exit(0) from None
        except OSError as error:
            if error.errno not in MACHINE:
                raise
            _close_output()
            name = f"{error.filename}: " if error.filename else ""
            raise _leave(f"{name}{(error.strerror or str(error)).lower()}", HeedfulError.exit_code) from None
        return found


app = typer.Typer(
    cls=Door,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Sequence-to-sequence learning with recurrent encoder-decoders and attention: train in minutes, look inside.",
)


def _version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"heedful {heedful.__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    del version  # its callback has answered


for _name, _command in COMMANDS.items():
    if isinstance(_command, typer.Typer):
        app.add_typer(_command, name=_name, help=HELP[_name])
    else:
        options.add(app, _name, _command, HELP[_name])


def main() -> None:
    """The ``heedful`` command."""
    for stream in (sys.stdout, sys.stderr):
        # UTF-8 whatever the locale says: files are, and a prediction must not depend on who asks.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    signal.signal(signal.SIGTERM, _interrupt)
    app()


def _interrupt(number: int, frame: FrameType | None) -> None:
    """A polite end is the same as Ctrl-C; while a model is trained, training has its own way to end."""
    raise KeyboardInterrupt


def _leave(message: str, code: int) -> typer.Exit:
    from heedful.cli import show  # here: rich takes longer to load than most answers of this file need

    show.error(message)
    return typer.Exit(code)


def _close_output() -> None:
    """Sends what is still to be written nowhere, so that Python does not complain about it when it ends."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # not a real stream
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
