"""The Internet checksum: the one's complement sum of 16-bit words, RFC 1071.

2**16 is 1 modulo 65535, so the sum of a byte string's words in one's complement is the string read as one big number
modulo 65535; Python reads and divides big numbers in C. The only difference is that one's complement has two zeros.
"""

from farhost.wire.packet import IpAddress


def word_sum(data: bytes | memoryview) -> int:
    """The words' sum modulo 65535, 0 to 65534; a last odd byte is the high half of a word. Sums may be added up.

    >>> hex(word_sum(bytes.fromhex("0001f203f4f5f6f7")))    # RFC 1071 §3
    '0xddf2'
    """
    total = int.from_bytes(data, "big")
    if len(data) & 1:
        total <<= 8
    return total % 0xFFFF


def finish(total: int) -> int:
    """The checksum to send for words that add up to `total`: its complement. 0 where the sum is minus zero.

    All words zero is the one case in which one's complement keeps a plain zero (and the checksum is 0xFFFF); no
    packet is so, as each has a version, a type or a pseudo header that is not zero.
    """
    return 0xFFFF - (total % 0xFFFF or 0xFFFF)


def internet_checksum(data: bytes | memoryview) -> int:
    """The checksum of `data`, in which the checksum's own field is zero."""
    return finish(word_sum(data))


def is_intact(total: int) -> bool:
    """Whether words that include their checksum add up to `total` rightly: to minus zero, which is 0 modulo 65535."""
    return total % 0xFFFF == 0


def pseudo_header_sum(source: IpAddress, destination: IpAddress, protocol: int, length: int) -> int:
    """The sum of the pseudo header that TCP, UDP and ICMPv6 check with themselves: RFC 9293 §3.1, RFC 8200 §8.1."""
    return int.from_bytes(source + destination, "big") % 0xFFFF + protocol + (length >> 16) + (length & 0xFFFF)
