"""The C calls that move bytes: read(2), write(2), send(2), recv(2) and their kin, for `farhost.posix`.

Each call that reads has two forms. As in C, with a buffer to fill: `read(fd, buffer, size)` returns how many bytes
came. Without one: `read(fd, size)` returns the bytes. Calls that write take the size where C does, or leave it out
for all of the buffer.
"""

from typing import TYPE_CHECKING, Any

from farhost.programs.posix.sockets import SocketCalls, memory_of

if TYPE_CHECKING:
    from farhost.kernel.files import Received
    from farhost.programs.process import ProgramProcess


def _outgoing(buffer: Any, size: int | None) -> bytes:
    """The bytes to send: C reads what follows a buffer that is too small; here that is refused."""
    if type(buffer) is bytes and size is None:
        return buffer
    memory = memory_of(buffer)
    if size is not None and int(size) > len(memory):
        raise BufferError(f"{int(size)} bytes of a buffer of {len(memory)}")
    return bytes(memory if size is None else memory[: int(size)])


def _room(buffer: Any, size: int) -> memoryview:
    memory = memory_of(buffer)
    if size > len(memory):
        raise BufferError(f"{size} bytes into a buffer of {len(memory)}: in C they overwrite what follows")
    return memory


class TransferCalls:
    """read(2) to recvfrom(2) for one process."""

    def __init__(self, process: "ProgramProcess", sockets: SocketCalls) -> None:
        self._call = process.call
        self._sockets = sockets

    def read(self, fd: int, buffer: Any, size: int | None = None) -> Any:
        """ssize_t read(int fd, void *buffer, size_t size); or read(fd, size) -> bytes."""
        if size is None:
            return self._call("read", fd, int(buffer))
        memory = _room(buffer, int(size))
        data = self._call("read", fd, int(size))
        memory[: len(data)] = data
        return len(data)

    def write(self, fd: int, buffer: Any, size: int | None = None) -> int:
        """ssize_t write(int fd, const void *buffer, size_t size);"""
        return self._call("write", fd, _outgoing(buffer, size))  # type: ignore[no-any-return]

    def send(self, fd: int, buffer: Any, *size_and_flags: int) -> int:
        """ssize_t send(int fd, const void *buffer, size_t size, int flags); or send(fd, buffer, flags)."""
        size, flags = _split(size_and_flags, "send")
        return self._call("sendto", fd, _outgoing(buffer, size), flags, None)  # type: ignore[no-any-return]

    def sendto(self, fd: int, buffer: Any, *rest: Any) -> int:
        """ssize_t sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *addr,
        socklen_t addrlen); or without the size."""
        if len(rest) not in (3, 4):
            raise TypeError("sendto(fd, buffer, [size,] flags, addr, addrlen)")
        size, flags = _split(rest[:-2], "sendto")
        target = None if rest[-2] is None else self._sockets.address(fd, rest[-2], rest[-1])
        return self._call("sendto", fd, _outgoing(buffer, size), flags, target)  # type: ignore[no-any-return]

    def recv(self, fd: int, buffer: Any, *size_and_flags: int) -> Any:
        """ssize_t recv(int fd, void *buffer, size_t size, int flags); or recv(fd, size, flags) -> bytes."""
        if len(size_and_flags) == 1:
            return self._call("recvfrom", fd, int(buffer), size_and_flags[0]).data
        size, flags = _split(size_and_flags, "recv")
        assert size is not None
        memory = _room(buffer, size)
        return _fill(self._call("recvfrom", fd, size, flags), memory)

    def recvfrom(self, fd: int, buffer: Any, *rest: Any) -> Any:
        """ssize_t recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *addr, socklen_t *addrlen);
        or recvfrom(fd, size, flags, addr, addrlen) -> bytes."""
        if len(rest) == 3:
            received = self._call("recvfrom", fd, int(buffer), rest[0])
            self._sockets.result(received.address, *rest[1:])
            return received.data
        if len(rest) != 4:
            raise TypeError("recvfrom(fd, buffer, size, flags, addr, addrlen), or without the buffer")
        memory = _room(buffer, int(rest[0]))
        received = self._call("recvfrom", fd, int(rest[0]), rest[1])
        self._sockets.result(received.address, *rest[2:])
        return _fill(received, memory)


def _fill(received: "Received", memory: memoryview) -> int:
    data = received.data
    memory[: len(data)] = data
    return len(data) if received.length is None else received.length


def _split(arguments: tuple[int, ...], name: str) -> tuple[int | None, int]:
    """(size, flags) out of `[size,] flags`."""
    if len(arguments) == 1:
        return None, int(arguments[0])
    if len(arguments) == 2:
        return int(arguments[0]), int(arguments[1])
    raise TypeError(f"{name}(fd, buffer, [size,] flags, ...)")
