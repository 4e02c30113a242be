"""The IPv4 header, RFC 791.

Options go in and out as they are, with a body that nobody has parsed: only raw sockets make them, and nobody on the
way looks at them. Only lengths and the checksum are judged here; addresses that make no sense are the kernel's
matter.
"""

import struct

from farhost.wire.checksum import finish, is_intact, word_sum
from farhost.wire.malformed import MalformedPacket
from farhost.wire.packet import Packet, RawBody

HEADER_SIZE = 20
MAXIMUM_SIZE = 65535
MAXIMUM_OPTIONS = 40

_HEADER = struct.Struct(">BBHHHBBH4s4s")
_DONT_FRAGMENT = 0x4000
_MORE_FRAGMENTS = 0x2000
_OFFSET_MASK = 0x1FFF


def encode_header(packet: Packet, payload_size: int) -> bytes:
    """The header of a packet that carries `payload_size` bytes, with its options and its checksum."""
    body = packet.body
    options = body.options if type(body) is RawBody else b""
    assert len(options) % 4 == 0 and len(options) <= MAXIMUM_OPTIONS, "options are padded to 4 bytes, 40 at most"
    size = HEADER_SIZE + len(options) + payload_size
    assert size <= MAXIMUM_SIZE, f"an IPv4 packet of {size} bytes"
    assert packet.fragment_offset % 8 == 0, "fragments lie on multiples of 8 bytes"
    fragment = packet.fragment_offset >> 3
    if packet.dont_fragment:
        fragment |= _DONT_FRAGMENT
    if packet.more_fragments:
        fragment |= _MORE_FRAGMENTS
    header = _HEADER.pack(
        0x45 + len(options) // 4,
        packet.traffic_class,
        size,
        packet.identification & 0xFFFF,
        fragment,
        packet.hop_limit,
        packet.protocol,
        0,
        packet.source,
        packet.destination,
    )
    checksum = finish(word_sum(header) + word_sum(options))
    return header[:10] + checksum.to_bytes(2, "big") + header[12:] + options


def decode(data: bytes) -> Packet:
    """The packet with its payload as a RawBody. What lies behind its total length (a link's padding) is left out.

    MalformedPacket: ip-version, ip-length, ip-checksum.
    """
    if len(data) < HEADER_SIZE:
        raise MalformedPacket("ip-length")
    first, service, size, identification, fragment, hop_limit, protocol, _, source, destination = _HEADER.unpack_from(
        data
    )
    if first >> 4 != 4:
        raise MalformedPacket("ip-version")
    header_size = (first & 0xF) * 4
    if not HEADER_SIZE <= header_size <= len(data):
        raise MalformedPacket("ip-length")
    if not is_intact(word_sum(data[:header_size])):
        raise MalformedPacket("ip-checksum")
    if not header_size <= size <= len(data):
        raise MalformedPacket("ip-length")
    return Packet(
        source,
        destination,
        protocol,
        RawBody(data[header_size:size], data[HEADER_SIZE:header_size]),
        hop_limit,
        identification,
        bool(fragment & _DONT_FRAGMENT),
        service,
        0,
        (fragment & _OFFSET_MASK) << 3,
        bool(fragment & _MORE_FRAGMENTS),
    )
