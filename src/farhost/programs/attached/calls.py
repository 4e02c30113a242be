"""The calls of the stand-ins: most go to the network as they are; those that make, move and close descriptors keep
the machine's table and the network's alike.

A descriptor of the network has a placeholder on the machine (`real.placeholder`). It is there before the call that
makes the descriptor, and gone after the call that closes it: so the machine chooses the number, and no other thread
gets it in between.
"""

import os
import struct
from collections.abc import Callable
from typing import Any, cast

from farhost.kernel.files import Control, Received
from farhost.kernel.syscalls.frames import FIRST_OUTSIDE
from farhost.programs.attached import real
from farhost.programs.attached.attachment import Attachment
from farhost.programs.attached.c_calls import ON_FILES, MachineCalls
from farhost.programs.attached.readiness import Readiness
from farhost.wire import linux

MOST_AT_ONCE = 1 << 18
"""Bytes of a stream that one message carries; a longer send on a blocking socket is several."""
_WITHOUT_DESCRIPTOR = frozenset(
    {"socket", "socketpair", "epoll_create1", "uname", "stat", "listdir", "rename", "unlink", "chmod", "umask"}
    | {"sethostname"}
)
_SIZES = {"read": 1, "recvfrom": 1, "recvmsg": 1}
"""Which argument says how much data may come."""


_RIGHTS = (linux.SOL_SOCKET, linux.SCM_RIGHTS)
_INT = 4


def _integers(data: bytes) -> list[int]:
    """The numbers in an SCM_RIGHTS message."""
    return [number for (number,) in struct.iter_unpack("<i", data[: len(data) // _INT * _INT])]


def _packed(numbers: list[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}i", *numbers)


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
            "sendmsg": self._sendmsg,
            "sendto": self._sendto,
            "socket": self._socket,
            "socketpair": self._socketpair,
        }

    def extend(self, calls: MachineCalls) -> None:
        """Calls that are not the network's to answer."""
        self._special.update(calls)

    def __call__(self, name: str, *arguments: object) -> Any:
        special = self._special.get(name)
        try:
            return self._plain(name, arguments) if special is None else special(*arguments)
        except OSError as error:
            error.__traceback__ = None  # How the call went on its way is nothing to the program.
            raise

    def _plain(self, name: str, arguments: tuple[object, ...]) -> Any:
        if name not in _WITHOUT_DESCRIPTOR:
            fd = cast(int, arguments[0])
            if fd not in self._files:
                if name in ON_FILES:
                    return ON_FILES[name](*arguments)
                self._check(fd)
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
        if fd not in self._files:
            return ON_FILES["dup"](fd)
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
        claimed = Claimed(self, bool(flags & linux.MSG_CMSG_CLOEXEC))
        control = tuple(
            (level, kind, claimed.take(data)) if (level, kind) == _RIGHTS else (level, kind, data)
            for level, kind, data in received.control
        )
        cut = linux.MSG_CTRUNC if claimed.lost else 0
        return received._replace(control=control, flags=received.flags | cut)

    def claim(self, passed: int, close_on_exec: bool) -> int:
        """The number of a passed file in this process; -1 where the limit leaves none."""
        if passed >= FIRST_OUTSIDE:
            with self._attachment.connection() as connection:
                found = connection.fetch([passed])
            if found and not close_on_exec:
                real.OS["set_inheritable"](found[0], True)
            return found[0] if found else -1
        try:
            command = linux.F_DUPFD_CLOEXEC if close_on_exec else linux.F_DUPFD
            number = cast(int, self._make("fcntl", (passed, command, 0), close_on_exec))
        except OSError as error:
            if error.errno != linux.EMFILE:
                raise
            number = -1
        self._exchange("close", (passed,))
        return number

    # Descriptors that go, and their flags.

    def _close(self, fd: int) -> None:
        if fd not in self._files:
            real.OS["close"](fd)
            return
        del self._files[fd]
        self.readiness.closed(fd)
        try:
            self._exchange("close", (fd,))
        except OSError as error:
            if error.errno != linux.ENETDOWN:
                raise
            # The network has ended, and with it whatever there was to close.
        finally:
            real.OS["close"](fd)

    def _fcntl(self, fd: int, command: int, argument: int) -> Any:
        if fd not in self._files:
            return ON_FILES["fcntl"](fd, command, argument)
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

    def _sendmsg(self, fd: int, chunks: object, address: object, control: Control, flags: int) -> Any:
        """sendmsg(2); files of the machine that it is to pass on go to the network first."""
        self._check(fd)
        numbers = [number for level, kind, data in control if (level, kind) == _RIGHTS for number in _integers(data)]
        machines = [number for number in numbers if number not in self._files]
        if not machines:
            return self._exchange("sendmsg", (fd, chunks, address, control, flags))
        with self._attachment.connection() as connection:
            lent = dict(zip(machines, connection.lend(machines)))
            passed = tuple(
                (level, kind, _packed([lent.get(number, number) for number in _integers(data)]))
                if (level, kind) == _RIGHTS
                else (level, kind, data)
                for level, kind, data in control
            )
            connection.begin("sendmsg", (fd, chunks, address, passed, flags))
            reply = connection.finish("sendmsg")
        return self._attachment.outcome(reply)

    def _is_stream(self, fd: int) -> bool:
        kind = self._exchange("getsockopt", (fd, linux.SOL_SOCKET, linux.SO_TYPE, 4))
        return int.from_bytes(cast(bytes, kind), "little") == linux.SOCK_STREAM


class Claimed:
    """Passed descriptors, which came with numbers of the network's choice, get numbers of the machine's."""

    def __init__(self, calls: Calls, close_on_exec: bool) -> None:
        self._calls = calls
        self._close_on_exec = close_on_exec
        self.lost = False
        """Whether some got none, because the limit left no more (EMFILE)."""

    def take(self, data: bytes) -> bytes:
        """The same message with the numbers that the program is told."""
        numbers = []
        for passed in _integers(data):
            number = self._calls.claim(passed, self._close_on_exec)
            if number < 0 or self.lost:
                self.lost = True
            else:
                numbers.append(number)
        return _packed(numbers)
