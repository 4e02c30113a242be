"""What a program was told of a TCP stream before it reads: what it knows to be there cannot come later.

Linux gives what MSG_PEEK showed, or FIONREAD counted, to the next read that has room for it (tcp_recvmsg_locked);
and where poll(2) or epoll(7) has reported POLLRDHUP or POLLHUP, the peer's FIN has come, and so has everything in
front of it (tcp_poll).
"""

import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast
from weakref import WeakKeyDictionary

from farhost.kernel.epoll import EpollFile
from farhost.kernel.files import OpenFile, Received
from farhost.kernel.inet.stream import StreamSocket
from farhost.programs.call_faults.results import seen
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.process import Thread
    from farhost.programs.call_faults.protocol import CallFunction

_ENDS = linux.EPOLLRDHUP | linux.EPOLLHUP

Pairs = tuple[tuple[int, int], ...]


class Told:
    """Of each socket, up to where the program of one process knows what is there."""

    def __init__(self) -> None:
        self._until: WeakKeyDictionary[StreamSocket, int] = WeakKeyDictionary()

    def has_more(self, file: StreamSocket) -> bool:
        """Whether the program knows of bytes that it has not read."""
        until = self._until.get(file)
        if until is None or file.endpoint is None:
            return False
        return until > file.endpoint.connection.receive_side.reader_position()

    def note(self, file: OpenFile | None, count: int | None = None) -> None:
        """The program knows of the next `count` bytes; None: of all that are there."""
        if type(file) is StreamSocket and file.endpoint is not None:
            side = file.endpoint.connection.receive_side
            self._until[file] = side.reader_position() + (side.readable if count is None else count)

    def watch(self, functions: "Mapping[str, CallFunction]") -> "dict[str, CallFunction]":
        """Those calls that tell something, with an eye on what."""
        return {
            **self._watch_reads(functions["recvfrom"], functions["recvmsg"]),
            **self._watch_waits(functions["poll"], functions["epoll_wait"]),
            "ioctl": self._watch_ioctl(functions["ioctl"]),
        }

    def _watch_reads(self, base: "CallFunction", base_message: "CallFunction") -> "dict[str, CallFunction]":
        def recvfrom(thread: "Thread", fd: int, size: int, flags: int) -> object:
            result = base(thread, fd, size, flags)
            return self._peeked(thread, fd, result) if flags & linux.MSG_PEEK else result

        def recvmsg(thread: "Thread", fd: int, size: int, control_size: int, flags: int) -> object:
            result = base_message(thread, fd, size, control_size, flags)
            return self._peeked(thread, fd, result) if flags & linux.MSG_PEEK else result

        return {"recvfrom": recvfrom, "recvmsg": recvmsg}

    def _peeked(self, thread: "Thread", fd: int, result: object) -> object:
        file = thread.files.get(fd)
        return seen(result, lambda found: self.note(file, len(cast(Received, found).data)))

    def _watch_ioctl(self, base: "CallFunction") -> "CallFunction":
        def ioctl(thread: "Thread", fd: int, request: int, argument: bytes) -> object:
            result = base(thread, fd, request, argument)
            if request == linux.FIONREAD:
                self.note(thread.files.get(fd), struct.unpack("<i", result)[0])
            return result

        return ioctl

    def _watch_waits(self, base: "CallFunction", base_epoll: "CallFunction") -> "dict[str, CallFunction]":
        def poll(thread: "Thread", entries: Pairs, timeout_ns: int | None) -> object:
            def look(found: object) -> None:
                for number, ready in cast(Pairs, found):
                    if ready & _ENDS:
                        self.note(thread.files.get(number))

            return seen(base(thread, entries, timeout_ns), look)

        def epoll_wait(thread: "Thread", fd: int, maximum: int, timeout_ns: int | None) -> object:
            epoll = thread.files.get(fd)

            def look(found: object) -> None:
                ended = [data for data, ready in cast(Pairs, found) if ready & _ENDS]
                if ended and isinstance(epoll, EpollFile):
                    for item in epoll.items.values():
                        if item.data in ended:
                            self.note(item.file)

            return seen(base_epoll(thread, fd, maximum, timeout_ns), look)

        return {"poll": poll, "epoll_wait": epoll_wait}
