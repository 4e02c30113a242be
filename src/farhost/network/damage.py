"""What arrives when a bit of a packet was flipped on the way.

The packet is made bytes, checksums as they were sent, and read again as far as its IP header goes; the receiving host
finds what is wrong with the rest, as it would on a real wire. Where the IP header itself makes no sense there is no
packet to hand on, only the reason why its receiver drops it.
"""

from typing import NamedTuple

from farhost.wire import ipv4, ipv6
from farhost.wire.codec import encode
from farhost.wire.malformed import MalformedPacket
from farhost.wire.packet import Packet


class Damaged(NamedTuple):
    """A packet whose IP header no receiver can read."""

    packet: Packet
    """As it was sent."""
    reason: str
    """One of `farhost.wire.malformed.REASONS`."""
    data: bytes
    """As it arrives."""


def flip(data: bytes, bit: int) -> bytes:
    """The bytes with one bit changed, counted from the first byte's highest.

    >>> flip(bytes([0, 0]), 8)
    b'\\x00\\x80'
    """
    changed = bytearray(data)
    changed[bit // 8] ^= 0x80 >> bit % 8
    return bytes(changed)


def damage(packet: Packet, bit: int) -> Packet | Damaged:
    """A packet that is one on the wire, with one bit wrong, its body unparsed."""
    data = flip(encode(packet)[0], bit)
    read = ipv4.decode if len(packet.source) == 4 else ipv6.decode
    try:
        return read(data)._replace(flow=packet.flow, ordinal=packet.ordinal)
    except MalformedPacket as error:
        return Damaged(packet, error.reason, data)
