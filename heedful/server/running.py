"""A server from its start to its end: who may reach it, its socket, and a stop that lets answers finish."""

import asyncio
import contextlib
import gc
import ipaddress
import logging
import re
import resource
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import uvicorn
from fastapi import FastAPI

from heedful.errors import HeedfulError, SettingsError
from heedful.server.app import application
from heedful.server.desk import Desk
from heedful.server.gate import BACKLOG, Gate
from heedful.server.guard import Guard
from heedful.server.limits import Limits
from heedful.server.protocol import House
from heedful.server.served import Shelf
from heedful.server.telling import Log, LogHandler

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Reach:
    """Where the server listens, by which names it may be called, and who may ask.

    ``token`` None means that everybody who reaches it may ask; ``insecure`` that this is meant, beyond this machine too.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    names: tuple[str, ...] = ()
    token: str | None = None
    insecure: bool = False

    def __post_init__(self) -> None:
        if not self.host.strip():
            raise SettingsError("--host is empty; leave it out to listen on this machine alone")
        if self.token is not None and not re.fullmatch(r"[!-~]{16,}", self.token):
            raise SettingsError(
                "a token is 16 letters, digits and signs of ASCII or more, on one line and without blanks"
            )
        if not is_loopback(self.host) and self.token is None and not self.insecure:
            raise SettingsError(
                f"--host {self.host} lets other machines ask: give a token (--token-file FILE, or HEEDFUL_TOKEN), "
                "or say --insecure"
            )

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names in a Host header that are this server's."""
        own = () if self.host in ("0.0.0.0", "::", "") else (f"[{self.host}]" if ":" in self.host else self.host,)  # noqa: S104
        return (*LOOPBACK, *own, *self.names)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Server(uvicorn.Server):
    """uvicorn's server behind a gate of ours; it tells where it is when it listens, and ends without raising its signal."""

    def __init__(
        self, guarded: "Guarded", listening: socket.socket, told: Callable[[str], None] = lambda address: None
    ) -> None:
        super().__init__(guarded.config())
        self.house, self.listening, self.told = guarded.house, listening, told
        self.numbers = guarded.desk.numbers
        self.gate: Gate | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listens."""
        await super().startup(sockets=[])  # no socket for uvicorn: the gate takes connections
        if not self.started:
            return
        make = self.house.protocol()
        self.gate = Gate(
            self.listening,
            lambda: make(self.config, self.server_state, self.lifespan.state),
            self.house,
            self.numbers,
        )
        self.gate.open()
        host, port = self.listening.getsockname()[:2]
        self.told(f"http://{f'[{host}]' if ':' in host else host}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes no more connections, and lets answers finish."""
        if self.gate is not None:
            self.gate.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """A signal asks for the end; it has been heeded when this is over, and is not raised again."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()


def listen(reach: Reach) -> socket.socket:
    """The socket of this server.

    Raises:
        HeedfulError: the address is taken, or is none of this machine's.
    """
    try:
        found = socket.getaddrinfo(reach.host, reach.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, number, _, address = found[0]
        made = socket.socket(family, kind, number)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "this is no name of a machine"
        raise HeedfulError(f"--host {reach.host}: no such address here ({reason.lower()})") from None
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(address)
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        reason = (error.strerror or str(error)).lower()
        raise HeedfulError(f"can't listen at {reach.host}:{reach.port}: {reason}; try another --port") from None
    return made


SPARE = 200
"""Descriptors for what is no connection: files, and those that are being refused."""


def descriptors(connections: int) -> int:
    """So many connections, or as many as this process may have descriptors for; the soft limit is raised to what is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return connections if soft == resource.RLIM_INFINITY else max(1, min(connections, soft - SPARE))


class Guarded:
    """The whole application: the routes of a desk, behind a guard."""

    def __init__(self, shelf: Shelf, limits: Limits, reach: Reach, log: Log) -> None:
        self.desk = Desk(shelf, limits, log, lambda: self.guard.predicting)
        self.app: FastAPI = application(self.desk)
        self.guard = Guard(self.app, limits, log, self.desk.numbers, hosts=reach.hosts, token=reach.token)
        self.house = House(limits)

    def config(self, **more: Any) -> uvicorn.Config:
        """For uvicorn: our protocol with its deadlines, our log, and nothing that tells strangers what runs here."""
        limits = self.desk.limits
        quiet = {"server_header": False, "proxy_headers": False, "access_log": False, "log_config": None}
        return uvicorn.Config(
            self.guard,
            http=self.house.protocol(),
            ws="none",
            lifespan="on",
            h11_max_incomplete_event_size=limits.max_header,
            timeout_keep_alive=max(1, round(limits.idle_seconds)),
            timeout_graceful_shutdown=max(1, round(limits.shutdown_seconds)),
            **quiet,
            **more,
        )


def serve(
    shelf: Shelf, limits: Limits, reach: Reach, log: Log, listening: socket.socket, told: Callable[[str], None]
) -> None:
    """Answers until a signal comes; what is in hand then is finished. ``told`` gets the address once it listens."""
    limits = limits.model_copy(update={"connections": descriptors(limits.connections)})
    handlers: list[logging.Handler] = [LogHandler(log)]
    for name in ("uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = handlers, False
    gc.collect()
    gc.freeze()  # models and modules stay: no collection has to look at them again
    log.tell("start", models=list(shelf.served), connections=limits.connections)
    asyncio.run(Server(Guarded(shelf, limits, reach, log), listening, told).serve())
    log.tell("stop")


def names_of(given: Sequence[str]) -> tuple[str, ...]:
    """The names by which a server may be called.

    Raises:
        SettingsError: one has a port, a path or a blank in it.
    """
    for name in given:
        if not name or any(each in name for each in "/ ,") or (":" in name and not name.startswith("[")):
            raise SettingsError(f"--allow-host is a name or an address, without scheme and port; found {name!r}")
    return tuple(given)
