"""TCP on one host: the connections by their four numbers, the listeners, the ports, resets, ICMP errors.

The connection itself is `farhost.protocols.tcp`; what a program sees of it is `stream.py` and `listener.py`.
RFC 9293 §3.10.7.1 (segments for no connection), Linux's tcp_v4_rcv, __inet_lookup and tcp_v4_err.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from farhost.kernel.inet.endpoint import Key, TcpEndpoint
from farhost.kernel.inet.error_queue import Report, reported
from farhost.kernel.inet.icmp_host import meaning
from farhost.kernel.inet.port_search import NEVER, bind_order
from farhost.kernel.inet.ports import PortTable, tcp_conflict
from farhost.kernel.inet.socket_base import InetSocket
from farhost.kernel.waiting import KernelError
from farhost.protocols.icmp_quote import Trouble
from farhost.protocols.tcp.state import TcpState
from farhost.wire import sequence
from farhost.wire.addresses import is_loopback
from farhost.wire.packet import ACK, FIN, RST, SYN, Flow, IpAddress, Packet, TcpSegment

if TYPE_CHECKING:
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.inet.internet import Internet
    from farhost.kernel.inet.listener import Listener

MILLISECOND_NS = 10**6
TIME_WAIT_ISN_STEP = 65535 + 2
"""A connection that takes the place of one in TIME_WAIT starts this far beyond it (tcp_timewait_state_process)."""


class TcpHost:
    """The TCP of one host."""

    def __init__(self, internet: "Internet") -> None:
        self.internet = internet
        self.connections: dict[Key, TcpEndpoint] = {}
        self.listeners: dict[int, list[Listener]] = {}
        self.ports = PortTable(tcp_conflict, bind_order)
        self.bound: dict[InetSocket, None] = {}
        """Sockets that have a port."""
        self._flow_uses: dict[str, int] = {}
        self._draws: dict[str, int] = {}
        self._resets: dict[str, int] = {}

    # Names and draws.

    def host_name(self, address: IpAddress) -> str:
        """What flows call the host with that address, this one's own among them."""
        return self.internet.kernel.place if is_loopback(address) else self.internet.name_of(address)

    def flow_name(self, key: Key) -> str:
        """`client:49152>server:5000`; the second use of the same four numbers ends in `/2`."""
        local, local_port, remote, remote_port = key
        name = f"{self.host_name(local)}:{local_port}>{self.host_name(remote)}:{remote_port}"
        use = self._flow_uses[name] = self._flow_uses.get(name, 0) + 1
        return name if use == 1 else f"{name}/{use}"

    def initial_sequence(self, key: Key) -> int:
        """An initial sequence number: not to be guessed, and beyond the last one of the same four numbers
        (RFC 6528: a secret for the four numbers, plus a clock of 64 ns)."""
        local, local_port, remote, remote_port = key
        place = f"{self.host_name(local)}:{local_port}>{self.host_name(remote)}:{remote_port}"
        secret = self.internet.chance.draw("isn", place, 1 << 32)
        return (secret + (self.internet.clock.now_ns >> 6)) & 0xFFFFFFFF

    def draw_port(self, what: str, bound: int) -> int:
        """Where the search for a free port starts; each asker's nth search has a place of its own."""
        place = f"{self.internet.kernel.place} {what}"
        count = self._draws[place] = self._draws.get(place, 0) + 1
        return self.internet.chance.draw("port", f"{place} #{count}", bound)

    # Connections.

    def add(self, endpoint: TcpEndpoint) -> None:
        """Let segments find the connection."""
        assert endpoint.key not in self.connections, "one connection for four numbers"
        self.connections[endpoint.key] = endpoint

    def forget(self, endpoint: TcpEndpoint) -> None:
        """The connection is over."""
        if self.connections.get(endpoint.key) is endpoint:
            del self.connections[endpoint.key]
        endpoint.stop_timer()
        if not endpoint.keeps_binding:
            self.ports.remove(endpoint.binding)

    def go_off(self) -> None:
        """The host is off: the connections are there no more, and their peers are not told."""
        for endpoint in tuple(self.connections.values()):
            endpoint.vanish()
        self.connections.clear()
        self.listeners.clear()
        self.bound.clear()

    def enter_time_wait(self, endpoint: TcpEndpoint) -> None:
        """The connection waits for stray segments; its port may be bound again with SO_REUSEADDR. A socket that is
        still bound by name keeps its own entry."""
        endpoint.time_wait_ns = self.internet.clock.now_ns
        self.internet.counters["TcpExtTW"] += 1
        binding = endpoint.binding
        if endpoint.keeps_binding:
            endpoint.keeps_binding = False
            endpoint.binding = binding.copy()
            endpoint.binding.port = 0
            self.ports.add(endpoint.binding, binding.port)
        endpoint.binding.time_wait = True
        self.ports.changed(endpoint.binding)

    def taken(self, key: Key) -> bool:
        """Whether four numbers are in use."""
        return self.taken_until(key) > self.internet.clock.now_ns

    def taken_until(self, key: Key) -> int:
        """From when four numbers are free: 0 for now, NEVER while they are in use. In TIME_WAIT they are free where
        Linux would reuse them: net.ipv4.tcp_tw_reuse is 2 (loopback only) or 1, and
        net.ipv4.tcp_tw_reuse_delay (in ms) has passed (tcp_twsk_unique)."""
        endpoint = self.connections.get(key)
        if endpoint is None:
            return 0
        if not endpoint.time_wait:
            return NEVER
        sysctls = self.internet.kernel.sysctls
        reuse = sysctls["net.ipv4.tcp_tw_reuse"]
        if not reuse or (reuse == 2 and not self.internet.is_local(key[2])):
            return NEVER
        return endpoint.time_wait_ns + sysctls["net.ipv4.tcp_tw_reuse_delay"] * MILLISECOND_NS

    def replace(self, key: Key) -> None:
        """Somebody takes over four numbers that were in TIME_WAIT (see `taken`)."""
        endpoint = self.connections.get(key)
        if endpoint is not None:
            self.internet.counters["TcpExtTWRecycled"] += 1
            self._end_time_wait(endpoint)

    def count_current(self) -> int:
        """TcpCurrEstab: connections in ESTABLISHED or CLOSE-WAIT."""
        states = (TcpState.ESTABLISHED, TcpState.CLOSE_WAIT)
        return sum(endpoint.connection.state in states for endpoint in self.connections.values())

    def _end_time_wait(self, endpoint: TcpEndpoint) -> None:
        endpoint.closed = True
        self.forget(endpoint)

    # Segments.

    def receive(
        self, interface: "Interface", packet: Packet, segment: TcpSegment, touched: list[TcpEndpoint]
    ) -> None:
        """A segment whose way is not plain: for a request, TIME_WAIT, a listener or nobody."""
        internet = self.internet
        internet.counters["TcpInSegs"] += segment.pieces
        if packet.destination in internet.broadcasts:
            internet.drop(interface, packet, "broadcast", "TcpInErrs")
            return
        key = (packet.destination, segment.destination_port, packet.source, segment.source_port)
        endpoint = self.connections.get(key)
        fresh_isn: int | None = None
        if endpoint is not None:
            if endpoint.listener is not None:
                if endpoint.listener.admits(endpoint, packet, segment):
                    endpoint.connection.on_segment(segment, internet.clock.now_ns)
                    endpoint.connection.flush(internet.clock.now_ns)
                    endpoint.pump()
                return
            if endpoint.time_wait and self._is_new_connection(endpoint, segment):
                fresh_isn = sequence.add(endpoint.connection.snd_nxt, TIME_WAIT_ISN_STEP)
                self._end_time_wait(endpoint)
            else:
                endpoint.connection.on_segment(segment, internet.clock.now_ns)
                if not endpoint.touched:
                    endpoint.touched = True
                    touched.append(endpoint)
                return
        listener = self.find_listener(packet.destination, segment.destination_port, packet, interface)
        if listener is not None:
            listener.receive(interface, packet, segment, key, fresh_isn)
        else:
            internet.drop(interface, packet, "no-socket", "FarhostTcpNoSocket")
            self.send_reset(packet, segment)

    def _is_new_connection(self, endpoint: TcpEndpoint, segment: TcpSegment) -> bool:
        """Whether a segment for a connection in TIME_WAIT starts a new one (RFC 6191, Linux's TCP_TW_SYN)."""
        if segment.flags & (SYN | ACK | RST) != SYN:
            return False
        return sequence.after(segment.sequence, endpoint.connection.rcv_nxt)

    def find_listener(
        self, address: IpAddress, port: int, packet: Packet | None = None, interface: "Interface | None" = None
    ) -> "Listener | None":
        """The listener for a destination: a specific bind before a wildcard, AF_INET before AF_INET6 (compute_score).

        Among equals with SO_REUSEPORT the four numbers decide, by chance but always alike.
        """
        found: list[Listener] = []
        best = -1
        for listener in self.listeners.get(port, ()):
            score = listener.score(address, interface)
            if score > best:
                best = score
                found = [listener]
            elif score == best and score >= 0:
                found.append(listener)
        if len(found) <= 1 or packet is None:
            return found[0] if found else None
        body = packet.body
        assert isinstance(body, TcpSegment)
        place = f"{self.host_name(packet.source)}:{body.source_port}>{self.host_name(packet.destination)}:{port}"
        return found[self.internet.chance.draw("reuseport", place, len(found))]

    def send_reset(self, packet: Packet, segment: TcpSegment) -> None:
        """Answer a segment that belongs to nothing (RFC 9293 §3.5.2); a reset is never answered."""
        if segment.flags & RST:
            return
        internet = self.internet
        if segment.flags & ACK:
            number, acknowledgement, flags = segment.acknowledgement, 0, RST
        else:
            length = len(segment.payload) + bool(segment.flags & SYN) + bool(segment.flags & FIN)
            number, acknowledgement, flags = 0, sequence.add(segment.sequence, length), RST | ACK
        try:
            path = internet.path(packet.source, packet.destination)
        except KernelError:
            return
        port, peer_port = segment.destination_port, segment.source_port
        name = f"{self.host_name(packet.destination)}:{port}>{self.host_name(packet.source)}:{peer_port}"
        count = self._resets[name] = self._resets.get(name, 0) + 1
        internet.counters["TcpOutRsts"] += 1
        internet.counters["TcpOutSegs"] += 1
        reset = TcpSegment(port, peer_port, number, acknowledgement, flags, 0)
        hops = internet.kernel.sysctls["net.ipv4.ip_default_ttl"]
        internet.output(
            Packet(packet.destination, packet.source, 6, reset, hops, flow=Flow(f"{name} closed"), ordinal=count),
            path,
        )

    # ICMP.

    def hear(self, report: Report) -> None:
        """An ICMP message quotes a segment of ours (tcp_v4_err). It counts if that is on its way (RFC 5927 §4), which
        a keepalive never is. One about a SYN is in the socket's error queue as well; with IPv4, as in Linux, also
        where IP_RECVERR is off."""
        error = report.error
        quote = error.quote
        endpoint = self.connections.get((quote.source, quote.source_port, quote.destination, quote.destination_port))
        if endpoint is None or endpoint.time_wait or endpoint.closed:
            return
        if error.trouble is Trouble.PACKET_TOO_BIG:
            endpoint.pump()
            return
        connection = endpoint.connection
        if not sequence.between(connection.snd_una, quote.sequence or 0, connection.snd_nxt):
            return
        said = meaning(error)
        endpoint.soft_error = said.errno
        if connection.state is TcpState.SYN_SENT:
            v4 = len(error.reporter) == 4
            if isinstance(endpoint.owner, InetSocket) and (v4 or endpoint.owner.inet.receive_error_v6):
                room = endpoint.owner.options.receive_buffer
                entry = reported(said.errno, quote.data, quote.destination_port, report)
                endpoint.owner.error_queue().add(entry, room)
            refused = error.trouble is Trouble.PORT_UNREACHABLE
            connection.on_icmp_error("refused" if refused else "unreachable")
            endpoint.pump()
        elif endpoint.owner is not None:
            endpoint.owner.tcp_heard(endpoint, said.errno)

    # For reports and checks.

    def sockets(self) -> "Iterator[InetSocket]":
        """The stream sockets that have a port."""
        return iter(tuple(self.bound))

    def check_invariants(self) -> None:
        """What always holds; tests call it after every event."""
        self.ports.check_invariants()
        for key, endpoint in self.connections.items():
            assert endpoint.key == key
            assert not endpoint.closed
            endpoint.connection.check_invariants()
        for listeners in self.listeners.values():
            assert listeners
            for listener in listeners:
                listener.check_invariants()
