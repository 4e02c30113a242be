"""The calls on descriptors of every sort: read(2), write(2), close(2), dup(2), pipe(2), fcntl(2), ioctl(2)."""

import struct

from farhost.kernel.eventfd import EventFile
from farhost.kernel.files import Stat
from farhost.kernel.owners import get_owner, set_owner
from farhost.kernel.pipes import make_pipe
from farhost.kernel.process import Thread
from farhost.kernel.syscalls.holding import holding
from farhost.kernel.waiting import Blocked, KernelError
from farhost.wire import linux

_CHANGEABLE = linux.O_APPEND | linux.O_NONBLOCK | linux.O_DIRECT | linux.O_NOATIME
"""What F_SETFL may change of every file."""
_RANGE_FLAGS = linux.CLOSE_RANGE_UNSHARE | linux.CLOSE_RANGE_CLOEXEC


def read(thread: Thread, fd: int, size: int) -> bytes | Blocked:
    """read(2)."""
    file = thread.files.get(fd)
    if file is None:
        raise KernelError(linux.EBADF)
    result = file.read(thread, size)
    if result.__class__ is Blocked:
        return holding(thread, file, result)
    return result


def write(thread: Thread, fd: int, data: bytes) -> int | Blocked:
    """write(2)."""
    file = thread.files.get(fd)
    if file is None:
        raise KernelError(linux.EBADF)
    result = file.write(thread, data)
    if result.__class__ is Blocked:
        return holding(thread, file, result)
    return result


def close(thread: Thread, fd: int) -> Blocked | None:
    """close(2): blocks only where SO_LINGER says so; the number is free at once."""
    return thread.process.descriptors.close(fd, thread)


def close_range(thread: Thread, first: int, last: int, flags: int) -> None:
    """close_range(2): all descriptors from `first` to `last`; with CLOSE_RANGE_CLOEXEC only mark them. EINVAL.

    Nothing waits for SO_LINGER: the descriptors are closed as at the process's end.
    """
    if flags & ~_RANGE_FLAGS or first > last:
        raise KernelError(linux.EINVAL)
    descriptors = thread.process.descriptors
    for number in descriptors:
        if first <= number <= last:
            if flags & linux.CLOSE_RANGE_CLOEXEC:
                descriptors.close_on_exec.add(number)
            else:
                descriptors.close(number, None)


def dup(thread: Thread, fd: int) -> int:
    """dup(2)."""
    return thread.process.descriptors.duplicate(fd)


def dup2(thread: Thread, fd: int, new: int) -> int:
    """dup2(2): the same number twice changes nothing."""
    if fd == new:
        thread.process.descriptors.get(fd)
        return new
    return thread.process.descriptors.duplicate_to(fd, new, False, thread)


def dup3(thread: Thread, fd: int, new: int, flags: int) -> int:
    """dup3(2): EINVAL for the same number twice, and for flags other than O_CLOEXEC."""
    if fd == new or flags & ~linux.O_CLOEXEC:
        raise KernelError(linux.EINVAL)
    return thread.process.descriptors.duplicate_to(fd, new, bool(flags & linux.O_CLOEXEC), thread)


def pipe2(thread: Thread, flags: int) -> tuple[int, int]:
    """pipe(2), pipe2(2): the end to read from and the end to write to."""
    if flags & ~(linux.O_CLOEXEC | linux.O_NONBLOCK | linux.O_DIRECT):
        raise KernelError(linux.EINVAL)
    descriptors = thread.process.descriptors
    descriptors.reserve(2)
    reader, writer = make_pipe(thread.kernel, flags & (linux.O_NONBLOCK | linux.O_DIRECT))
    close_on_exec = bool(flags & linux.O_CLOEXEC)
    return descriptors.add(reader, close_on_exec), descriptors.add(writer, close_on_exec)


def eventfd2(thread: Thread, count: int, flags: int) -> int:
    """eventfd(2): a descriptor for a counter that starts at `count` (32 bits); EINVAL, EMFILE."""
    if flags & ~(linux.EFD_SEMAPHORE | linux.EFD_CLOEXEC | linux.EFD_NONBLOCK):
        raise KernelError(linux.EINVAL)
    descriptors = thread.process.descriptors
    descriptors.reserve(1)
    return descriptors.add(EventFile(thread.kernel, count & 0xFFFFFFFF, flags), bool(flags & linux.EFD_CLOEXEC))


def fcntl(thread: Thread, fd: int, command: int, argument: int) -> int:
    """fcntl(2): F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETOWN, F_SETOWN; a pipe's size.
    EINVAL for others."""
    descriptors = thread.process.descriptors
    file = descriptors.get(fd)
    match command:
        case linux.F_DUPFD:
            return descriptors.duplicate(fd, argument)
        case linux.F_DUPFD_CLOEXEC:
            return descriptors.duplicate(fd, argument, True)
        case linux.F_GETFD:
            return linux.FD_CLOEXEC if fd in descriptors.close_on_exec else 0
        case linux.F_SETFD:
            if argument & linux.FD_CLOEXEC:
                descriptors.close_on_exec.add(fd)
            else:
                descriptors.close_on_exec.discard(fd)
            return 0
        case linux.F_GETFL:
            return file.status_flags
        case linux.F_SETFL:
            if argument & linux.O_DIRECT and not file.can_be_direct:
                raise KernelError(linux.EINVAL)
            changeable = _CHANGEABLE | linux.O_ASYNC if file.can_signal else _CHANGEABLE
            file.status_flags = file.status_flags & ~changeable | argument & changeable
            return 0
        case linux.F_GETOWN:
            return get_owner(thread, file)
        case linux.F_SETOWN:
            set_owner(thread, file, _signed(argument))
            return 0
        case _:
            return file.fcntl(thread, command, argument)


def _signed(argument: int) -> int:
    """What C makes of an argument where it takes it for an int."""
    return (argument + (1 << 31)) % (1 << 32) - (1 << 31)


def ioctl(thread: Thread, fd: int, request: int, argument: bytes) -> bytes:
    """ioctl(2): the argument's bytes after the call. ENOTTY for what the file does not know."""
    file = thread.process.descriptors.get(fd)
    match request:
        case linux.FIONBIO:
            on = any(argument[:4])
            file.status_flags = file.status_flags & ~linux.O_NONBLOCK | (linux.O_NONBLOCK if on else 0)
            return argument
        case linux.FIOASYNC:
            wanted = linux.O_ASYNC if any(argument[:4]) else 0
            if wanted != file.status_flags & linux.O_ASYNC and not file.can_signal:
                raise KernelError(linux.ENOTTY)
            file.status_flags = file.status_flags & ~linux.O_ASYNC | wanted
            return argument
        case linux.FIOQSIZE:
            raise KernelError(linux.ENOTTY)
        case linux.FIOCLEX:
            thread.process.descriptors.close_on_exec.add(fd)
            return argument
        case linux.FIONCLEX:
            thread.process.descriptors.close_on_exec.discard(fd)
            return argument
        case linux.FIOSETOWN | linux.SIOCSPGRP if file.is_socket:
            set_owner(thread, file, int.from_bytes(argument[:4], "little", signed=True))
            return argument
        case linux.FIOGETOWN | linux.SIOCGPGRP if file.is_socket:
            return struct.pack("<i", get_owner(thread, file))
        case _:
            return file.ioctl(thread, request, argument)


def fstat(thread: Thread, fd: int) -> Stat:
    """fstat(2)."""
    return thread.process.descriptors.get(fd).stat()
