"""The calls on processes, signals, clocks and the host: kill(2), sigaction(2), nanosleep(2), getrandom(2), ..."""

from farhost.kernel.process import Process, Thread
from farhost.kernel.signals import send_signal
from farhost.kernel.waiting import Blocked, GiveUp, KernelError
from farhost.wire import linux

_WNOHANG = 1
"""waitpid(2)."""

_LONGEST_NODE_NAME = 64
"""__NEW_UTS_LEN."""

_REALTIME = frozenset({linux.CLOCK_REALTIME, linux.CLOCK_REALTIME_COARSE})
_MONOTONIC = frozenset(
    {linux.CLOCK_MONOTONIC, linux.CLOCK_MONOTONIC_RAW, linux.CLOCK_MONOTONIC_COARSE, linux.CLOCK_BOOTTIME}
)


def kill(thread: Thread, pid: int, signal: int) -> None:
    """kill(2): one process of this host (0: the caller's own); ESRCH, EPERM, EINVAL. There are no process groups."""
    target = thread.process if pid == 0 else thread.kernel.processes.get(abs(pid))
    if not 0 <= signal <= 64:
        raise KernelError(linux.EINVAL)
    if target is None:
        raise KernelError(linux.ESRCH)
    if thread.process.uid not in (0, target.uid):
        raise KernelError(linux.EPERM)
    send_signal(target, signal)


def sigaction(thread: Thread, signal: int, disposition: int) -> int:
    """sigaction(2): the old disposition; SIG_DFL 0, SIG_IGN 1, a handler 2."""
    return thread.process.signals.set_disposition(signal, disposition)


def getpid(thread: Thread) -> int:
    """getpid(2)."""
    return thread.process.pid


def getppid(thread: Thread) -> int:
    """getppid(2): 1 for those whose parent ended, or that the host started."""
    parent = thread.process.parent
    return 1 if parent is None else parent.pid


def umask(thread: Thread, mask: int) -> int:
    """umask(2): the old mask."""
    old, thread.process.umask = thread.process.umask, mask & 0o777
    return old


def exit(thread: Thread, status: int) -> None:
    """exit_group(2): the caller's process is over when this returns."""
    thread.kernel.exit_process(thread.process, status & 0xFF)


def wait4(thread: Thread, pid: int, options: int) -> tuple[int, int] | Blocked:
    """wait4(2): (pid, status word) of an ended child; -1: any. WNOHANG: (0, 0) when none has ended. ECHILD."""
    process = thread.process
    children = [child for child in process.children if pid in (-1, child.pid)]
    if not children:
        raise KernelError(linux.ECHILD)
    for child in children:
        if child.status is not None:
            thread.kernel.reap(child)
            return child.pid, _status_word(child)
    if options & _WNOHANG:
        return 0, 0
    return Blocked(((process.child_ended, linux.EPOLLIN),), lambda: wait4(thread, pid, options))


def _status_word(child: Process) -> int:
    status = child.status
    assert status is not None
    return -status if status < 0 else status << 8


def prlimit64(thread: Thread, pid: int, resource: int, new: tuple[int, ...]) -> tuple[int, ...]:
    """prlimit(2): the limits of a process (0: the caller), (soft, hard), as they were before `new` ones, if any.

    ESRCH, EPERM, EINVAL.
    """
    target = thread.process if pid == 0 else thread.kernel.processes.get(pid)
    if target is None:
        raise KernelError(linux.ESRCH)
    if thread.process.uid not in (0, target.uid):
        raise KernelError(linux.EPERM)
    if not new:
        return target.limits.get(resource)
    if len(new) != 2:
        raise KernelError(linux.EFAULT)
    soft, hard = new
    return target.limits.set(resource, soft, hard)


def nanosleep(thread: Thread, duration_ns: int) -> Blocked | None:
    """nanosleep(2), by the host's own clock; EINTR when a signal comes first, EINVAL for a negative duration."""
    if duration_ns < 0:
        raise KernelError(linux.EINVAL)
    return Blocked((), lambda: None, thread.kernel.deadline_ns(duration_ns), _woken)


def _woken(why: GiveUp) -> None:
    if why is GiveUp.INTERRUPTED:
        raise KernelError(linux.EINTR)


def clock_gettime(thread: Thread, clock: int) -> int:
    """clock_gettime(2) in ns; EINVAL for a clock that the host does not have (those of processor time)."""
    if clock in _REALTIME:
        return thread.kernel.realtime_ns()
    if clock in _MONOTONIC:
        return thread.kernel.monotonic_ns()
    raise KernelError(linux.EINVAL)


def getrandom(thread: Thread, size: int) -> bytes:
    """getrandom(2): from the run's seed; every process has a sequence of its own."""
    return thread.kernel.random_bytes(thread.process.name, size)


def uname(thread: Thread) -> tuple[str]:
    """uname(2): the node name."""
    return (thread.kernel.node_name.decode("utf-8", "surrogateescape"),)


def sethostname(thread: Thread, name: bytes) -> None:
    """sethostname(2): EPERM for others than root, EINVAL beyond 64 bytes. Other hosts go on finding this one by its
    name in the network, as they do on Linux, where they ask a DNS server."""
    if thread.process.uid:
        raise KernelError(linux.EPERM)
    if len(name) > _LONGEST_NODE_NAME:
        raise KernelError(linux.EINVAL)
    thread.kernel.node_name = name.partition(b"\0")[0]
