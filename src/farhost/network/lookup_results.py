"""What lookups find: struct addrinfo and struct hostent as values."""

from typing import NamedTuple

from farhost.wire.packet import IpAddress
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6


class AddressInfo(NamedTuple):
    """struct addrinfo: one way to reach what was asked for."""

    family: int
    type: int
    protocol: int
    canonical_name: str
    """With AI_CANONNAME, in the first entry; otherwise empty."""
    address: SockaddrIn | SockaddrIn6


class HostEntry(NamedTuple):
    """struct hostent."""

    name: str
    aliases: tuple[str, ...]
    addresses: tuple[IpAddress, ...]
