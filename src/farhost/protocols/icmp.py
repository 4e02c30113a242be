"""ICMP and ICMPv6: the messages that hosts and routers answer with, about a packet that they quote.

Specifications: RFC 792, RFC 1122 §3.2.2, RFC 1191 (fragmentation needed), RFC 1812 §4.3 (routers), RFC 4443. Numbers
are Linux's `icmp.h` and `icmpv6.h`. Which errno a message means to a socket, the kernel's table says; here it has a
`Trouble`. The parsing of quotes and the rate limit are in `farhost.protocols.icmp_quote` and `icmp_limit`.
"""

from farhost.wire.codec import encode
from farhost.wire.packet import Flow, IcmpMessage, IpAddress, Packet, TcpSegment
from farhost.wire.packet_place import place

IPPROTO_ICMP = 1
IPPROTO_ICMPV6 = 58

ECHO_REPLY, UNREACHABLE, REDIRECT, ECHO, TIME_EXCEEDED, PARAMETER_PROBLEM = 0, 3, 5, 8, 11, 12
"""ICMP types."""
V6_UNREACHABLE, V6_PACKET_TOO_BIG, V6_TIME_EXCEEDED, V6_PARAMETER_PROBLEM, V6_ECHO, V6_ECHO_REPLY = (
    1,
    2,
    3,
    4,
    128,
    129,
)
"""ICMPv6 types."""

PROBE, PROBE_REPLY, V6_PROBE, V6_PROBE_REPLY = 42, 43, 160, 161
"""Extended echo of the two versions (RFC 8335); like Linux by default, hosts here do not answer it."""
ECHO_REQUESTS = frozenset((ECHO, PROBE, V6_ECHO, V6_PROBE))
"""Types whose messages carry an identifier that a reply repeats."""

NET, HOST, PROTOCOL, PORT, FRAGMENTATION_NEEDED, ADMINISTRATIVE = 0, 1, 2, 3, 4, 13
"""Codes of UNREACHABLE (ADMINISTRATIVE: "communication administratively prohibited")."""
V6_NO_ROUTE, V6_ADMINISTRATIVE, V6_BEYOND_SCOPE, V6_ADDRESS, V6_PORT = 0, 1, 2, 3, 4
"""Codes of V6_UNREACHABLE."""
IN_TRANSIT, IN_REASSEMBLY = 0, 1
"""Codes of TIME_EXCEEDED, both families: the hop limit ran out, or the fragments' time did."""

QUOTE_LIMIT_V4 = 576
QUOTE_LIMIT_V6 = 1280
"""An error message is at most this long, IP header included, and quotes as much as fits (RFC 1812, RFC 4443)."""

ERROR_HOP_LIMIT = 64


def echo_request(source: IpAddress, destination: IpAddress, identifier: int, sequence: int, data: bytes) -> Packet:
    """A ping: identifier and sequence are 16 bits each."""
    kind, protocol = (ECHO, IPPROTO_ICMP) if len(source) == 4 else (V6_ECHO, IPPROTO_ICMPV6)
    return Packet(source, destination, protocol, IcmpMessage(kind, 0, identifier << 16 | sequence, data))


def is_echo(packet: Packet) -> bool:
    """Whether a packet is an echo request that its receiver has to answer."""
    body = packet.body
    return isinstance(body, IcmpMessage) and body.code == 0 and body.kind == (ECHO if _is_v4(packet) else V6_ECHO)


def is_echo_reply(packet: Packet) -> bool:
    """Whether a packet is the answer to an echo request, or to an extended one (RFC 8335)."""
    body = packet.body
    return isinstance(body, IcmpMessage) and body.kind in (
        (ECHO_REPLY, PROBE_REPLY) if _is_v4(packet) else (V6_ECHO_REPLY, V6_PROBE_REPLY)
    )


def echo_reply(request: Packet, source: IpAddress | None = None, hop_limit: int = 64) -> Packet:
    """The answer to an echo request. `source` is the answering host's address where the request went to another
    than one of its own (a multicast or broadcast address)."""
    body = request.body
    assert isinstance(body, IcmpMessage) and is_echo(request), "only an echo request is answered"
    reply = ECHO_REPLY if _is_v4(request) else V6_ECHO_REPLY
    return Packet(
        request.destination if source is None else source,
        request.source,
        request.protocol,
        body._replace(kind=reply),
        hop_limit,
        request.identification,
        dont_fragment=False,
        traffic_class=request.traffic_class,
        flow=Flow(f"reply to {place(request)}"),
        ordinal=request.ordinal,
    )


def is_error(packet: Packet) -> bool:
    """Whether a packet is an ICMP message that no error may answer: an error itself, a redirect or an unknown one."""
    body = packet.body
    if not isinstance(body, IcmpMessage):
        return False
    if _is_v4(packet):
        return body.kind in (UNREACHABLE, 4, REDIRECT, TIME_EXCEEDED, PARAMETER_PROBLEM)
    return body.kind < 128


def may_answer(packet: Packet, allow_multicast: bool = False) -> bool:
    """Whether an error about a packet may be sent: not about errors, later fragments, packets to many hosts or from
    no single one (RFC 1122 §3.2.2, RFC 4443 §2.4 e). `allow_multicast`: ICMPv6 packet too big and parameter problem
    may answer multicast. A directed broadcast is for the caller to know.
    """
    if packet.fragment_offset or is_error(packet):
        return False
    if not allow_multicast and _is_multicast(packet.destination):
        return False
    if packet.destination == b"\xff\xff\xff\xff":
        return False
    source = packet.source
    return any(source) and not _is_multicast(source) and source != b"\xff\xff\xff\xff"


def unreachable(offending: Packet, source: IpAddress, code: int) -> Packet:
    """Destination unreachable from the host or router `source`, with a code of the packet's family."""
    return _error(offending, source, UNREACHABLE if _is_v4(offending) else V6_UNREACHABLE, code, 0)


def port_unreachable(offending: Packet, source: IpAddress) -> Packet:
    """Nobody listens there: what a closed UDP port answers."""
    return unreachable(offending, source, PORT if _is_v4(offending) else V6_PORT)


def host_unreachable(offending: Packet, source: IpAddress) -> Packet:
    """The last router cannot reach the host: HOST, or V6_ADDRESS."""
    return unreachable(offending, source, HOST if _is_v4(offending) else V6_ADDRESS)


def net_unreachable(offending: Packet, source: IpAddress) -> Packet:
    """A router has no route: NET, or V6_NO_ROUTE."""
    return unreachable(offending, source, NET if _is_v4(offending) else V6_NO_ROUTE)


def protocol_unreachable(offending: Packet, source: IpAddress) -> Packet:
    """No such transport: PROTOCOL; ICMPv6 says it as a parameter problem, unrecognized next header."""
    if _is_v4(offending):
        return unreachable(offending, source, PROTOCOL)
    return parameter_problem(offending, source, pointer=6, code=1)


def packet_too_big(offending: Packet, source: IpAddress, mtu: int) -> Packet:
    """A link's MTU is smaller: fragmentation needed (RFC 1191 §4), or ICMPv6 packet too big (RFC 4443 §3.2)."""
    if _is_v4(offending):
        return _error(offending, source, UNREACHABLE, FRAGMENTATION_NEEDED, mtu & 0xFFFF)
    return _error(offending, source, V6_PACKET_TOO_BIG, 0, mtu)


def time_exceeded(offending: Packet, source: IpAddress, code: int = IN_TRANSIT) -> Packet:
    """The hop limit ran out on the way (IN_TRANSIT), or not all fragments came in time (IN_REASSEMBLY)."""
    return _error(offending, source, TIME_EXCEEDED if _is_v4(offending) else V6_TIME_EXCEEDED, code, 0)


def parameter_problem(offending: Packet, source: IpAddress, pointer: int, code: int = 0) -> Packet:
    """The header's byte `pointer` is wrong; ICMPv6 codes: 0 bad field, 1 unknown next header, 2 unknown option."""
    if _is_v4(offending):
        return _error(offending, source, PARAMETER_PROBLEM, code, pointer << 24)
    return _error(offending, source, V6_PARAMETER_PROBLEM, code, pointer)


def _error(offending: Packet, source: IpAddress, kind: int, code: int, rest: int) -> Packet:
    v4 = _is_v4(offending)
    limit = QUOTE_LIMIT_V4 - 20 - 8 if v4 else QUOTE_LIMIT_V6 - 40 - 8
    return Packet(
        source,
        offending.source,
        IPPROTO_ICMP if v4 else IPPROTO_ICMPV6,
        IcmpMessage(kind, code, rest, quoted_bytes(offending)[:limit]),
        ERROR_HOP_LIMIT,
        0,
        dont_fragment=False,
        # Precedence 6, internetwork control, as RFC 1812 §4.3.2.5 has it and Linux does.
        traffic_class=offending.traffic_class & 0x1E | 0xC0 if v4 else 0,
        flow=Flow(f"{kind}/{code} about {place(offending)}"),
        ordinal=offending.ordinal,
    )


def quoted_bytes(offending: Packet) -> bytes:
    """A packet's bytes for a quote; of a super-segment, its first piece's."""
    body = offending.body
    if isinstance(body, TcpSegment) and body.pieces > 1:
        first = body._replace(payload=body.payload[: body.segment_size], segment_size=0)
        offending = offending._replace(body=first)
    return encode(offending)[0]


def _is_v4(packet: Packet) -> bool:
    return len(packet.source) == 4


def _is_multicast(address: IpAddress) -> bool:
    return address[0] & 0xF0 == 0xE0 if len(address) == 4 else address[0] == 0xFF
