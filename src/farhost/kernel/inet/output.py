"""Making what the host sends fit the way it goes: fragments for datagrams, smaller segments for TCP.

TCP's own segments are never fragmented: a super-segment is cut at another size (as segmentation offload would), and
a single segment becomes a super-segment. Datagrams without DF are cut by `farhost.protocols.ip.fragment`.
"""

from typing import TYPE_CHECKING

from farhost.kernel.inet.path import Path
from farhost.protocols.ip.fragment import fragment
from farhost.wire.packet import IcmpMessage, Packet, RawBody, TcpSegment, UdpDatagram
from farhost.wire.tcp import options_size

if TYPE_CHECKING:
    from farhost.kernel.inet.internet import Internet


def segment_header_size(packet: Packet, segment: TcpSegment) -> int:
    """Bytes of IP and TCP headers in front of a segment's payload."""
    ip = 20 if len(packet.source) == 4 else 40
    return ip + 20 + options_size(segment.options)


def packet_size(packet: Packet) -> int:
    """Bytes of the largest packet on the wire that `packet` stands for."""
    body = packet.body
    if isinstance(body, TcpSegment):
        size = len(body.payload)
        piece = min(body.segment_size, size) if body.segment_size else size
        return segment_header_size(packet, body) + piece
    header = 20 if len(packet.source) == 4 else 40
    if isinstance(body, RawBody):
        if header == 40 and (packet.fragment_offset or packet.more_fragments):
            header += 8
        return header + len(body.options) + len(body.data)
    assert isinstance(body, UdpDatagram | IcmpMessage)
    return header + 8 + len(body.payload)


def pieces_that_fit(internet: "Internet", packet: Packet, mtu: int, routing: bool = False) -> list[Packet] | None:
    """The packets to send instead of `packet` over a link of `mtu` bytes; None when it may not be cut.

    `routing`: the packet is somebody else's, so that TCP's segments stay as they are and IPv6 is not fragmented.
    """
    if packet_size(packet) <= mtu:
        return [packet]
    body = packet.body
    if isinstance(body, TcpSegment):
        if routing and (packet.dont_fragment or len(packet.source) == 16):
            return None
        size = mtu - segment_header_size(packet, body)
        return [packet._replace(body=body._replace(segment_size=size))] if size > 0 else None
    if packet.dont_fragment or (routing and len(packet.source) == 16):
        return None
    if not packet.identification and not packet.fragment_offset and not packet.more_fragments:
        packet = packet._replace(identification=internet.next_fragment_number(packet))
    internet.counters["IpFragOKs"] += 1
    pieces = fragment(packet, mtu)
    internet.counters["IpFragCreates"] += len(pieces)
    return pieces


def cut(internet: "Internet", packet: Packet, path: Path) -> list[Packet]:
    """What the host itself sends, cut to fit the path; nothing where it may not be cut (the sender checks first)."""
    pieces = pieces_that_fit(internet, packet, path.mtu)
    if pieces is None:
        internet.drop(path.interface, packet, "too-big", "IpFragFails")
        return []
    return pieces
