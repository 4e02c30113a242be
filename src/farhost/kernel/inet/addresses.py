"""How an address looks from a socket of either family.

Inside the kernel an IPv4 address is always its 4 bytes, on an AF_INET6 socket too: `::ffff:10.0.0.1` (RFC 4291
§2.5.5.2) is taken apart when it comes in from a program and put together again when it goes out (ipv6(7)).
"""

from farhost.kernel.waiting import KernelError
from farhost.wire import linux
from farhost.wire.addresses import ANY_V4, ANY_V6, is_link_local, map_v4, unmap_v4
from farhost.wire.packet import IpAddress
from farhost.wire.sockaddr import Sockaddr, SockaddrIn, SockaddrIn6, SockaddrOther

SIN6_BYTES = 22
"""Bytes of an AF_INET6 address after its family without the scope id: the least that Linux takes (RFC 2133)."""


def any_of(domain: int) -> IpAddress:
    """The wildcard of a family."""
    return ANY_V4 if domain == linux.AF_INET else ANY_V6


def as_sockaddr(domain: int, address: IpAddress, port: int, scope_id: int = 0) -> Sockaddr:
    """An address and a port as a socket of `domain` shows them.

    >>> as_sockaddr(linux.AF_INET6, b"\\n\\x00\\x00\\x01", 5000).address.hex()
    '00000000000000000000ffff0a000001'
    """
    if domain == linux.AF_INET:
        return SockaddrIn(port, address)
    if len(address) == 4:
        return SockaddrIn6(port, map_v4(address))
    return SockaddrIn6(port, address, 0, scope_id if is_link_local(address) else 0)


def destination_of(domain: int, address: Sockaddr) -> tuple[IpAddress, int, int]:
    """What a program names in connect(2) or sendto(2) on a socket of `domain`: address, port, scope id.

    EINVAL for a struct too short for the family, EAFNOSUPPORT for another family (tcp_v4_connect, udpv6_sendmsg).
    """
    if domain == linux.AF_INET:
        if type(address) is SockaddrIn:
            return address.address, address.port, 0
        if type(address) is SockaddrOther and len(address.data) < 14:
            raise KernelError(linux.EINVAL)
        raise KernelError(linux.EAFNOSUPPORT)
    if type(address) is SockaddrIn6:
        return unmap_v4(address.address), address.port, address.scope_id
    if isinstance(address, SockaddrIn) or (type(address) is SockaddrOther and len(address.data) < SIN6_BYTES):
        raise KernelError(linux.EINVAL)
    raise KernelError(linux.EAFNOSUPPORT)


def local_of(domain: int, address: Sockaddr) -> tuple[IpAddress, int, int]:
    """What a program names in bind(2) on a socket of `domain`: address, port, scope id.

    As Linux (inet_bind), an AF_INET socket takes an AF_UNSPEC address if it is otherwise 0.0.0.0.
    """
    if domain == linux.AF_INET and type(address) is SockaddrOther and address.family == linux.AF_UNSPEC:
        data = address.data
        if len(data) >= 14 and data[2:6] == ANY_V4:
            return ANY_V4, int.from_bytes(data[:2], "big"), 0
    return destination_of(domain, address)
