"""What an ICMP error says: the trouble, and the packet it quotes, as far as the quote goes.

A quote is the offending packet's IP header and at least 8 bytes more (RFC 792; RFC 4443 quotes more): the ports, and
a TCP segment's sequence number, with which a receiver tells a true error from a forged one (RFC 5927).
"""

from enum import Enum, auto
from typing import NamedTuple

from farhost.protocols import icmp
from farhost.wire import linux
from farhost.wire.packet import IcmpMessage, IpAddress, Packet


class Trouble(Enum):
    """What happened to the packet, alike for both families; the kernel maps each to an errno."""

    NET_UNREACHABLE = auto()
    HOST_UNREACHABLE = auto()
    PROTOCOL_UNREACHABLE = auto()
    PORT_UNREACHABLE = auto()
    PACKET_TOO_BIG = auto()
    PROHIBITED = auto()
    HOPS_EXCEEDED = auto()
    REASSEMBLY_TIMEOUT = auto()
    BAD_HEADER = auto()


_V4_UNREACHABLE = {
    icmp.NET: Trouble.NET_UNREACHABLE,
    icmp.HOST: Trouble.HOST_UNREACHABLE,
    icmp.PROTOCOL: Trouble.PROTOCOL_UNREACHABLE,
    icmp.PORT: Trouble.PORT_UNREACHABLE,
    icmp.FRAGMENTATION_NEEDED: Trouble.PACKET_TOO_BIG,
    6: Trouble.NET_UNREACHABLE,
    7: Trouble.HOST_UNREACHABLE,
    9: Trouble.PROHIBITED,
    10: Trouble.PROHIBITED,
    11: Trouble.NET_UNREACHABLE,
    12: Trouble.HOST_UNREACHABLE,
    icmp.ADMINISTRATIVE: Trouble.PROHIBITED,
}
_V6_UNREACHABLE = {
    icmp.V6_NO_ROUTE: Trouble.NET_UNREACHABLE,
    icmp.V6_ADMINISTRATIVE: Trouble.PROHIBITED,
    icmp.V6_BEYOND_SCOPE: Trouble.HOST_UNREACHABLE,
    icmp.V6_ADDRESS: Trouble.HOST_UNREACHABLE,
    icmp.V6_PORT: Trouble.PORT_UNREACHABLE,
    5: Trouble.PROHIBITED,
    6: Trouble.PROHIBITED,
}
_WITH_PORTS = (linux.IPPROTO_TCP, linux.IPPROTO_UDP, linux.IPPROTO_UDPLITE)
_TIME = {icmp.IN_TRANSIT: Trouble.HOPS_EXCEEDED, icmp.IN_REASSEMBLY: Trouble.REASSEMBLY_TIMEOUT}


class Quote(NamedTuple):
    """The offending packet, as the error quotes it: it went from source to destination."""

    protocol: int
    source: IpAddress
    destination: IpAddress
    source_port: int
    """TCP, UDP, UDP-Lite; for an echo request its identifier, so that a ping socket is found alike. Otherwise 0."""
    destination_port: int
    sequence: int | None
    """TCP: the sequence number, mod 2**32."""
    data: bytes
    """The offending packet's bytes after its IP header, as many as were quoted."""
    packet: bytes
    """The whole quote, from the IP header on."""


class IcmpError(NamedTuple):
    """One parsed error message."""

    trouble: Trouble
    kind: int
    code: int
    mtu: int
    """PACKET_TOO_BIG: the next hop's MTU in bytes, 0 from a router older than RFC 1191. Otherwise 0."""
    reporter: IpAddress
    """Who sent the error."""
    quote: Quote


def parse_error(packet: Packet) -> IcmpError | None:
    """What an ICMP packet reports; None when it is no error, unknown, or quotes too little to be of use."""
    body = packet.body
    if not isinstance(body, IcmpMessage):
        return None
    v4 = len(packet.source) == 4
    trouble = _trouble_v4(body) if v4 else _trouble_v6(body)
    if trouble is None:
        return None
    quote = _parse_v4(body.payload) if v4 else _parse_v6(body.payload)
    if quote is None:
        return None
    mtu = (body.rest & 0xFFFF if v4 else body.rest) if trouble is Trouble.PACKET_TOO_BIG else 0
    return IcmpError(trouble, body.kind, body.code, mtu, packet.source, quote)


def _trouble_v4(message: IcmpMessage) -> Trouble | None:
    if message.kind == icmp.UNREACHABLE:
        return _V4_UNREACHABLE.get(message.code)
    if message.kind == icmp.TIME_EXCEEDED:
        return _TIME.get(message.code)
    return Trouble.BAD_HEADER if message.kind == icmp.PARAMETER_PROBLEM else None


def _trouble_v6(message: IcmpMessage) -> Trouble | None:
    if message.kind == icmp.V6_UNREACHABLE:
        return _V6_UNREACHABLE.get(message.code)
    if message.kind == icmp.V6_PACKET_TOO_BIG:
        return Trouble.PACKET_TOO_BIG
    if message.kind == icmp.V6_TIME_EXCEEDED:
        return _TIME.get(message.code)
    if message.kind == icmp.V6_PARAMETER_PROBLEM:
        return Trouble.PROTOCOL_UNREACHABLE if message.code == 1 else Trouble.BAD_HEADER
    return None


def _parse_v4(data: bytes) -> Quote | None:
    if len(data) < 28 or data[0] >> 4 != 4:
        return None
    header = (data[0] & 15) * 4
    if header < 20 or len(data) < header + 8 or (data[6] << 8 | data[7]) & 0x1FFF:
        return None
    return _quote(data[9], data[12:16], data[16:20], data, header)


def _parse_v6(data: bytes) -> Quote | None:
    """Extension headers that carry nothing for us are stepped over: hop-by-hop, routing, destination, fragment."""
    if len(data) < 48 or data[0] >> 4 != 6:
        return None
    protocol = data[6]
    position = 40
    while protocol in (0, 43, 44, 60):
        if len(data) < position + 8:
            return None
        if protocol == 44:
            if (data[position + 2] << 8 | data[position + 3]) & 0xFFF8:
                return None
            size = 8
        else:
            size = 8 + data[position + 1] * 8
        protocol = data[position]
        position += size
    if len(data) < position + 8:
        return None
    return _quote(protocol, data[8:24], data[24:40], data, position)


def _quote(protocol: int, source: IpAddress, destination: IpAddress, packet: bytes, start: int) -> Quote:
    data = packet[start:]
    source_port = destination_port = 0
    sequence = None
    if protocol in _WITH_PORTS:
        source_port = data[0] << 8 | data[1]
        destination_port = data[2] << 8 | data[3]
        if protocol == 6:
            sequence = int.from_bytes(data[4:8], "big")
    elif protocol in (icmp.IPPROTO_ICMP, icmp.IPPROTO_ICMPV6) and data[0] in icmp.ECHO_REQUESTS:
        source_port = data[4] << 8 | data[5]
    ends = bytes(source), bytes(destination)
    return Quote(protocol, *ends, source_port, destination_port, sequence, bytes(data), bytes(packet))
