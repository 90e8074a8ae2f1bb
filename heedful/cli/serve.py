"""``heedful serve``: a page to look inside, and a server for programs."""

import contextlib
import os
from pathlib import Path
from typing import Annotated

import typer

from heedful.cli import options
from heedful.errors import DataError, MissingPackageError, SettingsError

TOKEN = "HEEDFUL_TOKEN"  # noqa: S105 (the name of a variable)


def serve(  # noqa: PLR0913 (one argument an option)
    models: Annotated[
        list[Path],
        typer.Argument(metavar="MODEL...", help="Model folders, or runs'; each is called by its folder's name."),
    ],
    *,
    host: Annotated[
        str, typer.Option("--host", help="Where to listen; beyond this machine it takes a token, or --insecure.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8000,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="A name the server may be called by. May be said again."),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", metavar="FILE", help=f"Ask for the token in this file; or set {TOKEN}."),
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Answer other machines without a token.")] = False,
    limit: Annotated[
        list[str] | None,
        typer.Option("--limit", metavar="NAME=N", help="Set a limit, as max_beam_size=50. May be said again."),
    ] = None,
    log: Annotated[
        bool | None,
        typer.Option("--log/--no-log", help="A JSON line for every request; only faults on a terminal otherwise."),
    ] = None,
    threads: options.Threads = None,
) -> None:
    """Serve a page to type in and look inside, and the same for programs.

    The page is at the address that is told; /docs says what programs may ask.
    """
    limits_given = dict(map(_limit, limit or []))
    try:
        import fastapi  # noqa: F401
        import prometheus_client  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError:
        raise MissingPackageError(
            "the server needs packages that are not installed: pip install 'heedful[serve]'"
        ) from None
    from heedful.cli import show
    from heedful.server.limits import Limits
    from heedful.server.running import Reach, is_loopback, listen, names_of
    from heedful.server.running import serve as run

    limits = Limits.read(limits_given, "--limit")
    reach = Reach(host, port, names_of(allow_host or []), _token(token_file), insecure)
    options.use_threads(threads or max(1, (os.cpu_count() or 1) - 1))  # one processor reads and writes
    from heedful.server.served import Shelf
    from heedful.server.telling import Log

    requests = not show.console(stderr=True).is_terminal if log is None else log
    with contextlib.closing(listen(reach)) as listening:  # first: an address that is taken is told before models load
        shelf = Shelf.load(models)
        if reach.token is None and not is_loopback(reach.host):
            show.say("note: --insecure: whoever reaches this machine may ask, and look inside")
        run(shelf, limits, reach, Log(requests=requests), listening, _at(list(shelf.served)))


def _at(names: list[str]) -> "options.Told":
    def told(address: str) -> None:
        from heedful.cli import show

        show.say(f"{', '.join(names)}: {address} (Ctrl-C ends)")

    return told


def _limit(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals:
        raise SettingsError(f"--limit is NAME=N, as max_beam_size=50; found {given!r}")
    return name.strip(), value.strip()


def _token(file: Path | None) -> str | None:
    """The token of the file, or of the environment: never of the command line, which everybody on the machine can read."""
    if file is None:
        return os.environ.get(TOKEN, "").strip() or None
    try:
        found = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise DataError(f"--token-file {file}: can't be read", "name a text file that holds the token") from None
    if not found:
        raise DataError(f"--token-file {file}: is empty", "write a token of 16 letters or more into it")
    return found
