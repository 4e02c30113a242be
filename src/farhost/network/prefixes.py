"""The networks that a segment may have: those whose addresses Linux gives no other meaning, with room for two hosts.

169.254.0.0/16 is one: to Linux these are addresses like others, but for the order of destinations (RFC 6724).
"""

from farhost.wire.addresses import AddressError, in_network, inet_ntop, parse_network
from farhost.wire.packet import IpAddress

_LEAST_BITS = 2
"""Of a host's number: the first number is 1, and the last IPv4 address is the broadcast's."""
_MEANINGS = {
    "127.0.0.0/8": "loopback addresses, which a host keeps to itself",
    "224.0.0.0/4": "multicast addresses, which no host has",
    "::1/128": "the loopback address, which a host keeps to itself",
    "::ffff:0:0/96": "IPv4 addresses as IPv6 sockets write them",
    "fe80::/10": "link-local addresses, which every interface has anyway",
    "ff00::/8": "multicast addresses, which no host has",
}


def parse_prefix(text: str, family_bytes: int) -> tuple[IpAddress, int]:
    """A segment's network, `10.0.0.0/24` (4 bytes) or `fd00::/64` (16), as (prefix, length in bits).

    AddressError says what is wrong with it, and names one that would do.
    """
    family, example = ("IPv4", "10.0.0.0/24") if family_bytes == 4 else ("IPv6", "fd00::/64")
    if not isinstance(text, str):
        raise AddressError(f"{text!r} is no {family} network, such as '{example}'")
    prefix, length = parse_network(text)
    if len(prefix) != family_bytes:
        raise AddressError(f"{text!r} is no {family} network, such as {example}")
    for other, meaning in _MEANINGS.items():
        if overlap((prefix, length), parse_network(other)):
            raise AddressError(f"{text!r} has {meaning} ({other}): take another network, such as {example}")
    longest = 8 * family_bytes - _LEAST_BITS
    if length > longest:
        raise AddressError(f"{text!r} has no room for two hosts: take a larger network, /{longest} at the least")
    return prefix, length


def overlap(one: tuple[IpAddress, int], other: tuple[IpAddress, int]) -> bool:
    """Whether two networks have addresses in common."""
    shorter, longer = sorted((one, other), key=lambda network: network[1])
    return in_network(longer[0], *shorter)


def format_prefix(prefix: IpAddress, length: int) -> str:
    """`10.0.0.0/24`."""
    return f"{inet_ntop(prefix)}/{length}"
