"""What a system call wrote or read, from its event: the bytes, and how many it was given or had room for."""

from typing import Any, NamedTuple

from farhost.trace.events import SystemCall
from farhost.wire import linux

READS = frozenset({"recvfrom", "recvmsg", "read", "readv", "preadv2"})
WRITES = frozenset({"sendto", "sendmsg", "write", "writev", "pwritev2"})
_PEEK_ARGUMENT = {"recvfrom": 2, "recvmsg": 3}
_SEND_FLAGS = {"sendto": 2, "sendmsg": 4}


class Transfer(NamedTuple):
    """One call that carried something, or could have."""

    data: bytes
    """What was taken, or got."""
    asked: int
    """How many bytes it was given, or had room for."""
    peeked: bool = False
    """MSG_PEEK: the bytes are still there."""
    urgent: bool = False
    """MSG_OOB: out of the stream's order."""
    discarded: bool = False
    """MSG_TRUNC: taken from a stream and thrown away; `data` has only their number (tcp(7))."""


def written(call: SystemCall) -> Transfer:
    """Of one of `WRITES` that did not fail."""
    arguments: Any = call.arguments
    result: Any = call.result
    data = arguments[1]
    if isinstance(data, tuple):
        data = b"".join(data)
    asked = len(data)
    position = _SEND_FLAGS.get(call.name)
    urgent = position is not None and bool(arguments[position] & linux.MSG_OOB)
    return Transfer(data if result == asked else data[:result], asked, urgent=urgent)


def got(call: SystemCall) -> Transfer:
    """Of one of `READS` that did not fail."""
    arguments: Any = call.arguments
    result: Any = call.result
    position = _PEEK_ARGUMENT.get(call.name)
    flags = arguments[position] if position is not None else 0
    room = sum(arguments[1]) if isinstance(arguments[1], tuple) else arguments[1]
    data = result if isinstance(result, bytes) else result.data
    if not flags:
        return Transfer(data, room)
    return Transfer(
        data,
        room,
        bool(flags & linux.MSG_PEEK),
        bool(flags & linux.MSG_OOB),
        bool(flags & linux.MSG_TRUNC),
    )
