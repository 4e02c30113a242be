"""The C calls that make, name and connect sockets, as `farhost.posix` has them; errors are raised as OSError.

An address argument is a struct and its length, as in C; what a call writes into the caller's memory it writes into
the struct, and the length into the `socklen_t` (value-result). A length that is larger than the struct would let the
kernel write behind it; here that is refused in words.
"""

import os
from typing import TYPE_CHECKING

from farhost.programs.posix.memory import Characters, Integer, Memory
from farhost.wire import linux
from farhost.wire.sockaddr import Sockaddr, SockaddrOther
from farhost.wire.sockaddr_codec import SockaddrError, copy_out, parse

if TYPE_CHECKING:
    from farhost.programs.caller import Caller

Buffer = Memory | Characters | bytes | bytearray | memoryview
"""What C has a pointer to."""
Address = Buffer | None
"""A pointer to a struct, or NULL."""
Length = int | Integer | None
"""A socklen_t: a number, or the variable that a call writes into, or NULL."""


def memory_of(data: Buffer | str) -> memoryview:
    """The bytes behind a buffer argument, without a copy."""
    if isinstance(data, Memory | Characters):
        return data.raw
    if isinstance(data, str):
        raise TypeError("C sends bytes, not text: encode it, or write b'...'")
    return memoryview(data).cast("B")


def os_error(errno: int) -> OSError:
    """The exception of a failed call."""
    return OSError(errno, os.strerror(errno))


class SocketCalls:
    """socket(2) to setsockopt(2) for one process."""

    def __init__(self, process: "Caller") -> None:
        self._process = process
        self._call = process.call_as_c
        self._order = process.byte_order
        self._look = process.look

    def socket(self, family: int, type: int, protocol: int) -> int:
        """int socket(int family, int type, int protocol);"""
        return self._call("socket", family, type, protocol)  # type: ignore[no-any-return]

    def socketpair(
        self, family: int, type: int, protocol: int, pair: list[int] | None = None
    ) -> tuple[int, int] | int:
        """int socketpair(int family, int type, int protocol, int pair[2]); without `pair`, the two are the result."""
        fds: tuple[int, int] = self._call("socketpair", family, type, protocol)
        if pair is None:
            return fds
        pair[:] = fds
        return 0

    def address(self, fd: int, addr: Address, addrlen: Length) -> Sockaddr:
        """What the kernel reads from a struct. A descriptor that is no socket is judged before the address."""
        seen = self._look(fd)
        if seen is None or seen.kind != "sock":
            return SockaddrOther(0)
        if addr is None:
            raise os_error(linux.EFAULT)
        try:
            return parse(memory_of(addr), 0 if addrlen is None else int(addrlen), self._order, seen.domain)
        except SockaddrError as error:
            raise os_error(error.errno) from None

    def result(self, address: Sockaddr | None, addr: Address, addrlen: Length) -> None:
        """What the kernel writes into the caller's struct, and its length into the `socklen_t`."""
        if addr is None:
            return
        if addrlen is None:
            raise os_error(linux.EFAULT)
        if not isinstance(addrlen, Integer):
            raise TypeError("addrlen is value-result: pass a socklen_t, not a number")
        size = addrlen.value
        try:
            data, length = copy_out(address, size if size < 1 << 31 else -1, self._order)
        except SockaddrError as error:
            raise os_error(error.errno) from None
        memory = memory_of(addr)
        if len(data) > len(memory):
            raise BufferError(
                f"{len(data)} bytes of address for a struct of {len(memory)}: addrlen must be its sizeof"
            )
        memory[: len(data)] = data
        addrlen.value = length

    def bind(self, fd: int, addr: Address, addrlen: Length) -> int:
        """int bind(int fd, const struct sockaddr *addr, socklen_t addrlen);"""
        self._call("bind", fd, self.address(fd, addr, addrlen))
        return 0

    def connect(self, fd: int, server_addr: Address, addrlen: Length) -> int:
        """int connect(int fd, const struct sockaddr *server_addr, socklen_t addrlen);"""
        self._call("connect", fd, self.address(fd, server_addr, addrlen))
        return 0

    def listen(self, fd: int, backlog: int) -> int:
        """int listen(int fd, int backlog);"""
        self._call("listen", fd, backlog)
        return 0

    def accept(self, fd: int, client_addr: Address = None, addrlen: Length = None) -> int:
        """int accept(int fd, struct sockaddr *client_addr, socklen_t *addrlen);"""
        return self.accept4(fd, client_addr, addrlen, 0)

    def accept4(self, fd: int, client_addr: Address, addrlen: Length, flags: int) -> int:
        """int accept4(int fd, struct sockaddr *client_addr, socklen_t *addrlen, int flags);"""
        cfd: int
        cfd, address = self._call("accept4", fd, flags)
        try:
            self.result(address, client_addr, addrlen)
        except OSError:
            self._call("close", cfd)
            raise
        return cfd

    def getsockname(self, fd: int, addr: Address, addrlen: Length) -> int:
        """int getsockname(int fd, struct sockaddr *addr, socklen_t *addrlen);"""
        self.result(self._call("getsockname", fd), addr, addrlen)
        return 0

    def getpeername(self, fd: int, addr: Address, addrlen: Length) -> int:
        """int getpeername(int fd, struct sockaddr *addr, socklen_t *addrlen);"""
        self.result(self._call("getpeername", fd), addr, addrlen)
        return 0

    def shutdown(self, fd: int, how: int) -> int:
        """int shutdown(int fd, int how);"""
        self._call("shutdown", fd, how)
        return 0

    def setsockopt(self, fd: int, level: int, name: int, value: Buffer | int, length: Length = None) -> int:
        """int setsockopt(int fd, int level, int name, const void *value, socklen_t length); a number means an int."""
        if isinstance(value, int):
            data = (value & 0xFFFFFFFF).to_bytes(4, "little")
        elif isinstance(value, Memory):
            data = value.little()
        else:
            data = bytes(memory_of(value))
        self._call("setsockopt", fd, level, name, data if length is None else data[: int(length)])
        return 0

    def getsockopt(self, fd: int, level: int, name: int, value: Address = None, length: Length = None) -> int:
        """int getsockopt(int fd, int level, int name, void *value, socklen_t *length); without `value` the result is
        the option's int."""
        if value is None:
            return int.from_bytes(self._call("getsockopt", fd, level, name, 4), "little", signed=True)
        memory = memory_of(value)
        data: bytes = self._call("getsockopt", fd, level, name, len(memory) if length is None else int(length))
        if len(data) > len(memory):
            raise BufferError(f"an option of {len(data)} bytes for a buffer of {len(memory)}")
        if isinstance(value, Memory) and len(data) == value.SIZE:
            turned = type(value)()
            turned.raw[:] = data
            data = turned.little()
        memory[: len(data)] = data
        if isinstance(length, Integer):
            length.value = len(data)
        return 0
