"""What can be seen of a TCP socket's state: readiness bits, room to write, and the errno of how its connection ended.

Linux's tcp_poll(), sk_stream_is_writeable(), tcp_reset() and tcp_write_err().
"""

from typing import TYPE_CHECKING

from farhost.kernel.inet import stream_urgent
from farhost.kernel.inet.endpoint import TcpEndpoint
from farhost.kernel.inet.socket_base import BOTH_SHUTDOWN, RECEIVE_SHUTDOWN, SEND_SHUTDOWN
from farhost.protocols.tcp.state import Failure, TcpState
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.inet.stream import StreamSocket

_OPENING = (TcpState.SYN_SENT, TcpState.SYN_RECEIVED)


def readiness(socket: "StreamSocket") -> int:
    """The bits that poll(2) and epoll(7) report now."""
    if socket.listener is not None:
        return linux.EPOLLIN if socket.listener.ready else 0
    state = socket.state
    shut = socket.shut
    ready = 0
    if shut == BOTH_SHUTDOWN or state is TcpState.CLOSED:
        ready = linux.EPOLLHUP
    if shut & RECEIVE_SHUTDOWN:
        ready |= linux.EPOLLIN | linux.EPOLLRDHUP
    if state not in _OPENING:
        endpoint = socket.endpoint
        if endpoint is not None:
            if not socket.simple_reads:
                ready |= stream_urgent.readiness(endpoint.connection, socket.options.receive_low_water)
            elif endpoint.connection.readable_bytes:
                ready |= linux.EPOLLIN
        if shut & SEND_SHUTDOWN or is_writable(socket):
            ready |= linux.EPOLLOUT
        elif endpoint is not None:
            endpoint.wants_space = True
    if socket.error or socket.errors:
        ready |= linux.EPOLLERR
    return ready


def is_writable(socket: "StreamSocket") -> bool:
    """Whether a third of the send buffer is free, and little waits unsent (TCP_NOTSENT_LOWAT)."""
    endpoint = socket.endpoint
    if endpoint is None:
        return True
    connection = endpoint.connection
    limit = socket.inet.notsent_low_water
    if limit and connection.unsent_bytes * 2 >= limit:
        return False
    return connection.write_space * 3 >= connection.send_buffer


def failure_errno(socket: "StreamSocket", endpoint: TcpEndpoint) -> int:
    """What a program is told of how its connection failed; 0: it did not."""
    match endpoint.connection.error:
        case None:
            return 0
        case Failure.RESET:
            return linux.EPIPE if socket.peer_done or endpoint.connection.peer_finished else linux.ECONNRESET
        case Failure.REFUSED:
            return linux.ECONNREFUSED
        case Failure.UNREACHABLE:
            return endpoint.soft_error or linux.EHOSTUNREACH
        case Failure.TIMED_OUT:
            return endpoint.unreachable_errno()
