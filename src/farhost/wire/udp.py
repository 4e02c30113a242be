"""The UDP header, RFC 768; over IPv6 RFC 8200 §8.1."""

import struct

from farhost.wire.checksum import finish, is_intact, word_sum
from farhost.wire.malformed import MalformedPacket
from farhost.wire.packet import UdpDatagram

HEADER_SIZE = 8

_HEADER = struct.Struct(">HHHH")


def encode(datagram: UdpDatagram, pseudo_header_sum: int) -> bytes:
    """Header and payload. A checksum that comes out as 0 is sent as 0xFFFF, for 0 says that there is none."""
    payload = datagram.payload
    size = HEADER_SIZE + len(payload)
    words = datagram.source_port + datagram.destination_port + size + word_sum(payload) + pseudo_header_sum
    header = _HEADER.pack(datagram.source_port, datagram.destination_port, size, finish(words) or 0xFFFF)
    return header + payload


def decode(data: bytes, pseudo_header_sum: int, checksum_needed: bool) -> UdpDatagram:
    """The datagram; what lies behind its length is left out, as Linux does. `checksum_needed`: over IPv6 it is.

    `pseudo_header_sum` is over len(data). MalformedPacket: udp-length, udp-checksum.
    """
    if len(data) < HEADER_SIZE:
        raise MalformedPacket("udp-length")
    source_port, destination_port, size, checksum = _HEADER.unpack_from(data)
    if not HEADER_SIZE <= size <= len(data):
        raise MalformedPacket("udp-length")
    if checksum or checksum_needed:
        words = word_sum(data[:size]) + pseudo_header_sum - len(data) + size
        if not checksum or not is_intact(words):
            raise MalformedPacket("udp-checksum")
    return UdpDatagram(source_port, destination_port, bytes(data[HEADER_SIZE:size]))
