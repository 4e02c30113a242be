"""ICMP on one host: echo replies by the kernel, errors out (limited as Linux limits them), errors in.

What the messages look like is in `farhost.protocols.icmp`; what an error means to a socket is decided by TCP
(`tcp_host.py`) and UDP (`udp_host.py`), with the one table from trouble to errno here (icmp_err_convert in
net/ipv4/icmp.c, icmpv6_err_convert in net/ipv6/icmp.c).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from farhost.kernel.inet.error_queue import Report
from farhost.kernel.waiting import KernelError
from farhost.protocols import icmp
from farhost.protocols.icmp_limit import IcmpLimit
from farhost.protocols.icmp_quote import IcmpError, Trouble, parse_error
from farhost.wire import linux
from farhost.wire.addresses import is_link_local, is_multicast
from farhost.wire.packet import IcmpMessage, IpAddress, Packet

if TYPE_CHECKING:
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.inet.internet import Internet


Maker = Callable[[Packet, IpAddress], Packet]
"""(the packet, the address to answer from) -> the error."""


_KINDS = {
    (4, icmp.UNREACHABLE): "DestUnreachs",
    (4, icmp.TIME_EXCEEDED): "TimeExcds",
    (4, icmp.PARAMETER_PROBLEM): "ParmProbs",
    (4, icmp.ECHO): "Echos",
    (4, icmp.ECHO_REPLY): "EchoReps",
    (16, icmp.V6_UNREACHABLE): "DestUnreachs",
    (16, icmp.V6_PACKET_TOO_BIG): "DestUnreachs",
    (16, icmp.V6_TIME_EXCEEDED): "TimeExcds",
    (16, icmp.V6_PARAMETER_PROBLEM): "ParmProbs",
    (16, icmp.V6_ECHO): "Echos",
    (16, icmp.V6_ECHO_REPLY): "EchoReps",
}
"""The size of its addresses, and its type -> what a message is counted as."""


def count_message(counters: dict[str, int], direction: str, packet: Packet) -> None:
    """A message comes in (`IcmpIn`) or goes out (`IcmpOut`)."""
    body = packet.body
    assert isinstance(body, IcmpMessage)
    counters[f"{direction}Msgs"] += 1
    kind = _KINDS.get((len(packet.source), body.kind))
    if kind is not None:
        counters[direction + kind] += 1


class Meaning(NamedTuple):
    """What an error tells a program."""

    errno: int
    hard: bool
    """Whether it is told at once; a soft one only explains a later timeout."""


MEANINGS: dict[Trouble, Meaning] = {
    Trouble.NET_UNREACHABLE: Meaning(linux.ENETUNREACH, False),
    Trouble.HOST_UNREACHABLE: Meaning(linux.EHOSTUNREACH, False),
    Trouble.PROTOCOL_UNREACHABLE: Meaning(linux.ENOPROTOOPT, True),
    Trouble.PORT_UNREACHABLE: Meaning(linux.ECONNREFUSED, True),
    Trouble.PACKET_TOO_BIG: Meaning(linux.EMSGSIZE, False),
    Trouble.PROHIBITED: Meaning(linux.EHOSTUNREACH, True),
    Trouble.HOPS_EXCEEDED: Meaning(linux.EHOSTUNREACH, False),
    Trouble.REASSEMBLY_TIMEOUT: Meaning(linux.EHOSTUNREACH, False),
    Trouble.BAD_HEADER: Meaning(linux.EPROTO, True),
}
"""IPv4's; for IPv6 see `meaning`."""


def meaning(error: IcmpError) -> Meaning:
    """What an error tells a program whose packet it quotes."""
    found = MEANINGS[error.trouble]
    if len(error.reporter) == 16:
        if error.trouble is Trouble.PROHIBITED:
            return Meaning(linux.EACCES, True)
        if error.trouble is Trouble.PROTOCOL_UNREACHABLE:
            return Meaning(linux.EPROTO, True)
    return found


class IcmpHost:
    """The ICMP of one host, both versions."""

    __slots__ = ("_internet", "_limit", "_limit_v6")

    def __init__(self, internet: "Internet") -> None:
        self._internet = internet
        sysctls = internet.kernel.sysctls
        interval_ns = sysctls["net.ipv4.icmp_ratelimit"] * 1_000_000
        per_second = sysctls["net.ipv4.icmp_msgs_per_sec"]
        burst = sysctls["net.ipv4.icmp_msgs_burst"]
        self._limit = IcmpLimit(interval_ns, per_second, burst)
        self._limit_v6 = IcmpLimit(interval_ns, per_second, burst)

    def receive(self, interface: "Interface", packet: Packet) -> None:
        """A message for this host."""
        internet = self._internet
        count_message(internet.counters, "IcmpIn", packet)
        if icmp.is_echo(packet):
            self._answer_echo(interface, packet)
            return
        if icmp.is_echo_reply(packet):
            internet.ping.receive(interface, packet)
            return
        error = parse_error(packet)
        if error is None:
            return
        quote = error.quote
        if error.trouble is Trouble.PACKET_TOO_BIG:
            internet.learn_path_mtu(quote.destination, error.mtu)
        report = Report(error, packet, interface, internet.clock.now_ns)
        if internet.raw.open:
            internet.raw.hear(report)
        if quote.protocol == linux.IPPROTO_TCP:
            internet.tcp.hear(report)
        elif quote.protocol == linux.IPPROTO_UDP:
            internet.udp.hear(report)
        elif quote.protocol == linux.IPPROTO_UDPLITE:
            internet.udplite.hear(report)
        elif quote.protocol == packet.protocol:
            internet.ping.hear(report)

    def _answer_echo(self, interface: "Interface", packet: Packet) -> None:
        """RFC 1122 §3.2.2.6, RFC 4443 §4.2: to an IPv6 group it is answered too, from an own address; to an IPv4 one
        it is not (net.ipv4.icmp_echo_ignore_broadcasts is 1)."""
        internet = self._internet
        if internet.kernel.sysctls["net.ipv4.icmp_echo_ignore_all"]:
            return
        source = None
        if is_multicast(packet.destination) or packet.destination in internet.broadcasts:
            if len(packet.destination) == 4:
                return
            try:
                source = internet.path(packet.source, None, interface.name).source
            except KernelError:
                return
        reply = icmp.echo_reply(packet, source, internet.kernel.sysctls["net.ipv4.ip_default_ttl"])
        self._send(reply, interface.name if is_link_local(packet.source) else "")

    def port_unreachable(self, packet: Packet) -> None:
        """Nobody has the port of this datagram."""
        self._report(packet, icmp.port_unreachable(packet, packet.destination))

    def protocol_unreachable(self, packet: Packet) -> None:
        """Nobody speaks this packet's protocol here."""
        self._report(packet, icmp.protocol_unreachable(packet, packet.destination))

    def net_unreachable(self, packet: Packet, interface: "Interface") -> None:
        """This router has no route for the packet."""
        self._report_as(packet, interface, icmp.net_unreachable)

    def host_unreachable(self, packet: Packet, interface: "Interface") -> None:
        """The neighbour does not answer."""
        self._report_as(packet, interface, icmp.host_unreachable)

    def time_exceeded(self, packet: Packet, interface: "Interface", code: int = icmp.IN_TRANSIT) -> None:
        """The packet's hop limit ran out here, or its fragments came too late."""
        source = self._own_address(packet, interface)
        if source is not None:
            self._report(packet, icmp.time_exceeded(packet, source, code))

    def packet_too_big(self, packet: Packet, interface: "Interface", mtu: int) -> None:
        """The next link takes `mtu` bytes at most. Never limited, as path MTU discovery depends on it."""
        source = self._own_address(packet, interface)
        if source is not None and icmp.may_answer(packet, allow_multicast=True):
            self._send(icmp.packet_too_big(packet, source, mtu))

    def _report_as(self, packet: Packet, interface: "Interface", make: Maker) -> None:
        source = self._own_address(packet, interface)
        if source is not None:
            self._report(packet, make(packet, source))

    def _own_address(self, packet: Packet, interface: "Interface") -> IpAddress | None:
        """With which address an error about a packet that came in by `interface` leaves."""
        size = len(packet.source)
        for address, _ in interface.addresses:
            if len(address) == size:
                return address
        return None

    def _report(self, packet: Packet, error: Packet) -> None:
        internet = self._internet
        if not icmp.may_answer(packet) or packet.destination in internet.broadcasts:
            return
        if not internet.is_local(packet.source):
            limit = self._limit if len(packet.source) == 4 else self._limit_v6
            if not limit.allow(packet.source, internet.clock.now_ns):
                internet.counters["IcmpOutRateLimitHost"] += 1
                return
        self._send(error)

    def _send(self, packet: Packet, device: str = "") -> None:
        internet = self._internet
        try:
            path = internet.path(packet.destination, None, device)
        except KernelError:
            internet.counters["IpOutNoRoutes"] += 1
            return
        internet.output(packet, path)
