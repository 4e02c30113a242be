"""TLS over the network's sockets in an attached process. Its threads are real: they take turns at one connection."""

import _thread
from typing import Any

from farhost.programs.after_import import when_imported
from farhost.programs.stdlib import pyopenssl
from farhost.programs.stdlib.ssl_module import is_stand_in, itself, wrap_simulated_sockets


def install() -> None:
    """Change `ssl` and pyOpenSSL, when the program imports them."""
    when_imported("ssl", _complete)
    when_imported(pyopenssl.NAME, pyopenssl.refuse_stand_ins)


def _complete(module: Any) -> None:
    wrap_simulated_sockets(module, is_stand_in, itself, _thread.RLock)
