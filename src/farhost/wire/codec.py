"""IP packets as bytes, whole: `encode` and `decode` put the headers of the neighbouring modules together.

Exact to the bit, checksums included. What is not on the wire (flow, ordinal, a super-segment's segment size) is not
in the bytes. For a packet p that is one on the wire, `decode(encode(p)[0])` is p without its flow and ordinal, if p
says nothing that its family cannot carry: IPv4 has no flow label, and IPv6 has an identification in fragments alone
and never a router that fragments (`dont_fragment` reads as True).
"""

from farhost.wire import icmp, ipv4, ipv6, tcp, udp
from farhost.wire.checksum import pseudo_header_sum
from farhost.wire.linux import AF_INET6, IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE
from farhost.wire.malformed import MalformedPacket
from farhost.wire.packet import NO_OPTIONS, Body, IcmpMessage, IpAddress, Packet, RawBody, TcpSegment, UdpDatagram
from farhost.wire.segmentation import split

_TCP_HEADERS_V4 = ipv4.HEADER_SIZE + tcp.HEADER_SIZE
_TCP_HEADERS_V6 = ipv6.HEADER_SIZE + tcp.HEADER_SIZE

__all__ = ["MalformedPacket", "decode", "decode_body", "encode", "encode_body", "parse", "wire_size"]


def encode(packet: Packet) -> list[bytes]:
    """The packets on the wire: one, or a super-segment's pieces in order."""
    return [_encode_one(piece) for piece in split(packet)]


def decode(data: bytes | memoryview, family: int | None = None) -> Packet:
    """The packet of these bytes; MalformedPacket says why there is none.

    `family` is what a link says beside the bytes (Ethernet's type field): AF_INET or AF_INET6; a packet of the other
    version is then malformed. Without it the version decides. A fragment's body, that of a protocol unknown here, and
    that of a packet with IP options is a RawBody. Bytes behind the packet's end are ignored.
    """
    data = bytes(data)
    if not data:
        raise MalformedPacket("ip-length")
    v6 = data[0] >> 4 == 6 if family is None else family == AF_INET6
    packet = ipv6.decode(data) if v6 else ipv4.decode(data)
    body = packet.body
    assert isinstance(body, RawBody)
    return packet if body.options else parse(packet)


def parse(packet: Packet) -> Packet:
    """A packet with its body parsed, as the host that it is for does it; its flow and ordinal stay.

    IPv6 extension headers are skipped; behind them may be a fragment, which stays as it is, and so does the body of a
    protocol unknown here. MalformedPacket.
    """
    body = packet.body
    if not isinstance(body, RawBody) or packet.fragment_offset or packet.more_fragments:
        return packet
    if packet.protocol in ipv6.EXTENSIONS and len(packet.source) == 16:
        whole = ipv6.decode(_encode_one(packet))
        return parse(whole._replace(flow=packet.flow, ordinal=packet.ordinal))
    parsed = decode_body(packet.source, packet.destination, packet.protocol, body.data)
    return packet if isinstance(parsed, RawBody) else packet._replace(body=parsed)


def encode_body(packet: Packet) -> bytes:
    """What follows the IP header of a packet that is one on the wire, checksum included."""
    body = packet.body
    match body:
        case TcpSegment():
            size = tcp.HEADER_SIZE + tcp.options_size(body.options) + len(body.payload)
            return tcp.encode(body, pseudo_header_sum(packet.source, packet.destination, IPPROTO_TCP, size))
        case UdpDatagram():
            size = udp.HEADER_SIZE + len(body.payload)
            protocol = IPPROTO_UDP if body.coverage is None else IPPROTO_UDPLITE
            return udp.encode(body, pseudo_header_sum(packet.source, packet.destination, protocol, size))
        case IcmpMessage():
            return icmp.encode(body, _icmp_sum(packet, icmp.HEADER_SIZE + len(body.payload)))
        case RawBody():
            return bytes(body.data)


def decode_body(source: IpAddress, destination: IpAddress, protocol: int, data: bytes) -> Body:
    """The body of an unfragmented packet from what follows its IP header. MalformedPacket."""
    v6 = len(source) == 16
    if protocol == IPPROTO_TCP:
        return tcp.decode(data, pseudo_header_sum(source, destination, protocol, len(data)))
    if protocol == IPPROTO_UDP:
        return udp.decode(data, pseudo_header_sum(source, destination, protocol, len(data)), checksum_needed=v6)
    if protocol == IPPROTO_UDPLITE:
        return udp.decode_lite(data, pseudo_header_sum(source, destination, protocol, len(data)))
    if protocol == IPPROTO_ICMPV6 and v6:
        return icmp.decode(data, pseudo_header_sum(source, destination, protocol, len(data)))
    if protocol == IPPROTO_ICMP and not v6:
        return icmp.decode(data, 0)
    return RawBody(data)


def wire_size(packet: Packet) -> int:
    """Bytes of the IP packet, computed without making them. Of a super-segment: of all its pieces together."""
    body = packet.body
    header = ipv4.HEADER_SIZE
    if isinstance(body, TcpSegment):
        header = _TCP_HEADERS_V4 if len(packet.source) == 4 else _TCP_HEADERS_V6
        if body.options is not NO_OPTIONS:
            header += tcp.options_size(body.options)
        return (header * body.pieces if body.segment_size else header) + len(body.payload)
    if len(packet.source) == 16:
        fragmented = packet.fragment_offset or packet.more_fragments
        header = ipv6.HEADER_SIZE + ipv6.FRAGMENT_HEADER_SIZE if fragmented else ipv6.HEADER_SIZE
    match body:
        case UdpDatagram() | IcmpMessage():
            return header + udp.HEADER_SIZE + len(body.payload)
        case RawBody():
            return header + len(body.options) + len(body.data)


def _encode_one(packet: Packet) -> bytes:
    body = encode_body(packet)
    if len(packet.source) == 4:
        return ipv4.encode_header(packet, len(body)) + body
    return ipv6.encode_header(packet, len(body)) + body


def _icmp_sum(packet: Packet, size: int) -> int:
    if packet.protocol != IPPROTO_ICMPV6:
        return 0
    return pseudo_header_sum(packet.source, packet.destination, IPPROTO_ICMPV6, size)
