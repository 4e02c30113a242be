"""Values as strace(1) writes them: strings, flags, addresses, errors.

The syntax was taken from strace 6.1's own output on Linux. Where it would print a structure field that we do not
trace (padding, unused pointers), it is left out.
"""

from farhost.wire import linux, names
from farhost.wire.addresses import inet_ntop
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6, SockaddrOther, SockaddrUn

STRING_LIMIT = 32
"""Bytes of a string that are shown, as strace's -s has it."""

_ESCAPES = {9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def quote(data: bytes, limit: int = STRING_LIMIT) -> str:
    """A string in C's syntax, cut after `limit` bytes.

    >>> print(quote(b'hello\\n'), quote(b"\\x00\\x01" + b"7"), quote(b"x" * 40, 4))
    "hello\\n" "\\0\\0017" "xxxx"...
    """
    shown = bytes(data[:limit])
    text = []
    for index, byte in enumerate(shown):
        if byte in _ESCAPES:
            text.append(_ESCAPES[byte])
        elif 32 <= byte < 127:
            text.append(chr(byte))
        else:
            digit_follows = index + 1 < len(shown) and 48 <= shown[index + 1] <= 55
            text.append(f"\\{byte:03o}" if digit_follows else f"\\{byte:o}")
    return f'"{"".join(text)}"' + ("..." if len(data) > limit else "")


def error_name(number: int) -> str:
    """EPIPE for 32."""
    return names.ERRNO_NAMES.get(number, str(number))


def signal_name(number: int) -> str:
    """SIGPIPE for 13."""
    return names.SIGNAL_NAMES.get(number) or (f"SIGRT_{number - 32}" if 32 <= number <= 64 else str(number))


def address_size(address: object) -> int:
    """The socklen_t that goes with an address."""
    match address:
        case SockaddrIn():
            return 16
        case SockaddrIn6():
            return 28
        case SockaddrUn(path):
            return 2 + len(path) + (1 if path and path[0] else 0)
        case SockaddrOther(_, data):
            return 2 + len(data)
    return 0


def sockaddr(address: object) -> str:
    """An address as strace prints its structure.

    >>> print(sockaddr(SockaddrIn(5000, bytes((10, 0, 0, 1)))))
    {sa_family=AF_INET, sin_port=htons(5000), sin_addr=inet_addr("10.0.0.1")}
    >>> print(sockaddr(SockaddrUn(b"/tmp/s")), sockaddr(SockaddrUn(b"\\0name")), sockaddr(SockaddrUn(b"")))
    {sa_family=AF_UNIX, sun_path="/tmp/s"} {sa_family=AF_UNIX, sun_path=@"name"} {sa_family=AF_UNIX}
    """
    match address:
        case None:
            return "NULL"
        case SockaddrIn(port, packed):
            ip = inet_ntop(packed)
            return f'{{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr("{ip}")}}'
        case SockaddrIn6(port, packed, flow_info, scope_id):
            return (
                f"{{sa_family=AF_INET6, sin6_port=htons({port}), sin6_flowinfo=htonl({flow_info}), "
                f'inet_pton(AF_INET6, "{inet_ntop(packed)}", &sin6_addr), sin6_scope_id={scope_id}}}'
            )
        case SockaddrUn(path):
            if not path:
                return "{sa_family=AF_UNIX}"
            name = quote(path, 108) if path[0] else "@" + quote(path[1:], 108)
            return f"{{sa_family=AF_UNIX, sun_path={name}}}"
        case SockaddrOther(family, data):
            more = f", sa_data={quote(data)}" if data else ""
            return f"{{sa_family={names.name_of(family, names.FAMILY_NAMES)}{more}}}"
    return plain(address)


def plain(value: object) -> str:
    """A value that no rule knows: as C would write it, nearly."""
    match value:
        case None:
            return "NULL"
        case bool():
            return str(int(value))
        case bytes():
            return quote(value)
        case SockaddrIn() | SockaddrIn6() | SockaddrUn() | SockaddrOther():
            return sockaddr(value)
        case tuple() if hasattr(value, "_fields"):
            return "{" + ", ".join(f"{name}={plain(field)}" for name, field in zip(value._fields, value)) + "}"
        case tuple() | list():
            return "[" + ", ".join(map(plain, value)) + "]"
    return str(value)


def mode(value: int) -> str:
    """st_mode: the type's name and the permissions in octal."""
    kinds = {linux.S_IFSOCK: "S_IFSOCK", linux.S_IFIFO: "S_IFIFO", linux.S_IFCHR: "S_IFCHR", linux.S_IFREG: "S_IFREG"}
    kind = kinds.get(value & linux.S_IFMT)
    return f"{kind}|0{value & 0o7777:o}" if kind else f"0{value:o}"


def timespec(ns: int | None) -> str:
    """A struct timespec."""
    return "NULL" if ns is None else f"{{tv_sec={ns // 1_000_000_000}, tv_nsec={ns % 1_000_000_000}}}"


def limits(pair: tuple[int, ...]) -> str:
    """A struct rlimit64; multiples of 1024 above it are written so, as strace does.

    >>> limits((1024, 8 << 20)), limits((512, (1 << 64) - 1))
    ('{rlim_cur=1024, rlim_max=8192*1024}', '{rlim_cur=512, rlim_max=RLIM64_INFINITY}')
    """
    written = []
    for value in pair:
        if value == (1 << 64) - 1:
            written.append("RLIM64_INFINITY")
        else:
            written.append(f"{value // 1024}*1024" if value > 1024 and not value % 1024 else str(value))
    return f"{{rlim_cur={written[0]}, rlim_max={written[1]}}}"


def milliseconds(ns: int | None) -> str:
    """A timeout of poll(2) or epoll_wait(2): rounded up, -1 for ever."""
    return "-1" if ns is None else str(-(-ns // 1_000_000))
