"""UDP or UDP-Lite on one host: which socket a datagram is for, port unreachable, ICMP errors, multicast.

Linux's __udp4_lib_lookup (a score for each socket; the last one bound wins among equals, or, with SO_REUSEPORT, the
one that the four numbers choose), __udp4_lib_mcast_deliver and __udp4_lib_err. The two protocols are alike in all of
that, and each has ports and counters of its own.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from farhost.kernel.inet.datagram import DatagramSocket, flow_name
from farhost.kernel.inet.error_queue import Report
from farhost.kernel.inet.icmp_host import meaning
from farhost.kernel.inet.message_size import discovery
from farhost.kernel.inet.port_search import datagram_order
from farhost.kernel.inet.ports import PortTable, udp_conflict
from farhost.protocols.icmp_quote import Trouble
from farhost.wire import linux
from farhost.wire.addresses import ANY_V4, ANY_V6, is_multicast
from farhost.wire.packet import Flow, IpAddress, Packet, UdpDatagram

if TYPE_CHECKING:
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.inet.internet import Internet


class UdpCounters(NamedTuple):
    """What a protocol counts, by /proc/net/snmp's names."""

    in_datagrams: str
    no_ports: str
    in_errors: str
    out_datagrams: str
    receive_buffer_errors: str
    ignored_multicast: str


def _counters(name: str) -> UdpCounters:
    kinds = ("InDatagrams", "NoPorts", "InErrors", "OutDatagrams", "RcvbufErrors", "IgnoredMulti")
    return UdpCounters(*(name + kind for kind in kinds))


class UdpVariant(NamedTuple):
    """One of the two protocols."""

    protocol: int
    name: str
    """As the places of its packets and draws have it."""
    counters: UdpCounters


UDP = UdpVariant(linux.IPPROTO_UDP, "udp", _counters("Udp"))
UDPLITE = UdpVariant(linux.IPPROTO_UDPLITE, "udplite", _counters("UdpLite"))


class UdpHost:
    """The UDP of one host, or its UDP-Lite."""

    def __init__(self, internet: "Internet", variant: UdpVariant) -> None:
        self.internet = internet
        self.variant = variant
        self.protocol = variant.protocol
        self.counters = variant.counters
        self.ports = PortTable(udp_conflict, datagram_order)
        self._sockets: dict[int, list[DatagramSocket]] = {}
        self._uses: dict[int, int] = {}

    def add(self, socket: DatagramSocket) -> Flow:
        """Let datagrams find a socket that has a port now; the flow that its packets belong to."""
        port = socket.local_port
        self._sockets.setdefault(port, []).append(socket)
        use = self._uses[port] = self._uses.get(port, 0) + 1
        return flow_name(self.internet.kernel.place, self.variant.name, port, use)

    def remove(self, socket: DatagramSocket, port: int) -> None:
        """The socket gives its port back."""
        sockets = self._sockets[port]
        sockets.remove(socket)
        if not sockets:
            del self._sockets[port]

    def receive(self, interface: "Interface", packet: Packet, datagram: UdpDatagram) -> None:
        """A datagram for this host."""
        destination = packet.destination
        if is_multicast(destination) or destination in self.internet.broadcasts:
            self._receive_many(interface, packet, datagram)
            return
        socket = self._find(packet, datagram, interface)
        if socket is not None:
            socket.take(packet, interface)
            return
        self.internet.drop(interface, packet, "no-port", self.counters.no_ports)
        self.internet.icmp.port_unreachable(packet)

    def _receive_many(self, interface: "Interface", packet: Packet, datagram: UdpDatagram) -> None:
        """Multicast and broadcast: everybody gets a copy who could have it."""
        group = packet.destination
        taken = False
        for socket in tuple(self._sockets.get(datagram.destination_port, ())):
            if _score(socket, packet, datagram, interface) < 0:
                continue
            if is_multicast(group) and not self._wants(socket, interface, group):
                continue
            socket.take(packet, interface)
            taken = True
        if not taken:
            self.internet.drop(interface, packet, "no-port", self.counters.ignored_multicast)

    def _wants(self, socket: DatagramSocket, interface: "Interface", group: IpAddress) -> bool:
        """IP_MULTICAST_ALL is on: a socket that joined nothing gets what anybody of its host joined (ip(7))."""
        return not socket.groups or (interface.name, group) in socket.groups

    def _find(self, packet: Packet, datagram: UdpDatagram, interface: "Interface") -> DatagramSocket | None:
        sockets = self._sockets.get(datagram.destination_port)
        if sockets is None:
            return None
        if len(sockets) == 1:
            socket = sockets[0]
            return socket if _score(socket, packet, datagram, interface) >= 0 else None
        best = -1
        found: list[DatagramSocket] = []
        for socket in reversed(sockets):
            score = _score(socket, packet, datagram, interface)
            if score > best:
                best = score
                found = [socket]
            elif score == best and score >= 0:
                found.append(socket)
        if not found:
            return None
        if len(found) == 1 or not found[0].options.reuse_port or found[0].remote_address is not None:
            return found[0]
        found = [socket for socket in reversed(found) if socket.options.reuse_port]
        internet = self.internet
        sender = internet.tcp.host_name(packet.source)
        name = self.variant.name
        place = f"{name} {sender}:{datagram.source_port}>{internet.kernel.place}:{datagram.destination_port}"
        return found[internet.chance.draw("reuseport", place, len(found))]

    def hear(self, report: Report) -> None:
        """An ICMP message quotes a datagram of ours (__udp4_lib_err)."""
        quote = report.error.quote
        for socket in self._sockets.get(quote.source_port, ()):
            peer = (quote.destination, quote.destination_port)
            if socket.remote_address is not None and (socket.remote_address, socket.remote_port) != peer:
                continue
            if socket.local_address not in (quote.source, ANY_V4, ANY_V6):
                continue
            self._tell(socket, report)
            return

    def _tell(self, socket: DatagramSocket, report: Report) -> None:
        error = report.error
        said = meaning(error)
        if error.trouble is Trouble.PACKET_TOO_BIG:
            if discovery(socket, error.quote.destination) == linux.IP_PMTUDISC_DONT:
                return
            said = said._replace(hard=True)
        socket.hear(report, said)

    def sockets(self) -> Iterator[DatagramSocket]:
        """The datagram sockets that have a port."""
        for sockets in tuple(self._sockets.values()):
            yield from tuple(sockets)

    def check_invariants(self) -> None:
        """What always holds; tests call it after every event."""
        self.ports.check_invariants()
        for port, sockets in self._sockets.items():
            assert sockets
            for socket in sockets:
                assert socket.local_port == port
                assert socket.charged == sum(arrived.cost for arrived in socket.queued)


def _score(socket: DatagramSocket, packet: Packet, datagram: UdpDatagram, interface: "Interface") -> int:
    """How well a socket fits a datagram for its port; below 0: not at all (compute_score)."""
    address = packet.destination
    local = socket.local_address
    score = int(socket.domain == linux.AF_INET)
    if local == address:
        score += 16
    elif local == ANY_V6:
        if len(address) == 4 and socket.inet.only_v6:
            return -1
    elif local != ANY_V4 or len(address) != 4:
        return -1
    if socket.remote_address is not None:
        if socket.remote_address != packet.source or socket.remote_port != datagram.source_port:
            return -1
        score += 8
    device = socket.options.bound_device
    if device:
        if device != interface.name:
            return -1
        score += 4
    return score
