"""The sockets that programs on the operating system make: seen by an audit hook, and shut when their run is over.

An audit hook stays for the interpreter's life; it does nothing but for the OS threads that a run has named.
"""

import os
import socket
import sys
import threading
import weakref
from typing import Any


class Watch:
    """The interpreter's one hook, and what it has seen."""

    def __init__(self) -> None:
        self._outside: frozenset[int] | None = None
        """The OS threads that were there before the run; None while there is no run."""
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._chosen: set[int] = set()
        self._hooked = False

    def enter(self) -> None:
        """A run begins: sockets of threads that begin from now on are its."""
        if not self._hooked:
            self._hooked = True
            sys.addaudithook(self._audit)
        self._outside = frozenset(sys._current_frames())

    def chosen(self) -> frozenset[int]:
        """The inodes of sockets that their programs gave an address."""
        return frozenset(self._chosen)

    def shut(self) -> None:
        """Shut the sockets: whoever waits in one comes back, with an error or the end of the data."""
        for sock in list(self._sockets):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def leave(self) -> None:
        """The run is over."""
        self._outside = None
        self._sockets.clear()
        self._chosen.clear()

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._outside is None or event not in ("socket.__new__", "socket.bind"):
            return
        sock = arguments[0]
        if threading.get_ident() in self._outside or not isinstance(sock, socket.socket):
            return
        if event == "socket.__new__":
            self._sockets.add(sock)
        else:
            self._chosen.add(os.fstat(sock.fileno()).st_ino)


WATCH = Watch()
"""State that outlives a run, because hooks cannot be removed."""
