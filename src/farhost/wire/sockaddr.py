"""Socket addresses as values: what the waist speaks. Their C structs are packed and parsed beside this file.

Sources: sockaddr(3type), ip(7), ipv6(7), unix(7).
"""

from typing import NamedTuple

from farhost.wire.packet import IpAddress


class SockaddrIn(NamedTuple):
    """struct sockaddr_in: port 0 to 65535 as a number of the host, address as 4 bytes in network order."""

    port: int
    address: IpAddress


class SockaddrIn6(NamedTuple):
    """struct sockaddr_in6: address as 16 bytes in network order."""

    port: int
    address: IpAddress
    flow_info: int = 0
    scope_id: int = 0


class SockaddrUn(NamedTuple):
    """struct sockaddr_un: the path's bytes; empty for an unnamed socket; a first zero byte for an abstract name."""

    path: bytes


class SockaddrOther(NamedTuple):
    """Any other family, AF_UNSPEC (0) among them: its number and the bytes after it."""

    family: int
    data: bytes = b""


Sockaddr = SockaddrIn | SockaddrIn6 | SockaddrUn | SockaddrOther
