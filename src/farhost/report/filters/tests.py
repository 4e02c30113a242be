"""The tests that a filter is made of: each is made once, and asked about every event.

What pcap-filter(7) says of packets, said of all that has two ends (`farhost.report.filters.sights`).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from farhost.report.filters.sights import End, Sight
from farhost.trace.events import FaultEvent, Output, PacketEvent, ProcessEnded, StateChange, SystemCall
from farhost.wire import linux
from farhost.wire.codec import wire_size
from farhost.wire.packet import IpAddress, Packet, TcpSegment

Test = Callable[[Sight], bool]

PROTOCOLS = {
    "tcp": (0, linux.IPPROTO_TCP),
    "udp": (0, linux.IPPROTO_UDP),
    "icmp": (4, linux.IPPROTO_ICMP),
    "icmp6": (6, linux.IPPROTO_ICMPV6),
    "igmp": (4, 2),
    "sctp": (0, 132),
    "ip": (4, -1),
    "ip6": (6, -1),
}
"""What names of protocols are: the family (0: both), and the number in the IP header (-1: any)."""
_WITH_PORTS = frozenset({linux.IPPROTO_TCP, linux.IPPROTO_UDP, 132})


class Whom(NamedTuple):
    """What `host a` stands for."""

    addresses: frozenset[IpAddress]
    hosts: frozenset[str]
    """Those that have one of the addresses."""

    def is_at(self, end: End) -> bool:
        """Whether an end is one of these."""
        return end.address in self.addresses if end.address is not None else end.host in self.hosts


def negation(test: Test) -> Test:
    """not."""
    return lambda sight: not test(sight)


def both(one: Test, other: Test) -> Test:
    """and."""
    return lambda sight: one(sight) and other(sight)


def either(one: Test, other: Test) -> Test:
    """or."""
    return lambda sight: one(sight) or other(sight)


def of_ends(direction: str, holds: Callable[[End], bool]) -> Test:
    """`src`, `dst`, `src or dst` (the same as none), `src and dst`."""
    if direction == "src":
        return lambda sight: holds(sight.source)
    if direction == "dst":
        return lambda sight: holds(sight.destination)
    if direction == "src and dst":
        return lambda sight: holds(sight.source) and holds(sight.destination)
    return lambda sight: holds(sight.source) or holds(sight.destination)


def of_host(direction: str, whom: Whom) -> Test:
    """host: of an event that is no packet also, without a direction, whether it is on that host."""
    ends = of_ends(direction, whom.is_at)
    hosts = whom.hosts

    def holds(sight: Sight) -> bool:
        event = sight.event
        if type(event) is PacketEvent:
            return ends(sight)
        if event.host in hosts and not direction:
            return True
        if type(event) is SystemCall and direction == "src":
            return event.host in hosts
        return ends(sight)

    return holds


def of_net(direction: str, network: IpAddress, length: int, owners: Sequence[tuple[str, IpAddress]]) -> Test:
    """net: of an end that is known by its host, whether one of its addresses is in that network."""
    inside = _inside(network, length)
    hosts = frozenset(host for host, address in owners if inside(address))

    def holds(end: End) -> bool:
        return inside(end.address) if end.address is not None else end.host in hosts

    return of_ends(direction, holds)


def _inside(network: IpAddress, length: int) -> Callable[[IpAddress], bool]:
    shift = 8 * len(network) - length
    prefix = int.from_bytes(network, "big") >> shift
    size = len(network)
    return lambda address: len(address) == size and int.from_bytes(address, "big") >> shift == prefix


def of_ports(direction: str, protocol: int, first: int, last: int) -> Test:
    """port, portrange; `protocol` -1: those that have ports, TCP, UDP and SCTP."""
    protocols = _WITH_PORTS if protocol < 0 else frozenset({protocol})
    ends = of_ends(direction, lambda end: first <= end.port <= last)
    return lambda sight: sight.protocol in protocols and ends(sight)


def of_protocol(family: int, protocol: int) -> Test:
    """tcp, udp, icmp, icmp6, ip, ip6, ip proto 17."""
    if not family:
        return lambda sight: sight.protocol == protocol
    if protocol < 0:
        return lambda sight: sight.family == family
    return lambda sight: sight.family == family and sight.protocol == protocol


def of_size(least: int, most: int) -> Test:
    """greater, less: the size of an IP packet on the wire, of the first of those that a super-segment stands for."""

    def holds(sight: Sight) -> bool:
        event = sight.event
        return type(event) is PacketEvent and least <= packet_size(event) <= most

    return holds


def packet_size(event: PacketEvent) -> int:
    """Bytes of the IP packet; of a super-segment, of its first."""
    packet = event.packet
    if type(packet) is not Packet:
        return 0
    body = packet.body
    size = wire_size(packet)
    if type(body) is TcpSegment and body.pieces > 1:
        headers = (size - len(body.payload)) // body.pieces
        return headers + body.segment_size
    return size


# farhost's own words.


def is_call(sight: Sight) -> bool:
    """calls."""
    return type(sight.event) is SystemCall


def is_packet(sight: Sight) -> bool:
    """packets."""
    return type(sight.event) is PacketEvent


def is_dropped(sight: Sight) -> bool:
    """dropped: packets that a link lost or a host refused."""
    event = sight.event
    return type(event) is PacketEvent and event.action == "dropped"


def is_fault(sight: Sight) -> bool:
    """faults: what struck, and what it did to packets."""
    event = sight.event
    return type(event) is FaultEvent or (type(event) is PacketEvent and event.action not in ("sent", "received"))


def is_error(sight: Sight) -> bool:
    """errors: calls that failed, and programs that did."""
    event = sight.event
    if type(event) is SystemCall:
        return event.error != 0
    return type(event) is ProcessEnded and event.status != 0


def is_output(sight: Sight) -> bool:
    """output: what programs print."""
    return type(sight.event) is Output


def is_state(sight: Sight) -> bool:
    """states: what connections and listeners go through."""
    return type(sight.event) is StateChange


WORDS: dict[str, Test] = {
    "calls": is_call,
    "packets": is_packet,
    "dropped": is_dropped,
    "faults": is_fault,
    "errors": is_error,
    "output": is_output,
    "states": is_state,
}
"""farhost's words that stand alone."""


def of_call(name: str) -> Test:
    """call connect."""

    def holds(sight: Sight) -> bool:
        event = sight.event
        return type(event) is SystemCall and event.name == name

    return holds


def of_process(name: str) -> Test:
    """process NAME: what it did and what befell it: calls, output, signals, its start and end."""
    return lambda sight: getattr(sight.event, "process", None) == name


def of_time(start_ns: int, end_ns: int) -> Test:
    """time 1s..2s: from `start_ns` up to and without `end_ns`."""
    return lambda sight: start_ns <= sight.event.time_ns < end_ns
