"""The C calls that move bytes: read(2), write(2), send(2), recv(2) and their kin, for `farhost.posix`.

Each call that reads has two forms. As in C, with a buffer to fill: `read(fd, buffer, size)` returns how many bytes
came. Without one: `read(fd, size)` returns the bytes. Calls that write take the size where C does, or leave it out
for all of the buffer.
"""

from typing import TYPE_CHECKING, cast

from farhost.programs.posix.memory import Characters, Integer, Memory
from farhost.programs.posix.sockets import Address, Buffer, Length, SocketCalls, memory_of

if TYPE_CHECKING:
    from farhost.kernel.files import Received
    from farhost.programs.caller import Caller

Argument = Address | Length


def _number(argument: Argument) -> int:
    if isinstance(argument, int | Integer):
        return int(argument)
    raise TypeError(f"a size or flags must be a number, not {type(argument).__name__}")


def _pointer(argument: Argument) -> Buffer:
    if isinstance(argument, Memory | Characters | bytes | bytearray | memoryview):
        return argument
    raise TypeError(f"a buffer must be bytes, a bytearray or a struct, not {type(argument).__name__}")


def _outgoing(buffer: Buffer, size: Length) -> bytes:
    """The bytes to send: C reads what follows a buffer that is too small; here that is refused."""
    if type(buffer) is bytes and size is None:
        return buffer
    memory = memory_of(buffer)
    if size is not None and int(size) > len(memory):
        raise BufferError(f"{int(size)} bytes of a buffer of {len(memory)}")
    return bytes(memory if size is None else memory[: int(size)])


def _room(buffer: Argument, size: int) -> memoryview:
    memory = memory_of(_pointer(buffer))
    if size > len(memory):
        raise BufferError(f"{size} bytes into a buffer of {len(memory)}: in C they overwrite what follows")
    return memory


class TransferCalls:
    """read(2) to recvfrom(2) for one process."""

    def __init__(self, process: "Caller", sockets: SocketCalls) -> None:
        self._call = process.call_as_c
        self._sockets = sockets

    def read(self, fd: int, buffer: Buffer | int, size: Length = None) -> bytes | int:
        """ssize_t read(int fd, void *buffer, size_t size); or read(fd, size) -> bytes."""
        if size is None:
            return cast(bytes, self._call("read", fd, _number(buffer)))
        memory = _room(buffer, int(size))
        data = self._call("read", fd, int(size))
        memory[: len(data)] = data
        return len(data)

    def write(self, fd: int, buffer: Buffer, size: Length = None) -> int:
        """ssize_t write(int fd, const void *buffer, size_t size);"""
        return cast(int, self._call("write", fd, _outgoing(buffer, size)))

    def send(self, fd: int, buffer: Buffer, *size_and_flags: int) -> int:
        """ssize_t send(int fd, const void *buffer, size_t size, int flags); or send(fd, buffer, flags)."""
        size, flags = _split(size_and_flags, "send")
        return cast(int, self._call("sendto", fd, _outgoing(buffer, size), flags, None))

    def sendto(self, fd: int, buffer: Buffer, *rest: Argument) -> int:
        """ssize_t sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *addr,
        socklen_t addrlen); or without the size."""
        if len(rest) not in (3, 4):
            raise TypeError("sendto(fd, buffer, [size,] flags, addr, addrlen)")
        size, flags = _split(rest[:-2], "sendto")
        addr, addrlen = rest[-2:]
        target = None if addr is None else self._sockets.address(fd, _pointer(addr), _number(addrlen))
        return cast(int, self._call("sendto", fd, _outgoing(buffer, size), flags, target))

    def recv(self, fd: int, buffer: Buffer | int, *size_and_flags: int) -> bytes | int:
        """ssize_t recv(int fd, void *buffer, size_t size, int flags); or recv(fd, size, flags) -> bytes."""
        return self._receive("recv", fd, (buffer, *size_and_flags), None, None)

    def recvfrom(self, fd: int, buffer: Buffer | int, *rest: Argument) -> bytes | int:
        """ssize_t recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *addr, socklen_t *addrlen);
        or recvfrom(fd, size, flags, addr, addrlen) -> bytes."""
        if len(rest) < 3:
            raise TypeError("recvfrom(fd, [buffer,] size, flags, addr, addrlen)")
        addr, addrlen = rest[-2:]
        pointer = None if addr is None else _pointer(addr)
        if not (addrlen is None or isinstance(addrlen, int | Integer)):
            raise TypeError(f"addrlen must be a socklen_t, not {type(addrlen).__name__}")
        return self._receive("recvfrom", fd, (buffer, *rest[:-2]), pointer, addrlen)

    def _receive(
        self, name: str, fd: int, arguments: tuple[Argument, ...], addr: Address, addrlen: Length
    ) -> bytes | int:
        if len(arguments) not in (2, 3):
            raise TypeError(f"{name}(fd, [buffer,] size, flags, ...)")
        size, flags = _number(arguments[-2]), _number(arguments[-1])
        memory = _room(arguments[0], size) if len(arguments) == 3 else None
        received: Received = self._call("recvfrom", fd, size, flags)
        self._sockets.result(received.address, addr, addrlen)
        data = received.data
        if memory is None:
            return data
        memory[: len(data)] = data
        return len(data) if received.length is None else received.length


def _split(arguments: tuple[Argument, ...], name: str) -> tuple[int | None, int]:
    """(size, flags) out of `[size,] flags`."""
    if len(arguments) == 1:
        return None, _number(arguments[0])
    if len(arguments) == 2:
        return _number(arguments[0]), _number(arguments[1])
    raise TypeError(f"{name}(fd, buffer, [size,] flags, ...)")
