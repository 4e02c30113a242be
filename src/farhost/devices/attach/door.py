"""The control socket of a network: who knocks is let in if he is the network's own user, or root."""

import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from farhost.devices.attach.connection import Connection, Owner
from farhost.devices.attach.places import lock
from farhost.devices.attach.process import Peer
from farhost.devices.real_time import RealTime

BACKLOG = 1024
_REST_NS = 100_000_000
_UCRED = struct.Struct("iII")

Greet = Callable[[Peer], Owner]
"""Who listens to a new connection of that peer."""


class Door:
    """The listening socket."""

    def __init__(self, clock: RealTime, path: Path, greet: Greet) -> None:
        """PlaceError if another network has the place."""
        self._clock = clock
        self._path = path
        self._greet = greet
        self._lock = lock(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        old = os.umask(0o177)
        try:
            self._socket.bind(os.fspath(path))
        finally:
            os.umask(old)
        self._socket.listen(BACKLOG)
        clock.watch(self._socket.fileno(), self._ready)

    def _ready(self, events: int) -> None:
        try:
            accepted, _ = self._socket.accept()
        except BlockingIOError:
            return
        except OSError:
            # No descriptor is left: who knocks waits until somebody has gone.
            self._clock.rest(self._socket.fileno(), _REST_NS)
            return
        raw = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        peer = Peer(*_UCRED.unpack(raw))
        if peer.uid not in (0, os.geteuid()):
            accepted.close()
            return
        Connection(self._clock, accepted, self._greet(peer))

    def close(self) -> None:
        """Nobody is let in any more; the socket's file goes."""
        self._clock.forget(self._socket.fileno())
        self._path.unlink(missing_ok=True)
        self._socket.close()
        os.close(self._lock)
