"""TCP sockets: what a program sees of a connection (tcp(7), socket(7), Linux's net/ipv4/af_inet.c and tcp.c).

The protocol is `farhost.protocols.tcp`, its place in the host `endpoint.py`; connecting is in `connecting.py`,
accepting in `listener.py`, sending and receiving in `stream_io.py`. A socket outlives its connection (the error and
the last bytes can still be read), and a connection its socket (what was sent before close is still delivered).
"""

from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING

from farhost.kernel.files import Control, Received
from farhost.kernel.inet import error_queue, stream_io, stream_urgent
from farhost.kernel.inet.addresses import as_sockaddr
from farhost.kernel.inet.connecting import start
from farhost.kernel.inet.endpoint import TcpEndpoint
from farhost.kernel.inet.listener import Listener
from farhost.kernel.inet.options import STREAM_OPTIONS, apply_tcp_option
from farhost.kernel.inet.ports import PortTable
from farhost.kernel.inet.socket_base import ALL, BOTH_SHUTDOWN, RECEIVE_SHUTDOWN, SEND_SHUTDOWN, InetSocket
from farhost.kernel.inet.stream_state import failure_errno, is_writable, readiness
from farhost.kernel.waiting import Blocked, GiveUp, KernelError
from farhost.protocols.tcp.events import (
    CLOSED,
    ESTABLISHED,
    FAILED,
    FIN_ACKNOWLEDGED,
    PEER_FINISHED,
    READABLE,
    TIME_WAIT,
    URGENT,
    URGENT_ARRIVED,
)
from farhost.protocols.tcp.state import TcpState
from farhost.wire import linux
from farhost.wire.addresses import ANY_V4, ANY_V6
from farhost.wire.sockaddr import Sockaddr, SockaddrOther

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread

_IN, _OUT, _ERR = linux.EPOLLIN, linux.EPOLLOUT, linux.EPOLLERR
_INOUT = _IN | _OUT
_HUP, _RDHUP = linux.EPOLLHUP, linux.EPOLLRDHUP
_DATA = stream_urgent.DATA

_new = tuple.__new__
_ESTABLISHED = TcpState.ESTABLISHED
_OPENING = (TcpState.SYN_SENT, TcpState.SYN_RECEIVED)
_GONE = (TcpState.CLOSED, TcpState.TIME_WAIT)
_LINGERING = (TcpState.FIN_WAIT_1, TcpState.CLOSING, TcpState.LAST_ACK)
_RESET_BY_DISCONNECT = (
    *_OPENING,
    TcpState.ESTABLISHED,
    TcpState.CLOSE_WAIT,
    TcpState.FIN_WAIT_1,
    TcpState.FIN_WAIT_2,
)
_LARGEST_READ = 0x7FFFFFFF


class Phase(Enum):
    """The socket's own view of connect(2) (SS_UNCONNECTED and so on, include/uapi/linux/net.h)."""

    UNCONNECTED = auto()
    CONNECTING = auto()
    CONNECTED = auto()
    DISCONNECTING = auto()


class StreamSocket(InetSocket):
    """A SOCK_STREAM socket of AF_INET or AF_INET6."""

    option_table = STREAM_OPTIONS

    def __init__(self, kernel: "Kernel", domain: int) -> None:
        super().__init__(kernel, domain, linux.SOCK_STREAM, linux.IPPROTO_TCP)
        self.options.send_buffer = kernel.sysctls.integers("net.ipv4.tcp_wmem")[1]
        self.options.receive_buffer = kernel.sysctls.integers("net.ipv4.tcp_rmem")[1]
        self.phase = Phase.UNCONNECTED
        self.endpoint: TcpEndpoint | None = None
        self.listener: Listener | None = None
        self.soft_error = 0
        self.peer_done = False
        """The peer's FIN has come (SOCK_DONE): the end of the stream is no error."""
        self.simple_reads = True
        """A receive may take all that is there: no urgent data is about, and SO_RCVLOWAT is 1."""
        self._readable = ((self.queue, stream_io.RECEIVING_WAITS_FOR),)
        """What a receive waits for."""
        self.more = False
        """The last send had MSG_MORE: less than a segment waits for the next."""

    @property
    def ports(self) -> PortTable:
        """The port table of TCP."""
        return self.internet.tcp.ports

    @property
    def state(self) -> TcpState:
        """The connection's state; CLOSED without one (also in TIME_WAIT, which is no longer the socket's)."""
        endpoint = self.endpoint
        if endpoint is None:
            return TcpState.CLOSED
        state = endpoint.connection.state
        return TcpState.CLOSED if state is TcpState.TIME_WAIT else state

    def is_busy(self) -> bool:
        """bind(2) is for sockets in CLOSE only."""
        return self.listener is not None or self.state is not TcpState.CLOSED

    def take_port(self, uid: int, port: int) -> None:
        """Have a port of TCP's."""
        super().take_port(uid, port)
        self.internet.tcp.bound[self] = None

    def drop_port(self) -> None:
        """Have none any more; the connection keeps the binding while it lives."""
        binding, self.binding = self.binding, None
        self.internet.tcp.bound.pop(self, None)
        if binding is None:
            return
        endpoint = self.endpoint
        if endpoint is not None and endpoint.binding is binding:
            endpoint.release_binding()
        else:
            self.ports.remove(binding)

    # listen(2) and accept(2)

    def listen(self, thread: "Thread", backlog: int) -> None:
        """listen(2): EINVAL on a connected socket; EADDRINUSE if somebody listens there. Again: a new backlog."""
        if self.phase is not Phase.UNCONNECTED or self.state is not TcpState.CLOSED:
            raise KernelError(linux.EINVAL)
        limit = self.kernel.sysctls["net.core.somaxconn"]
        backlog = min(backlog & 0xFFFFFFFF, limit)
        if self.listener is not None:
            self.listener.backlog = backlog
            return
        if self.binding is None:
            self.take_port(thread.process.uid, 0)
        binding = self.binding
        assert binding is not None
        self.copy_options(binding)
        binding.listening = True
        if self.ports.conflicts(binding, self.local_port):
            binding.listening = False
            raise KernelError(linux.EADDRINUSE)
        self.listener = Listener(self, backlog)
        self.listening = True
        self.internet.tcp.listeners.setdefault(self.local_port, []).append(self.listener)
        self.kernel.trace_state(f"tcp {self.kernel.name}:{self.local_port}", "CLOSED", "LISTEN")

    def _stop_listening(self) -> None:
        listener, self.listener = self.listener, None
        assert listener is not None
        self.listening = False
        listeners = self.internet.tcp.listeners[self.local_port]
        listeners.remove(listener)
        if not listeners:
            del self.internet.tcp.listeners[self.local_port]
        if self.binding is not None:
            self.binding.listening = False
            self.ports.changed(self.binding)
        listener.close()
        self.kernel.trace_state(f"tcp {self.kernel.name}:{self.local_port}", "LISTEN", "CLOSED")

    def accept(self, thread: "Thread") -> "tuple[StreamSocket, Sockaddr] | Blocked":
        """accept(2): the connection that waited longest, even if it is closed by now; EINVAL, EAGAIN."""
        deadline_ns = self.receive_deadline_ns()

        def attempt() -> "tuple[StreamSocket, Sockaddr] | Blocked":
            listener = self.listener
            if listener is None:
                raise KernelError(linux.EINVAL)
            endpoint = listener.take()
            if endpoint is not None:
                return self._accepted(endpoint)
            if self.nonblocking:
                raise KernelError(linux.EAGAIN)
            return Blocked(((self.one_at_a_time(), _IN),), attempt, deadline_ns)

        return attempt()

    def _accepted(self, endpoint: TcpEndpoint) -> "tuple[StreamSocket, Sockaddr]":
        other = StreamSocket(self.kernel, self.domain)
        other.options = self.options.copy()
        other.inet = self.inet.copy(self.kernel.sysctls)
        other.endpoint = endpoint
        other.local_address, other.local_port, other.remote_address, other.remote_port = endpoint.key
        other.scope_id = endpoint.path.interface.index
        other.binding = endpoint.binding
        other.address_locked = True
        other.phase = Phase.CONNECTED
        other.shut = self.shut
        self.internet.tcp.bound[other] = None
        endpoint.owner = other
        connection = endpoint.connection
        if connection.peer_finished:
            other.shut |= RECEIVE_SHUTDOWN
            other.peer_done = True
        connection.urgent.inline = bool(other.options.oob_inline)
        stream_urgent.look_simple(other)
        if endpoint.closed:
            other.binding = None
            other.shut = BOTH_SHUTDOWN
            other.error = failure_errno(other, endpoint)
        peer = as_sockaddr(self.domain, other.remote_address, other.remote_port, other.scope_id)
        return other, peer

    # connect(2)

    def connect(self, thread: "Thread", address: Sockaddr) -> Blocked | None:
        """connect(2): see the manual page for its errors; a second call while one is under way waits for that one."""
        if isinstance(address, SockaddrOther) and address.family == linux.AF_UNSPEC:
            self.disconnect()
            self.phase = Phase.UNCONNECTED
            return None
        errno = linux.EALREADY
        if self.phase is Phase.CONNECTED:
            raise KernelError(linux.EISCONN)
        if self.phase is Phase.DISCONNECTING:
            raise KernelError(linux.EINVAL)
        if self.phase is Phase.UNCONNECTED:
            if self.listener is not None or self.state is not TcpState.CLOSED:
                raise KernelError(linux.EISCONN)
            start(self, thread, address)
            self.phase = Phase.CONNECTING
            errno = linux.EINPROGRESS
        if self.nonblocking and self.state in _OPENING:
            raise KernelError(errno)
        if self.kernel.soft:
            self.kernel.softirq()
        return self._wait_connect(self.send_deadline_ns(), errno)

    def _wait_connect(self, deadline_ns: int | None, errno: int) -> Blocked | None:
        if self.state not in _OPENING:
            self._finish_connect()
            return None

        def give_up(why: GiveUp) -> object:
            raise KernelError(linux.EINTR if why is GiveUp.INTERRUPTED else errno)

        return Blocked(
            ((self.queue, _OUT | _HUP | _ERR),), lambda: self._wait_connect(deadline_ns, errno), deadline_ns, give_up
        )

    def _finish_connect(self) -> None:
        """The handshake is over: connected, or the error that ended it (ECONNABORTED if somebody took that)."""
        if self.state is TcpState.CLOSED:
            error = self.take_error() or linux.ECONNABORTED
            self.phase = Phase.UNCONNECTED
            self.disconnect()
            self.error = 0
            raise KernelError(error)
        self.phase = Phase.CONNECTED

    def disconnect(self) -> None:
        """connect(2) with AF_UNSPEC, and the end of a failed connect (tcp_disconnect): back to the beginning."""
        state = self.state
        was_closed = state is TcpState.CLOSED and self.listener is None
        if self.listener is not None:
            self._stop_listening()
        endpoint = self.endpoint
        if endpoint is not None:
            endpoint.owner = None
            if not was_closed:
                if state in _RESET_BY_DISCONNECT:
                    self.error = linux.ECONNRESET
                endpoint.connection.abort(self.internet.clock.now_ns)
                endpoint.pump()
        self.remote_address, self.remote_port = None, 0
        if not self.address_locked:
            self.local_address = ANY_V4 if self.domain == linux.AF_INET else ANY_V6
        if not self.port_locked and not was_closed:
            self.drop_port()
        elif self.binding is not None:
            self.binding.address = self.local_address
            self.ports.changed(self.binding)
        self.endpoint = None
        stream_urgent.look_simple(self)
        self.shut = 0
        self.peer_done = False

    # What the connection reports.

    def tcp_happened(self, endpoint: TcpEndpoint, events: int) -> None:
        """The connection's news: errors, shut directions, and whom to wake."""
        if events == READABLE:
            readable = endpoint.connection.receive_side.readable
            if self.queue.waiters and readable >= self.options.receive_low_water:
                self.queue.wake(_DATA)
            return
        if events & (URGENT | URGENT_ARRIVED):
            stream_urgent.happened(self, endpoint, events)
        if events & (FAILED | CLOSED | TIME_WAIT):
            self._ended(endpoint, events)
            return
        mask = 0
        if events & PEER_FINISHED:
            self.shut |= RECEIVE_SHUTDOWN
            self.peer_done = True
            mask = ALL
        if events & (ESTABLISHED | FIN_ACKNOWLEDGED):
            mask = ALL
        if events & READABLE and endpoint.connection.readable_bytes >= self.options.receive_low_water:
            mask |= _DATA
        if mask:
            self.queue.wake(mask)

    def _ended(self, endpoint: TcpEndpoint, events: int) -> None:
        if events & PEER_FINISHED:
            self.peer_done = True
        if events & FAILED:
            self.error = failure_errno(self, endpoint)
        if endpoint.closed or events & TIME_WAIT:
            self.shut = BOTH_SHUTDOWN
            if not self.port_locked and not endpoint.time_wait and self.binding is not None:
                self.binding = None
                self.internet.tcp.bound.pop(self, None)
        self.queue.wake(ALL)

    def tcp_heard(self, endpoint: TcpEndpoint, errno: int) -> None:
        """With IP_RECVERR an ICMP message is an error at once; without, it explains a later timeout (tcp_v4_err)."""
        v4 = len(endpoint.key[0]) == 4
        if self.inet.receive_error if v4 else self.inet.receive_error_v6:
            self.error = errno
            self.queue.wake(_ERR)

    def tcp_has_space(self, endpoint: TcpEndpoint) -> None:
        """Something was acknowledged while somebody waits for room (sk_stream_write_space)."""
        if is_writable(self):
            endpoint.wants_space = False
            self.queue.wake(_OUT)

    def poll(self) -> int:
        """Readiness as tcp_poll() has it; the usual case, a quiet connection with room to write, is written out."""
        endpoint = self.endpoint
        if (
            endpoint is not None
            and self.simple_reads
            and not self.shut
            and not self.error
            and not self.errors
            and not self.inet.notsent_low_water
        ):
            connection = endpoint.connection
            if connection.block.state is _ESTABLISHED:
                send_side = connection.send_side
                buffer = send_side.buffer
                limit = send_side.limit
                if (limit - buffer.end + buffer.start) * 3 >= limit:
                    return _INOUT if connection.receive_side.readable else _OUT
        return readiness(self)

    # send(2), recv(2), shutdown(2), close(2)

    def sendmsg(
        self, thread: "Thread", data: bytes, address: Sockaddr | None, flags: int, control: Control = ()
    ) -> int | Blocked:
        """send(2): the bytes taken; EAGAIN, EPIPE with SIGPIPE, the pending error. An address is ignored."""
        endpoint = self.endpoint
        if (
            endpoint is not None
            and not self.error
            and not self.shut & SEND_SHUTDOWN
            and not flags & ~stream_io.SIMPLE
            and not self.more
        ):
            connection = endpoint.connection
            if connection.block.state in stream_io.SENDABLE:
                taken = connection.write(data, self.internet.clock.now_ns)
                endpoint.pump()
                if taken == len(data):
                    return taken
                return stream_io.send(self, data, flags, taken)
        return stream_io.send(self, data, flags, 0)

    def recvmsg(self, thread: "Thread", size: int, flags: int, control_size: int = 0) -> Received | Blocked:
        """recv(2): ENOTCONN, EAGAIN, the pending error; no bytes at the end of the stream."""
        endpoint = self.endpoint
        if endpoint is not None and size and not flags & ~stream_io.SIMPLE and self.simple_reads:
            connection = endpoint.connection
            if connection.receive_side.readable:
                data = connection.read(size, self.internet.clock.now_ns)
                if connection.outbox.segments:
                    endpoint.transmit(connection.take_output())
                if endpoint.tracer.sampling:
                    endpoint.sample()
                return _new(Received, (data, None, 0, (), None))
            if (
                connection.block.state is _ESTABLISHED
                and not flags & linux.MSG_DONTWAIT
                and not self.status_flags & linux.O_NONBLOCK
                and not self.error
                and not self.shut
                and not self.options.receive_timeout_ns
                and not self.kernel.soft
            ):
                return Blocked(self._readable, partial(stream_io.read_on, self, size, flags))
        if flags & linux.MSG_ERRQUEUE:
            return error_queue.receive(self, size, control_size)
        return stream_io.receive(self, size, flags)

    def queued_bytes(self, request: int) -> int | None:
        """SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK (tcp(7)); EINVAL on a listening socket."""
        return stream_io.queued_bytes(self, request)

    def getpeername(self) -> Sockaddr:
        """getpeername(2): ENOTCONN before the handshake is over and after the connection's end."""
        if self.state is TcpState.CLOSED or self.state is TcpState.SYN_SENT:
            raise KernelError(linux.ENOTCONN)
        return super().getpeername()

    def shutdown(self, thread: "Thread", how: int) -> None:
        """shutdown(2): EINVAL, ENOTCONN. SHUT_WR sends FIN; SHUT_RD only ends what this side reads."""
        if how not in (linux.SHUT_RD, linux.SHUT_WR, linux.SHUT_RDWR):
            raise KernelError(linux.EINVAL)
        how += 1
        state = self.state
        if self.phase is Phase.CONNECTING:
            opening = state in _OPENING or state is TcpState.CLOSED
            self.phase = Phase.DISCONNECTING if opening else Phase.CONNECTED
        errno = 0
        if self.listener is not None:
            if how & RECEIVE_SHUTDOWN:
                self.disconnect()
                self.phase = Phase.UNCONNECTED
        elif state is TcpState.SYN_SENT:
            self.disconnect()
            self.phase = Phase.UNCONNECTED
        else:
            if state is TcpState.CLOSED:
                errno = linux.ENOTCONN
            self.shut |= how
            endpoint = self.endpoint
            if how & RECEIVE_SHUTDOWN and endpoint is not None:
                endpoint.connection.shutdown_read()
            if how & SEND_SHUTDOWN and endpoint is not None and state in (TcpState.ESTABLISHED, TcpState.CLOSE_WAIT):
                endpoint.connection.shutdown_write(self.internet.clock.now_ns)
                endpoint.pump()
        self.queue.wake(ALL)
        if errno:
            raise KernelError(errno)

    def release(self, thread: "Thread | None") -> Blocked | None:
        """close(2) of the last descriptor: FIN, or RST with unread data or SO_LINGER 0; SO_LINGER > 0 waits."""
        self.shut = BOTH_SHUTDOWN
        if self.listener is not None:
            self._stop_listening()
        endpoint = self.endpoint
        if endpoint is None or endpoint.closed:
            self.drop_port()
            return None
        on, seconds = self.options.linger
        now_ns = self.internet.clock.now_ns
        endpoint.close(bool(on and not seconds), now_ns)
        if on and seconds and thread is not None:
            if self.kernel.soft:
                self.kernel.softirq()
            return self._linger(self.kernel.deadline_ns(seconds * 10**9))
        self._orphan()
        return None

    def _linger(self, deadline_ns: int) -> Blocked | None:
        """Wait until what was sent has been acknowledged (sk_stream_wait_close)."""
        if self.state not in _LINGERING:
            self._orphan()
            return None

        def give_up(why: GiveUp) -> object:
            self._orphan()
            return None

        return Blocked(((self.queue, ALL),), lambda: self._linger(deadline_ns), deadline_ns, give_up)

    def _orphan(self) -> None:
        """The connection goes on without a socket."""
        endpoint = self.endpoint
        if endpoint is not None:
            endpoint.owner = None
        self.drop_port()

    def largest_low_water(self) -> int:
        """Half of what the receive buffer can become (tcp_set_rcvlowat)."""
        if self.options.receive_buffer_locked:
            return self.options.receive_buffer // 2
        return self.kernel.sysctls.integers("net.ipv4.tcp_rmem")[2] // 2

    def options_changed(self, level: int, name: int) -> None:
        """An option that a running connection has to hear of."""
        if self.binding is not None and level == linux.SOL_SOCKET:
            self.copy_options(self.binding)
        stream_urgent.look_simple(self)
        apply_tcp_option(self, level, name)
