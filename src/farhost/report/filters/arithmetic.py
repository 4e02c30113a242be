"""Relations on bytes of packets: `tcp[tcpflags] & tcp-syn != 0`, `ip[8] < 5`, `len > 1000`.

As pcap-filter(7) has them, in 32 bits without sign: a byte that a packet does not have makes the relation false. Not
as there: `tcp[...]`, `udp[...]` are also IPv6's. Left out: division, remainder, exclusive or, and `ether[...]`.
"""

from collections.abc import Callable

from farhost.report.filters.sights import Sight
from farhost.report.filters.tests import PROTOCOLS, Test, packet_size
from farhost.trace.events import PacketEvent
from farhost.wire.codec import encode, encode_body
from farhost.wire.packet import Packet, TcpSegment

Number = Callable[[Sight], int | None]
"""A value of an event; None where it has none."""

_MASK = 0xFFFFFFFF
_FLAGS_AT = 13
OFFSETS = {"tcpflags": _FLAGS_AT, "icmptype": 0, "icmpcode": 1, "icmp6type": 0, "icmp6code": 1}
"""Names of places in headers."""
CONSTANTS = {
    "tcp-fin": 1, "tcp-syn": 2, "tcp-rst": 4, "tcp-push": 8,
    "tcp-ack": 16, "tcp-urg": 32, "tcp-ece": 64, "tcp-cwr": 128,
    "icmp-echoreply": 0, "icmp-unreach": 3, "icmp-sourcequench": 4, "icmp-redirect": 5, "icmp-echo": 8,
    "icmp-timxceed": 11, "icmp-paramprob": 12,
    "icmp6-destinationunreach": 1, "icmp6-packettoobig": 2, "icmp6-timeexceeded": 3, "icmp6-parameterproblem": 4,
    "icmp6-echo": 128, "icmp6-echoreply": 129,
}  # fmt: skip
OPERATIONS: dict[str, tuple[int, Callable[[int, int], int]]] = {
    "|": (1, lambda one, other: one | other),
    "&": (2, lambda one, other: one & other),
    "<<": (3, lambda one, other: one << other if other < 32 else 0),
    ">>": (3, lambda one, other: one >> other),
    "+": (4, lambda one, other: one + other),
    "-": (4, lambda one, other: one - other),
    "*": (5, lambda one, other: one * other),
}
"""With how tightly each binds."""
RELATIONS: dict[str, Callable[[int, int], bool]] = {
    "=": lambda one, other: one == other,
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def constant(value: int) -> Number:
    """A number."""
    return lambda sight: value


def length(sight: Sight) -> int | None:
    """len."""
    return packet_size(sight.event) if type(sight.event) is PacketEvent else None


def operation(sign: str, one: Number, other: Number) -> Number:
    """Two numbers joined."""
    apply = OPERATIONS[sign][1]

    def value(sight: Sight) -> int | None:
        left, right = one(sight), other(sight)
        return None if left is None or right is None else apply(left, right) & _MASK

    return value


def relation(sign: str, one: Number, other: Number) -> Test:
    """Two numbers compared; False where one is none."""
    holds = RELATIONS[sign]

    def test(sight: Sight) -> bool:
        left, right = one(sight), other(sight)
        return left is not None and right is not None and holds(left, right)

    return test


def header_bytes(layer: str, index: Number, size: int) -> Number:
    """`tcp[12:2]`: bytes of a header, from its start on."""
    family, protocol = PROTOCOLS[layer]

    def value(sight: Sight) -> int | None:
        at = index(sight)
        event = sight.event
        if at is None or type(event) is not PacketEvent or type(event.packet) is not Packet:
            return None
        if (family and sight.family != family) or (protocol >= 0 and sight.protocol != protocol):
            return None
        if at == _FLAGS_AT and size == 1 and type(event.packet.body) is TcpSegment and protocol >= 0:
            return event.packet.body.flags
        data = _bytes_of(event.packet, protocol >= 0)
        return int.from_bytes(data[at : at + size], "big") if at + size <= len(data) else None

    return value


def _bytes_of(packet: Packet, body_alone: bool) -> bytes:
    """Of the first packet on the wire; nothing of the body of a later fragment."""
    if not body_alone:
        return encode(packet)[0]
    if packet.fragment_offset:
        return b""
    return encode(packet)[0][_header_size(packet) :]


def _header_size(packet: Packet) -> int:
    first = encode(packet)[0]
    return (first[0] & 0xF) * 4 if len(packet.source) == 4 else len(first) - len(encode_body(packet))
