"""Sending and receiving on TCP sockets: waiting with partial progress, MSG_PEEK, MSG_WAITALL, MSG_TRUNC, MSG_MORE.

Linux's tcp_sendmsg_locked() and tcp_recvmsg_locked(), in the order of their checks. Before a call waits, what it sent
through `lo` is delivered (and answered), so that nothing that could end the wait is still under way.
"""

from typing import TYPE_CHECKING

from farhost.kernel.files import Received
from farhost.kernel.inet.socket_base import RECEIVE_SHUTDOWN, SEND_SHUTDOWN
from farhost.kernel.inet.stream_urgent import look_simple, receive_urgent
from farhost.kernel.waiting import Blocked, GiveUp, KernelError
from farhost.protocols.tcp.state import TcpState
from farhost.protocols.tcp.urgent import Status
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.inet.endpoint import TcpEndpoint
    from farhost.kernel.inet.stream import StreamSocket

SENDABLE = (TcpState.ESTABLISHED, TcpState.CLOSE_WAIT)
"""States in which the connection takes data."""
_OPENING = (TcpState.SYN_SENT, TcpState.SYN_RECEIVED)
SIMPLE = linux.MSG_DONTWAIT | linux.MSG_NOSIGNAL
"""Flags that do not change what a send or a receive does while it need not wait."""
_SENDING_WAITS_FOR = linux.EPOLLOUT | linux.EPOLLHUP | linux.EPOLLERR
RECEIVING_WAITS_FOR = linux.EPOLLIN | linux.EPOLLRDHUP


def send(socket: "StreamSocket", data: bytes, flags: int, taken: int) -> int | Blocked:
    """send(2), where the connection has not simply taken everything (`StreamSocket.sendmsg`), but `taken` bytes."""
    return _Sending(socket, data, flags, taken).go_on()


def queued_bytes(socket: "StreamSocket", request: int) -> int | None:
    """What ioctl(2) tells of the queues (tcp(7)); None for another request."""
    if request not in (linux.FIONREAD, linux.SIOCOUTQ, linux.SIOCOUTQNSD, linux.SIOCATMARK):
        return None
    if request == linux.SIOCATMARK:
        return int(socket.endpoint is not None and socket.endpoint.connection.is_at_mark())
    if socket.listener is not None:
        raise KernelError(linux.EINVAL)
    endpoint = socket.endpoint
    if endpoint is None or socket.state in _OPENING:
        return 0
    connection = endpoint.connection
    if request == linux.FIONREAD:
        return connection.bytes_to_mark()
    return connection.unacked_bytes if request == linux.SIOCOUTQ else connection.unsent_bytes


class _Sending:
    """A send under way: what was taken so far."""

    __slots__ = ("data", "deadline_ns", "flags", "sent", "socket")

    def __init__(self, socket: "StreamSocket", data: bytes, flags: int, sent: int) -> None:
        self.socket = socket
        self.data = data
        self.flags = flags
        self.sent = sent
        self.deadline_ns = socket.send_deadline_ns()

    def go_on(self) -> int | Blocked:
        """Give the connection what it takes; wait when that is not all."""
        socket = self.socket
        while True:
            if socket.state not in _OPENING or socket.error:
                if socket.error or socket.shut & SEND_SHUTDOWN or socket.state not in SENDABLE:
                    return self._end()
                if self._write():
                    return self.sent
            if socket.endpoint is not None:
                socket.endpoint.wants_space = True
            if socket.cannot_wait(self.flags):
                return self._give_up(GiveUp.TIMED_OUT)
            if not socket.kernel.soft:
                break
            socket.kernel.softirq()
        return Blocked(((socket.queue, _SENDING_WAITS_FOR),), self.go_on, self.deadline_ns, self._give_up)

    def _write(self) -> bool:
        """Whether everything is taken. MSG_MORE corks the connection until a send without it."""
        socket = self.socket
        endpoint = socket.endpoint
        assert endpoint is not None
        connection = endpoint.connection
        now_ns = socket.internet.clock.now_ns
        if self.flags & linux.MSG_MORE and not socket.more:
            socket.more = True
            connection.set_cork(True, now_ns)
        write = connection.write_urgent if self.flags & linux.MSG_OOB else connection.write
        self.sent += write(memoryview(self.data)[self.sent :], now_ns)
        done = self.sent == len(self.data)
        if done and socket.more and not self.flags & linux.MSG_MORE:
            socket.more = False
            connection.set_cork(bool(socket.inet.cork), now_ns)
        endpoint.pump()
        return done

    def _end(self) -> int:
        """The connection takes no more: what was sent, or the pending error, or EPIPE with SIGPIPE."""
        if self.sent:
            return self.sent
        errno = self.socket.take_error() or linux.EPIPE
        raise KernelError(errno, sigpipe=errno == linux.EPIPE and not self.flags & linux.MSG_NOSIGNAL)

    def _give_up(self, why: GiveUp) -> int:
        if self.sent:
            return self.sent
        raise KernelError(linux.EINTR if why is GiveUp.INTERRUPTED else linux.EAGAIN)


def receive(socket: "StreamSocket", size: int, flags: int) -> Received | Blocked:
    """recv(2), where not simply something waits to be read (`StreamSocket.recvmsg`)."""
    if socket.listener is not None:
        raise KernelError(linux.ENOTCONN)
    if flags & linux.MSG_OOB:
        return receive_urgent(socket, size, flags)
    return _Receiving(socket, size, flags).go_on()


def read_on(socket: "StreamSocket", size: int, flags: int) -> Received | Blocked:
    """A plain receive without a time limit has been woken: take what is there, or go the long way."""
    endpoint = socket.endpoint
    if endpoint is not None and endpoint.connection.receive_side.readable and socket.simple_reads:
        connection = endpoint.connection
        data = connection.read(size, socket.internet.clock.now_ns)
        if connection.outbox.segments:
            endpoint.transmit(connection.take_output())
        if endpoint.tracer.sampling:
            endpoint.sample()
        return Received(data, None, 0, ())
    receiving = _Receiving(socket, size, flags)
    receiving.target = 1
    receiving.deadline_ns = None
    return receiving.go_on()


class _Receiving:
    """A receive under way: what was read so far."""

    __slots__ = ("chunks", "copied", "deadline_ns", "flags", "size", "socket", "target")

    def __init__(self, socket: "StreamSocket", size: int, flags: int) -> None:
        self.socket = socket
        self.size = size
        self.flags = flags
        self.chunks: list[bytes] = []
        self.copied = 0
        self.target = size if flags & linux.MSG_WAITALL else min(socket.options.receive_low_water, size)
        self.deadline_ns = socket.receive_deadline_ns()

    def go_on(self) -> Received | Blocked:
        """Take what is there; wait when it is less than the call asks for and more may come."""
        socket = self.socket
        while True:
            if self._read() or self._is_over():
                return self._result()
            if not socket.kernel.soft:
                break
            socket.kernel.softirq()
        return Blocked(((socket.queue, RECEIVING_WAITS_FOR),), self.go_on, self.deadline_ns, self._give_up)

    def _read(self) -> bool:
        """Whether there is enough now; an empty read is done as soon as anything could be read."""
        socket = self.socket
        endpoint = socket.endpoint
        if endpoint is None:
            return False
        connection = endpoint.connection
        if connection.urgent.status is not Status.NONE:
            return self._read_to_mark(endpoint)
        if not connection.readable_bytes:
            return False
        now_ns = socket.internet.clock.now_ns
        if self.flags & linux.MSG_PEEK:
            self.chunks = [connection.read(self.size, now_ns, peek=True)]
            self.copied = len(self.chunks[0])
        elif self.size:
            chunk = connection.read(self.size - self.copied, now_ns)
            self.chunks.append(chunk)
            self.copied += len(chunk)
            endpoint.pump()
        return self.copied >= self.target

    def _read_to_mark(self, endpoint: "TcpEndpoint") -> bool:
        """`_read` where an urgent byte is about: a receive that has read something ends in front of it."""
        connection = endpoint.connection
        if not self.size:
            return connection.readable_bytes > 0
        now_ns = self.socket.internet.clock.now_ns
        if self.flags & linux.MSG_PEEK:
            data, ends = connection.read_to_mark(self.size, 0, now_ns, peek=True)
            self.chunks = [data]
            self.copied = len(data)
        else:
            data, ends = connection.read_to_mark(self.size - self.copied, self.copied, now_ns)
            self.chunks.append(data)
            self.copied += len(data)
            endpoint.pump()
            look_simple(self.socket)
        return ends or self.copied >= self.target

    def _is_over(self) -> bool:
        """Whether no more will come, or not in time; raises the error of a call that has read nothing."""
        socket = self.socket
        if self.copied:
            return bool(
                socket.cannot_wait(self.flags)
                or socket.error
                or socket.state is TcpState.CLOSED
                or socket.shut & RECEIVE_SHUTDOWN
            )
        if socket.peer_done:
            return True
        socket.raise_error()
        if socket.shut & RECEIVE_SHUTDOWN:
            return True
        if socket.state is TcpState.CLOSED:
            raise KernelError(linux.ENOTCONN)
        if socket.cannot_wait(self.flags):
            raise KernelError(linux.EAGAIN)
        return False

    def _result(self) -> Received:
        data = self.chunks[0] if len(self.chunks) == 1 else b"".join(self.chunks)
        if self.flags & linux.MSG_TRUNC:
            data = bytes(len(data))
        return Received(data, None, 0, ())

    def _give_up(self, why: GiveUp) -> object:
        if self.copied:
            return self._result()
        raise KernelError(linux.EINTR if why is GiveUp.INTERRUPTED else linux.EAGAIN)
