"""How a process asks name servers: by system calls of its own, as glibc's resolver does (resolv/res_send.c).

All queries of an exchange are sent from one socket at once; what comes is taken if it has their ids and questions.
After a time limit, an error or an answer that says SERVFAIL, NOTIMP or REFUSED the next server is asked; when all
have been, all again. If only one of two answers comes in time, the queries are sent once more, one after the other,
for there are servers that answer only one; a thread remembers that. An answer that was truncated is asked for again
by TCP, without a time limit of its own. What the messages say otherwise is `farhost.network.dns`'s business.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, cast

from farhost.kernel.files import Received
from farhost.network.dns.exchange import (
    HEADER_SIZE,
    NOT_IMPLEMENTED,
    PORT,
    REFUSED,
    SERVER_FAILURE,
    Exchange,
    Replies,
    Server,
    answers_to,
    is_lame,
    is_truncated,
    response_code,
)
from farhost.programs.caller import Caller
from farhost.wire import linux
from farhost.wire.packet import IpAddress
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

_FAILURES = (SERVER_FAILURE, NOT_IMPLEMENTED, REFUSED)
_ON = (1).to_bytes(4, "little")
_ROOM = 1 << 16
_LENGTH = 2


class Way(Enum):
    """How queries are sent by UDP."""

    TOGETHER = 0
    IN_TURN = 1
    """The second once the first has its answer (`single-request` in resolv.conf(5))."""
    APART = 2
    """And by another socket (`single-request-reopen`)."""


class NameServers:
    """The way of one process to name servers."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._ways: dict[int, Way] = {}
        """Threads that have learned that they cannot ask for all together."""

    def ask(self, exchange: Exchange) -> Replies:
        """Ask. OSError where the process can have no socket (EMFILE)."""
        thread = self._caller.thread_number()
        asking = _Asking(self._caller, exchange, self._ways.get(thread, Way.TOGETHER))
        try:
            return self._caller.as_c_does(asking.ask)
        finally:
            if asking.way is not Way.TOGETHER:
                self._ways[thread] = asking.way
            asking.close()


def endpoint(address: IpAddress, port: int = PORT) -> SockaddrIn | SockaddrIn6:
    """The socket address of a name server."""
    return SockaddrIn(port, address) if len(address) == 4 else SockaddrIn6(port, address)


class _Asking:
    """One exchange under way."""

    def __init__(self, caller: Caller, exchange: Exchange, way: Way) -> None:
        self.way = way
        """The best that is left."""
        self._call: Callable[..., Any] = caller.call
        self._now_ns = caller.monotonic_ns
        self._exchange = exchange
        self._sockets: dict[Server, int] = {}
        self._got_somewhere = False
        """Whether there is somebody: an answer came, or a time limit was reached, rather than an error."""
        self._server_failed = False
        self._truncated = False
        self._answers: dict[int, bytes] = {}
        """What came from the server that is asked now, by the number of the query; empty: it does not count."""

    def ask(self) -> Replies:
        """One server after the other."""
        for _ in range(self._exchange.attempts):
            for server in self._exchange.servers:
                if not self._truncated:
                    self._ask_by_datagrams(server)
                if self._truncated:
                    self._ask_by_stream(server)
                if any(self._answers.values()):
                    numbers = range(len(self._exchange.queries))
                    return Replies(tuple(self._answers.get(number, b"") for number in numbers))
            if self._truncated:
                break
        return Replies((), not self._got_somewhere, self._server_failed)

    def close(self) -> None:
        """Close the sockets that are open."""
        for server in tuple(self._sockets):
            self._close(server)

    def _close(self, server: Server) -> None:
        sock = self._sockets.pop(server, None)
        if sock is not None:
            self._call("close", sock)

    # UDP.

    def _open(self, server: Server) -> None:
        """A new socket; OSError where the process can have none."""
        domain, level, name = linux.AF_INET, linux.SOL_IP, linux.IP_RECVERR
        if len(server.address) == 16:
            domain, level, name = linux.AF_INET6, linux.SOL_IPV6, linux.IPV6_RECVERR
        kind = linux.SOCK_DGRAM | linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC
        sock = self._sockets[server] = self._call("socket", domain, kind, 0)
        self._call("setsockopt", sock, level, name, _ON)

    def _ask_by_datagrams(self, server: Server) -> None:
        """Ask for all at once; if only one answer comes, one after the other; then each by a socket of its own."""
        self._answers = {}
        is_new = server not in self._sockets
        if is_new:
            self._open(server)
        try:
            if is_new:
                self._connect(server)
            while not self._listen(server) and any(self._answers.values()) and self.way is not Way.APART:
                self.way = Way(self.way.value + 1)
                if self.way is Way.APART:
                    self._renew(server)
                self._answers = {}
        except OSError:
            self._answers = {}
            self._close(server)

    def _connect(self, server: Server) -> None:
        self._call("connect", self._sockets[server], endpoint(server.address))

    def _renew(self, server: Server) -> None:
        """Another socket, with another port."""
        self._close(server)
        self._open(server)
        self._connect(server)

    def _listen(self, server: Server) -> bool:
        """Send the queries, and take what comes until all have answers, or the time is over: then it is False."""
        queries = self._exchange.queries
        deadline_ns = self._now_ns() + server.timeout_ns
        for query in queries if self.way is Way.TOGETHER else queries[:1]:
            self._send(server, query)
        while True:
            left_ns = deadline_ns - self._now_ns()
            sock = self._sockets[server]
            ready = self._call("poll", ((sock, linux.EPOLLIN),), left_ns) if left_ns > 0 else ()
            if not ready:
                self._got_somewhere = True
                return False
            ((_, events),) = ready
            if not events & linux.EPOLLIN:
                raise OSError(linux.ECONNREFUSED, "")
            if not self._take(sock):
                continue
            if self._truncated or len(self._answers) == len(queries):
                return True
            if self.way is not Way.TOGETHER:
                if self.way is Way.APART:
                    self._renew(server)
                self._send(server, queries[len(self._answers)])

    def _send(self, server: Server, query: bytes) -> None:
        self._call("sendto", self._sockets[server], query, linux.MSG_NOSIGNAL, None)

    def _take(self, sock: int) -> bool:
        """Take a message: whether it answers a query. OSError where the server is given up."""
        try:
            message = bytes(cast(Received, self._call("recvfrom", sock, _ROOM, 0)).data)
        except BlockingIOError:
            return False  # What was there has been dropped meanwhile, for its checksum.
        self._got_somewhere = True
        if len(message) < HEADER_SIZE:
            raise OSError(linux.EMSGSIZE, "")
        number = self._number_of(message)
        if number is None:
            return False
        failed = response_code(message) in _FAILURES
        if failed or is_lame(message):
            self._server_failed = response_code(message) == SERVER_FAILURE
            self._answers[number] = b""
            if len(self._exchange.queries) == 1:
                raise OSError(linux.ECONNREFUSED, "")
        elif is_truncated(message):
            self._truncated = True
            self._answers.clear()
        else:
            self._answers[number] = message
        return True

    def _number_of(self, message: bytes) -> int | None:
        """Which query a message answers that has no answer yet; None: it is somebody else's, or a repetition."""
        for number, query in enumerate(self._exchange.queries):
            if number not in self._answers and answers_to(query, message):
                return number
        return None

    # TCP.

    def _ask_by_stream(self, server: Server) -> None:
        """Ask for all on one connection, which waits as long as TCP does."""
        self._answers = {}
        self._close(server)
        domain = linux.AF_INET if len(server.address) == 4 else linux.AF_INET6
        sock = self._sockets[server] = self._call("socket", domain, linux.SOCK_STREAM | linux.SOCK_CLOEXEC, 0)
        try:
            self._call("connect", sock, endpoint(server.address))
            queries = self._exchange.queries
            for query in queries:
                self._call("sendto", sock, len(query).to_bytes(_LENGTH, "big") + query, linux.MSG_NOSIGNAL, None)
            while len(self._answers) < len(queries):
                size = int.from_bytes(self._read(sock, _LENGTH), "big")
                message = self._read(sock, size)
                number = self._number_of(message)
                if number is not None:
                    self._answers[number] = message
        except OSError:
            self._answers.clear()
        self._close(server)

    def _read(self, sock: int, size: int) -> bytes:
        """So many bytes; OSError where the connection ends before."""
        data = b""
        while len(data) < size:
            more = bytes(self._call("read", sock, size - len(data)))
            if not more:
                raise OSError(linux.ECONNRESET, "")
            data += more
        return data
