"""What UDP, raw and ping sockets share: whole messages in a queue, errors that come back, the way to a destination.

One send is one packet, one receive is one message, and a receive buffer that is full drops silently. An ICMP error
reaches a connected socket at its next call if it is a hard one, and any socket with IP_RECVERR. Sending never waits:
what a link cannot take, its queue drops. Sources: Linux's net/core/datagram.c, net/ipv4/datagram.c, udp.c, raw.c,
ping.c and their IPv6 twins.
"""

from collections import deque
from typing import TYPE_CHECKING, ClassVar, NamedTuple, NoReturn

from farhost.kernel.files import Control, Received
from farhost.kernel.inet import ancillary, error_queue
from farhost.kernel.inet.addresses import any_of, as_sockaddr, destination_of
from farhost.kernel.inet.message_size import SETS_DF, check_size, receive_news, usable
from farhost.kernel.inet.path import Path
from farhost.kernel.inet.socket_base import ALL, BOTH_SHUTDOWN, RECEIVE_SHUTDOWN, InetSocket
from farhost.kernel.waiting import Blocked, GiveUp, KernelError
from farhost.wire import linux
from farhost.wire.addresses import ANY_V4, is_broadcast, is_link_local, is_multicast, needs_scope
from farhost.wire.packet import NO_FLOW, Body, IpAddress, Packet
from farhost.wire.sockaddr import Sockaddr, SockaddrOther

if TYPE_CHECKING:
    from farhost.kernel.inet.error_queue import QueuedError, Report
    from farhost.kernel.inet.icmp_host import Meaning
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread
    from farhost.protocols.icmp_quote import Quote

_IN, _OUT, _ERR = linux.EPOLLIN, linux.EPOLLOUT, linux.EPOLLERR
_HUP, _RDHUP = linux.EPOLLHUP, linux.EPOLLRDHUP


class Arrived(NamedTuple):
    """A message in a receive queue."""

    packet: Packet
    interface: "Interface"
    time_ns: int
    cost: int
    """Bytes of the receive buffer."""
    data: bytes
    """What the program gets."""
    port: int
    """The sender's; 0 where there are none."""


class MessageSocket(InetSocket):
    """A socket of AF_INET or AF_INET6 that sends and receives whole messages."""

    tells_own_address: ClassVar[bool] = True
    """Whether IP_PKTINFO says which own address a message came to (in_pktinfo's ipi_spec_dst)."""

    buffer_kind: str = ""
    """What samples call its buffer, before its port; empty where the port is none."""

    def __init__(self, kernel: "Kernel", domain: int, type: int, protocol: int) -> None:
        super().__init__(kernel, domain, type, protocol)
        self.queued: deque[Arrived] = deque()
        self.charged = 0
        """Bytes of the receive buffer in use, by `charge`."""
        self.path_mtu_news: tuple[IpAddress, int] | None = None
        """For IPV6_RECVPATHMTU: where the latest message that was too long would have gone, and the path's MTU."""
        self.drops = 0
        self.flow = NO_FLOW
        self._calls = 0
        self._path: Path | None = None
        self._generation = -1

    def is_busy(self) -> bool:
        """bind(2) is for unconnected sockets."""
        return self.remote_address is not None

    def have_port(self) -> None:
        """Before connect(2) and a send: have a port, where messages of this sort need one."""

    def drop_port(self) -> None:
        """Give it back: nothing finds the socket any more."""

    def check_scope(self, wanted: IpAddress, scope_id: int) -> None:
        """bind(2) to an address that means something on one interface only: ENODEV, EADDRNOTAVAIL."""
        interface = self.internet.interface_at(scope_id)
        if interface is None:
            raise KernelError(linux.ENODEV)
        if needs_scope(wanted) and not is_multicast(wanted) and self.internet.local.get(wanted) is not interface:
            raise KernelError(linux.EADDRNOTAVAIL)

    def quoted(self, quote: "Quote") -> tuple[bytes, int]:
        """Of a message that an ICMP error quotes: what the error queue shows, and the port that it went to."""
        return quote.data, 0

    # connect(2)

    def connect(self, thread: "Thread", address: Sockaddr) -> Blocked | None:
        """connect(2): fix the peer, as often as one likes; AF_UNSPEC unfixes it (__udp_disconnect)."""
        if isinstance(address, SockaddrOther) and address.family == linux.AF_UNSPEC:
            self._disconnect()
            return None
        self.have_port()
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
        if self.binding is not None:
            self.binding.address = self.local_address
            self.ports.changed(self.binding)
        self.remote_address, self.remote_port = destination, port
        self._path = path
        self._generation = self.internet.generation
        return None

    def _forget_address(self) -> None:
        self.local_address = any_of(self.domain)
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
        """The address that messages to `destination` have to leave with; None: the path's."""
        own = self.local_address
        if len(own) != len(destination) or not any(own) or is_multicast(own) or own in self.internet.broadcasts:
            return None
        return own

    # send(2)

    def find_path(self, destination: IpAddress, scope_id: int, control: Control) -> Path:
        """The way there, as connected or as this call says; EACCES for a broadcast, ENETUNREACH, EINVAL."""
        internet = self.internet
        if self._path is not None and destination == self.remote_address and not control:
            if self._generation != internet.generation:
                self._path = internet.path(destination, self._own_source(destination), self.device())
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
        path = internet.path(destination, source, device)
        if path.broadcast and not self.options.broadcast:
            raise KernelError(linux.EACCES)
        return path

    def fitting(self, path: Path, destination: IpAddress, size: int, port: int = 0) -> Path:
        """The path as this socket uses it for a packet that carries `size` bytes behind its IP header; EMSGSIZE where
        it may not be cut. Linux asks that before it looks at a pending error."""
        if size + 40 > path.mtu or self.inet.fragment_size:
            path = usable(self, path, destination)
            check_size(self, path, destination, port, size)
        return path

    def emit(
        self,
        path: Path,
        destination: IpAddress,
        protocol: int,
        body: Body,
        size: int,
        control: Control,
    ) -> None:
        """Send one packet that carries `size` bytes behind its IP header, along a path that is `fitting`.

        Each that has gone makes a writable edge, as Linux's does (sock_def_write_space).
        """
        self._calls += 1
        if len(destination) == 4:
            unbroken = size + 20 <= path.mtu and self.inet.mtu_discover in SETS_DF
        else:
            unbroken = size + 40 <= path.mtu
        hops, traffic_class = ancillary.carried(self, destination, control)
        packet = Packet(
            path.source,
            destination,
            protocol,
            body,
            hops,
            0,
            unbroken,
            traffic_class,
            flow=self.flow,
            ordinal=self._calls,
        )
        self.pass_on(packet, path)

    def pass_on(self, packet: Packet, path: Path) -> None:
        """Hand a packet to the IP layer, and what it went to to the host's own members of a group."""
        internet = self.internet
        internet.output(packet, path)
        if self.queue.waiters:
            self.queue.wake(_OUT)
        if path.multicast and self.inet.multicast_loop:
            internet.loop_back(packet, path)

    def next_ordinal(self) -> int:
        """Which of the socket's sends this is, from 1: with the flow it makes the packet's place."""
        self._calls += 1
        return self._calls

    def refuse_size(self, destination: IpAddress, port: int, mtu: int) -> NoReturn:
        """EMSGSIZE; with IP_RECVERR the MTU is in the error queue as well (ip_local_error, ipv6_local_error), with
        the destination's port on IPv6, on IPv4 with the peer's."""
        v4 = len(destination) == 4
        if self.inet.receive_error if v4 else self.inet.receive_error_v6:
            entry = error_queue.too_long(destination, self.remote_port if v4 else port, mtu)
            if self.error_queue().add(entry, self.options.receive_buffer - self.charged):
                self.queue.wake(_ERR)
        raise KernelError(linux.EMSGSIZE)

    # Arrival.

    def enqueue(self, packet: Packet, interface: "Interface", data: bytes, port: int, cost: int) -> None:
        """A message that the receive buffer has room for."""
        self.charged += cost
        self.queued.append(Arrived(packet, interface, self.internet.clock.now_ns, cost, data, port))
        if self.internet.tracer.sampling:
            self.kernel.sampler.message_buffer(self)
        self.queue.wake(_IN)

    def overflow(self, packet: Packet, interface: "Interface", reason: str) -> None:
        """A message that it has no room for: the socket counts it, and the trace shows it."""
        self.drops += 1
        if self.internet.tracer.on:
            self.internet.trace(interface, "dropped", packet, reason)

    def hear(self, report: "Report", said: "Meaning") -> None:
        """An ICMP error quotes a message of this socket: queued with IP_RECVERR, else pending if it is a hard one and
        there is a peer."""
        quote = report.error.quote
        if self.inet.receive_error if len(quote.source) == 4 else self.inet.receive_error_v6:
            self.fail(said.errno, error_queue.reported(said.errno, *self.quoted(quote), report))
        elif said.hard and self.remote_address is not None:
            self.fail(said.errno, None)

    def fail(self, errno: int, queued: "QueuedError | None") -> None:
        """The next call fails with `errno`, also where the error queue has no room for the rest."""
        if queued is not None:
            self.error_queue().add(queued, self.options.receive_buffer - self.charged)
        self.error = errno
        self.queue.wake(_ERR)

    # recv(2)

    def recvmsg(self, thread: "Thread", size: int, flags: int, control_size: int = 0) -> Received | Blocked:
        """recvfrom(2): one message, cut to `size` (MSG_TRUNC). The pending error first, then data, then the end."""
        if flags & linux.MSG_ERRQUEUE:
            return error_queue.receive(self, size, control_size)
        deadline_ns = self.receive_deadline_ns()

        def attempt() -> Received | Blocked:
            if self.path_mtu_news is not None and self.inet.receive_path_mtu:
                return receive_news(self, control_size)
            self.raise_error()
            if self.queued:
                return self.take_message(size, flags, control_size)
            if self.cannot_wait(flags):
                raise KernelError(linux.EAGAIN)
            if self.shut & RECEIVE_SHUTDOWN:
                return Received(b"", None, 0, ())
            return Blocked(((self.queue, _IN | _RDHUP | _ERR),), attempt, deadline_ns, give_up)

        def give_up(why: GiveUp) -> object:
            raise KernelError(linux.EINTR if why is GiveUp.INTERRUPTED else linux.EAGAIN)

        return attempt()

    def take_message(self, size: int, flags: int, control_size: int) -> Received:
        """The oldest message of the queue, which stays there with MSG_PEEK."""
        arrived = self.queued[0]
        if not flags & linux.MSG_PEEK:
            self.queued.popleft()
            self.charged -= arrived.cost
            self.count_read()
            if self.internet.tracer.sampling:
                self.kernel.sampler.message_buffer(self)
        packet, data = arrived.packet, arrived.data
        result_flags = linux.MSG_TRUNC if len(data) > size else 0
        own = None if self.tells_own_address else ANY_V4
        control: Control = ancillary.about(self, packet, arrived.interface, arrived.time_ns, own)
        if control:
            control, lost = ancillary.cut(control, control_size)
            result_flags |= linux.MSG_CTRUNC if lost else 0
        sender = as_sockaddr(self.domain, packet.source, arrived.port, arrived.interface.index)
        length = len(data) if flags & linux.MSG_TRUNC else None
        return Received(data[:size], sender, result_flags, control, length)

    def count_read(self) -> None:
        """A message was taken out of the queue, where somebody counts that."""

    # The rest.

    def poll(self) -> int:
        """Readiness as datagram_poll() has it."""
        ready = _OUT
        if self.error or self.errors:
            ready |= _ERR | linux.EPOLLPRI if self.options.select_error_queue else _ERR
        if self.shut & RECEIVE_SHUTDOWN:
            ready |= _RDHUP | _IN
        if self.shut == BOTH_SHUTDOWN:
            ready |= _HUP
        if self.queued:
            ready |= _IN
        return ready

    def queued_bytes(self, request: int) -> int | None:
        """FIONREAD: the next message's size (udp(7)); SIOCOUTQ: 0, since nothing waits to be sent."""
        if request == linux.FIONREAD:
            return len(self.queued[0].data) if self.queued else 0
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
        if self.queued:
            self.queued.clear()
            self.charged = 0
            if self.internet.tracer.sampling:
                self.kernel.sampler.message_buffer(self)
        self.drop_port()
        self.groups.clear()
        return None
