"""Byte order between a host and the network: htons(3) and its kin, for hosts of either order.

A host's order is "little" or "big". The network's is big: the byte of the highest value first. Python's own `struct`
knows only the order of the machine that it runs on, so numbers of a simulated host are turned here.
"""

from typing import Literal

ByteOrder = Literal["little", "big"]


def swap16(value: int) -> int:
    """The two bytes of a 16-bit number the other way round.

    >>> swap16(5000)    # a forgotten htons
    34835
    """
    return (value & 0xFF) << 8 | value >> 8 & 0xFF


def swap32(value: int) -> int:
    """The four bytes of a 32-bit number the other way round."""
    return int.from_bytes((value & 0xFFFFFFFF).to_bytes(4, "little"), "big")


def htons(value: int, byte_order: ByteOrder) -> int:
    """A host's 16-bit number as the number whose bytes in the host's memory are in network order. C keeps 16 bits."""
    return swap16(value) if byte_order == "little" else value & 0xFFFF


def htonl(value: int, byte_order: ByteOrder) -> int:
    """A host's 32-bit number as the number whose bytes in the host's memory are in network order. C keeps 32 bits."""
    return swap32(value) if byte_order == "little" else value & 0xFFFFFFFF


ntohs = htons
"""The way back is the same way."""
ntohl = htonl
