"""The calls that make, name and connect sockets: arguments are checked here, the sockets do the rest."""

from collections.abc import Callable
from typing import cast

from farhost.kernel.files import Socket
from farhost.kernel.process import Thread
from farhost.kernel.syscalls.holding import holding
from farhost.kernel.unix.family import unix_pair
from farhost.kernel.waiting import Blocked, KernelError
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
    try:
        return _install(thread, sock, flags)
    except KernelError:
        sock.release(None)
        raise


def socketpair(thread: Thread, domain: int, type: int, protocol: int) -> tuple[int, int]:
    """socketpair(2): two connected descriptors, or none: EMFILE first; EOPNOTSUPP except in the Unix domain."""
    type, flags = _split_type(type)
    thread.process.descriptors.reserve(2)
    if domain != linux.AF_UNIX:
        thread.kernel.make_socket(thread, domain, type, protocol).release(None)
        raise KernelError(linux.EOPNOTSUPP)
    one, other = unix_pair(thread.kernel, thread, type, protocol)
    return _install(thread, one, flags), _install(thread, other, flags)


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
    """accept4(2): the new descriptor and the peer's address.

    The number is set aside before the call waits; EMFILE comes before anything is taken from the queue.
    """
    if flags & ~_TYPE_FLAGS:
        raise KernelError(linux.EINVAL)
    descriptors = thread.process.descriptors
    sock = descriptors.socket(fd)
    number = descriptors.promise()
    result = _accept(thread, number, flags, lambda: sock.accept(thread))
    return holding(thread, sock, result) if isinstance(result, Blocked) else result


def _accept(thread: Thread, number: int, flags: int, attempt: Callable[[], object]) -> tuple[int, Sockaddr] | Blocked:
    """What an attempt to accept gives; the number that was promised for it is used, or given back on a failure."""
    descriptors = thread.process.descriptors
    try:
        result = attempt()
    except KernelError:
        descriptors.withdraw(number)
        raise
    if isinstance(result, Blocked):
        retry, give_up = result.retry, result.give_up
        result.retry = lambda: _accept(thread, number, flags, retry)
        result.give_up = lambda why: _accept(thread, number, flags, lambda: give_up(why))
        return result
    sock, address = cast("tuple[Socket, Sockaddr]", result)
    if flags & linux.SOCK_NONBLOCK:
        sock.status_flags |= linux.O_NONBLOCK
    return descriptors.keep_promise(number, sock, bool(flags & linux.SOCK_CLOEXEC)), address


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
