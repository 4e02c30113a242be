"""The calls that make, name and connect sockets: arguments are checked here, the sockets do the rest."""

from typing import cast

from farhost.kernel.files import Socket
from farhost.kernel.process import Thread
from farhost.kernel.syscalls.holding import holding
from farhost.kernel.unix.family import unix_pair
from farhost.kernel.waiting import Blocked, KernelError, mapped
from farhost.wire import linux
from farhost.wire.sockaddr import Sockaddr

_TYPE_FLAGS = linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC


def _split_type(type: int) -> tuple[int, int]:
    flags = type & ~0xF
    if flags & ~_TYPE_FLAGS:
        raise KernelError(linux.EINVAL)
    return type & 0xF, flags


def _install(thread: Thread, sock: Socket, flags: int) -> int:
    if flags & linux.SOCK_NONBLOCK:
        sock.status_flags |= linux.O_NONBLOCK
    return thread.process.descriptors.add(sock, bool(flags & linux.SOCK_CLOEXEC))


def socket(thread: Thread, domain: int, type: int, protocol: int) -> int:
    """socket(2): a descriptor. EAFNOSUPPORT, ESOCKTNOSUPPORT, EPROTONOSUPPORT, EINVAL, EMFILE."""
    type, flags = _split_type(type)
    sock = thread.kernel.make_socket(thread, domain, type, protocol)
    return _install_new(thread, (sock,), flags)[0]


def socketpair(thread: Thread, domain: int, type: int, protocol: int) -> tuple[int, int]:
    """socketpair(2): two connected descriptors; EOPNOTSUPP except in the Unix domain."""
    type, flags = _split_type(type)
    if domain != linux.AF_UNIX:
        thread.kernel.make_socket(thread, domain, type, protocol).release(None)
        raise KernelError(linux.EOPNOTSUPP)
    numbers = _install_new(thread, unix_pair(thread.kernel, thread, type, protocol), flags)
    return numbers[0], numbers[1]


def _install_new(thread: Thread, socks: tuple[Socket, ...], flags: int) -> tuple[int, ...]:
    try:
        thread.process.descriptors.reserve(len(socks))
    except KernelError:
        for sock in socks:
            sock.release(None)
        raise
    return tuple(_install(thread, sock, flags) for sock in socks)


def bind(thread: Thread, fd: int, address: Sockaddr) -> None:
    """bind(2)."""
    sock = thread.process.descriptors.socket(fd)
    sock.bind(thread, address)
    sock.named = True


def listen(thread: Thread, fd: int, backlog: int) -> None:
    """listen(2): the backlog is at most net.core.somaxconn; a negative one means that much."""
    sock = thread.process.descriptors.socket(fd)
    sock.listen(thread, min(backlog & 0xFFFFFFFF, thread.kernel.sysctls["net.core.somaxconn"]))


def accept4(thread: Thread, fd: int, flags: int) -> tuple[int, Sockaddr] | Blocked:
    """accept4(2): the new descriptor and the peer's address. EMFILE comes before anything is taken from the queue."""
    if flags & ~_TYPE_FLAGS:
        raise KernelError(linux.EINVAL)
    sock = thread.process.descriptors.socket(fd)
    thread.process.descriptors.lowest_free()

    def install(result: object) -> object:
        new, peer = cast("tuple[Socket, Sockaddr]", result)
        return _install_new(thread, (new,), flags)[0], peer

    result = sock.accept(thread)
    if isinstance(result, Blocked):
        return holding(thread, sock, mapped(result, install))
    accepted, address = result
    return _install_new(thread, (accepted,), flags)[0], address


def connect(thread: Thread, fd: int, address: Sockaddr) -> Blocked | None:
    """connect(2)."""
    sock = thread.process.descriptors.socket(fd)
    result = sock.connect(thread, address)
    return None if result is None else holding(thread, sock, result)


def getsockname(thread: Thread, fd: int) -> Sockaddr:
    """getsockname(2)."""
    return thread.process.descriptors.socket(fd).getsockname()


def getpeername(thread: Thread, fd: int) -> Sockaddr:
    """getpeername(2)."""
    return thread.process.descriptors.socket(fd).getpeername()


def shutdown(thread: Thread, fd: int, how: int) -> None:
    """shutdown(2): SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2; EINVAL for others."""
    sock = thread.process.descriptors.socket(fd)
    if not 0 <= how <= 2:
        raise KernelError(linux.EINVAL)
    sock.shutdown(thread, how)


def setsockopt(thread: Thread, fd: int, level: int, name: int, value: bytes) -> None:
    """setsockopt(2): the value as the C struct's bytes, little endian."""
    thread.process.descriptors.socket(fd).setsockopt(thread, level, name, value)


def getsockopt(thread: Thread, fd: int, level: int, name: int, size: int) -> bytes:
    """getsockopt(2): at most `size` bytes."""
    return thread.process.descriptors.socket(fd).getsockopt(thread, level, name, size)
