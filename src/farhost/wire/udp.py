"""The headers of UDP, RFC 768 (over IPv6 RFC 8200 §8.1), and of UDP-Lite, RFC 3828.

The two differ in one field: where UDP has the datagram's length, which the IP header tells as well, UDP-Lite has how
many bytes of it, header included, the checksum covers. What lies behind those may be wrong without its receiver's
knowing.
"""

import struct

from farhost.wire.checksum import finish, is_intact, word_sum
from farhost.wire.malformed import MalformedPacket
from farhost.wire.packet import UdpDatagram

HEADER_SIZE = 8

_HEADER = struct.Struct(">HHHH")


def encode(datagram: UdpDatagram, pseudo_header_sum: int) -> bytes:
    """Header and payload. A checksum that comes out as 0 is sent as 0xFFFF, for 0 says that there is none.

    `pseudo_header_sum` is over header and payload, whatever the checksum covers (RFC 3828 §3.1).
    """
    source_port, destination_port, payload, coverage = datagram
    field = HEADER_SIZE + len(payload) if coverage is None else coverage
    covered = payload[: coverage - HEADER_SIZE] if coverage else payload
    words = source_port + destination_port + field + word_sum(covered) + pseudo_header_sum
    header = _HEADER.pack(source_port, destination_port, field, finish(words) or 0xFFFF)
    return header + payload


def decode(data: bytes, pseudo_header_sum: int, checksum_needed: bool) -> UdpDatagram:
    """UDP's datagram; what lies behind its length is left out, as Linux does. `checksum_needed`: over IPv6 it is.

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


def decode_lite(data: bytes, pseudo_header_sum: int) -> UdpDatagram:
    """UDP-Lite's datagram: all that the IP header has; the checksum is needed over IPv4 too (RFC 3828 §3.1).

    `pseudo_header_sum` is over len(data). MalformedPacket: udplite-length (shorter than its header or its coverage),
    udplite-coverage (1 to 7, less than the header), udplite-checksum.
    """
    if len(data) < HEADER_SIZE:
        raise MalformedPacket("udplite-length")
    source_port, destination_port, coverage, checksum = _HEADER.unpack_from(data)
    if coverage > len(data):
        raise MalformedPacket("udplite-length")
    if 0 < coverage < HEADER_SIZE:
        raise MalformedPacket("udplite-coverage")
    if not checksum or not is_intact(word_sum(data[: coverage or len(data)]) + pseudo_header_sum):
        raise MalformedPacket("udplite-checksum")
    return UdpDatagram(source_port, destination_port, bytes(data[HEADER_SIZE:]), coverage)
