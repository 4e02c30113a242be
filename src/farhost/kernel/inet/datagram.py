"""UDP sockets (udp(7), Linux's net/ipv4/udp.c and net/ipv6/udp.c).

A datagram is one send and one receive; nobody is told when one is lost. A receive buffer that is full drops silently.
An ICMP error reaches a connected socket, at its next call (`ECONNREFUSED` for a closed port); an unconnected one only
with IP_RECVERR. Sending never waits: what a link cannot take, its queue drops.
"""

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from farhost.kernel.files import Control, Received
from farhost.kernel.inet import ancillary, error_queue
from farhost.kernel.inet.addresses import as_sockaddr, destination_of
from farhost.kernel.inet.datagram_size import SETS_DF, check_size, receive_news, usable
from farhost.kernel.inet.error_queue import QueuedError
from farhost.kernel.inet.options import DATAGRAM_OPTIONS
from farhost.kernel.inet.path import Path
from farhost.kernel.inet.ports import PortTable
from farhost.kernel.inet.receive_buffer import charge
from farhost.kernel.inet.socket_base import ALL, BOTH_SHUTDOWN, RECEIVE_SHUTDOWN, SEND_SHUTDOWN, InetSocket
from farhost.kernel.waiting import Blocked, GiveUp, KernelError
from farhost.wire import linux
from farhost.wire.addresses import ANY_V4, ANY_V6, is_broadcast, is_link_local, is_multicast
from farhost.wire.packet import NO_FLOW, Flow, IpAddress, Packet, UdpDatagram
from farhost.wire.sockaddr import Sockaddr, SockaddrOther

if TYPE_CHECKING:
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread

_IN, _OUT, _ERR = linux.EPOLLIN, linux.EPOLLOUT, linux.EPOLLERR
_HUP, _RDHUP, _PRI = linux.EPOLLHUP, linux.EPOLLRDHUP, linux.EPOLLPRI


class Arrived(NamedTuple):
    """A datagram in a receive queue."""

    packet: Packet
    interface: "Interface"
    time_ns: int
    cost: int


class DatagramSocket(InetSocket):
    """A SOCK_DGRAM socket of AF_INET or AF_INET6."""

    option_table = DATAGRAM_OPTIONS

    def __init__(self, kernel: "Kernel", domain: int, uid: int) -> None:
        super().__init__(kernel, domain, linux.SOCK_DGRAM, linux.IPPROTO_UDP)
        self.uid = uid
        self.queued: deque[Arrived] = deque()
        self.charged = 0
        """Bytes of the receive buffer in use, by `charge`."""
        self.path_mtu_news: tuple[IpAddress, int] | None = None
        """For IPV6_RECVPATHMTU: where the latest datagram that was too long would have gone, and the path's MTU."""
        self.drops = 0
        self._calls = 0
        self._flow = NO_FLOW
        self._path: Path | None = None
        self._generation = -1
        self._corked: tuple[bytes, Sockaddr | None] | None = None

    @property
    def ports(self) -> PortTable:
        """The port table of UDP."""
        return self.internet.udp.ports

    def is_busy(self) -> bool:
        """bind(2) is for unconnected sockets."""
        return self.remote_address is not None

    def take_port(self, uid: int, port: int) -> None:
        """Have a port of UDP's; from now on packets find the socket."""
        super().take_port(uid, port)
        self._flow = self.internet.udp.add(self)

    def drop_port(self) -> None:
        """Have none any more."""
        binding, self.binding = self.binding, None
        if binding is not None:
            self.internet.udp.remove(self, binding.port)
            self.ports.remove(binding)
        self.local_port = 0

    def _autobind(self) -> None:
        if self.binding is None:
            try:
                self.take_port(self.uid, 0)
            except KernelError:
                raise KernelError(linux.EAGAIN) from None

    # connect(2)

    def connect(self, thread: "Thread", address: Sockaddr) -> Blocked | None:
        """connect(2): fix the peer, as often as one likes; AF_UNSPEC unfixes it (udp_disconnect)."""
        if isinstance(address, SockaddrOther) and address.family == linux.AF_UNSPEC:
            self._disconnect()
            return None
        self._autobind()
        destination, port, scope_id = destination_of(self.domain, address)
        destination = self.checked_destination(destination)
        if scope_id:
            self.scope_id = scope_id
        if is_link_local(destination) and len(destination) == 16 and not self.device():
            raise KernelError(linux.EINVAL)
        path = self.internet.path(destination, self._own_source(destination), self.device())
        if path.broadcast and not self.options.broadcast:
            raise KernelError(linux.EACCES)
        if not any(self.local_address):
            self.local_address = path.source
        assert self.binding is not None
        self.binding.address = self.local_address
        self.ports.changed(self.binding)
        self.remote_address, self.remote_port = destination, port
        self._path = path
        self._generation = self.internet.generation
        return None

    def _forget_address(self) -> None:
        self.local_address = ANY_V4 if self.domain == linux.AF_INET else ANY_V6
        if self.binding is not None:
            self.binding.address = self.local_address

    def _disconnect(self) -> None:
        self.remote_address, self.remote_port = None, 0
        self._path = None
        self.scope_id = 0
        if not self.address_locked:
            self._forget_address()
        if not self.port_locked:
            self.drop_port()

    def _own_source(self, destination: IpAddress) -> IpAddress | None:
        """The address that datagrams to `destination` have to leave with; None: the path's."""
        own = self.local_address
        if len(own) != len(destination) or not any(own) or is_multicast(own) or own in self.internet.broadcasts:
            return None
        return own

    # send(2)

    def sendmsg(
        self, thread: "Thread", data: bytes, address: Sockaddr | None, flags: int, control: Control = ()
    ) -> int | Blocked:
        """sendto(2): one datagram. EMSGSIZE, EDESTADDRREQ, EINVAL (port 0), EACCES, ENETUNREACH, EPIPE, SO_ERROR."""
        self._autobind()
        if len(data) > 0xFFFF and self.domain == linux.AF_INET:
            raise KernelError(linux.EMSGSIZE)
        if flags & linux.MSG_OOB:
            raise KernelError(linux.EOPNOTSUPP)
        if flags & linux.MSG_MORE or self.inet.cork or self._corked is not None:
            return self._cork(data, address, bool(flags & linux.MSG_MORE or self.inet.cork))
        self._send(data, address, control)
        return len(data)

    def _cork(self, data: bytes, address: Sockaddr | None, more: bool) -> int:
        """MSG_MORE and UDP_CORK: parts of one datagram, sent with the last part (udp(7)). All are lost at the first
        that makes it too long."""
        before, first = self._corked or (b"", address)
        whole = before + data
        self._corked = None
        if more:
            self._check(len(whole), first, ())
            self._corked = (whole, first)
        else:
            self._send(whole, first, ())
        return len(data)

    def _check(self, size: int, address: Sockaddr | None, control: Control) -> tuple[IpAddress, int, Path]:
        """Where a datagram of `size` bytes goes, and by which path; raises what keeps it from going there."""
        if address is None:
            if self.remote_address is None:
                raise KernelError(linux.EDESTADDRREQ)
            destination, port, scope_id = self.remote_address, self.remote_port, 0
        else:
            destination, port, scope_id = self._destination(address)
        path = self._find_path(destination, port, scope_id, control)
        if size + 48 > path.mtu or self.inet.fragment_size:
            if size > 0xFFFF and len(destination) == 4:
                raise KernelError(linux.EMSGSIZE)
            path = usable(self, path, destination)
            check_size(self, path, destination, port, size)
        if self.error:
            self.raise_error()
        if self.shut & SEND_SHUTDOWN:
            raise KernelError(linux.EPIPE)
        return destination, port, path

    def _send(self, data: bytes, address: Sockaddr | None, control: Control) -> None:
        """Send one datagram. Each that has gone makes a writable edge, as Linux's does (sock_def_write_space)."""
        destination, port, path = self._check(len(data), address, control)
        self._calls += 1
        if len(destination) == 4:
            unbroken = len(data) + 28 <= path.mtu and self.inet.mtu_discover in SETS_DF
        else:
            unbroken = len(data) + 48 <= path.mtu
        internet = self.internet
        internet.counters["UdpOutDatagrams"] += 1
        hops, traffic_class = ancillary.carried(self, destination, control)
        packet = Packet(
            path.source,
            destination,
            17,
            UdpDatagram(self.local_port, port, data),
            hops,
            0,
            unbroken,
            traffic_class,
            flow=self._flow,
            ordinal=self._calls,
        )
        internet.output(packet, path)
        if self.queue.waiters:
            self.queue.wake(linux.EPOLLOUT)
        if path.multicast and self.inet.multicast_loop:
            internet.udp.loop_back(packet, path)

    def _destination(self, address: Sockaddr) -> tuple[IpAddress, int, int]:
        if isinstance(address, SockaddrOther) and address.family == linux.AF_UNSPEC:
            if self.domain == linux.AF_INET and len(address.data) >= 14:
                data = address.data
                return self.checked_destination(data[2:6]), int.from_bytes(data[:2], "big"), 0
            if self.domain == linux.AF_INET6 and self.remote_address is not None:
                return self.remote_address, self.remote_port, 0
            raise KernelError(linux.EINVAL if self.domain == linux.AF_INET else linux.EDESTADDRREQ)
        destination, port, scope_id = destination_of(self.domain, address)
        if not port:
            raise KernelError(linux.EINVAL)
        return self.checked_destination(destination), port, scope_id

    def _find_path(self, destination: IpAddress, port: int, scope_id: int, control: Control) -> Path:
        internet = self.internet
        if self._path is not None and destination == self.remote_address and not control:
            if self._generation != internet.generation:
                self._path = self.internet.path(destination, self._own_source(destination), self.device())
                self._generation = internet.generation
            return self._path
        device = self.device()
        if scope_id:
            scope = internet.interface_at(scope_id)
            device = scope.name if scope is not None else device
        if is_multicast(destination) and self.inet.multicast_interface:
            device = self.inet.multicast_interface
        source = ancillary.chosen_source(control) or self._own_source(destination)
        if is_broadcast(destination) and not self.options.broadcast:
            raise KernelError(linux.EACCES)
        path = self.internet.path(destination, source, device)
        if path.broadcast and not self.options.broadcast:
            raise KernelError(linux.EACCES)
        return path

    # Arrival.

    def take(self, packet: Packet, interface: "Interface") -> None:
        """A datagram for this socket: into the queue, or dropped when that is full (__udp_enqueue_schedule_skb)."""
        body = packet.body
        assert isinstance(body, UdpDatagram)
        internet = self.internet
        cost = charge(len(body.payload), len(packet.source) == 16)
        held = self.charged + (self.errors.charged if self.errors is not None else 0)
        if held and held + cost > self.options.receive_buffer:
            self.drops += 1
            internet.counters["UdpInErrors"] += 1
            internet.drop(interface, packet, "receive-buffer", "UdpRcvbufErrors")
            return
        self.charged += cost
        self.queued.append(Arrived(packet, interface, internet.clock.now_ns, cost))
        internet.counters["UdpInDatagrams"] += 1
        self.queue.wake(_IN)

    def fail(self, errno: int, queued: QueuedError | None) -> None:
        """An ICMP error for this socket; what finds no room in the queue is a pending error all the same."""
        if queued is not None:
            self.error_queue().add(queued, self.options.receive_buffer - self.charged)
        self.error = errno
        self.queue.wake(_ERR)

    # recv(2)

    def recvmsg(self, thread: "Thread", size: int, flags: int, control_size: int = 0) -> Received | Blocked:
        """recvfrom(2): one datagram, cut to `size` (MSG_TRUNC). The pending error first, then data, then the end."""
        if flags & linux.MSG_ERRQUEUE:
            return error_queue.receive(self, size, control_size)
        deadline_ns = self.receive_deadline_ns()

        def attempt() -> Received | Blocked:
            if self.path_mtu_news is not None and self.inet.receive_path_mtu:
                return receive_news(self, control_size)
            self.raise_error()
            if self.queued:
                return self._take(size, flags, control_size)
            if self.cannot_wait(flags):
                raise KernelError(linux.EAGAIN)
            if self.shut & RECEIVE_SHUTDOWN:
                return Received(b"", None, 0, ())
            return Blocked(((self.queue, _IN | _RDHUP | _ERR),), attempt, deadline_ns, give_up)

        def give_up(why: GiveUp) -> object:
            raise KernelError(linux.EINTR if why is GiveUp.INTERRUPTED else linux.EAGAIN)

        return attempt()

    def _take(self, size: int, flags: int, control_size: int) -> Received:
        arrived = self.queued[0]
        if not flags & linux.MSG_PEEK:
            self.queued.popleft()
            self.charged -= arrived.cost
        packet = arrived.packet
        body = packet.body
        assert isinstance(body, UdpDatagram)
        payload = bytes(body.payload)
        result_flags = linux.MSG_TRUNC if len(payload) > size else 0
        control: Control = ancillary.about(self, arrived.packet, arrived.interface, arrived.time_ns)
        if control:
            control, lost = ancillary.cut(control, control_size)
            result_flags |= linux.MSG_CTRUNC if lost else 0
        sender = as_sockaddr(self.domain, packet.source, body.source_port, arrived.interface.index)
        length = len(payload) if flags & linux.MSG_TRUNC else None
        return Received(payload[:size], sender, result_flags, control, length)

    # The rest.

    def poll(self) -> int:
        """Readiness as udp_poll() and datagram_poll() have it."""
        ready = _OUT
        if self.error or self.errors:
            ready |= _ERR | _PRI if self.options.select_error_queue else _ERR
        if self.shut & RECEIVE_SHUTDOWN:
            ready |= _RDHUP | _IN
        if self.shut == BOTH_SHUTDOWN:
            ready |= _HUP
        if self.queued:
            ready |= _IN
        return ready

    def queued_bytes(self, request: int) -> int | None:
        """FIONREAD: the next datagram's size (udp(7)); SIOCOUTQ: 0, since nothing waits to be sent."""
        if request == linux.FIONREAD:
            body = self.queued[0].packet.body if self.queued else None
            return len(body.payload) if isinstance(body, UdpDatagram) else 0
        return 0 if request == linux.SIOCOUTQ else None

    def getpeername(self) -> Sockaddr:
        """getpeername(2): ENOTCONN, also for a peer with port 0."""
        if not self.remote_port:
            raise KernelError(linux.ENOTCONN)
        return super().getpeername()

    def shutdown(self, thread: "Thread", how: int) -> None:
        """shutdown(2): takes effect even where it fails with ENOTCONN, as on Linux; the peer never learns of it."""
        if how not in (linux.SHUT_RD, linux.SHUT_WR, linux.SHUT_RDWR):
            raise KernelError(linux.EINVAL)
        self.shut |= how + 1
        self.queue.wake(ALL)
        if self.remote_address is None:
            raise KernelError(linux.ENOTCONN)

    def release(self, thread: "Thread | None") -> Blocked | None:
        """close(2): what waits in the queue is gone."""
        self.drop_port()
        self.queued.clear()
        self.charged = 0
        self.groups.clear()
        return None

    def options_changed(self, level: int, name: int) -> None:
        """SO_REUSEADDR and its like count for a binding that is there as well."""
        if self.binding is not None and level == linux.SOL_SOCKET:
            self.copy_options(self.binding)
        if level == linux.SOL_UDP and not self.inet.cork and self._corked is not None:
            (whole, first), self._corked = self._corked, None
            self._send(whole, first, ())


def flow_name(host: str, port: int, use: int) -> Flow:
    """`client udp:49152`; the second socket with that port ends in `/2`."""
    return Flow(f"{host} udp:{port}" if use == 1 else f"{host} udp:{port}/{use}")
