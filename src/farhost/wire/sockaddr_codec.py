"""struct sockaddr_in, sockaddr_in6 and sockaddr_un between a program's memory and the waist's values.

As Linux copies them: `parse` is `move_addr_to_kernel` and the checks of length and family that every call of a domain
makes alike; `pack` and `copy_out` are `move_addr_to_user`. The family, and an IPv6 scope id, are in the host's byte
order; ports, addresses and flow information in the network's, whatever the host. What only some calls refuse is left
to the calls, and the values keep what they need for it: a `SockaddrUn` without a path is an address of two bytes
(bind(2) then chooses an abstract name, connect(2) fails), AF_UNSPEC is a `SockaddrOther` with its bytes (connect(2)
takes it to dissolve an association), and a `SockaddrIn` can reach an IPv6 socket (sendto(2) and connect(2) on a
datagram socket take it; the others fail with EINVAL, and, which is lost here, with EAFNOSUPPORT if it came with 24
bytes or more).

Sources: ip(7), ipv6(7), unix(7), net/socket.c, net/ipv4/af_inet.c, net/ipv6/af_inet6.c, net/unix/af_unix.c. Each rule
was compared with a running Linux 6 through the C library.
"""

from farhost.wire import linux
from farhost.wire.byte_order import ByteOrder
from farhost.wire.sockaddr import Sockaddr, SockaddrIn, SockaddrIn6, SockaddrOther, SockaddrUn

SOCKADDR_IN_SIZE = 16
SOCKADDR_IN6_SIZE = 28
SOCKADDR_IN6_OLD_SIZE = 24
"""Without the scope id, RFC 2133: still enough for Linux."""
SUN_PATH_SIZE = 108
SOCKADDR_UN_SIZE = 2 + SUN_PATH_SIZE
SOCKADDR_STORAGE_SIZE = 128


class SockaddrError(ValueError):
    """An address that no call of its domain takes. `name` is the errno's C name, `errno` its number."""

    def __init__(self, name: str, errno: int) -> None:
        super().__init__(name)
        self.name = name
        self.errno = errno


def parse(
    data: bytes | bytearray | memoryview,
    addrlen: int | None = None,
    byte_order: ByteOrder = "little",
    domain: int | None = None,
) -> Sockaddr:
    """The address in the first `addrlen` bytes of `data` (None: all of it).

    `domain` is the socket's (AF_UNIX, AF_INET, AF_INET6); with it families that no call of the domain takes are
    refused. Without it the family inside decides alone. Ignored, as by Linux: sin_zero, what a path has behind its
    first zero byte, what lies behind a struct's end. A path needs no zero byte at its end; an abstract name has all
    bytes that `addrlen` counts.

    SockaddrError: EINVAL where the length does not fit (also more than 128, negative, or more than there is), and for
    every foreign family of a Unix socket; EAFNOSUPPORT for a foreign family of an Internet socket.
    """
    size = len(data) if addrlen is None else addrlen
    if not 2 <= size <= SOCKADDR_STORAGE_SIZE or size > len(data):
        raise _invalid()
    raw = bytes(data[:size])
    family = int.from_bytes(raw[:2], byte_order)
    if family == linux.AF_UNSPEC:
        return SockaddrOther(family, raw[2:])
    if domain is not None and family != domain:
        _judge_foreign(domain, family, size)
    if family == linux.AF_INET:
        return _parse_in(raw)
    if family == linux.AF_INET6:
        return _parse_in6(raw, byte_order)
    if family == linux.AF_UNIX:
        return _parse_un(raw)
    return SockaddrOther(family, raw[2:])


def pack(address: Sockaddr, byte_order: ByteOrder = "little") -> bytes:
    """The struct's bytes, as many as Linux counts: 16; 28; 2 for an unnamed Unix socket, its path or abstract name
    besides, and for a path a zero byte (so 111 for one of 108 bytes, which is more than the struct has).
    """
    match address:
        case SockaddrIn(port, host):
            return _family(linux.AF_INET, byte_order) + port.to_bytes(2, "big") + host + bytes(8)
        case SockaddrIn6(port, host, flow_info, scope_id):
            head = _family(linux.AF_INET6, byte_order) + port.to_bytes(2, "big") + flow_info.to_bytes(4, "big")
            return head + host + scope_id.to_bytes(4, byte_order)
        case SockaddrUn(path):
            end = b"\0" if path and path[0] else b""
            return _family(linux.AF_UNIX, byte_order) + path + end
        case SockaddrOther(family, data):
            return _family(family, byte_order) + data


def copy_out(address: Sockaddr | None, size: int, byte_order: ByteOrder = "little") -> tuple[bytes, int]:
    """What a call writes into a buffer of `size` bytes, and the length it reports, which is the whole address's.

    None is the sender of a datagram who has no name: nothing, and 0. SockaddrError EINVAL for a negative size.
    """
    if size < 0:
        raise _invalid()
    whole = b"" if address is None else pack(address, byte_order)
    return whole[:size], len(whole)


def _invalid() -> SockaddrError:
    return SockaddrError("EINVAL", linux.EINVAL)


def _family(family: int, byte_order: ByteOrder) -> bytes:
    return family.to_bytes(2, byte_order)


def _judge_foreign(domain: int, family: int, size: int) -> None:
    """Lengths are looked at before families, so which errno comes depends on both."""
    if domain == linux.AF_INET6 and family == linux.AF_INET:
        return
    least = {linux.AF_INET: SOCKADDR_IN_SIZE, linux.AF_INET6: SOCKADDR_IN6_OLD_SIZE}.get(domain)
    if least is None or size < least:
        raise _invalid()
    raise SockaddrError("EAFNOSUPPORT", linux.EAFNOSUPPORT)


def _parse_in(raw: bytes) -> SockaddrIn:
    if len(raw) < SOCKADDR_IN_SIZE:
        raise _invalid()
    return SockaddrIn(int.from_bytes(raw[2:4], "big"), raw[4:8])


def _parse_in6(raw: bytes, byte_order: ByteOrder) -> SockaddrIn6:
    if len(raw) < SOCKADDR_IN6_OLD_SIZE:
        raise _invalid()
    scope_id = int.from_bytes(raw[24:28], byte_order) if len(raw) >= SOCKADDR_IN6_SIZE else 0
    return SockaddrIn6(int.from_bytes(raw[2:4], "big"), raw[8:24], int.from_bytes(raw[4:8], "big"), scope_id)


def _parse_un(raw: bytes) -> SockaddrUn:
    if len(raw) > SOCKADDR_UN_SIZE:
        raise _invalid()
    path = raw[2:]
    return SockaddrUn(path if path.startswith(b"\0") else path.partition(b"\0")[0])
