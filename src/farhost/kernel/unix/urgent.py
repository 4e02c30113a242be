"""Urgent data on Unix streams, as Linux has it with CONFIG_AF_UNIX_OOB (net/unix/af_unix.c: queue_oob, manage_oob,
unix_stream_recv_urg, SIOCATMARK).

An urgent byte is a run of its own in the receiver's queue; the newest one is the socket's `urgent`. Taken out of band
it leaves an empty run behind, which marks its place until a receive passes it.
"""

from typing import TYPE_CHECKING

from farhost.kernel.files import Received
from farhost.kernel.waiting import KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.unix.base import Message, UnixSocket


def is_empty(message: "Message") -> bool:
    """Whether nothing of it is left to be read."""
    return message.start == len(message.data)


def has_marks(socket: "UnixSocket") -> bool:
    """Whether an urgent byte, or the place of one, is in the queue."""
    return socket.urgent is not None or any(map(is_empty, socket.messages))


def is_at_mark(socket: "UnixSocket") -> bool:
    """SIOCATMARK: the urgent byte is the next, or was, or would be the next but for one that was taken. EOPNOTSUPP
    for other types than streams."""
    if socket.type != linux.SOCK_STREAM:
        raise KernelError(linux.EOPNOTSUPP)
    messages = socket.messages
    if not messages:
        return False
    urgent = socket.urgent
    if messages[0] is urgent:
        return True
    following = messages[1] if len(messages) > 1 else None
    return is_empty(messages[0]) and (urgent is None or following is urgent)


def receive_urgent(socket: "UnixSocket", size: int, flags: int) -> Received:
    """recv(2) with MSG_OOB, which never waits: EINVAL without an urgent byte, or where it is in line. Without room
    for it it is taken all the same."""
    message = socket.urgent
    if message is None or socket.options.oob_inline:
        raise KernelError(linux.EINVAL)
    data = message.data
    if not flags & linux.MSG_PEEK:
        socket.urgent = None
        place = socket.messages.index(message)
        if place and is_empty(socket.messages[place - 1]):
            drop_run(socket, place - 1)
        message.start = 1
    return Received(data[:size], None, linux.MSG_OOB, (), None if size else 1)


def drop_run(socket: "UnixSocket", place: int) -> None:
    """Remove a run; its sender is charged for it no longer, and files that nobody took go with it."""
    message = socket.messages[place]
    del socket.messages[place]
    message.sender.uncharge(message.cost)
    if message.parcel is not None:
        transit = socket.kernel.transit
        transit.leave(message.parcel, socket)
        transit.drop(message.parcel.files)


def next_run(socket: "UnixSocket", place: int, copied: int, peek: bool) -> int | None:
    """Where the run stands that a receive goes on with which has come to `place` and has `copied` bytes; None: here
    is the mark, or the end of the queue (manage_oob)."""
    messages = socket.messages
    message = messages[place]
    if is_empty(message):
        if copied and (socket.urgent is None or message is socket.urgent):
            return None
        if peek:
            place += 1
        else:
            drop_run(socket, place)
        if place == len(messages):
            return None
    if messages[place] is not socket.urgent:
        return place
    if copied:
        return None
    inline = socket.options.oob_inline
    if not peek:
        socket.urgent = None
        if not inline:
            socket.passed += 1
            drop_run(socket, place)
    elif not inline:
        place += 1
    return place if place < len(messages) else None
