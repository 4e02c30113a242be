"""Urgent data on TCP sockets: what a program sees of it (tcp(7), socket(7), Linux's tcp_recv_urg and tcp_poll).

The protocol's part is `farhost.protocols.tcp.urgent`. A socket is told of an announcement before the byte has come:
then its owner gets SIGURG. Readers and poll(2) are woken when the byte is there.
"""

from typing import TYPE_CHECKING

from farhost.kernel.files import Received
from farhost.kernel.inet.socket_base import RECEIVE_SHUTDOWN
from farhost.kernel.owners import send_sigurg
from farhost.kernel.waiting import KernelError
from farhost.protocols.tcp.events import READABLE, URGENT, URGENT_ARRIVED
from farhost.protocols.tcp.state import TcpState
from farhost.protocols.tcp.urgent import Status
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.inet.endpoint import TcpEndpoint
    from farhost.kernel.inet.stream import StreamSocket
    from farhost.protocols.tcp.connection import TcpConnection

DATA = linux.EPOLLIN | linux.EPOLLPRI
"""What data wakes, urgent or not (sock_def_readable)."""


def look_simple(socket: "StreamSocket") -> None:
    """Something changed that says whether a receive simply takes what is there (`StreamSocket.simple_reads`)."""
    endpoint = socket.endpoint
    marked = endpoint is not None and endpoint.connection.urgent.status is not Status.NONE
    socket.simple_reads = not marked and socket.options.receive_low_water == 1


def happened(socket: "StreamSocket", endpoint: "TcpEndpoint", events: int) -> None:
    """The connection has announced an urgent byte, or brought it: tell the owner, and those who wait.

    A receive that finds bytes in front of the mark returns them and the signal's handler runs after that; one that
    stands at the mark is interrupted, and passes over the urgent byte only after the handler (tcp_recvmsg_locked).
    """
    look_simple(socket)
    if events & READABLE and endpoint.connection.bytes_to_mark():
        socket.queue.wake(DATA)
    if events & URGENT:
        send_sigurg(socket.kernel, socket)
    if events & URGENT_ARRIVED:
        socket.queue.wake(DATA)


def receive_urgent(socket: "StreamSocket", size: int, flags: int) -> Received:
    """recv(2) with MSG_OOB, which never waits: EINVAL without an urgent byte, when it was taken already, and where it
    is in line; EAGAIN when it is announced but has not come; no byte at the end of the stream."""
    endpoint = socket.endpoint
    urgent = None if endpoint is None else endpoint.connection.urgent
    if urgent is None or not urgent.can_take():
        raise KernelError(linux.EINVAL)
    is_closed = socket.state is TcpState.CLOSED
    if is_closed and not socket.peer_done:
        raise KernelError(linux.ENOTCONN)
    if urgent.status is Status.ARRIVED:
        byte = urgent.take(bool(flags & linux.MSG_PEEK))
        if not size:
            return Received(b"", None, linux.MSG_OOB | linux.MSG_TRUNC, ())
        return Received(bytes(1) if flags & linux.MSG_TRUNC else bytes((byte,)), None, linux.MSG_OOB, ())
    if is_closed or socket.shut & RECEIVE_SHUTDOWN:
        return Received(b"", None, 0, ())
    raise KernelError(linux.EAGAIN)


def readiness(connection: "TcpConnection", low_water: int) -> int:
    """EPOLLIN and EPOLLPRI where urgent data is about: the urgent byte at the mark does not count as readable."""
    urgent = connection.urgent
    ready = linux.EPOLLPRI if urgent.status is Status.ARRIVED else 0
    if not urgent.inline and connection.is_at_mark():
        low_water += 1
    size = connection.readable_bytes
    return ready | linux.EPOLLIN if size and size >= low_water else ready
