"""The calls that move data through sockets: send(2), recv(2) and their kin.

This is the hot path: no checks beyond need. A file that is no socket answers ENOTSOCK itself (`OpenFile.sendmsg`).
"""

from typing import cast

from farhost.kernel.files import Control, Received
from farhost.kernel.process import Thread
from farhost.kernel.syscalls.holding import holding
from farhost.kernel.waiting import Blocked, KernelError, mapped
from farhost.wire import linux
from farhost.wire.sockaddr import Sockaddr

_BAD_DESCRIPTOR = linux.EBADF
_MOST_CHUNKS = 1024
"""UIO_MAXIOV."""


def sendto(thread: Thread, fd: int, data: bytes, flags: int, address: Sockaddr | None) -> int | Blocked:
    """send(2), sendto(2): the bytes taken."""
    file = thread.files.get(fd)
    if file is None:
        raise KernelError(_BAD_DESCRIPTOR)
    result = file.sendmsg(thread, data, address, flags)
    if result.__class__ is Blocked:
        return holding(thread, file, result)
    return result


def recvfrom(thread: Thread, fd: int, size: int, flags: int) -> Received | Blocked:
    """recv(2), recvfrom(2)."""
    file = thread.files.get(fd)
    if file is None:
        raise KernelError(_BAD_DESCRIPTOR)
    result = file.recvmsg(thread, size, flags)
    if result.__class__ is Blocked:
        return holding(thread, file, result)
    return result


def sendmsg(
    thread: Thread, fd: int, chunks: tuple[bytes, ...], address: Sockaddr | None, control: Control, flags: int
) -> int | Blocked:
    """sendmsg(2): the chunks as one message; EMSGSIZE for more than 1024 of them."""
    file = thread.files.get(fd)
    if file is None:
        raise KernelError(_BAD_DESCRIPTOR)
    if len(chunks) > _MOST_CHUNKS:
        raise KernelError(linux.EMSGSIZE if file.is_socket else linux.ENOTSOCK)
    data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    result = file.sendmsg(thread, data, address, flags, control)
    if result.__class__ is Blocked:
        return holding(thread, file, result)
    return result


def recvmsg(thread: Thread, fd: int, size: int, control_size: int, flags: int) -> Received | Blocked:
    """recvmsg(2)."""
    file = thread.files.get(fd)
    if file is None:
        raise KernelError(_BAD_DESCRIPTOR)
    result = file.recvmsg(thread, size, flags, control_size)
    if flags & linux.MSG_CMSG_CLOEXEC:
        result = mapped(result, _close_on_exec) if isinstance(result, Blocked) else _close_on_exec(result)
    if result.__class__ is Blocked:
        return holding(thread, file, result)
    return result


def _close_on_exec(result: object) -> Received:
    """MSG_CMSG_CLOEXEC comes back among the flags, whether or not there were files."""
    received = cast(Received, result)
    return received._replace(flags=received.flags | linux.MSG_CMSG_CLOEXEC)
