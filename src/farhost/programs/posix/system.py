"""The other C calls that socket programs use: close(2), pipe(2), fcntl(2), signal(2), sleep(3), inet_pton(3), ..."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from farhost.programs.posix.memory import Memory
from farhost.programs.posix.sockets import Buffer, memory_of, os_error
from farhost.wire import byte_order, linux
from farhost.wire.addresses import AddressError, inet_ntop, inet_pton

if TYPE_CHECKING:
    from farhost.programs.caller import Caller

SIG_DFL, SIG_IGN = 0, 1
_HANDLED = 2

Handler = Callable[[int], object]


def sizeof(what: Buffer | type[Memory]) -> int:
    """sizeof: of a struct, a struct's type, or a buffer."""
    if isinstance(what, type):
        return what.SIZE
    return len(memory_of(what))


def memset(memory: Buffer, value: int, size: int) -> Buffer:
    """void *memset(void *memory, int value, size_t size);"""
    view = memory_of(memory)
    if size > len(view):
        raise BufferError(f"memset of {size} bytes in {len(view)}: in C it overwrites what follows")
    view[:size] = bytes([value & 0xFF]) * size
    return memory


def strerror(errno: int) -> str:
    """char *strerror(int errno);"""
    return os.strerror(int(errno))


class Errno:
    """`errno`: the number of the last failed call, as an int, or called."""

    def __init__(self) -> None:
        self.value = 0

    def __call__(self) -> int:
        return self.value

    def __index__(self) -> int:
        return self.value

    __int__ = __index__

    def __eq__(self, other: object) -> bool:
        return self.value == int(other) if isinstance(other, int | Errno) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return str(self.value)


class SystemCalls:
    """What is neither making sockets nor moving bytes, for one process."""

    def __init__(self, process: "Caller", errno: Errno) -> None:
        self._process = process
        self._call = process.call_as_c
        self._order = process.byte_order
        self._errno = errno
        self._handlers: dict[int, Handler] = {}

    # Descriptors.

    def close(self, fd: int) -> int:
        """int close(int fd);"""
        self._call("close", fd)
        return 0

    def dup(self, fd: int) -> int:
        """int dup(int fd);"""
        return self._call("dup", fd)  # type: ignore[no-any-return]

    def dup2(self, fd: int, new: int) -> int:
        """int dup2(int fd, int new);"""
        return self._call("dup2", fd, new)  # type: ignore[no-any-return]

    def pipe(self, ends: list[int] | None = None) -> tuple[int, int] | int:
        """int pipe(int ends[2]); without `ends` the two are the result: read from the first, write to the second."""
        fds: tuple[int, int] = self._call("pipe2", 0)
        if ends is None:
            return fds
        ends[:] = fds
        return 0

    def fcntl(self, fd: int, command: int, argument: int = 0) -> int:
        """int fcntl(int fd, int command, ...);"""
        return self._call("fcntl", fd, command, argument)  # type: ignore[no-any-return]

    def sockatmark(self, fd: int) -> int:
        """int sockatmark(int fd); 1 where the next byte to read is the urgent one."""
        return int.from_bytes(self._call("ioctl", fd, linux.SIOCATMARK, bytes(4)), "little")

    def unlink(self, path: str | bytes) -> int:
        """int unlink(const char *path); of a socket's file."""
        self._call("unlink", os.fsencode(path))
        return 0

    # The process.

    def signal(self, signum: int, handler: int | Handler) -> int | Handler:
        """sighandler_t signal(int signum, sighandler_t handler); the old handler."""
        old: int = self._call("sigaction", signum, handler if isinstance(handler, int) else _HANDLED)
        before = self._handlers.pop(signum, None)
        if not isinstance(handler, int):
            self._handlers[signum] = handler
            self._process.set_handler(signum, lambda number, frame: handler(number))
        else:
            self._process.set_handler(signum, None)
        return old if before is None or old != _HANDLED else before

    def sleep(self, seconds: int) -> int:
        """unsigned sleep(unsigned seconds);"""
        self._call("nanosleep", round(seconds * 1_000_000_000))
        return 0

    def usleep(self, microseconds: int) -> int:
        """int usleep(useconds_t microseconds);"""
        self._call("nanosleep", microseconds * 1000)
        return 0

    def getpid(self) -> int:
        """pid_t getpid(void);"""
        return self._call("getpid")  # type: ignore[no-any-return]

    def kill(self, pid: int, signum: int) -> int:
        """int kill(pid_t pid, int signum);"""
        self._call("kill", pid, signum)
        return 0

    def _exit(self, status: int) -> NoReturn:
        """void _exit(int status);"""
        self._process.exit(status)
        self._process.attend()
        raise AssertionError("the process has ended")

    def perror(self, text: str) -> None:
        """void perror(const char *text); to standard error."""
        self._call("write", 2, f"{text}: {strerror(self._errno.value)}\n".encode())

    # Byte order and addresses.

    def htons(self, value: int) -> int:
        """uint16_t htons(uint16_t value); by the host's own order."""
        return byte_order.htons(value, self._order)

    def htonl(self, value: int) -> int:
        """uint32_t htonl(uint32_t value);"""
        return byte_order.htonl(value, self._order)

    def ntohs(self, value: int) -> int:
        """uint16_t ntohs(uint16_t value);"""
        return byte_order.ntohs(value, self._order)

    def ntohl(self, value: int) -> int:
        """uint32_t ntohl(uint32_t value);"""
        return byte_order.ntohl(value, self._order)

    def inet_pton(self, family: int, text: str, address: Buffer) -> int:
        """int inet_pton(int family, const char *text, void *address); 1, or 0 where the text is no address."""
        if family not in (linux.AF_INET, linux.AF_INET6):
            raise os_error(linux.EAFNOSUPPORT)
        try:
            packed = inet_pton(family, text)
        except AddressError:
            return 0
        memory_of(address)[: len(packed)] = packed
        return 1

    def inet_ntop(self, family: int, address: Buffer, text: bytearray | None = None, size: int | None = None) -> str:
        """const char *inet_ntop(int family, const void *address, char *text, socklen_t size); the text is the result,
        and goes to `text` with a zero byte if that is given."""
        if family not in (linux.AF_INET, linux.AF_INET6):
            raise os_error(linux.EAFNOSUPPORT)
        shown = inet_ntop(bytes(memory_of(address)[: 4 if family == linux.AF_INET else 16]))
        if text is not None:
            if len(shown) >= (len(text) if size is None else size):
                raise os_error(linux.ENOSPC)
            text[: len(shown) + 1] = shown.encode() + b"\0"
        return shown
