"""The waist: every system call by name, with its number, where its function is, and the types of what goes in and
out.

Numbers are x86-64's where Linux has the call; they are the names of calls in the message encoding. Whoever only
speaks of calls (a program in another process, a report) reads this and loads no kernel; `table` has the functions.
Adding a call is adding a row here and the function of that name in the module that the row names.
"""

from enum import Enum, auto
from typing import NamedTuple


class ArgType(Enum):
    """The sorts of values that go in and come out."""

    INT = auto()
    BYTES = auto()
    ADDRESS = auto()
    """Any Sockaddr."""
    OPTIONAL_INT = auto()
    OPTIONAL_ADDRESS = auto()
    CHUNKS = auto()
    """A tuple of bytes."""
    INTS = auto()
    """A tuple of integers."""
    PAIRS = auto()
    """A tuple of pairs of integers."""
    CONTROL = auto()
    """A tuple of (level, type, data)."""
    SETS = auto()
    """Three tuples of integers."""
    ACCEPTED = auto()
    """(integer, Sockaddr)."""
    NAMES = auto()
    """A tuple with one str."""
    RECEIVED = auto()
    STAT = auto()
    NOTHING = auto()
    """None."""


class Call(NamedTuple):
    """One system call."""

    name: str
    number: int
    module: str
    """The module of this package with the function of that name; `poll` is `farhost.kernel.poll`."""
    arguments: tuple[ArgType, ...]
    result: ArgType


_I, _B, _A, _OI, _OA = ArgType.INT, ArgType.BYTES, ArgType.ADDRESS, ArgType.OPTIONAL_INT, ArgType.OPTIONAL_ADDRESS
_CHUNKS, _INTS, _PAIRS, _CONTROL = ArgType.CHUNKS, ArgType.INTS, ArgType.PAIRS, ArgType.CONTROL
_NOTHING, _RECEIVED, _STAT = ArgType.NOTHING, ArgType.RECEIVED, ArgType.STAT

_ROWS = (
    Call("read", 0, "descriptors", (_I, _I), _B),
    Call("write", 1, "descriptors", (_I, _B), _I),
    Call("close", 3, "descriptors", (_I,), _NOTHING),
    Call("stat", 4, "paths", (_B,), _STAT),
    Call("fstat", 5, "descriptors", (_I,), _STAT),
    Call("poll", 7, "poll", (_PAIRS, _OI), _PAIRS),
    Call("sigaction", 13, "processes", (_I, _I), _I),
    Call("ioctl", 16, "descriptors", (_I, _I, _B), _B),
    Call("readv", 19, "vectors", (_I, _INTS), _B),
    Call("writev", 20, "vectors", (_I, _CHUNKS), _I),
    Call("select", 23, "poll", (_INTS, _INTS, _INTS, _OI), ArgType.SETS),
    Call("dup", 32, "descriptors", (_I,), _I),
    Call("dup2", 33, "descriptors", (_I, _I), _I),
    Call("nanosleep", 35, "processes", (_I,), _NOTHING),
    Call("getpid", 39, "processes", (), _I),
    Call("socket", 41, "sockets", (_I, _I, _I), _I),
    Call("connect", 42, "sockets", (_I, _A), _NOTHING),
    Call("sendto", 44, "messages", (_I, _B, _I, _OA), _I),
    Call("recvfrom", 45, "messages", (_I, _I, _I), _RECEIVED),
    Call("sendmsg", 46, "messages", (_I, _CHUNKS, _OA, _CONTROL, _I), _I),
    Call("recvmsg", 47, "messages", (_I, _I, _I, _I), _RECEIVED),
    Call("shutdown", 48, "sockets", (_I, _I), _NOTHING),
    Call("bind", 49, "sockets", (_I, _A), _NOTHING),
    Call("listen", 50, "sockets", (_I, _I), _NOTHING),
    Call("getsockname", 51, "sockets", (_I,), _A),
    Call("getpeername", 52, "sockets", (_I,), _A),
    Call("socketpair", 53, "sockets", (_I, _I, _I), _INTS),
    Call("setsockopt", 54, "sockets", (_I, _I, _I, _B), _NOTHING),
    Call("getsockopt", 55, "sockets", (_I, _I, _I, _I), _B),
    Call("wait4", 61, "processes", (_I, _I), _INTS),
    Call("kill", 62, "processes", (_I, _I), _NOTHING),
    Call("uname", 63, "processes", (), ArgType.NAMES),
    Call("fcntl", 72, "descriptors", (_I, _I, _I), _I),
    Call("listdir", 78, "paths", (_B,), _CHUNKS),
    Call("rename", 82, "paths", (_B, _B), _NOTHING),
    Call("unlink", 87, "paths", (_B,), _NOTHING),
    Call("chmod", 90, "paths", (_B, _I), _NOTHING),
    Call("umask", 95, "processes", (_I,), _I),
    Call("getppid", 110, "processes", (), _I),
    Call("sethostname", 170, "processes", (_B,), _NOTHING),
    Call("clock_gettime", 228, "processes", (_I,), _I),
    Call("exit", 231, "processes", (_I,), _NOTHING),
    Call("epoll_wait", 232, "readiness", (_I, _I, _OI), _PAIRS),
    Call("epoll_ctl", 233, "readiness", (_I, _I, _I, _I, _I), _NOTHING),
    Call("vmsplice", 278, "vectors", (_I, _CHUNKS, _I), _I),
    Call("timerfd_create", 283, "timers", (_I, _I), _I),
    Call("timerfd_settime", 286, "timers", (_I, _I, _I, _I), _INTS),
    Call("timerfd_gettime", 287, "timers", (_I,), _INTS),
    Call("accept4", 288, "sockets", (_I, _I), ArgType.ACCEPTED),
    Call("eventfd2", 290, "descriptors", (_I, _I), _I),
    Call("epoll_create1", 291, "readiness", (_I,), _I),
    Call("dup3", 292, "descriptors", (_I, _I, _I), _I),
    Call("pipe2", 293, "descriptors", (_I,), _INTS),
    Call("prlimit64", 302, "processes", (_I, _I, _INTS), _INTS),
    Call("getrandom", 318, "processes", (_I,), _B),
    Call("preadv2", 327, "vectors", (_I, _INTS, _I, _I), _B),
    Call("pwritev2", 328, "vectors", (_I, _CHUNKS, _I, _I), _I),
    Call("close_range", 436, "descriptors", (_I, _I, _I), _NOTHING),
)

CALLS: dict[str, Call] = {row.name: row for row in _ROWS}
"""Every call by name."""

CALLS_BY_NUMBER: dict[int, Call] = {row.number: row for row in _ROWS}
"""Every call by number."""
