"""What a program's module `ssl` has otherwise than CPython's: its contexts wrap simulated sockets.

The module is CPython's own `ssl.py`, over C's `_ssl`; OpenSSL and its errors are the machine's, and so are the time
by which certificates are judged and the entropy. What OpenSSL draws for itself cannot be seeded: a run with TLS has
the same shape each time, not the same bytes.
"""

from collections.abc import Callable
from typing import Any

from farhost.programs.stdlib.socket_class import BaseSocket
from farhost.programs.stdlib.tls_socket import Behind, Lock, TlsSocket


def wrap_simulated_sockets(
    module: Any, is_simulated: Callable[[Any], bool], behind: Behind, make_lock: Callable[[], Lock]
) -> None:
    """Let the contexts of a module `ssl` wrap simulated sockets too; all others go to C, which takes or refuses them.

    `make_lock`: of what kind OpenSSL is guarded where several real threads may use one TLS socket.
    """
    c = module._ssl
    original = c._SSLContext._wrap_socket
    wrap_bio = module.SSLContext._wrap_bio

    def _wrap_socket(
        self: Any, sock: Any, server_side: Any, server_hostname: Any = None, *, owner: Any = None, session: Any = None
    ) -> Any:
        if not is_simulated(sock):
            return original(self, sock, server_side, server_hostname, owner=owner, session=session)

        def make(incoming: Any, outgoing: Any, own: TlsSocket) -> Any:
            whose = own if owner is None else owner
            return wrap_bio(self, incoming, outgoing, server_side, server_hostname, owner=whose, session=session)

        return TlsSocket(c, make, sock, behind, make_lock())

    _wrap_socket.__qualname__ = "SSLContext._wrap_socket"
    module.SSLContext._wrap_socket = _wrap_socket


def is_stand_in(sock: Any) -> bool:
    """Whether a socket is one of the stand-ins themselves, as in a world."""
    return isinstance(sock, BaseSocket)


def itself(sock: BaseSocket, name: str) -> BaseSocket:
    """The stand-in behind a socket of a world."""
    return sock
