"""TLS over the network's sockets in an attached process. Its threads are real: they take turns at one connection."""

import _thread
from typing import Any

from farhost.programs.after_import import when_imported
from farhost.programs.stdlib.ssl_module import is_stand_in, itself, wrap_simulated_sockets


def install() -> None:
    """Change `ssl`, when the program imports it."""
    when_imported("ssl", _complete)


def _complete(module: Any) -> None:
    wrap_simulated_sockets(module, is_stand_in, itself, _thread.RLock)
