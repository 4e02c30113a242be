"""ICMP (RFC 792) and ICMPv6 (RFC 4443) messages. Both are type, code, checksum, one word and the rest; ICMPv6's
checksum covers a pseudo header, ICMP's does not, which the caller says by the sum it gives (0 for ICMP).
"""

import struct

from farhost.wire.checksum import finish, is_intact, word_sum
from farhost.wire.malformed import MalformedPacket
from farhost.wire.packet import IcmpMessage

HEADER_SIZE = 8

_HEADER = struct.Struct(">BBHI")


def encode(message: IcmpMessage, pseudo_header_sum: int) -> bytes:
    """Header and payload."""
    header = _HEADER.pack(message.kind, message.code, 0, message.rest)
    checksum = finish(word_sum(header) + word_sum(message.payload) + pseudo_header_sum)
    return header[:2] + checksum.to_bytes(2, "big") + header[4:] + message.payload


def decode(data: bytes, pseudo_header_sum: int) -> IcmpMessage:
    """The message. MalformedPacket: icmp-length, icmp-checksum."""
    if len(data) < HEADER_SIZE:
        raise MalformedPacket("icmp-length")
    if not is_intact(word_sum(data) + pseudo_header_sum):
        raise MalformedPacket("icmp-checksum")
    kind, code, _, rest = _HEADER.unpack_from(data)
    return IcmpMessage(kind, code, rest, bytes(data[HEADER_SIZE:]))


def echo_word(identifier: int, sequence: int) -> int:
    """The `rest` of an echo request or reply."""
    return identifier << 16 | sequence
