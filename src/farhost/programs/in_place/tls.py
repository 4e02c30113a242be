"""TLS over the sockets of functions: the contexts of `ssl` wrap simulated sockets, and real ones as ever."""

import contextlib
from typing import Any

from farhost.programs.after_import import when_imported
from farhost.programs.in_place.caller import simulated
from farhost.programs.in_place.socket_methods import misused, placed
from farhost.programs.stdlib import pyopenssl
from farhost.programs.stdlib.socket_class import BaseSocket
from farhost.programs.stdlib.ssl_module import wrap_simulated_sockets
from farhost.programs.stdlib.tls_secrets import tell_secrets


def install() -> None:
    """Change `ssl` and pyOpenSSL, once: now, or when they are first imported."""
    when_imported("ssl", _complete)
    when_imported(pyopenssl.NAME, lambda module: pyopenssl.refuse_simulated_sockets(module, _is_placed))


def _complete(module: Any) -> None:
    logs = tell_secrets(module)
    module.SSLContext.keylog_filename = property(logs.get, logs.put)
    wrap_simulated_sockets(module, _is_placed, _behind, contextlib.nullcontext)


def _is_placed(sock: Any) -> bool:
    return placed(sock) is not None


def _behind(sock: Any, name: str) -> BaseSocket:
    """The stand-in behind a simulated socket, for a thread of its process. OSError EBADF."""
    inner = placed(sock)
    assert inner is not None
    thread = simulated()
    if thread is None or thread.process is not inner._sim.process:
        misused(inner, name)
    return inner
