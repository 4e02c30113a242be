"""UDP and UDP-Lite sockets (udp(7), udplite(7), Linux's net/ipv4/udp.c, udplite.c): ports, sizes, parts of one.

What they have in common with raw and ping sockets is in `message_socket.py`.
"""

from typing import TYPE_CHECKING

from farhost.kernel.files import Control
from farhost.kernel.inet.addresses import destination_of
from farhost.kernel.inet.message_socket import MessageSocket
from farhost.kernel.inet.options import DATAGRAM_OPTIONS
from farhost.kernel.inet.path import Path
from farhost.kernel.inet.ports import PortTable
from farhost.kernel.inet.receive_buffer import charge
from farhost.kernel.inet.socket_base import SEND_SHUTDOWN
from farhost.kernel.waiting import Blocked, KernelError
from farhost.protocols.udp import HEADER, coverage_sent, coverage_suffices
from farhost.wire import linux
from farhost.wire.packet import Flow, IpAddress, Packet, UdpDatagram
from farhost.wire.sockaddr import Sockaddr, SockaddrOther

if TYPE_CHECKING:
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.inet.udp_host import UdpHost
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread
    from farhost.protocols.icmp_quote import Quote

_UDP_LEVELS = (linux.SOL_UDP, linux.SOL_UDPLITE)


class DatagramSocket(MessageSocket):
    """A SOCK_DGRAM socket of AF_INET or AF_INET6 that speaks UDP, or UDP-Lite."""

    option_table = DATAGRAM_OPTIONS

    def __init__(self, kernel: "Kernel", domain: int, uid: int, host: "UdpHost") -> None:
        """`host`: which of the two protocols of the kernel's host."""
        super().__init__(kernel, domain, linux.SOCK_DGRAM, host.protocol)
        self.host = host
        self._is_lite = host.protocol == linux.IPPROTO_UDPLITE
        self.buffer_kind = "udpl" if self._is_lite else "udp"
        self._counters = host.counters
        self.uid = uid
        self._corked: tuple[bytes, Sockaddr | None] | None = None

    @property
    def ports(self) -> PortTable:
        """The port table of the protocol."""
        return self.host.ports

    def take_port(self, uid: int, port: int) -> None:
        """Have a port of the protocol's; from now on packets find the socket."""
        super().take_port(uid, port)
        self.flow = self.host.add(self)

    def drop_port(self) -> None:
        """Have none any more."""
        binding, self.binding = self.binding, None
        if binding is not None:
            self.host.remove(self, binding.port)
            self.ports.remove(binding)
        self.local_port = 0

    def have_port(self) -> None:
        """An ephemeral port, if there is none yet; EAGAIN when all are taken."""
        if self.binding is None:
            try:
                self.take_port(self.uid, 0)
            except KernelError:
                raise KernelError(linux.EAGAIN) from None

    # send(2)

    def sendmsg(
        self, thread: "Thread", data: bytes, address: Sockaddr | None, flags: int, control: Control = ()
    ) -> int | Blocked:
        """sendto(2): one datagram. EMSGSIZE, EDESTADDRREQ, EINVAL (port 0), EACCES, ENETUNREACH, EPIPE, SO_ERROR."""
        self.have_port()
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
        path = self.find_path(destination, scope_id, control)
        if size > 0xFFFF and len(destination) == 4:
            raise KernelError(linux.EMSGSIZE)
        path = self.fitting(path, destination, size + HEADER, port)
        if self.error:
            self.raise_error()
        if self.shut & SEND_SHUTDOWN:
            raise KernelError(linux.EPIPE)
        return destination, port, path

    def _send(self, data: bytes, address: Sockaddr | None, control: Control) -> None:
        """Send one datagram."""
        destination, port, path = self._check(len(data), address, control)
        size = len(data) + HEADER
        coverage = coverage_sent(self.inet.send_coverage, size) if self._is_lite else None
        self.emit(path, destination, self.protocol, UdpDatagram(self.local_port, port, data, coverage), size, control)
        self.internet.counters[self._counters.out_datagrams] += 1

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

    # Arrival.

    def take(self, packet: Packet, interface: "Interface") -> None:
        """A datagram for this socket: into the queue, or dropped when that is full (__udp_enqueue_schedule_skb) or
        when the checksum covers less of it than the socket asks for (udp_queue_rcv_one_skb)."""
        body = packet.body
        assert isinstance(body, UdpDatagram)
        internet = self.internet
        counters = self._counters
        needed = self.inet.receive_coverage
        if needed is not None and not coverage_suffices(body, needed):
            self.drops += 1
            internet.drop(interface, packet, "coverage", counters.in_errors)
            return
        cost = charge(len(body.payload), len(packet.source) == 16)
        held = self.charged + (self.errors.charged if self.errors is not None else 0)
        if held and held + cost > self.options.receive_buffer:
            self.drops += 1
            internet.counters[counters.in_errors] += 1
            internet.drop(interface, packet, "receive-buffer", counters.receive_buffer_errors)
            return
        self.enqueue(packet, interface, body.payload, body.source_port, cost)

    def count_read(self) -> None:
        """UdpInDatagrams counts what programs have read (udp_recvmsg)."""
        self.internet.counters[self._counters.in_datagrams] += 1

    def quoted(self, quote: "Quote") -> tuple[bytes, int]:
        """The payload, as far as it was quoted."""
        return quote.data[HEADER:], quote.destination_port

    def draw_port(self, what: str, bound: int) -> int:
        """Where the search for a port begins."""
        return self.internet.tcp.draw_port(f"{self.host.variant.name} {what}", bound)

    # Options.

    def setsockopt(self, thread: "Thread", level: int, name: int, value: bytes) -> None:
        """setsockopt(2): SOL_UDP and SOL_UDPLITE are one level, of both protocols (udp_lib_setsockopt)."""
        super().setsockopt(thread, _level_of(level, name), name, value)

    def getsockopt(self, thread: "Thread", level: int, name: int, size: int) -> bytes:
        """getsockopt(2), likewise."""
        return super().getsockopt(thread, _level_of(level, name), name, size)

    def _knows(self, level: int) -> bool:
        return level in _UDP_LEVELS or super()._knows(level)

    def options_changed(self, level: int, name: int) -> None:
        """SO_REUSEADDR and its like count for a binding that is there as well."""
        if self.binding is not None and level == linux.SOL_SOCKET:
            self.copy_options(self.binding)
        if level == linux.SOL_UDP and not self.inet.cork and self._corked is not None:
            (whole, first), self._corked = self._corked, None
            self._send(whole, first, ())


def _level_of(level: int, name: int) -> int:
    """The level at which an option's row stands."""
    if level not in _UDP_LEVELS:
        return level
    return linux.SOL_UDPLITE if name in (linux.UDPLITE_SEND_CSCOV, linux.UDPLITE_RECV_CSCOV) else linux.SOL_UDP


def flow_name(host: str, protocol: str, port: int, use: int) -> Flow:
    """`client udp:49152`; the second socket with that port ends in `/2`."""
    return Flow(f"{host} {protocol}:{port}" if use == 1 else f"{host} {protocol}:{port}/{use}")
