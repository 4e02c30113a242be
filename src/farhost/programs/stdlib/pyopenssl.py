"""pyOpenSSL, whose connections read and write a descriptor in C: refused with a simulated socket.

OpenSSL would take the number for one of this process's own descriptors. Connections without a socket, which are
memory BIOs (Twisted's), work.
"""

from collections.abc import Callable
from typing import Any

from farhost.programs.escapes import complain
from farhost.programs.stdlib.ssl_module import is_stand_in

NAME = "OpenSSL.SSL"


def refuse_simulated_sockets(module: Any, is_simulated: Callable[[Any], bool]) -> None:
    """`Connection(context, socket)`: EscapeError."""
    owner = module.Connection
    original = owner.__init__

    def __init__(self: Any, context: Any, socket: Any = None) -> None:
        if socket is not None and is_simulated(socket):
            complain("OpenSSL.SSL.Connection with a simulated socket", "openssl")
        original(self, context, socket)

    __init__.__doc__ = original.__doc__
    owner.__init__ = __init__


def refuse_stand_ins(module: Any) -> None:
    """Where stand-ins are what programs have for sockets: in worlds and in attached processes."""
    refuse_simulated_sockets(module, is_stand_in)
