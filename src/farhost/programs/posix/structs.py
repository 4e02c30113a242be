"""The C types of socket(2) by name: sockaddr and its kin, in_addr, socklen_t, timeval, in a host's byte order.

The layouts are those of Linux on x86-64 (<netinet/in.h>, <sys/un.h>, <bits/socket.h>). On a host whose byte order is
not the machine's, the same fields hold the same numbers in other bytes, which Python's own `struct` cannot do.
"""

from farhost.programs.posix.memory import CharArray, Integer, Memory, Number, Part, Words
from farhost.wire.byte_order import ByteOrder

_INTEGERS = {
    "uint8_t": (1, False),
    "uint16_t": (2, False),
    "uint32_t": (4, False),
    "uint64_t": (8, False),
    "int8_t": (1, True),
    "int16_t": (2, True),
    "int32_t": (4, True),
    "int64_t": (8, True),
    "c_int": (4, True),
    "socklen_t": (4, False),
    "sa_family_t": (2, False),
    "in_port_t": (2, False),
    "in_addr_t": (4, False),
}
"""Size in bytes, and whether it has a sign."""


class in_addr(Memory):
    """struct in_addr: s_addr is the number that the host sees in four bytes in network order."""

    __slots__ = ()
    SIZE = 4
    s_addr = Number(0, 4)


class in6_addr(Memory):
    """struct in6_addr: 16 bytes in network order."""

    __slots__ = ()
    SIZE = 16
    s6_addr = CharArray(0, 16)


class sockaddr(Memory):
    """struct sockaddr: what the calls' prototypes name. No real address is one."""

    __slots__ = ()
    SIZE = 16
    sa_family = Number(0, 2)
    sa_data = CharArray(2, 14)


class sockaddr_in(Memory):
    """struct sockaddr_in, ip(7): port and address in network byte order."""

    __slots__ = ()
    SIZE = 16
    sin_family = Number(0, 2)
    sin_port = Number(2, 2)
    sin_addr = Part(4, in_addr)
    sin_zero = CharArray(8, 8)


class sockaddr_in6(Memory):
    """struct sockaddr_in6, ipv6(7)."""

    __slots__ = ()
    SIZE = 28
    sin6_family = Number(0, 2)
    sin6_port = Number(2, 2)
    sin6_flowinfo = Number(4, 4)
    sin6_addr = Part(8, in6_addr)
    sin6_scope_id = Number(24, 4)


class sockaddr_un(Memory):
    """struct sockaddr_un, unix(7)."""

    __slots__ = ()
    SIZE = 110
    sun_family = Number(0, 2)
    sun_path = CharArray(2, 108)


class sockaddr_storage(Memory):
    """struct sockaddr_storage: room for an address of any family."""

    __slots__ = ()
    SIZE = 128
    ss_family = Number(0, 2)


class linger(Words):
    """struct linger of SO_LINGER."""

    __slots__ = ()
    SIZE = 8
    NAMES = ("l_onoff", "l_linger")
    l_onoff = Number(0, 4, True)
    l_linger = Number(4, 4, True)


class timeval(Words):
    """struct timeval of select(2), SO_RCVTIMEO, SO_SNDTIMEO."""

    __slots__ = ()
    SIZE = 16
    NAMES = ("tv_sec", "tv_usec")
    WORD = 8
    tv_sec = Number(0, 8, True)
    tv_usec = Number(8, 8, True)


class pollfd(Memory):
    """struct pollfd of poll(2)."""

    __slots__ = ()
    SIZE = 8
    fd = Number(0, 4, True)
    events = Number(4, 2)
    revents = Number(6, 2)

    def __init__(self, fd: int = 0, events: int = 0, revents: int = 0) -> None:
        super().__init__()
        self.fd = fd
        self.events = events
        self.revents = revents


_STRUCTS: tuple[type[Memory], ...] = (
    in_addr,
    in6_addr,
    sockaddr,
    sockaddr_in,
    sockaddr_in6,
    sockaddr_un,
    sockaddr_storage,
    linger,
    timeval,
    pollfd,
)


def make_structs(byte_order: ByteOrder) -> dict[str, type[Memory]]:
    """Every type by its C name, for a host of that byte order; the classes are fresh."""
    made: dict[str, type[Memory]] = {}
    for base in _STRUCTS:
        fields: dict[str, object] = {"__slots__": (), "BYTE_ORDER": byte_order, "__doc__": base.__doc__}
        for name, field in vars(base).items():
            if isinstance(field, Part):
                fields[name] = Part(field.offset, made[field.kind.__name__])
        made[base.__name__] = type(base.__name__, (base,), fields)
    for name, (size, signed) in _INTEGERS.items():
        fields = {"__slots__": (), "BYTE_ORDER": byte_order, "SIZE": size, "SIGNED": signed}
        made[name] = type(name, (Integer,), fields)
    return made
