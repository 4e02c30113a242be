"""The class `_socket.socket`: making, naming, connecting, options, time limits, closing. One subclass a process.

A stand-in for the C class of Modules/socketmodule.c, down to its messages; `socket.py` subclasses it unchanged. It
has no `__dict__` and no `__weakref__`, as the C class; the state is in slots whose names begin with `_sim`. System
calls go through the trap (`_sim_call`), and only through it. What moves data is in `socket_transfer.py` and
`socket_messages.py`.
"""

import _socket as system
import os
import sys
from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any, NoReturn

from farhost.programs.stdlib import socket_messages, socket_transfer
from farhost.programs.stdlib.immutable import make_immutable
from farhost.programs.stdlib.socket_convert import (
    Resolver,
    address_argument,
    address_result,
    as_int,
    bytes_of,
    index,
    int_argument,
    long_argument,
    timeout_argument,
    timeout_seconds,
)
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.caller import Caller

_FAMILIES = {"SockaddrIn": linux.AF_INET, "SockaddrIn6": linux.AF_INET6, "SockaddrUn": linux.AF_UNIX}
_OLD_FLAG = sys.version_info < (3, 12)
"""Until 3.11 setblocking took integers only."""
_LARGEST_OPTION = 1024
_DEFAULT_BACKLOG = 128


class SocketState:
    """What the sockets of one process share."""

    __slots__ = ("call", "default_timeout_ns", "monotonic_ns", "process", "resolver", "warn")

    def __init__(self, process: "Caller", resolver: Resolver, warn: Callable[[object], None]) -> None:
        self.process = process
        self.call = process.call
        self.monotonic_ns: Callable[[], int] = process.monotonic_ns
        self.resolver = resolver
        self.warn = warn
        """Called with a socket that was not closed, when it goes."""
        self.default_timeout_ns = -1
        """setdefaulttimeout: ns, -1 for none."""


def _readonly(name: str, doc: str) -> property:
    """A member of the C struct: readable."""

    def get(self: "BaseSocket") -> int:
        return getattr(self, name)  # type: ignore[no-any-return]

    def refuse(self: "BaseSocket", value: Any) -> NoReturn:
        raise AttributeError("readonly attribute")

    return property(get, refuse, doc=doc)


class BaseSocket:
    """`_socket.socket` of every process; `make_socket_class` ties it to one."""

    __slots__ = ("_sim", "_sim_call", "_sim_family", "_sim_fd", "_sim_proto", "_sim_timeout_ns", "_sim_type")

    _sim_state: SocketState
    """Of the class that `make_socket_class` makes."""

    _sim: SocketState
    _sim_call: Callable[..., Any]
    _sim_fd: int
    _sim_family: int
    _sim_type: int
    _sim_proto: int
    _sim_timeout_ns: int
    """0: non-blocking; -1: no limit."""

    family = _readonly("_sim_family", "the socket family")
    type = _readonly("_sim_type", "the socket type")
    proto = _readonly("_sim_proto", "the socket protocol")

    send = socket_transfer.send
    sendall = socket_transfer.sendall
    sendto = socket_transfer.sendto
    recv = socket_transfer.recv
    recvfrom = socket_transfer.recvfrom
    recv_into = socket_transfer.recv_into
    recvfrom_into = socket_transfer.recvfrom_into
    sendmsg = socket_messages.sendmsg
    sendmsg_afalg = socket_messages.sendmsg_afalg
    recvmsg = socket_messages.recvmsg
    recvmsg_into = socket_messages.recvmsg_into

    def __new__(cls, *arguments: Any, **words: Any) -> "BaseSocket":
        self = object.__new__(cls)
        state = cls._sim_state
        self._sim = state
        self._sim_call = state.call
        self._sim_fd = -1
        self._sim_family = self._sim_type = self._sim_proto = 0
        self._sim_timeout_ns = -1
        return self

    def __init__(self, family: Any = -1, type: Any = -1, proto: Any = -1, fileno: Any = None) -> None:
        family, type, proto = as_int(family), as_int(type), as_int(proto)
        if fileno is not None:
            adopt(self, family, type, proto, fileno)
            return
        family = linux.AF_INET if family == -1 else family
        type = linux.SOCK_STREAM if type == -1 else type
        proto = 0 if proto == -1 else proto
        fd = self._sim_call("socket", family, type | linux.SOCK_CLOEXEC, proto)
        start(self, fd, family, type, proto)

    def __repr__(self) -> str:
        return (
            f"<socket object, fd={self._sim_fd}, family={self._sim_family}, type={self._sim_type}, "
            f"proto={self._sim_proto}>"
        )

    def __del__(self) -> None:
        try:
            fd = self._sim_fd
        except AttributeError:
            return
        if fd >= 0 and not self._sim.process.dead:
            self._sim.warn(self)
            self._sim_fd = -1
            try:
                self._sim_call("close", fd)
            except OSError:
                pass

    # Naming and connecting.

    def bind(self, address: Any, /) -> None:
        """bind(address)"""
        target = address_argument(self._sim_family, address, "bind", self._sim.resolver)
        self._sim_call("bind", self._sim_fd, target)

    def connect(self, address: Any, /) -> None:
        """connect(address)"""
        target = address_argument(self._sim_family, address, "connect", self._sim.resolver)
        if self._sim_timeout_ns <= 0:
            self._sim_call("connect", self._sim_fd, target)
            return
        try:
            self._sim_call("connect", self._sim_fd, target)
        except BlockingIOError as error:
            if error.errno != linux.EINPROGRESS:
                raise
        else:
            return
        finish_connect(self)

    def connect_ex(self, address: Any, /) -> int:
        """connect_ex(address) -> errno

        Like connect(address), but returns an error code (the errno value) instead of raising an exception.
        """
        target = address_argument(self._sim_family, address, "connect_ex", self._sim.resolver)
        try:
            self._sim_call("connect", self._sim_fd, target)
            return 0
        except OSError as error:
            if self._sim_timeout_ns <= 0 or error.errno != linux.EINPROGRESS:
                return error.errno or 0
        try:
            finish_connect(self)
        except TimeoutError as error:
            return error.errno or linux.EWOULDBLOCK
        except OSError as error:
            return error.errno or 0
        return 0

    def listen(self, backlog: Any = _DEFAULT_BACKLOG, /) -> None:
        """listen([backlog])"""
        self._sim_call("listen", self._sim_fd, max(0, int_argument(backlog)))

    def _accept(self) -> tuple[int, Any]:
        """_accept() -> (integer, address info)"""
        timeout_ns = self._sim_timeout_ns
        if timeout_ns > 0:
            fd, address = socket_transfer.patient(self, linux.POLLIN, timeout_ns, "accept4", linux.SOCK_CLOEXEC)
        else:
            fd, address = self._sim_call("accept4", self._sim_fd, linux.SOCK_CLOEXEC)
        return fd, address_result(address)

    def getsockname(self) -> Any:
        """getsockname() -> address info"""
        return address_result(self._sim_call("getsockname", self._sim_fd))

    def getpeername(self) -> Any:
        """getpeername() -> address info"""
        return address_result(self._sim_call("getpeername", self._sim_fd))

    def shutdown(self, how: Any, /) -> None:
        """shutdown(flag)"""
        self._sim_call("shutdown", self._sim_fd, as_int(how))

    # The descriptor.

    def fileno(self) -> int:
        """fileno() -> integer"""
        return self._sim_fd

    def detach(self) -> int:
        """detach()"""
        fd = self._sim_fd
        self._sim_fd = -1
        return fd

    def close(self) -> None:
        """close()"""
        fd = self._sim_fd
        if fd >= 0:
            self._sim_fd = -1
            try:
                self._sim_call("close", fd)
            except ConnectionResetError:
                pass

    # Time limits.

    def setblocking(self, flag: Any, /) -> None:
        """setblocking(flag)"""
        if _OLD_FLAG:
            flag = long_argument(flag)
        set_timeout(self, -1 if flag else 0)

    def getblocking(self) -> bool:
        """getblocking()"""
        return self._sim_timeout_ns != 0

    def settimeout(self, timeout: Any, /) -> None:
        """settimeout(timeout)"""
        set_timeout(self, timeout_argument(timeout))

    def gettimeout(self) -> float | None:
        """gettimeout() -> timeout"""
        return timeout_seconds(self._sim_timeout_ns)

    @property
    def timeout(self) -> float | None:
        """the socket timeout"""
        return timeout_seconds(self._sim_timeout_ns)

    @timeout.setter
    def timeout(self, value: Any) -> NoReturn:
        raise AttributeError("attribute 'timeout' of '_socket.socket' objects is not writable")

    # Options.

    def setsockopt(self, *arguments: Any) -> None:
        """setsockopt(level, option, value: int)
        setsockopt(level, option, value: buffer)
        setsockopt(level, option, None, optlen: int)
        """
        if len(arguments) == 4 and arguments[2] is None and hasattr(arguments[3], "__index__"):
            level, name = int_argument(arguments[0]), int_argument(arguments[1])
            set_null_option(self, level, name, index(arguments[3]) & 0xFFFFFFFF)
            return
        if len(arguments) != 3:
            raise TypeError(f"setsockopt() takes exactly 3 arguments ({len(arguments)} given)")
        level, name, value = int_argument(arguments[0]), int_argument(arguments[1]), arguments[2]
        try:
            data = int_argument(value).to_bytes(4, "little", signed=True)
        except (TypeError, OverflowError):
            data = bytes_of(value)
        self._sim_call("setsockopt", self._sim_fd, level, name, data)

    def getsockopt(self, level: Any, option: Any, buffersize: Any = 0, /) -> Any:
        """getsockopt(level, option[, buffersize]) -> value

        Get a socket option: an integer, or with a buffersize the bytes.
        """
        level, option, size = int_argument(level), int_argument(option), int_argument(buffersize)
        if size == 0:
            data = self._sim_call("getsockopt", self._sim_fd, level, option, 4)
            return int.from_bytes(data[:4].ljust(4, b"\0"), "little", signed=True)
        if not 0 < size <= _LARGEST_OPTION:
            raise OSError("getsockopt buflen out of range")
        return self._sim_call("getsockopt", self._sim_fd, level, option, size)


for _member in vars(BaseSocket).values():
    if isinstance(_member, FunctionType):
        _member.__qualname__ = f"socket.{_member.__name__}"
"""What Python says of a call with too few arguments, nearly as C would."""


def start(sock: BaseSocket, fd: int, family: int, type: int, proto: int) -> None:
    """init_sockobject: the fields, and the time limit that new sockets have."""
    sock._sim_fd = fd
    sock._sim_family = family
    sock._sim_type = type & ~(linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC)
    sock._sim_proto = proto
    if type & linux.SOCK_NONBLOCK:
        sock._sim_timeout_ns = 0
        return
    sock._sim_timeout_ns = limit_ns = sock._sim.default_timeout_ns
    if limit_ns >= 0:
        _set_nonblocking(sock, True)


def adopt(sock: BaseSocket, family: int, type: int, proto: int, fileno: Any) -> None:
    """`fileno=`: a socket object for a descriptor that is there; what was not said, the kernel knows.

    A real descriptor is that of a file, and so no socket.
    """
    fd = long_argument(fileno)
    if fd < 0:
        raise ValueError("negative file descriptor")
    if fd >= sock._sim.process.real_base and fd not in sock._sim.process.files:
        os.fstat(fd)
        raise OSError(linux.ENOTSOCK, os.strerror(linux.ENOTSOCK))
    call = sock._sim_call
    address = call("getsockname", fd)
    if family == -1:
        family = _FAMILIES.get(address.__class__.__name__) or address.family
    if type == -1:
        type = int.from_bytes(call("getsockopt", fd, linux.SOL_SOCKET, linux.SO_TYPE, 4), "little")
    if proto == -1:
        proto = int.from_bytes(call("getsockopt", fd, linux.SOL_SOCKET, linux.SO_PROTOCOL, 4), "little")
    start(sock, fd, family, type, proto)


def _set_nonblocking(sock: BaseSocket, on: bool) -> None:
    sock._sim_call("ioctl", sock._sim_fd, linux.FIONBIO, int(on).to_bytes(4, "little"))


def set_timeout(sock: BaseSocket, limit_ns: int) -> None:
    """settimeout and setblocking: a time limit makes the descriptor itself non-blocking."""
    sock._sim_timeout_ns = limit_ns
    _set_nonblocking(sock, limit_ns >= 0)


def set_null_option(sock: BaseSocket, level: int, name: int, size: int) -> None:
    """setsockopt(2) with a null pointer: first the socket, then a size that is too small, then EFAULT."""
    data = sock._sim_call("getsockopt", sock._sim_fd, level, name, 0)
    assert not data
    if size < 4:
        raise OSError(linux.EINVAL, "Invalid argument")
    raise OSError(linux.EFAULT, "Bad address")


def finish_connect(sock: BaseSocket) -> None:
    """The connection is being made on a descriptor with a time limit: wait for it, and see what became of it."""
    limit_ns = sock._sim_timeout_ns
    if not socket_transfer.wait_until_ready(sock, linux.POLLOUT | linux.POLLERR, limit_ns):
        raise TimeoutError("timed out")
    data = sock._sim_call("getsockopt", sock._sim_fd, linux.SOL_SOCKET, linux.SO_ERROR, 4)
    error = int.from_bytes(data, "little")
    if error not in (0, linux.EISCONN):
        raise OSError(error, os.strerror(error))


def make_socket_class(state: SocketState) -> type[BaseSocket]:
    """The class `socket` of one process's `_socket`."""
    namespace = {
        "__slots__": (),
        "__module__": "_socket",
        "__qualname__": "socket",
        "__doc__": system.socket.__doc__,
        "_sim_state": state,
    }
    made = type("socket", (BaseSocket,), namespace)
    make_immutable(made)
    return made
