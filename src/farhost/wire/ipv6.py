"""The IPv6 header, RFC 8200, with the fragment extension header (§4.5).

Written is a fragment header, where the packet is a fragment, and no other extension. Read are hop-by-hop, routing and
destination options too: they are skipped. An atomic fragment (offset 0, no more to come, RFC 6946) reads as a whole
packet that has an identification. There is no checksum over this header: what covers the addresses is the pseudo
header of the payload's, and nothing covers hop limit, traffic class, flow label and next header.
"""

import struct

from farhost.wire.linux import IPPROTO_DSTOPTS, IPPROTO_FRAGMENT, IPPROTO_HOPOPTS, IPPROTO_ROUTING
from farhost.wire.malformed import MalformedPacket
from farhost.wire.packet import Packet, RawBody

HEADER_SIZE = 40
FRAGMENT_HEADER_SIZE = 8
MAXIMUM_PAYLOAD = 65535

_HEADER = struct.Struct(">IHBB16s16s")
_FRAGMENT = struct.Struct(">BBHI")
_SKIPPED = frozenset((IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS))
EXTENSIONS = _SKIPPED | {IPPROTO_FRAGMENT}
"""Next headers behind which, perhaps, comes the upper protocol."""


def encode_header(packet: Packet, payload_size: int) -> bytes:
    """The header of a packet that carries `payload_size` bytes, and its fragment header if it is a fragment."""
    fragmented = packet.more_fragments or packet.fragment_offset
    size = payload_size + FRAGMENT_HEADER_SIZE if fragmented else payload_size
    assert size <= MAXIMUM_PAYLOAD, f"an IPv6 payload of {size} bytes"
    assert packet.flow_label >> 20 == 0, "a flow label has 20 bits"
    header = _HEADER.pack(
        6 << 28 | packet.traffic_class << 20 | packet.flow_label,
        size,
        IPPROTO_FRAGMENT if fragmented else packet.protocol,
        packet.hop_limit,
        packet.source,
        packet.destination,
    )
    if not fragmented:
        return header
    assert packet.fragment_offset % 8 == 0, "fragments lie on multiples of 8 bytes"
    return header + _FRAGMENT.pack(
        packet.protocol, 0, packet.fragment_offset | packet.more_fragments, packet.identification & 0xFFFFFFFF
    )


def decode(data: bytes) -> Packet:
    """The packet with what follows its extension headers as a RawBody.

    MalformedPacket: ip-version, ipv6-length, ipv6-extension.
    """
    packet = decode_header(data)
    if packet.protocol not in EXTENSIONS:
        return packet
    end = HEADER_SIZE + len(packet.body.content())
    protocol, start, identification, fragment = _skip_extensions(data, packet.protocol, end)
    return packet._replace(
        protocol=protocol,
        body=RawBody(data[start:end]),
        identification=identification,
        fragment_offset=fragment & 0xFFF8,
        more_fragments=bool(fragment & 1),
    )


def decode_header(data: bytes) -> Packet:
    """The packet with all that follows its fixed header as a RawBody, extension headers too; what lies behind its
    end is left out. MalformedPacket: ip-version, ipv6-length.
    """
    if len(data) < HEADER_SIZE:
        raise MalformedPacket("ipv6-length")
    first, size, protocol, hop_limit, source, destination = _HEADER.unpack_from(data)
    if first >> 28 != 6:
        raise MalformedPacket("ip-version")
    end = HEADER_SIZE + size
    if end > len(data):
        raise MalformedPacket("ipv6-length")
    return Packet(
        source,
        destination,
        protocol,
        RawBody(data[HEADER_SIZE:end]),
        hop_limit,
        traffic_class=first >> 20 & 0xFF,
        flow_label=first & 0xFFFFF,
    )


def _skip_extensions(data: bytes, protocol: int, end: int) -> tuple[int, int, int, int]:
    """The upper protocol, where it starts, and the fragment header's identification and offset word, or zeros.

    Behind a fragment header that means more than an atomic fragment, headers belong to the fragmented part.
    """
    start = HEADER_SIZE
    identification = fragment = 0
    while protocol in EXTENSIONS:
        if end - start < 8:
            raise MalformedPacket("ipv6-extension")
        if protocol == IPPROTO_FRAGMENT:
            protocol, _, fragment, identification = _FRAGMENT.unpack_from(data, start)
            start += FRAGMENT_HEADER_SIZE
            if fragment & 0xFFF9:
                break
        else:
            protocol, start = data[start], start + 8 + 8 * data[start + 1]
            if start > end:
                raise MalformedPacket("ipv6-extension")
    return protocol, start, identification, fragment
