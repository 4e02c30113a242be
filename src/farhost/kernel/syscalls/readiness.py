"""The calls that wait for readiness: epoll(7). poll(2) and select(2) are in `farhost.kernel.poll` as they are."""

from farhost.kernel.epoll import EpollFile, Events
from farhost.kernel.process import Thread
from farhost.kernel.syscalls.holding import holding
from farhost.kernel.waiting import Blocked, KernelError
from farhost.wire import linux


def epoll_create1(thread: Thread, flags: int) -> int:
    """epoll_create1(2): a descriptor; EINVAL for flags other than EPOLL_CLOEXEC, EMFILE."""
    if flags & ~linux.EPOLL_CLOEXEC:
        raise KernelError(linux.EINVAL)
    thread.process.descriptors.reserve(1)
    return thread.process.descriptors.add(EpollFile(thread.kernel), bool(flags))


def epoll_ctl(thread: Thread, epfd: int, operation: int, fd: int, events: int, data: int) -> None:
    """epoll_ctl(2): EBADF, EINVAL, EEXIST, ENOENT, ELOOP, EPERM."""
    descriptors = thread.process.descriptors
    epoll = descriptors.get(epfd)
    file = descriptors.get(fd)
    if not isinstance(epoll, EpollFile):
        raise KernelError(linux.EINVAL if file.can_poll else linux.EPERM)
    epoll.control(operation, file, fd, events, data)


def epoll_wait(thread: Thread, epfd: int, maximum: int, timeout_ns: int | None) -> Events | Blocked:
    """epoll_wait(2): (data, events) of what is ready."""
    file = thread.files.get(epfd)
    if not isinstance(file, EpollFile):
        raise KernelError(linux.EBADF if file is None else linux.EINVAL)
    result = file.wait(thread, maximum, timeout_ns)
    return holding(thread, file, result) if result.__class__ is Blocked else result
