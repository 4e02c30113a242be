"""The one option table: what every socket option is, whether we have it, and why not (socket(7), ip(7), tcp(7)).

This module is the machinery: rows, C types, getsockopt(2) and setsockopt(2) as Linux parses their buffers. The rows
of SOL_SOCKET are in `socket_options.py`; a family adds rows of its own and makes an `OptionTable` of all it answers
to. Adding an option is adding a row: supported (with the test that fails when its handler does nothing), refused
(with the errno), or ignored (taken and given back, without effect, for the reason given).
"""

import struct
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple, assert_never

from farhost.kernel.waiting import KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.process import Thread
    from farhost.kernel.socket_base import SocketBase

OptionValue = int | bytes | tuple[int, ...]


class CType(Enum):
    """The C type of an option's value, and what it is in Python."""

    INT = auto()
    """int: an integer."""
    FLAG = auto()
    """int, of which only zero or not zero counts: 0 or 1."""
    BYTE = auto()
    """int, or a single byte where the caller's buffer is shorter (IP_TOS and its like): an integer."""
    LONG = auto()
    """unsigned long: an integer."""
    TIMEVAL = auto()
    """struct timeval: nanoseconds, 0 for "no limit"."""
    LINGER = auto()
    """struct linger: (l_onoff, l_linger in seconds)."""
    BYTES = auto()
    """Anything else: the bytes themselves; the handler knows the struct."""
    WHOLE = auto()
    """Bytes that getsockopt(2) does not cut: ERANGE where the caller's buffer is too small."""


class Standing(Enum):
    """What becomes of an option here."""

    SUPPORTED = auto()
    REFUSED = auto()
    IGNORED = auto()


Getter = Callable[..., OptionValue]
"""(socket) -> value."""
Setter = Callable[..., None]
"""(socket, thread, value): raises KernelError."""


class Option(NamedTuple):
    """One row."""

    level: int
    name: int
    label: str
    """The C name."""
    c_type: CType
    standing: Standing
    reason: str
    """Supported: what it does here. Refused or ignored: why."""
    test: str = ""
    """Supported: `tests/path.py::test_name`, which fails when the handler does nothing."""
    get: Getter | None = None
    """None where getsockopt(2) says ENOPROTOOPT."""
    set: Setter | None = None
    """None where setsockopt(2) says ENOPROTOOPT. Ignored: refuses values that Linux refuses, if there are such."""
    errno: int = linux.ENOPROTOOPT
    """Refused: what a program is told."""
    default: OptionValue = 0
    """Ignored: what getsockopt(2) says before anybody set it."""


def supported(
    level: int,
    name: int,
    label: str,
    c_type: CType,
    reason: str,
    test: str,
    get: Getter | None,
    set: Setter | None = None,
) -> Option:
    """A row for an option that works."""
    return Option(level, name, label, c_type, Standing.SUPPORTED, reason, test, get, set)


def refused(level: int, name: int, label: str, reason: str, errno: int = linux.ENOPROTOOPT) -> Option:
    """A row for an option that both calls refuse with `errno`."""
    return Option(level, name, label, CType.BYTES, Standing.REFUSED, reason, errno=errno)


def ignored(
    level: int,
    name: int,
    label: str,
    reason: str,
    c_type: CType = CType.INT,
    default: OptionValue = 0,
    check: Setter | None = None,
) -> Option:
    """A row for an option that is taken (unless `check` raises) and given back, and changes nothing."""
    return Option(level, name, label, c_type, Standing.IGNORED, reason, set=check, default=default)


class OptionTable:
    """The rows that the sockets of one family and type answer to."""

    __slots__ = ("_rows", "unknown_level")

    def __init__(self, *groups: tuple[Option, ...], unknown_level: int = linux.ENOPROTOOPT) -> None:
        """`unknown_level`: the errno for a level of which there is no row at all. Later groups override earlier."""
        self._rows = {(row.level, row.name): row for group in groups for row in group}
        self.unknown_level = unknown_level

    def __iter__(self) -> Iterator[Option]:
        """Every row, in the order of the groups."""
        return iter(self._rows.values())

    def find(self, level: int, name: int) -> Option:
        """The row; ENOPROTOOPT, or what the family says of a foreign level."""
        row = self._rows.get((level, name))
        if row is None:
            known = any(row.level == level for row in self._rows.values())
            raise KernelError(linux.ENOPROTOOPT if known else self.unknown_level)
        return row

    def set(self, sock: "SocketBase", thread: "Thread", level: int, name: int, data: bytes) -> None:
        """setsockopt(2): ENOPROTOOPT, EINVAL for a short buffer, EDOM for a bad timeval, or as the handler says."""
        row = self.find(level, name)
        if row.standing is Standing.REFUSED:
            raise KernelError(row.errno)
        if level == linux.SOL_SOCKET and len(data) < 4 and row.c_type is not CType.BYTES:
            raise KernelError(linux.EINVAL)
        if row.set is None and row.standing is not Standing.IGNORED:
            raise KernelError(linux.ENOPROTOOPT)
        value = parse(row.c_type, data)
        if row.set is not None:
            row.set(sock, thread, value)
        if row.standing is Standing.IGNORED:
            sock.options.ignored[level, name] = value

    def get(self, sock: "SocketBase", level: int, name: int, size: int) -> bytes:
        """getsockopt(2): the value, cut to `size` bytes; ENOPROTOOPT, EINVAL for a negative size."""
        row = self.find(level, name)
        if row.standing is Standing.REFUSED:
            raise KernelError(row.errno)
        if size < 0:
            raise KernelError(linux.EINVAL)
        if row.standing is Standing.IGNORED:
            value = sock.options.ignored.get((level, name), row.default)
        elif row.get is None:
            raise KernelError(linux.ENOPROTOOPT)
        else:
            value = row.get(sock)
        return build(row.c_type, value, size)


def parse(c_type: CType, data: bytes) -> OptionValue:
    """The value in a setsockopt(2) buffer; EINVAL when it is too short, EDOM for microseconds out of range.

    >>> parse(CType.INT, bytes.fromhex("feffffff")), parse(CType.FLAG, bytes.fromhex("02000000"))
    (-2, 1)
    """
    match c_type:
        case CType.INT | CType.FLAG:
            value = _unpack("<i", data)[0]
            return int(value != 0) if c_type is CType.FLAG else value
        case CType.BYTE:
            return data[0] if 1 <= len(data) < 4 else _unpack("<i", data)[0]
        case CType.LONG:
            return _unpack("<Q", data)[0] if len(data) >= 8 else _unpack("<I", data)[0]
        case CType.TIMEVAL:
            seconds, microseconds = _unpack("<qq", data)
            if not 0 <= microseconds < 1_000_000:
                raise KernelError(linux.EDOM)
            if seconds < 0:
                return 1
            return (seconds * 1_000_000 + microseconds) * 1000
        case CType.LINGER:
            return _unpack("<ii", data)
        case CType.BYTES | CType.WHOLE:
            return data
        case _:
            assert_never(c_type)


def build(c_type: CType, value: OptionValue, size: int) -> bytes:
    """A getsockopt(2) answer, cut to the caller's `size`; ERANGE where it must not be cut.

    >>> build(CType.INT, 5, 4), build(CType.INT, 5, 2), build(CType.BYTE, 5, 1)
    (b'\\x05\\x00\\x00\\x00', b'\\x05\\x00', b'\\x05')
    """
    if c_type is CType.WHOLE and isinstance(value, bytes) and len(value) > size:
        raise KernelError(linux.ERANGE)
    if isinstance(value, bytes):
        return value[:size]
    if isinstance(value, tuple):
        return struct.pack("<ii", *value)[:size]
    match c_type:
        case CType.TIMEVAL:
            microseconds = value // 1000
            return struct.pack("<qq", microseconds // 1_000_000, microseconds % 1_000_000)[:size]
        case CType.LONG:
            return struct.pack("<Q", value)[:size]
        case _:
            return struct.pack("<I", value & 0xFFFFFFFF)[:size]


def _unpack(form: str, data: bytes) -> tuple[int, ...]:
    size = struct.calcsize(form)
    if len(data) < size:
        raise KernelError(linux.EINVAL)
    return struct.unpack(form, data[:size])
