"""A system call in few words: what it was given and what came of it, without what a reader of a diagram can do
without."""

from typing import Any, Protocol

from farhost.network.faults.fault_words import duration_words
from farhost.report import values as v
from farhost.report.strace import format_call
from farhost.trace.events import SystemCall
from farhost.wire.addresses import inet_ntop
from farhost.wire.packet import IpAddress
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6, SockaddrUn

READS = frozenset({"recvfrom", "recvmsg", "read", "readv", "preadv2"})
WRITES = frozenset({"sendto", "sendmsg", "write", "writev", "pwritev2"})
POLLS = frozenset({"poll", "select", "epoll_wait"})
_MOST_DATA = 12
"""Bytes of data that are shown; more are only counted."""


class OwnerLookup(Protocol):
    """Which host has an address."""

    def get(self, address: IpAddress, /) -> str | None:
        """Its name; nothing if none has it."""


def call_words(call: SystemCall, owners: OwnerLookup, fault: str = "") -> str:
    """`recvfrom(3, 65536) = 1 "{"`, `connect(3, server:5000) = -1 ECONNREFUSED`; `fault`: what befell it.

    >>> print(call_words(SystemCall(0, "a", "a", 100, "sendto", (4, b"hello", 0, None), 5, 0, 1000), {}))
    sendto(4, "hello") = 5
    """
    mark = f" * {fault}" if fault else ""
    if call.error:
        return f"{_called(call, owners)} = -1 {v.error_name(call.error)}{mark}"
    result: Any = call.result
    if call.name in READS:
        data = result if isinstance(result, bytes) else result.data
        shown = f" {v.quote(data)}" if 0 < len(data) <= _MOST_DATA else ""
        return f"{_called(call, owners)} = {len(data)}{mark}{shown}"
    if call.name == "accept4":
        return f"{_called(call, owners)} = {result[0]}{mark} from {end_words(result[1], owners)}"
    if call.name in POLLS:
        return f"{_called(call, owners)} = 0{mark} (timed out)"
    if call.name in WRITES or call.name in ("connect", "bind", "nanosleep"):
        return f"{_called(call, owners)} = {result or 0}{mark}"
    return format_call(call) + mark


def found_something(call: SystemCall) -> bool:
    """Whether a poll, select or epoll_wait returned with anything."""
    result: Any = call.result
    return any(result) if call.name == "select" and result else bool(result)


def _called(call: SystemCall, owners: OwnerLookup) -> str:
    """The name and the arguments."""
    arguments: Any = call.arguments
    if call.name in READS:
        room = sum(arguments[1]) if isinstance(arguments[1], tuple) else arguments[1]
        return f"{call.name}({arguments[0]}, {room})"
    if call.name in WRITES:
        data = b"".join(arguments[1]) if isinstance(arguments[1], tuple) else arguments[1]
        shown = v.quote(data) if len(data) <= _MOST_DATA else f"{len(data)} bytes"
        return f"{call.name}({arguments[0]}, {shown}{_target(call, owners)})"
    if call.name in ("connect", "bind"):
        return f"{call.name}({arguments[0]}, {end_words(arguments[1], owners)})"
    if call.name == "accept4":
        return f"accept4({arguments[0]})"
    if call.name == "poll":
        watched = ", ".join(str(fd) for fd, _ in arguments[0])
        return f"poll([{watched}], {_limit_words(arguments[1])})"
    if call.name == "select":
        watched = ", ".join(str(fd) for fd in sorted({fd for fds in arguments[:3] for fd in fds}))
        return f"select([{watched}], {_limit_words(arguments[3])})"
    if call.name == "nanosleep":
        return f"nanosleep({_limit_words(arguments[0])})"
    if call.name == "epoll_wait":
        return f"epoll_wait({arguments[0]}, {_limit_words(arguments[2])})"
    return format_call(call).rpartition(" = ")[0]


def _limit_words(limit_ns: int | None) -> str:
    return "no limit" if limit_ns is None else duration_words(limit_ns)


def _target(call: SystemCall, owners: OwnerLookup) -> str:
    arguments: Any = call.arguments
    at = {"sendto": 3, "sendmsg": 2}.get(call.name)
    address = None if at is None else arguments[at]
    return "" if address is None else f", {end_words(address, owners)}"


def end_words(address: object, owners: OwnerLookup) -> str:
    """`server:5000` for a host's address, `192.0.2.1:53`, `[fd00::9]:53`, a Unix socket's path.

    >>> end_words(SockaddrIn(5000, bytes((10, 0, 0, 1))), {bytes((10, 0, 0, 1)): "server"})
    'server:5000'
    """
    match address:
        case SockaddrIn(port, packed) | SockaddrIn6(port, packed):
            name = owners.get(packed) or (inet_ntop(packed) if len(packed) == 4 else f"[{inet_ntop(packed)}]")
            return f"*:{port}" if not any(packed) else f"{name}:{port}"
        case SockaddrUn(path):
            return v.quote(path, 40)
    return v.plain(address)
