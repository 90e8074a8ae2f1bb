"""Who comes in: connections up to a number, and beyond it a quick refusal for as many as cost nothing worth telling.

Refusing is work too. A server that answers every stranger of a crowd does nothing else; so beyond the limit only a few a
moment get their 503, and the others stay where the kernel keeps them until there is room.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from heedful.server.protocol import Connection, House, refusal_bytes
from heedful.server.refusals import overloaded
from heedful.server.telling import Numbers

AT_ONCE = 16
"""So many connections are taken before others get their turn in the loop."""
PAUSE = 0.01
REFUSED_AT_ONCE = 5
"""Every ``PAUSE`` seconds so many are refused: 500 a second."""
LINGER = 0.25
PATIENCE = 1.0
"""Who has kept the server waiting for so long makes room for others when there is none left."""
BACKLOG = 128


class Gate:
    """Takes connections from a listening socket."""

    def __init__(
        self, listening: socket.socket, make: Callable[[], Connection], house: House, numbers: Numbers
    ) -> None:
        self.listening, self.make, self.house, self.numbers = listening, make, house, numbers
        self.loop = asyncio.get_running_loop()
        self.waking: asyncio.TimerHandle | None = None
        self.coming: set[asyncio.Task[None]] = set()
        self.closing: set[socket.socket] = set()

    def open(self) -> None:
        """Begins to take connections."""
        self.listening.setblocking(False)
        self.loop.add_reader(self.listening, self._take)

    def close(self) -> None:
        """Takes no more: whoever comes now is refused by the kernel, at once."""
        self.loop.remove_reader(self.listening)
        self.listening.close()
        if self.waking is not None:
            self.waking.cancel()
        for each in list(self.closing):
            self._let_go(each)

    def _take(self) -> None:
        for _ in range(AT_ONCE):
            if self._is_full():
                self._pause()
                return
            taken = self._accept()
            if taken is None:
                return
            task = self.loop.create_task(self._connect(taken))
            self.coming.add(task)
            task.add_done_callback(self.coming.discard)

    def _accept(self) -> socket.socket | None:
        try:
            taken, _ = self.listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return None
        except OSError:  # no descriptor left
            self._pause()
            return None
        taken.setblocking(False)
        return taken

    async def _connect(self, taken: socket.socket) -> None:
        try:
            await self.loop.connect_accepted_socket(self.make, taken)
        except OSError:
            taken.close()

    def _is_full(self) -> bool:
        if len(self.coming) + len(self.house.connections) < self.house.limits.connections:
            return False
        return not self.house.make_room(PATIENCE)

    def _pause(self) -> None:
        self.loop.remove_reader(self.listening)
        self.waking = self.loop.call_later(PAUSE, self._look)

    def _look(self) -> None:
        """After a pause: on with it where there is room, else a few are told that there is none."""
        if not self._is_full():
            self.loop.add_reader(self.listening, self._take)
            return
        for _ in range(REFUSED_AT_ONCE):
            try:
                taken, _ = self.listening.accept()
            except OSError:
                break
            self._refuse(taken)
        self.waking = self.loop.call_later(PAUSE, self._look)

    def _refuse(self, taken: socket.socket) -> None:
        self.numbers.refused.inc()
        taken.setblocking(False)
        self.closing.add(taken)
        try:
            taken.send(refusal_bytes(overloaded("too many connections are open; come again")))
            taken.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # gone already
        self.loop.call_later(LINGER, self._let_go, taken)

    def _let_go(self, taken: socket.socket) -> None:
        """Closed only now, and with what it sent read: else the answer is torn away from whoever reads it."""
        if taken in self.closing:
            self.closing.discard(taken)
            with contextlib.suppress(OSError):
                taken.recv(1 << 16)
            taken.close()
