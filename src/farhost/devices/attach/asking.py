"""Asking a running network from another process: what `farhost status`, `ss`, `link` and the others do."""

import os
import socket
from pathlib import Path

from farhost.devices.attach.errors import PlaceError, QuestionError
from farhost.devices.attach.places import DEFAULT, is_running, running_networks, socket_path
from farhost.kernel.syscalls.encoding import BadMessage
from farhost.kernel.syscalls.frames import PROBLEM, FrameReader, ask, read_json

TIMEOUT_S = 10
"""A network that does not answer for so long is stuck."""


class Asker:
    """A connection to a network's control socket."""

    def __init__(self, path: Path) -> None:
        """PlaceError if the network is not up."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(TIMEOUT_S)
        try:
            self._socket.connect(os.fspath(path))
        except (FileNotFoundError, ConnectionRefusedError):
            self._socket.close()
            raise PlaceError(not_running(path.stem)) from None

    def __enter__(self) -> "Asker":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, question: str, **arguments: object) -> object:
        """The answer. QuestionError with the network's words; PlaceError if it ended meanwhile."""
        reader = FrameReader()
        try:
            self._socket.sendall(ask(question, **arguments))
            while True:
                data = self._socket.recv(1 << 16)
                if not data:
                    raise PlaceError("the network ended before it answered")
                for frame in reader.take(data):
                    if frame.kind == PROBLEM:
                        raise QuestionError(frame.head.decode())
                    return read_json(frame)
        except TimeoutError:
            raise PlaceError(f"the network did not answer within {TIMEOUT_S} s: is its process stopped?") from None
        except (BrokenPipeError, ConnectionResetError, BadMessage) as error:
            raise PlaceError(f"the network ended before it answered: {error}") from None


def not_running(name: str) -> str:
    """What to say of a network that is not up, and what to do."""
    others = [other for other in running_networks() if other != name]
    if others:
        return f"no network {name!r} is up; --network chooses one that is: {', '.join(others)}"
    return f"no network {name!r} is up: start one with `farhost up`"


def find_network(name: str | None) -> Path:
    """The control socket of the network of that name; of none given, FARHOST_NETWORK's, the default one, or the only
    one there is. PlaceError."""
    if name is None:
        name = os.environ.get("FARHOST_NETWORK")
    if name is None:
        running = running_networks()
        name = running[0] if len(running) == 1 else DEFAULT
    path = socket_path(name)
    if not is_running(path):
        raise PlaceError(not_running(name))
    return path
