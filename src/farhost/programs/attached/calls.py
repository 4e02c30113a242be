"""The calls of the stand-ins: most go to the network as they are; those that make, move and close descriptors keep
the machine's table and the network's alike.

A descriptor of the network has a placeholder on the machine (`real.placeholder`). It is there before the call that
makes the descriptor, and gone after the call that closes it: so the machine chooses the number, and no other thread
gets it in between.
"""

import os
from collections.abc import Callable
from typing import Any, cast

from farhost.kernel.files import Received
from farhost.programs.attached import real
from farhost.programs.attached.attachment import Attachment
from farhost.programs.attached.readiness import Readiness
from farhost.wire import linux

MOST_AT_ONCE = 1 << 18
"""Bytes of a stream that one message carries; a longer send on a blocking socket is several."""
_WITHOUT_DESCRIPTOR = frozenset(
    {"socket", "socketpair", "epoll_create1", "uname", "stat", "listdir", "rename", "unlink", "chmod", "umask"}
)
_SIZES = {"read": 1, "recvfrom": 1, "recvmsg": 1}
"""Which argument says how much data may come."""


class Calls:
    """`call(name, *arguments)`, as the stand-ins know it from `farhost.programs.trap`."""

    def __init__(self, attachment: Attachment) -> None:
        self._attachment = attachment
        self._files = attachment.files
        self._exchange = attachment.exchange
        self.readiness = Readiness(attachment)
        self._special: dict[str, Callable[..., Any]] = {
            "accept4": self._accept4,
            "close": self._close,
            "dup": self._dup,
            "dup2": lambda fd, new: self._dup_to(fd, new, 0),
            "dup3": self._dup_to,
            "epoll_create1": lambda flags: self._make("epoll_create1", (flags,), bool(flags)),
            "epoll_ctl": self.readiness.control,
            "epoll_wait": self.readiness.wait,
            "fcntl": self._fcntl,
            "pipe2": lambda flags: real.OS["pipe2"](flags),
            "poll": self.readiness.poll,
            "recvmsg": self._recvmsg,
            "select": self.readiness.select,
            "sendto": self._sendto,
            "socket": self._socket,
            "socketpair": self._socketpair,
        }

    def __call__(self, name: str, *arguments: object) -> Any:
        special = self._special.get(name)
        if special is not None:
            return special(*arguments)
        return self._plain(name, arguments)

    def _plain(self, name: str, arguments: tuple[object, ...]) -> Any:
        if name not in _WITHOUT_DESCRIPTOR:
            self._check(cast(int, arguments[0]))
        place = _SIZES.get(name)
        return self._exchange(name, arguments, (), cast(int, arguments[place]) if place else 0)

    def _check(self, fd: int) -> None:
        """A descriptor of the machine is no socket of the network's: EBADF, ENOTSOCK."""
        if fd not in self._files:
            real.OS["fstat"](fd)
            raise OSError(linux.ENOTSOCK, os.strerror(linux.ENOTSOCK))

    # Descriptors that come.

    def _make(self, name: str, arguments: tuple[object, ...], close_on_exec: bool) -> Any:
        """A call that makes one descriptor."""
        number = real.placeholder(close_on_exec)
        try:
            result = self._exchange(name, arguments, (number,))
        except BaseException:
            real.OS["close"](number)
            raise
        self._files[number] = None
        return result

    def _socket(self, domain: int, type: int, protocol: int) -> Any:
        return self._make("socket", (domain, type, protocol), bool(type & linux.SOCK_CLOEXEC))

    def _accept4(self, fd: int, flags: int) -> Any:
        self._check(fd)
        return self._make("accept4", (fd, flags), bool(flags & linux.SOCK_CLOEXEC))

    def _socketpair(self, domain: int, type: int, protocol: int) -> Any:
        close_on_exec = bool(type & linux.SOCK_CLOEXEC)
        numbers = [real.placeholder(close_on_exec)]
        try:
            numbers.append(real.placeholder(close_on_exec))
            result = self._exchange("socketpair", (domain, type, protocol), tuple(numbers))
        except BaseException:
            for number in numbers:
                real.OS["close"](number)
            raise
        self._files.update(dict.fromkeys(numbers))
        return result

    def _dup(self, fd: int) -> Any:
        self._check(fd)
        return self._make("dup", (fd,), False)

    def _duplicate(self, fd: int, command: int, start: int) -> Any:
        """F_DUPFD: the machine finds the lowest free number from `start` up."""
        number = real.FCNTL["fcntl"](fd, command, start)
        try:
            result = self._exchange("fcntl", (fd, command, start), (number,))
        except BaseException:
            real.OS["close"](number)
            raise
        self._files[number] = None
        return result

    def _dup_to(self, fd: int, new: int, flags: int) -> int:
        """dup2, dup3: what stood at `new` goes, whoever's it was."""
        if fd not in self._files:
            real.OS["dup2"](fd, new, not flags & linux.O_CLOEXEC)
            self._forget(new)
            return new
        if fd == new:
            return new
        real.OS["dup2"](fd, new, not flags & linux.O_CLOEXEC)
        self._exchange("dup3", (fd, new, flags), (new,))
        self._files[new] = None
        return new

    def _forget(self, number: int) -> None:
        """The machine has put something else in a number's place."""
        if number in self._files:
            del self._files[number]
            self._exchange("close", (number,))

    def _recvmsg(self, fd: int, size: int, control_size: int, flags: int) -> Any:
        self._check(fd)
        received = self._exchange("recvmsg", (fd, size, control_size, flags), (), size)
        assert isinstance(received, Received)
        if not received.control:
            return received
        close_on_exec = bool(flags & linux.MSG_CMSG_CLOEXEC)
        control = tuple(
            (level, kind, self._claim(data, close_on_exec))
            if (level, kind) == (linux.SOL_SOCKET, linux.SCM_RIGHTS)
            else (level, kind, data)
            for level, kind, data in received.control
        )
        return received._replace(control=control)

    def _claim(self, data: bytes, close_on_exec: bool) -> bytes:
        """Passed descriptors came with numbers of the network's choice: give them real ones."""
        numbers = []
        command = linux.F_DUPFD_CLOEXEC if close_on_exec else linux.F_DUPFD
        for start in range(0, len(data), 4):
            passed = int.from_bytes(data[start : start + 4], "little")
            numbers.append(self._make("fcntl", (passed, command, 0), close_on_exec))
            self._exchange("close", (passed,))
        return b"".join(number.to_bytes(4, "little") for number in numbers)

    # Descriptors that go, and their flags.

    def _close(self, fd: int) -> None:
        if fd not in self._files:
            real.OS["close"](fd)
            return
        del self._files[fd]
        self.readiness.closed(fd)
        try:
            self._exchange("close", (fd,))
        finally:
            real.OS["close"](fd)

    def _fcntl(self, fd: int, command: int, argument: int) -> Any:
        self._check(fd)
        if command in (linux.F_DUPFD, linux.F_DUPFD_CLOEXEC):
            return self._duplicate(fd, command, argument)
        if command in (linux.F_GETFD, linux.F_SETFD):
            return real.FCNTL["fcntl"](fd, command, argument)
        return self._exchange("fcntl", (fd, command, argument))

    # Data.

    def _sendto(self, fd: int, data: bytes, flags: int, address: object) -> Any:
        self._check(fd)
        if len(data) <= MOST_AT_ONCE or not self._is_stream(fd):
            return self._exchange("sendto", (fd, data, flags, address))
        view = memoryview(data)
        sent = 0
        while sent < len(view):
            piece = view[sent : sent + MOST_AT_ONCE]
            try:
                count = cast(int, self._exchange("sendto", (fd, piece, flags, address)))
            except OSError:
                if sent:
                    return sent
                raise
            sent += count
            if count < len(piece):
                break
        return sent

    def _is_stream(self, fd: int) -> bool:
        kind = self._exchange("getsockopt", (fd, linux.SOL_SOCKET, linux.SO_TYPE, 4))
        return int.from_bytes(cast(bytes, kind), "little") == linux.SOCK_STREAM
