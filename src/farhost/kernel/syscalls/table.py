"""The waist: every system call by name, with its number, its function, and the types of what goes in and comes out.

A function is called with the calling `Thread` and the arguments; it returns its result or `Blocked`, or raises
`KernelError`. Numbers are x86-64's where Linux has the call; they are the names of calls in the message encoding.
Adding a call is adding a row.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import NamedTuple

from farhost.kernel.poll import poll, select
from farhost.kernel.syscalls import descriptors, messages, paths, processes, readiness, sockets, timers, vectors


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
    function: Callable[..., object]
    arguments: tuple[ArgType, ...]
    result: ArgType


_I, _B, _A, _OI, _OA = ArgType.INT, ArgType.BYTES, ArgType.ADDRESS, ArgType.OPTIONAL_INT, ArgType.OPTIONAL_ADDRESS
_CHUNKS, _INTS, _PAIRS, _CONTROL = ArgType.CHUNKS, ArgType.INTS, ArgType.PAIRS, ArgType.CONTROL
_NOTHING, _RECEIVED, _STAT = ArgType.NOTHING, ArgType.RECEIVED, ArgType.STAT

_ROWS = (
    Call("read", 0, descriptors.read, (_I, _I), _B),
    Call("write", 1, descriptors.write, (_I, _B), _I),
    Call("close", 3, descriptors.close, (_I,), _NOTHING),
    Call("stat", 4, paths.stat, (_B,), _STAT),
    Call("fstat", 5, descriptors.fstat, (_I,), _STAT),
    Call("poll", 7, poll, (_PAIRS, _OI), _PAIRS),
    Call("sigaction", 13, processes.sigaction, (_I, _I), _I),
    Call("ioctl", 16, descriptors.ioctl, (_I, _I, _B), _B),
    Call("readv", 19, vectors.readv, (_I, _INTS), _B),
    Call("writev", 20, vectors.writev, (_I, _CHUNKS), _I),
    Call("select", 23, select, (_INTS, _INTS, _INTS, _OI), ArgType.SETS),
    Call("dup", 32, descriptors.dup, (_I,), _I),
    Call("dup2", 33, descriptors.dup2, (_I, _I), _I),
    Call("nanosleep", 35, processes.nanosleep, (_I,), _NOTHING),
    Call("getpid", 39, processes.getpid, (), _I),
    Call("socket", 41, sockets.socket, (_I, _I, _I), _I),
    Call("connect", 42, sockets.connect, (_I, _A), _NOTHING),
    Call("sendto", 44, messages.sendto, (_I, _B, _I, _OA), _I),
    Call("recvfrom", 45, messages.recvfrom, (_I, _I, _I), _RECEIVED),
    Call("sendmsg", 46, messages.sendmsg, (_I, _CHUNKS, _OA, _CONTROL, _I), _I),
    Call("recvmsg", 47, messages.recvmsg, (_I, _I, _I, _I), _RECEIVED),
    Call("shutdown", 48, sockets.shutdown, (_I, _I), _NOTHING),
    Call("bind", 49, sockets.bind, (_I, _A), _NOTHING),
    Call("listen", 50, sockets.listen, (_I, _I), _NOTHING),
    Call("getsockname", 51, sockets.getsockname, (_I,), _A),
    Call("getpeername", 52, sockets.getpeername, (_I,), _A),
    Call("socketpair", 53, sockets.socketpair, (_I, _I, _I), _INTS),
    Call("setsockopt", 54, sockets.setsockopt, (_I, _I, _I, _B), _NOTHING),
    Call("getsockopt", 55, sockets.getsockopt, (_I, _I, _I, _I), _B),
    Call("wait4", 61, processes.wait4, (_I, _I), _INTS),
    Call("kill", 62, processes.kill, (_I, _I), _NOTHING),
    Call("uname", 63, processes.uname, (), ArgType.NAMES),
    Call("fcntl", 72, descriptors.fcntl, (_I, _I, _I), _I),
    Call("listdir", 78, paths.listdir, (_B,), _CHUNKS),
    Call("rename", 82, paths.rename, (_B, _B), _NOTHING),
    Call("unlink", 87, paths.unlink, (_B,), _NOTHING),
    Call("chmod", 90, paths.chmod, (_B, _I), _NOTHING),
    Call("umask", 95, processes.umask, (_I,), _I),
    Call("getppid", 110, processes.getppid, (), _I),
    Call("clock_gettime", 228, processes.clock_gettime, (_I,), _I),
    Call("exit", 231, processes.exit, (_I,), _NOTHING),
    Call("epoll_wait", 232, readiness.epoll_wait, (_I, _I, _OI), _PAIRS),
    Call("epoll_ctl", 233, readiness.epoll_ctl, (_I, _I, _I, _I, _I), _NOTHING),
    Call("vmsplice", 278, vectors.vmsplice, (_I, _CHUNKS, _I), _I),
    Call("timerfd_create", 283, timers.timerfd_create, (_I, _I), _I),
    Call("timerfd_settime", 286, timers.timerfd_settime, (_I, _I, _I, _I), _INTS),
    Call("timerfd_gettime", 287, timers.timerfd_gettime, (_I,), _INTS),
    Call("accept4", 288, sockets.accept4, (_I, _I), ArgType.ACCEPTED),
    Call("eventfd2", 290, descriptors.eventfd2, (_I, _I), _I),
    Call("epoll_create1", 291, readiness.epoll_create1, (_I,), _I),
    Call("dup3", 292, descriptors.dup3, (_I, _I, _I), _I),
    Call("pipe2", 293, descriptors.pipe2, (_I,), _INTS),
    Call("prlimit64", 302, processes.prlimit64, (_I, _I, _INTS), _INTS),
    Call("getrandom", 318, processes.getrandom, (_I,), _B),
    Call("preadv2", 327, vectors.preadv2, (_I, _INTS, _I, _I), _B),
    Call("pwritev2", 328, vectors.pwritev2, (_I, _CHUNKS, _I, _I), _I),
    Call("close_range", 436, descriptors.close_range, (_I, _I, _I), _NOTHING),
)

CALLS: dict[str, Call] = {row.name: row for row in _ROWS}
"""Every call by name."""

CALLS_BY_NUMBER: dict[int, Call] = {row.number: row for row in _ROWS}
"""Every call by number."""
