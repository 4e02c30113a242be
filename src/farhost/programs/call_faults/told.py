"""What a program was told of a TCP socket before it reads or accepts: what it knows to be there cannot come later.

Linux gives what MSG_PEEK showed, or FIONREAD counted, to the next read that has room for it (tcp_recvmsg_locked).
Where poll(2), select(2) or epoll(7) has reported that there is something, a read gets a byte at least, an accept a
connection; and where they have reported POLLRDHUP or POLLHUP, the peer's FIN has come, and so has everything in front
of it (tcp_poll).
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
_SOME = linux.EPOLLIN | linux.EPOLLRDNORM | linux.EPOLLERR | _ENDS

Pairs = tuple[tuple[int, int], ...]
Sets = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]


class Told:
    """Of each socket, up to where the program of one process knows what is there."""

    def __init__(self) -> None:
        self._until: WeakKeyDictionary[StreamSocket, int] = WeakKeyDictionary()
        self._waiting: WeakKeyDictionary[StreamSocket, bool] = WeakKeyDictionary()

    def known(self, file: StreamSocket) -> int:
        """How many bytes the program knows of that it has not read."""
        until = self._until.get(file)
        if until is None or file.endpoint is None:
            return 0
        return max(0, until - file.endpoint.connection.receive_side.reader_position())

    def knows_of_a_connection(self, file: StreamSocket) -> bool:
        """Whether the program knows that one waits to be accepted."""
        return self._waiting.get(file, False)

    def accepted(self, file: StreamSocket) -> None:
        """It has taken one, and knows of no other."""
        self._waiting.pop(file, None)

    def _note(self, file: OpenFile | None, count: int) -> None:
        """The program knows of the next `count` bytes."""
        if type(file) is StreamSocket and file.endpoint is not None:
            position = file.endpoint.connection.receive_side.reader_position()
            self._until[file] = max(self._until.get(file, 0), position + count)

    def _ready(self, file: OpenFile | None, ready: int) -> None:
        """A wait has reported these bits."""
        if type(file) is not StreamSocket:
            return
        if file.listener is not None:
            if ready & _SOME:
                self._waiting[file] = True
        elif file.endpoint is not None and ready & _SOME:
            self._note(file, file.endpoint.connection.readable_bytes if ready & _ENDS else 1)

    def watch(self, functions: "Mapping[str, CallFunction]") -> "dict[str, CallFunction]":
        """Those calls that tell something, with an eye on what."""
        return {
            **self._watch_reads(functions["recvfrom"], functions["recvmsg"]),
            "ioctl": self._watch_ioctl(functions["ioctl"]),
            "poll": self._watch_poll(functions["poll"]),
            "select": self._watch_select(functions["select"]),
            "epoll_wait": self._watch_epoll(functions["epoll_wait"]),
        }

    def _watch_reads(self, base: "CallFunction", base_message: "CallFunction") -> "dict[str, CallFunction]":
        def recvfrom(thread: "Thread", fd: int, size: int, flags: int) -> object:
            file = thread.files.get(fd) if flags & linux.MSG_PEEK else None
            result = base(thread, fd, size, flags)
            return result if file is None else self._peeked(file, result)

        def recvmsg(thread: "Thread", fd: int, size: int, control_size: int, flags: int) -> object:
            file = thread.files.get(fd) if flags & linux.MSG_PEEK else None
            result = base_message(thread, fd, size, control_size, flags)
            return result if file is None else self._peeked(file, result)

        return {"recvfrom": recvfrom, "recvmsg": recvmsg}

    def _peeked(self, file: OpenFile, result: object) -> object:
        return seen(result, lambda found: self._note(file, len(cast(Received, found).data)))

    def _watch_ioctl(self, base: "CallFunction") -> "CallFunction":
        def ioctl(thread: "Thread", fd: int, request: int, argument: bytes) -> object:
            result = base(thread, fd, request, argument)
            if request == linux.FIONREAD:
                self._note(thread.files.get(fd), struct.unpack("<i", result)[0])
            return result

        return ioctl

    def _watch_poll(self, base: "CallFunction") -> "CallFunction":
        def poll(thread: "Thread", entries: Pairs, timeout_ns: int | None) -> object:
            def look(found: object) -> None:
                for number, ready in cast(Pairs, found):
                    self._ready(thread.files.get(number), ready)

            return seen(base(thread, entries, timeout_ns), look)

        return poll

    def _watch_select(self, base: "CallFunction") -> "CallFunction":
        def select(thread: "Thread", *arguments: object) -> object:
            def look(found: object) -> None:
                for number in cast(Sets, found)[0]:
                    self._ready(thread.files.get(number), linux.EPOLLIN)

            return seen(base(thread, *arguments), look)

        return select

    def _watch_epoll(self, base: "CallFunction") -> "CallFunction":
        def epoll_wait(thread: "Thread", fd: int, maximum: int, timeout_ns: int | None) -> object:
            epoll = thread.files.get(fd)

            def look(found: object) -> None:
                ready = dict(cast(Pairs, found))
                if ready and isinstance(epoll, EpollFile):
                    for item in epoll.items.values():
                        self._ready(item.file, ready.get(item.data, 0))

            return seen(base(thread, fd, maximum, timeout_ns), look)

        return epoll_wait
