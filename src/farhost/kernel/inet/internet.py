"""The IP layer of one host: interfaces with `lo`, routes, input, forwarding, reassembly, output, counters.

What a packet means to a socket is decided by `tcp_host.py`, `udp_host.py`, `ping_host.py`, and before them by
`raw_host.py`, whose sockets get copies of whole packets; ICMP is in `icmp_host.py`. Packets come in through
`receive`, a list at a time: the list is one batch, as NAPI and GRO make it, and every TCP connection that it touches
acknowledges once, at its end. Packets to the host itself go through `lo`, delivered by the kernel's soft interrupts
before the call that sent them returns. Sources: RFC 1122, RFC 1812 §5, RFC 8200, Linux's net/ipv4/ip_*.c.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from farhost.kernel.environment import Wire
from farhost.kernel.inet.counters import new_counters
from farhost.kernel.inet.family import inet_family
from farhost.kernel.inet.forwarding import forward, is_forwarding
from farhost.kernel.inet.icmp_host import IcmpHost, count_message
from farhost.kernel.inet.interface import LOOPBACK_MTU, NOWHERE, Interface, LoopbackWire
from farhost.kernel.inet.output import cut
from farhost.kernel.inet.path import Path
from farhost.kernel.inet.ping_host import PingHost
from farhost.kernel.inet.raw_host import RawHost
from farhost.kernel.inet.socket_base import InetSocket
from farhost.kernel.inet.tcp_host import TcpHost
from farhost.kernel.inet.udp_host import UDP, UDPLITE, UdpHost
from farhost.kernel.waiting import KernelError
from farhost.protocols.ip.reassemble import FragmentError, Reassembler
from farhost.protocols.ip.routing import RouteTable
from farhost.protocols.ip.source import Candidate, select_source
from farhost.trace.events import PacketEvent
from farhost.wire import linux
from farhost.wire.addresses import LOOPBACK_V4, LOOPBACK_V6, inet_ntop, is_broadcast, is_loopback, is_multicast
from farhost.wire.codec import MalformedPacket, parse
from farhost.wire.packet import IcmpMessage, IpAddress, Packet, RawBody, TcpSegment, UdpDatagram

if TYPE_CHECKING:
    from farhost.kernel.inet.endpoint import Key, TcpEndpoint
    from farhost.kernel.kernel import Kernel

SECOND_NS = 10**9
PATH_MTU_LIFE_NS = 600 * SECOND_NS
"""How long a smaller path MTU is believed (net.ipv4.route.mtu_expires)."""
SMALLEST_MTU_V4 = 552
"""Path MTUs below are not believed (net.ipv4.route.min_pmtu)."""
SMALLEST_MTU_V6 = 1280
MALFORMED_COUNTERS = {
    "ip": ("IpInHdrErrors", ""),
    "ipv6": ("Ip6InHdrErrors", ""),
    "tcp": ("TcpInErrs", "TcpInCsumErrors"),
    "udp": ("UdpInErrors", "UdpInCsumErrors"),
    "udplite": ("UdpLiteInErrors", "UdpLiteInCsumErrors"),
    "icmp": ("IcmpInErrors", "IcmpInCsumErrors"),
}
"""The first word of a malformed packet's reason -> the counters of errors, and of bad checksums among them."""
ALL_HOSTS = (b"\xe0\0\0\1", b"\xff\2" + bytes(13) + b"\1", b"\xff\1" + bytes(13) + b"\1")
"""Groups in which every host is: 224.0.0.1, ff02::1, ff01::1."""
LARGEST_MTU_V4 = 65535
"""What an IPv4 header can say, whatever the interface takes (IP_MAX_MTU)."""


class Internet:
    """Everything of one host between its sockets and its wires."""

    def __init__(self, kernel: "Kernel") -> None:
        self.kernel = kernel
        self.clock = kernel.environment.clock
        self.chance = kernel.environment.chance
        self.tracer = kernel.environment.tracer
        self.interfaces: dict[str, Interface] = {}
        self.routes = RouteTable()
        """After changing it, call `refresh`."""
        self.generation = 0
        """Changes whenever a path may have changed."""
        self.local: dict[IpAddress, Interface] = {}
        """The host's own addresses; see `is_local` for the rest of 127.0.0.0/8."""
        self.broadcasts: dict[IpAddress, Interface | None] = {b"\xff\xff\xff\xff": None}
        """Broadcast addresses of its networks."""
        self.counters = new_counters()
        """By nstat(8)'s names, as far as they are counted off the hot path: `farhost.kernel.inet.netstat` reads them
        all."""
        self.segments_in = 0
        """Segments that went straight to their connection: they are in no counter but this."""
        self.segments_out = 0
        """Segments that went straight to a wire, those sent again among them."""
        self.name_of: Callable[[IpAddress], str] = inet_ntop
        """What the names of flows call a host; the network sets its own."""
        self._candidates: list[Candidate] = []
        self._paths: dict[tuple[IpAddress, IpAddress | None, str], Path] = {}
        self._path_mtus: dict[IpAddress, tuple[int, int]] = {}
        self._fragment_numbers: defaultdict[tuple[IpAddress, IpAddress, int], int] = defaultdict(int)
        self._reassembler = Reassembler(
            kernel.sysctls["net.ipv4.ipfrag_high_thresh"],
            kernel.sysctls["net.ipv4.ipfrag_time"] * SECOND_NS,
            kernel.sysctls["net.ipv6.ip6frag_time"] * SECOND_NS,
        )
        self._reassembly_due: int | None = None
        self.icmp = IcmpHost(self)
        self.tcp = TcpHost(self)
        self.udp = UdpHost(self, UDP)
        self.udplite = UdpHost(self, UDPLITE)
        self.raw = RawHost(self)
        self.ping = PingHost(self)
        self.plain_connections: Mapping[Key, TcpEndpoint] = self.tcp.connections
        """Where `receive` looks for the short way of a segment: nowhere while raw sockets want to see segments."""
        wire = LoopbackWire(kernel.soft, self._receive_local)
        self.lo = self.add_interface("lo", [(LOOPBACK_V4, 8), (LOOPBACK_V6, 128)], LOOPBACK_MTU, wire, "loopback")
        for domain in (linux.AF_INET, linux.AF_INET6):
            kernel.register_family(domain, inet_family(domain))

    # Interfaces, addresses, routes.

    def add_interface(
        self,
        name: str,
        addresses: Sequence[tuple[IpAddress, int]],
        mtu: int,
        wire: Wire,
        kind: str = "ethernet",
        burst_bytes: int = 65535,
        rate_bps: int = 0,
    ) -> Interface:
        """A new interface, up, with the routes of its own networks."""
        assert name not in self.interfaces, f"{name} is there already"
        interface = Interface(name, len(self.interfaces) + 1, (), mtu, wire, kind, burst_bytes, rate_bps)
        self.interfaces[name] = interface
        for address, length in addresses:
            self.add_address(interface, address, length)
        self.refresh()
        return interface

    def add_address(self, interface: Interface, address: IpAddress, length: int) -> None:
        """Give an interface one more address, and the host the route to its network."""
        interface.addresses.append((address, length))
        self.local[address] = interface
        self._candidates.append(Candidate(address, length, interface.name))
        for broadcast in interface.broadcasts():
            if interface.kind != "loopback":
                self.broadcasts[broadcast] = interface
        self.routes.add(address, length, interface.name)
        self.refresh()

    def go_off(self) -> None:
        """The host is off: nothing goes out or is traced any more, and no connection has a timer."""
        self.tracer = self.kernel.environment.tracer
        for interface in self.interfaces.values():
            interface.up = False
            interface.wire = NOWHERE
        self.tcp.go_off()

    def refresh(self) -> None:
        """Routes, addresses or MTUs have changed: paths are computed anew."""
        self.generation += 1
        self._paths.clear()

    def is_local(self, address: IpAddress) -> bool:
        """Whether the host itself has the address; all of 127.0.0.0/8 is every host's own."""
        return address in self.local or (len(address) == 4 and address[0] == 127)

    def may_bind(self, address: IpAddress) -> bool:
        """Whether a socket may be bound to it: own, wildcard, broadcast and multicast addresses (ip(7))."""
        return (
            self.is_local(address)
            or not any(address)
            or is_multicast(address)
            or address in self.broadcasts
            or bool(self.kernel.sysctls["net.ipv4.ip_nonlocal_bind"])
        )

    def interface_at(self, index: int) -> Interface | None:
        """The interface with that number (if_nametoindex(3))."""
        return next((interface for interface in self.interfaces.values() if interface.index == index), None)

    def path(self, destination: IpAddress, source: IpAddress | None = None, device: str = "") -> Path:
        """How to get to `destination`, optionally from a given own address or by one interface only.

        KernelError: ENETUNREACH without a route, EINVAL for a loopback address that would leave the host.
        """
        key = (destination, source, device)
        path = self._paths.get(key)
        if path is None:
            path = self._paths[key] = self._find_path(destination, source, device)
        return path

    def _find_path(self, destination: IpAddress, source: IpAddress | None, device: str) -> Path:
        if self.is_local(destination):
            own = LOOPBACK_V4 if destination[0] == 127 and len(destination) == 4 else destination
            mtu = min(self.lo.mtu, LARGEST_MTU_V4) if len(destination) == 4 else self.lo.mtu
            return Path(self.lo, destination, source or own, mtu, local=True)
        if is_loopback(destination):
            raise KernelError(linux.ENETUNREACH)
        interface, next_hop = self._way_out(destination, device)
        chosen = source or select_source(destination, self._candidates, interface.name, next_hop)
        if chosen is None:
            raise KernelError(linux.EADDRNOTAVAIL if len(destination) == 16 else linux.ENETUNREACH)
        if is_loopback(chosen) and interface is not self.lo:
            raise KernelError(linux.EINVAL if len(chosen) == 4 else linux.ENETUNREACH)
        return Path(
            interface,
            next_hop,
            chosen,
            min(interface.mtu, self._known_mtu(destination)),
            broadcast=destination in self.broadcasts,
            multicast=is_multicast(destination),
        )

    def _way_out(self, destination: IpAddress, device: str) -> tuple[Interface, IpAddress]:
        route = self.routes.lookup(destination, device or None)
        if route is not None:
            interface = self.interfaces[route.interface]
            if interface.up:
                return interface, route.next_hop(destination)
        if is_multicast(destination) or is_broadcast(destination) or device:
            for interface in self.interfaces.values():
                if interface.up and (interface.name == device or (not device and interface is not self.lo)):
                    return interface, destination
        raise KernelError(linux.ENETUNREACH)

    def _known_mtu(self, destination: IpAddress) -> int:
        mtu, until_ns = self._path_mtus.get(destination, (LOOPBACK_MTU, 0))
        return mtu if until_ns > self.clock.now_ns else LOOPBACK_MTU

    def learn_path_mtu(self, destination: IpAddress, mtu: int) -> None:
        """A router said that packets to `destination` may have at most `mtu` bytes (RFC 1191, RFC 8201)."""
        smallest = SMALLEST_MTU_V4 if len(destination) == 4 else SMALLEST_MTU_V6
        mtu = max(mtu, smallest)
        if mtu < self._known_mtu(destination):
            self._path_mtus[destination] = (mtu, self.clock.now_ns + PATH_MTU_LIFE_NS)
            self.refresh()

    # Input.

    def receive(self, interface: Interface, packets: list[Packet]) -> None:
        """A batch of packets arrived from an interface's wire; local delivery that follows is done as well, except
        for what arrives by `lo`: that is local delivery itself, and whoever drains its queue goes on."""
        if not interface.up and interface is not self.lo:
            return
        tracer = self.tracer
        now_ns = self.clock.now_ns
        connections = self.plain_connections
        touched: list[TcpEndpoint] = []
        plain = others = 0
        for packet in packets:
            if tracer.on:
                self.trace(interface, "received", packet)
            body = packet.body
            if type(body) is TcpSegment:
                endpoint = connections.get(
                    (packet.destination, body.destination_port, packet.source, body.source_port)
                )
                if endpoint is not None and endpoint.plain:
                    plain += body.pieces if body.segment_size else 1
                    endpoint.connection.on_segment(body, now_ns)
                    if not endpoint.touched:
                        endpoint.touched = True
                        touched.append(endpoint)
                    continue
            others += body.pieces if type(body) is TcpSegment else 1
            self._accept(interface, packet, touched)
        interface.received += plain + others
        self.segments_in += plain
        for endpoint in touched:
            endpoint.touched = False
            endpoint.connection.flush(now_ns)
            endpoint.pump()
        if interface is not self.lo and (self.kernel.soft or tracer.sampling):
            self.kernel.softirq()

    def _receive_local(self, packets: list[Packet]) -> None:
        self.receive(self.lo, packets)

    def _accept(self, interface: Interface, packet: Packet, touched: "list[TcpEndpoint]") -> None:
        """One packet that is not a plain segment of a known connection."""
        destination = packet.destination
        if interface is not self.lo and (is_loopback(destination) or is_loopback(packet.source)):
            self.drop(interface, packet, "martian", "IpInAddrErrors")
        elif self.is_local(destination) or destination in self.broadcasts:
            self._deliver(interface, packet, touched)
        elif is_multicast(destination):
            if self.is_member(interface, destination):
                self._deliver(interface, packet, touched)
            else:
                self.drop(interface, packet, "multicast", "IpInDiscards")
        elif is_forwarding(self, packet):
            forward(self, interface, packet)
        else:
            self.drop(interface, packet, "not-for-us", "IpInAddrErrors")

    def _deliver(self, interface: Interface, packet: Packet, touched: "list[TcpEndpoint]") -> None:
        """A packet for this host: make it whole, parse what nobody has parsed, and hand it up."""
        body = packet.body
        taken = False
        if type(body) is RawBody or self.raw.open:
            opened = self._open(interface, packet)
            if opened is None:
                return
            packet, taken = opened
            body = packet.body
        self.counters["IpInDelivers"] += body.pieces if type(body) is TcpSegment else 1
        if type(body) is TcpSegment:
            self.tcp.receive(interface, packet, body, touched)
        elif type(body) is UdpDatagram:
            (self.udp if body.coverage is None else self.udplite).receive(interface, packet, body)
        elif type(body) is IcmpMessage:
            self.icmp.receive(interface, packet)
        elif not taken:
            self.drop(interface, packet, "protocol", "IpInUnknownProtos")
            self.icmp.protocol_unreachable(packet)

    def _open(self, interface: Interface, packet: Packet) -> tuple[Packet, bool] | None:
        """Reassemble a packet, show it to the raw sockets and parse it; the packet, and whether a raw socket took it.
        None: nothing to deliver, or nothing yet."""
        if packet.fragment_offset or packet.more_fragments:
            whole = self._make_whole(interface, packet)
            if whole is None:
                return None
            packet = whole
        taken = self.raw.receive(interface, packet)
        try:
            parsed = parse(packet)
        except MalformedPacket as error:
            self._blame(interface, packet, error.reason)
            return None
        if parsed.protocol == packet.protocol:
            return parsed, taken
        return self._open(interface, parsed)

    def _make_whole(self, interface: Interface, packet: Packet) -> Packet | None:
        """Reassemble a fragment; None: nothing to deliver yet."""
        self.counters["IpReasmReqds"] += 1
        try:
            whole = self._reassembler.add(packet, self.clock.now_ns, interface.name)
        except FragmentError as error:
            self.counters["IpReasmFails"] += 1
            self.drop(interface, packet, f"fragment-{error.reason}", "IpInDiscards")
            return None
        if whole is None:
            self._watch_reassembly()
            return None
        self.counters["IpReasmOKs"] += 1
        return whole

    def is_member(self, interface: Interface, group: IpAddress) -> bool:
        """Whether anybody on the host joined a group on an interface; every host is in all-hosts."""
        if group in ALL_HOSTS:
            return True
        members = chain(*(host.sockets() for host in (self.udp, self.udplite, self.raw, self.ping)))
        return any((interface.name, group) in socket.groups for socket in members)

    def loop_back(self, packet: Packet, path: Path) -> None:
        """IP_MULTICAST_LOOP: what the host itself sent to a group, for its own members of it."""
        interface = path.interface
        if interface is not self.lo and self.is_member(interface, packet.destination):
            self.kernel.soft.append(lambda: self._deliver(interface, packet, []))

    def _blame(self, interface: Interface, packet: Packet, reason: str) -> None:
        """Drop a malformed packet and count it where /proc/net/snmp does: at the layer that noticed."""
        layer, _, what = reason.partition("-")
        errors, checksums = MALFORMED_COUNTERS[layer]
        if what in ("checksum", "coverage") and checksums:
            self.counters[checksums] += 1
        if not layer.startswith("ip"):
            self.counters["IpInDelivers"] += 1
        if layer == "tcp":
            self.counters["TcpInSegs"] += 1
        elif layer == "icmp":
            self.counters["IcmpInMsgs"] += 1
        self.drop(interface, packet, reason, errors)

    def _watch_reassembly(self) -> None:
        due_ns = self._reassembler.next_deadline()
        if self._reassembly_due is None and due_ns is not None:
            self._reassembly_due = due_ns
            self.clock.call_at(due_ns, self._expire_fragments)

    def _expire_fragments(self) -> None:
        self._reassembly_due = None
        for expired in self._reassembler.expire(self.clock.now_ns):
            self.counters["IpReasmTimeout"] += 1
            self.counters["IpReasmFails"] += 1
            first = expired.first
            if first is not None:
                interface = self.local.get(first.destination, self.lo)
                self.drop(interface, first, "reassembly-timeout", "IpInDiscards")
                self.icmp.time_exceeded(first, interface, code=1)
        self._watch_reassembly()
        self.kernel.softirq()

    # Output.

    def output(self, packet: Packet, path: Path) -> None:
        """Send a packet along a path: as it is if it fits, else cut as its protocol allows."""
        interface = path.interface
        body = packet.body
        size = body.segment_size or len(body.payload) if type(body) is TcpSegment else 0
        self.counters["IpOutRequests"] += body.pieces if type(body) is TcpSegment else 1
        if type(body) is IcmpMessage:
            count_message(self.counters, "IcmpOut", packet)
        if (size + 100 if type(body) is TcpSegment else _size(packet)) <= path.mtu:
            self.transmit(packet, interface, path.next_hop)
            return
        for piece in cut(self, packet, path):
            self.transmit(piece, interface, path.next_hop)

    def transmit(self, packet: Packet, interface: Interface, next_hop: IpAddress) -> None:
        """Hand a packet that fits to the interface's wire."""
        if self.tracer.on:
            self.trace(interface, "sent", packet)
        body = packet.body
        interface.sent += body.pieces if type(body) is TcpSegment else 1
        interface.wire.transmit(packet, next_hop)

    def next_fragment_number(self, packet: Packet) -> int:
        """The identification of the next packet that is to be cut between these two hosts (RFC 6864: unique for long
        enough)."""
        key = (packet.source, packet.destination, packet.protocol)
        number = self._fragment_numbers[key] = self._fragment_numbers[key] + 1
        return number & (0xFFFF if len(packet.source) == 4 else 0xFFFFFFFF)

    def neighbour_failed(self, interface: Interface, packet: Packet) -> None:
        """For the network: nobody on the link has the next hop's address (ARP or neighbour discovery gave up).

        The sender is told host unreachable; where that is a socket of this host, its call fails with EHOSTUNREACH.
        """
        self.drop(interface, packet, "no-neighbour", "IpOutDiscards")
        self.icmp.host_unreachable(packet, interface)
        self.kernel.softirq()

    # The trace.

    def trace(self, interface: Interface, action: str, packet: Packet, reason: str = "") -> None:
        """Emit a PacketEvent; call it only when the tracer is on."""
        body = packet.body
        pieces = body.pieces if type(body) is TcpSegment else 1
        self.tracer.emit(
            PacketEvent(self.clock.now_ns, self.kernel.name, interface.name, action, reason, packet, pieces)
        )

    def drop(self, interface: Interface, packet: Packet, reason: str, counter: str) -> None:
        """Count and trace a packet that ends here."""
        self.counters[counter] += 1
        if self.tracer.on:
            self.trace(interface, "dropped", packet, reason)

    def sockets(self) -> Iterator[InetSocket]:
        """The sockets that have a port, for ss(8): TCP's first, in the order in which they got it."""
        yield from self.tcp.sockets()
        yield from self.udp.sockets()
        yield from self.udplite.sockets()
        yield from self.raw.sockets()
        yield from self.ping.sockets()

    def check_invariants(self) -> None:
        """What always holds; tests call it after every event."""
        self.tcp.check_invariants()
        self.udp.check_invariants()
        self.udplite.check_invariants()
        self.raw.check_invariants()
        self.ping.check_invariants()
        self._reassembler.check_invariants()


def _size(packet: Packet) -> int:
    """Bytes of a packet that is no TCP segment, headers included."""
    body = packet.body
    header = 20 if len(packet.source) == 4 else 40
    if type(body) is RawBody:
        return header + len(body.options) + len(body.data)
    assert not isinstance(body, RawBody | TcpSegment)
    return header + 8 + len(body.payload)
