"""TLS over the sockets of functions: the contexts of `ssl` wrap simulated sockets, and real ones as ever."""

import contextlib
from typing import Any

from farhost.programs.after_import import when_imported
from farhost.programs.in_place.caller import simulated
from farhost.programs.in_place.socket_methods import misused, placed
from farhost.programs.stdlib.socket_class import BaseSocket
from farhost.programs.stdlib.ssl_module import wrap_simulated_sockets


def install() -> None:
    """Change `ssl`, once: now, or when it is first imported."""
    when_imported("ssl", _complete)


def _complete(module: Any) -> None:
    wrap_simulated_sockets(module, lambda sock: placed(sock) is not None, _behind, contextlib.nullcontext)


def _behind(sock: Any, name: str) -> BaseSocket:
    """The stand-in behind a simulated socket, for a thread of its process. OSError EBADF."""
    inner = placed(sock)
    assert inner is not None
    thread = simulated()
    if thread is None or thread.process is not inner._sim.process:
        misused(inner, name)
    return inner
