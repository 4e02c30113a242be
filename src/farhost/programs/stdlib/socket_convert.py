"""The argument parsing of CPython's `_socket`, `select` and `fcntl`: what they take, and in which words they refuse.

Each function is one of `Modules/socketmodule.c`'s, `Modules/selectmodule.c`'s or `Python/getargs.c`'s converters, or
one of `Python/pytime.c`'s. What they raise is TypeError, ValueError, OverflowError or a bare OSError, as there.
"""

import math
import operator
import os
import sys
from _socket import inet_ntoa, inet_ntop
from collections.abc import Callable
from typing import Any

from farhost.wire import linux
from farhost.wire.addresses import AddressError, inet_pton
from farhost.wire.sockaddr import Sockaddr, SockaddrIn, SockaddrIn6, SockaddrOther, SockaddrUn

INT_MAX = 0x7FFFFFFF
INT_MIN = -0x80000000
LONG_MAX = 0x7FFFFFFFFFFFFFFF
LONG_MIN = -0x8000000000000000
TIME_TYPE = "PyTime_t" if sys.version_info >= (3, 13) else "_PyTime_t"
SUN_PATH_SIZE = 108
DATA_SIZE = 14
"""struct sockaddr's sa_data."""

Resolver = Callable[[bytes, int], list[tuple[int, bytes]]]
"""(name, AF_INET, AF_INET6 or AF_UNSPEC) -> (family, packed address) of each answer; raises gaierror."""


def index(value: Any) -> int:
    """An int out of an int or an object with `__index__`."""
    return operator.index(value) + 0


def long_argument(value: Any) -> int:
    """PyLong_AsLong."""
    number = index(value)
    if not LONG_MIN <= number <= LONG_MAX:
        raise OverflowError("Python int too large to convert to C long")
    return number


def int_argument(value: Any) -> int:
    """PyArg_Parse's `i`."""
    number = long_argument(value)
    if number > INT_MAX:
        raise OverflowError("signed integer is greater than maximum")
    if number < INT_MIN:
        raise OverflowError("signed integer is less than minimum")
    return number


def as_int(value: Any) -> int:
    """PyLong_AsInt, which says less than `i` does."""
    number = index(value)
    if not INT_MIN <= number <= INT_MAX:
        raise OverflowError("Python int too large to convert to C int")
    return number


def size_argument(value: Any) -> int:
    """PyArg_Parse's `n`."""
    number = index(value)
    if not LONG_MIN <= number <= LONG_MAX:
        raise OverflowError("Python int too large to convert to C ssize_t")
    return number


def type_name(value: Any) -> str:
    """What C calls an object's type in a message."""
    return type(value).__name__


def view_of(data: Any) -> memoryview:
    """PyArg_Parse's `y*`: a flat view of bytes."""
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError(f"a bytes-like object is required, not '{type_name(data)}'") from None
    if not view.c_contiguous:
        raise BufferError("memoryview: underlying buffer is not C-contiguous")
    return view.cast("B") if view.nbytes else memoryview(b"")


def bytes_of(data: Any) -> bytes:
    """A bytes-like object's bytes."""
    return data if type(data) is bytes else bytes(view_of(data))


def writable_view(buffer: Any, complaint: str) -> memoryview:
    """PyArg_Parse's `w*`; `complaint` is the text of the TypeError."""
    try:
        view = memoryview(buffer)
    except TypeError:
        raise TypeError(complaint) from None
    if view.readonly or not view.c_contiguous:
        raise TypeError(complaint)
    return view.cast("B") if view.nbytes and view.format != "B" else view


def descriptor_argument(value: Any) -> int:
    """PyObject_AsFileDescriptor: an int, or what `fileno()` says."""
    if isinstance(value, int):
        number = as_int(value)
    else:
        method = getattr(value, "fileno", None)
        if method is None:
            raise TypeError("argument must be an int, or have a fileno() method.")
        result = method()
        if not isinstance(result, int):
            raise TypeError("fileno() returned a non-integer")
        number = as_int(result)
    if number < 0:
        raise ValueError(f"file descriptor cannot be a negative integer ({number})")
    return number


def time_argument(value: Any, unit_ns: int = 1_000_000_000) -> int:
    """_PyTime_FromSecondsObject (or FromMillisecondsObject) with ROUND_TIMEOUT: ns, rounded away from zero."""
    if isinstance(value, float):
        if math.isnan(value):
            raise ValueError("Invalid value NaN (not a number)")
        nanoseconds = value * unit_ns
        if not LONG_MIN <= nanoseconds < -float(LONG_MIN):
            raise OverflowError("timestamp out of range for platform time_t")
        return math.ceil(nanoseconds) if nanoseconds >= 0 else math.floor(nanoseconds)
    number = index(value) * unit_ns
    if not LONG_MIN <= number <= LONG_MAX:
        raise OverflowError(f"timestamp too large to convert to C {TIME_TYPE}")
    return number


def timeout_argument(value: Any) -> int:
    """socket_parse_timeout: a time limit in ns, -1 for none."""
    if value is None:
        return -1
    nanoseconds = time_argument(value)
    if nanoseconds < 0:
        raise ValueError("Timeout value out of range")
    return nanoseconds


def timeout_seconds(nanoseconds: int) -> float | None:
    """What gettimeout says of that limit."""
    return None if nanoseconds < 0 else nanoseconds / 1e9


def hostname_argument(value: Any) -> bytes:
    """idna_converter: a host name out of str, bytes or bytearray."""
    if isinstance(value, bytes | bytearray):
        name = bytes(value)
    elif isinstance(value, str):
        if value.isascii():
            name = value.encode("ascii")
        else:
            try:
                name = value.encode("idna")
            except UnicodeError:
                raise TypeError("encoding of hostname failed") from None
    else:
        raise TypeError(f"str, bytes or bytearray expected, not {type_name(value)}")
    if b"\0" in name:
        raise TypeError("host name must not contain null character")
    return name


def resolve(name: bytes, family: int, resolver: Resolver) -> tuple[int, bytes]:
    """setipaddr: the first address of a host name; '' is the wildcard, '<broadcast>' 255.255.255.255."""
    if not name:
        return (linux.AF_INET6, bytes(16)) if family == linux.AF_INET6 else (linux.AF_INET, bytes(4))
    if name in (b"255.255.255.255", b"<broadcast>"):
        if family == linux.AF_INET6:
            raise OSError("address family mismatched")
        return linux.AF_INET, b"\xff" * 4
    text = name.decode("ascii", "replace")
    for numeric in (linux.AF_INET, linux.AF_INET6):
        if family in (numeric, linux.AF_UNSPEC):
            try:
                return numeric, inet_pton(numeric, text)
            except AddressError:
                pass
    return resolver(name, family)[0]


def _check_port(port: int, caller: str) -> None:
    if not 0 <= port <= 0xFFFF:
        raise OverflowError(f"{caller}(): port must be 0-65535.")


def _port_argument(value: Any, caller: str) -> int:
    try:
        return int_argument(value)
    except OverflowError:
        raise OverflowError(f"{caller}(): port must be 0-65535.") from None


def _internet_address(address: Any, caller: str, resolver: Resolver) -> SockaddrIn:
    if not isinstance(address, tuple):
        raise TypeError(f"{caller}(): AF_INET address must be tuple, not {type_name(address)}")
    if len(address) != 2:
        raise TypeError("AF_INET address must be a pair (host, port)")
    name = hostname_argument(address[0])
    port = _port_argument(address[1], caller)
    packed = resolve(name, linux.AF_INET, resolver)[1]
    _check_port(port, caller)
    return SockaddrIn(port, packed)


def _internet6_address(address: Any, caller: str, resolver: Resolver) -> SockaddrIn6:
    if not isinstance(address, tuple):
        raise TypeError(f"{caller}(): AF_INET6 address must be tuple, not {type_name(address)}")
    if not 2 <= len(address) <= 4:
        raise TypeError("AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])")
    name = hostname_argument(address[0])
    port = _port_argument(address[1], caller)
    flow_info, scope_id = (index(value) & 0xFFFFFFFF for value in (*address[2:], 0, 0)[:2])
    packed = resolve(name, linux.AF_INET6, resolver)[1]
    _check_port(port, caller)
    if flow_info > 0xFFFFF:
        raise OverflowError(f"{caller}(): flowinfo must be 0-1048575.")
    return SockaddrIn6(port, packed, flow_info, scope_id)


def _unix_address(address: Any) -> SockaddrUn:
    """A path up to its first zero byte; an abstract name with all of its bytes; nothing, for an automatic name."""
    path = bytes_of(os.fsencode(address) if isinstance(address, str) else address)
    if not path or path[0] == 0:
        if len(path) > SUN_PATH_SIZE:
            raise OSError("AF_UNIX path too long")
        return SockaddrUn(path)
    if len(path) >= SUN_PATH_SIZE:
        raise OSError("AF_UNIX path too long")
    return SockaddrUn(path.partition(b"\0")[0])


def address_argument(family: int, address: Any, caller: str, resolver: Resolver) -> Sockaddr:
    """getsockaddrarg: a socket address of a socket of `family`, out of what the program passed to `caller`."""
    if family == linux.AF_INET:
        return _internet_address(address, caller, resolver)
    if family == linux.AF_INET6:
        return _internet6_address(address, caller, resolver)
    if family == linux.AF_UNIX:
        return _unix_address(address)
    raise OSError(f"{caller}(): bad family")


def address_result(address: Sockaddr | None) -> Any:
    """makesockaddr: a socket address as a program sees it."""
    if address.__class__ is SockaddrIn:
        return inet_ntoa(address.address), address.port
    match address:
        case None:
            return None
        case SockaddrIn6(port, packed, flow_info, scope_id):
            return inet_ntop(linux.AF_INET6, packed), port, flow_info, scope_id
        case SockaddrUn(path):
            return path if path.startswith(b"\0") else os.fsdecode(path)
        case SockaddrOther(family, data):
            return family, data[:DATA_SIZE].ljust(DATA_SIZE, b"\0")
    raise AssertionError(address)
