"""The calls on timers that are files: timerfd_create(2), timerfd_settime(2), timerfd_gettime(2)."""

from farhost.kernel.process import Thread
from farhost.kernel.timerfd import ALARM_CLOCKS, CLOCKS, TimerFile
from farhost.kernel.waiting import KernelError
from farhost.wire import linux


def timerfd_create(thread: Thread, clock: int, flags: int) -> int:
    """timerfd_create(2): a descriptor; EINVAL for another clock or flag, EPERM for a clock that wakes machines."""
    if flags & ~(linux.TFD_CLOEXEC | linux.TFD_NONBLOCK) or clock not in (*CLOCKS, *ALARM_CLOCKS):
        raise KernelError(linux.EINVAL)
    if clock in ALARM_CLOCKS and thread.process.uid != 0:
        raise KernelError(linux.EPERM)
    descriptors = thread.process.descriptors
    descriptors.reserve(1)
    return descriptors.add(TimerFile(thread.kernel, clock, flags), bool(flags & linux.TFD_CLOEXEC))


def timerfd_settime(thread: Thread, fd: int, flags: int, initial_ns: int, interval_ns: int) -> tuple[int, int]:
    """timerfd_settime(2): the time left and the interval in ns, as they were. EBADF, EINVAL."""
    if flags & ~(linux.TFD_TIMER_ABSTIME | linux.TFD_TIMER_CANCEL_ON_SET) or initial_ns < 0 or interval_ns < 0:
        raise KernelError(linux.EINVAL)
    absolute, cancels = bool(flags & linux.TFD_TIMER_ABSTIME), bool(flags & linux.TFD_TIMER_CANCEL_ON_SET)
    return _timer(thread, fd).set(initial_ns, interval_ns, absolute, cancels)


def timerfd_gettime(thread: Thread, fd: int) -> tuple[int, int]:
    """timerfd_gettime(2): the time left until it expires, and the interval, in ns. EBADF, EINVAL."""
    return _timer(thread, fd).get()


def _timer(thread: Thread, fd: int) -> TimerFile:
    file = thread.process.descriptors.get(fd)
    if not isinstance(file, TimerFile):
        raise KernelError(linux.EINVAL)
    return file
