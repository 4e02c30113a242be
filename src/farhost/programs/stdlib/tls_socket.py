"""`_ssl._SSLSocket` over a simulated socket: what `SSLContext._wrap_socket` returns to CPython's own `ssl.py`.

C's object reads and writes a descriptor of the machine's by itself. Here OpenSSL works between two memory BIOs, and
this module moves the ciphertext by system calls of the program's process, as C's would: a record's header and its
body in two reads, a record in one write. Time limits, what a non-blocking socket raises, and the messages are those
of Modules/_ssl.c (CPython 3.11 to 3.13); everything that moves no ciphertext is C's own.

Ciphertext that could not be sent is kept and goes first next time; so is how far a write had come, since the program
repeats the call with the same data, as with OpenSSL. Where two threads use one object, the one that sends also sends
what the other has to say.
"""

import contextlib
import sys
import weakref
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from farhost.programs.stdlib.socket_convert import view_of
from farhost.programs.stdlib.socket_transfer import wait_until_ready
from farhost.programs.stdlib.tls_records import MAXIMUM_PLAIN, Records
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.stdlib.socket_class import BaseSocket

_WANT_READ, _WANT_WRITE, _SSL, _EOF = 2, 3, 1, 8
"""Numbers that C's errors carry (enum py_ssl_error)."""
_ABSENT: Any = object()
_UNFINISHED: Any = object()
_ENDED = "EOF occurred in violation of protocol"
_LINE = "(_ssl.c:2580)"
"""Where C would have noticed."""

Behind = Callable[[Any, str], "BaseSocket"]
"""From the socket that the program holds to the stand-in, for a call of that name; OSError where that may not be."""
Lock = contextlib.AbstractContextManager[Any]


class Turn:
    """One operation on a TLS socket: the time that it has, and what it says when that is over."""

    __slots__ = ("clock", "deadline_ns", "kind", "limit_ns", "sock")

    def __init__(self, sock: "BaseSocket", kind: "Kind") -> None:
        self.sock = sock
        self.kind = kind
        self.limit_ns = sock._sim_timeout_ns
        """0: non-blocking; -1: no limit."""
        self.clock = sock._sim.monotonic_ns
        self.deadline_ns = self.clock() + self.limit_ns


class Kind(NamedTuple):
    """What the operations of one name have in common."""

    name: str
    late_reading: str
    """What it says when the time is over and something should have come."""
    late_writing: str
    closed: str | None = None
    """What it says, if it has a time limit, when the socket is closed meanwhile; None: nothing."""
    hides_errors: bool = False
    """Whether an error of the socket is an end to it."""


_HIDES_ERRORS = sys.version_info < (3, 12, 4)
"""Until then reading and writing took every error for an end (CPython gh-115627)."""
_READ_LATE, _WRITE_LATE = "The read operation timed out", "The write operation timed out"
_HANDSHAKE_LATE = "_ssl.c:989: The handshake operation timed out"
_HANDSHAKE_CLOSED = "_ssl.c:993: Underlying socket has been closed."
_WRITE_CLOSED = "Underlying socket has been closed."
HANDSHAKE = Kind("do_handshake", _HANDSHAKE_LATE, _HANDSHAKE_LATE, _HANDSHAKE_CLOSED)
READ = Kind("read", _READ_LATE, _READ_LATE, hides_errors=_HIDES_ERRORS)
WRITE = Kind("write", _WRITE_LATE, _WRITE_LATE, _WRITE_CLOSED, _HIDES_ERRORS)
SHUTDOWN = Kind("shutdown", _READ_LATE, _WRITE_LATE)


class TlsSocket:
    """A stand-in for `_ssl._SSLSocket`, which holds its socket as weakly as that does."""

    __slots__ = (
        "__weakref__",
        "_broken",
        "_c",
        "_fd",
        "_find",
        "_incoming",
        "_lock",
        "_outgoing",
        "_records",
        "_sending",
        "_sock",
        "_tls",
        "_unsent",
        "_written",
    )

    def __init__(self, c: Any, tls: Any, sock: Any, find: Behind, lock: Lock) -> None:
        """`c`: the module `_ssl`; `tls`: makes C's object of two BIOs and this one."""
        self._c = c
        self._find = find
        self._sock = weakref.ref(sock)
        self._fd = find(sock, "wrap_socket")._sim_fd
        self._incoming = c.MemoryBIO()
        self._outgoing = c.MemoryBIO()
        self._records = Records()
        self._unsent: deque[bytes] = deque()
        self._sending = False
        self._written = 0
        """Of a write that did not get to its end, the bytes that OpenSSL has taken."""
        self._broken = False
        """Whether such a write was repeated with fewer, after which OpenSSL goes on with nothing."""
        self._lock = lock
        """Held while OpenSSL is at work, where truly several threads may be."""
        self._tls = tls(self._incoming, self._outgoing, self)

    def __getattr__(self, name: str) -> Any:
        """What moves no ciphertext: certificates, cipher, version, `pending`, the session's state."""
        if name.startswith("_"):
            raise AttributeError(f"'_ssl._SSLSocket' object has no attribute '{name}'")
        return getattr(self._tls, name)

    @property
    def context(self) -> Any:
        """The context in use; a server-name callback may set another one."""
        return self._tls.context

    @context.setter
    def context(self, context: Any) -> None:
        self._tls.context = context

    @property
    def owner(self) -> Any:
        """The Python-level owner, which callbacks get; None if there is none."""
        owner = self._tls.owner
        return None if owner is self else owner

    @owner.setter
    def owner(self, owner: Any) -> None:
        self._tls.owner = owner

    @property
    def session(self) -> Any:
        """The session."""
        return self._tls.session

    @session.setter
    def session(self, session: Any) -> None:
        self._tls.session = session

    # Operations.

    def do_handshake(self) -> None:
        """do_handshake()"""
        turn = self._begin(HANDSHAKE)
        self._step(turn, self._tls.do_handshake)
        try:
            self._flush(turn)
        except (BrokenPipeError, ConnectionResetError):
            # Session tickets of a server of TLS 1.3, whose client has gone: OpenSSL does not mind, since there may
            # be something to read from it (ossl_statem_server_post_work).
            if not self._tls.server_side or self._tls.version() != "TLSv1.3":
                raise
            self._unsent.clear()

    def read(self, size: Any, buffer: Any = _ABSENT, /) -> Any:
        """read(size, [buffer])

        Read up to size bytes from the SSL socket.
        """
        turn = self._begin(READ)
        if buffer is _ABSENT:
            return self._step(turn, self._tls.read, size)
        return self._step(turn, self._tls.read, size, buffer)

    def write(self, data: Any, /) -> int:
        """write(b)

        Writes the bytes-like object b into the SSL object. Returns the number of bytes written.
        """
        view = view_of(data)
        size = len(view)
        turn = self._begin(WRITE)
        if turn.limit_ns > 0:
            self._wait(turn, linux.POLLOUT)
        written = self._written
        if size < written:
            self._broken = True
            raise self._error("SSLError", _SSL, "[SSL: BAD_LENGTH] bad length", "BAD_LENGTH", "SSL")
        self._written = 0
        try:
            self._flush(turn)
            while written < size or not size:
                written += self._step(turn, self._tls.write, view[written : written + MAXIMUM_PLAIN])
                self._flush(turn)
                if not size:
                    break
        except BaseException:
            self._written = written
            raise
        return size

    def shutdown(self) -> Any:
        """shutdown()

        Does the SSL shutdown handshake with the remote end; the socket, for use in the clear.
        """
        sock = self._sock()
        turn = self._begin(SHUTDOWN)
        if turn.sock._sim_fd < 0:
            self._gone()
        self._step(turn, self._tls.shutdown)
        self._flush(turn)
        return sock

    # What they consist of.

    def _begin(self, kind: Kind) -> Turn:
        sock = self._sock()
        if sock is None:
            self._gone()
        turn = Turn(self._find(sock, kind.name), kind)
        if self._broken:
            raise self._error("SSLEOFError", _EOF, _ENDED)
        return turn

    def _step(self, turn: Turn, operation: Callable[..., Any], *arguments: Any) -> Any:
        """Let OpenSSL do something, with as much ciphertext as it asks for; what it has to send at the end is left to
        the caller, who has the result already."""
        while True:
            try:
                with self._lock:
                    result = self._try(operation, arguments)
                    self._collect()
            except Exception:
                self._say_why(turn)
                raise
            if result is not _UNFINISHED:
                return result
            if turn.kind is not READ or not self._written:
                self._flush(turn)
            self._receive(turn)

    def _try(self, operation: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        try:
            return operation(*arguments)
        except self._c.SSLWantReadError:
            return _UNFINISHED
        except self._c.SSLSyscallError:
            pass  # What C makes of an end that a memory BIO has reported.
        raise self._error("SSLEOFError", _EOF, _ENDED)

    def _say_why(self, turn: Turn) -> None:
        """Send the alert that OpenSSL leaves behind when something is wrong, if that can be done."""
        with self._lock:
            self._collect()
        with contextlib.suppress(OSError):
            self._flush(turn)

    def _collect(self) -> None:
        data = self._outgoing.read()
        if data:
            self._unsent.append(data)

    def _flush(self, turn: Turn) -> None:
        """Send what there is to send. Another thread that does so already takes it all."""
        unsent = self._unsent
        with self._lock:
            if self._sending or not unsent:
                return
            self._sending = True
        try:
            while self._sending:
                data = unsent[0]
                sent = self._move(turn, "sendto", data, 0, None)
                if sent is _UNFINISHED:
                    self._wait(turn, linux.POLLOUT)
                    continue
                with self._lock:
                    if sent < len(data):
                        unsent[0] = data[sent:]
                    else:
                        unsent.popleft()
                    self._sending = bool(unsent)
        except BaseException:
            self._sending = False
            raise

    def _receive(self, turn: Turn) -> None:
        """Read the rest of the record under way, or the next one, for OpenSSL; or learn of the end."""
        records = self._records
        while True:
            received = self._move(turn, "recvfrom", records.wanted, 0)
            if received is _UNFINISHED:
                self._wait(turn, linux.POLLIN)
                continue
            with self._lock:
                if not received.data:
                    self._incoming.write_eof()
                    return
                self._incoming.write(received.data)
                records.advance(received.data)
            if not records.is_inside:
                return

    def _move(self, turn: Turn, call: str, *arguments: Any) -> Any:
        """A system call on the descriptor; _UNFINISHED if it would have to wait."""
        try:
            return turn.sock._sim_call(call, self._fd, *arguments)
        except BlockingIOError:
            return _UNFINISHED
        except OSError:
            if not turn.kind.hides_errors:
                raise
        raise self._error("SSLEOFError", _EOF, _ENDED)

    def _wait(self, turn: Turn, events: int) -> None:
        """PySSL_select: until the socket is ready. A blocking socket has waited (SO_RCVTIMEO): it tries again."""
        reads = events == linux.POLLIN
        if turn.limit_ns < 0:
            return
        if turn.limit_ns == 0:
            if reads:
                raise self._error("SSLWantReadError", _WANT_READ, "The operation did not complete (read)")
            raise self._error("SSLWantWriteError", _WANT_WRITE, "The operation did not complete (write)")
        if turn.sock._sim_fd < 0:
            if turn.kind.closed is not None:
                raise self._c.SSLError(turn.kind.closed)
            return
        left_ns = turn.deadline_ns - turn.clock()
        if left_ns < 0 or not wait_until_ready(turn.sock, events, left_ns):
            raise TimeoutError(turn.kind.late_reading if reads else turn.kind.late_writing)

    def _gone(self) -> NoReturn:
        raise self._error("SSLError", 0, "Underlying socket connection gone")

    def _error(self, kind: str, number: int, text: str, reason: str | None = None, library: str | None = None) -> Any:
        """An error as fill_and_set_sslerror makes it."""
        error = getattr(self._c, kind)(number, f"{text} {_LINE}")
        error.reason = reason
        error.library = library
        return error


TlsSocket.__name__ = TlsSocket.__qualname__ = "_SSLSocket"
TlsSocket.__module__ = "_ssl"
