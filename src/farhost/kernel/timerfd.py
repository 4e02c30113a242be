"""timerfd_create(2): a timer as an open file, which is readable once it has expired.

As in Linux (fs/timerfd.c) the timer runs out once and wakes those who wait; a periodic one counts what has passed
meanwhile, and runs on, when it is read or asked. So it makes one edge for each reading. Where the wall clock jumps
(`Kernel.step_clock`), an absolute timer of that clock expires when the clock now says so, and one with
TFD_TIMER_CANCEL_ON_SET tells.
"""

from typing import TYPE_CHECKING

from farhost.kernel.files import OpenFile, Stat
from farhost.kernel.waiting import Blocked, KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.environment import Timer
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread

CLOCKS = (linux.CLOCK_REALTIME, linux.CLOCK_MONOTONIC, linux.CLOCK_BOOTTIME)
"""Clocks that a timer may have."""
ALARM_CLOCKS = (linux.CLOCK_REALTIME_ALARM, linux.CLOCK_BOOTTIME_ALARM)
"""Those that wake a sleeping machine, for the privileged."""

_REALTIME = (linux.CLOCK_REALTIME, linux.CLOCK_REALTIME_ALARM)
_SIZE = 8

Setting = tuple[int, int]
"""In ns: until it expires, 0 for never; and the interval after that, 0 for once."""


class TimerFile(OpenFile):
    """A timer of one of the clocks; `flags`: TFD_NONBLOCK."""

    kind = "timerfd"
    seeks = True

    def __init__(self, kernel: "Kernel", clock: int, flags: int) -> None:
        super().__init__()
        self.kernel = kernel
        self.inode = kernel.next_inode()
        self.clock = clock
        self.status_flags = linux.O_RDWR | flags & linux.TFD_NONBLOCK
        self._interval_ns = 0
        self._expiry_ns = 0
        """When it expires or has expired, by the host's monotonic clock."""
        self._expired = False
        """It has run out and has not been read since."""
        self._ticks = 0
        self._timer: Timer | None = None
        self._cancels = False
        """It tells when the clock has jumped."""
        self._cancelled = False
        """The clock has jumped since it was set or read."""

    def set(self, initial_ns: int, interval_ns: int, absolute: bool, cancels: bool = False) -> Setting:
        """timerfd_settime(2): what was set before. 0 disarms; an absolute time that has passed expires at once.
        `cancels`: TFD_TIMER_CANCEL_ON_SET, which means something for absolute times of the wall clock."""
        self._stop()
        self._cancelled = False
        on_wall_clock = absolute and self.clock in _REALTIME
        self._cancels = cancels and on_wall_clock
        self.kernel.wall_timers.pop(self, None)
        if on_wall_clock and (initial_ns or cancels):
            self.kernel.wall_timers[self] = None
        if self._expired and self._interval_ns:
            self._forward()
        old = self._remaining_ns(), self._interval_ns
        self._ticks = 0
        self._expired = False
        self._interval_ns = interval_ns
        now_ns = self.kernel.monotonic_ns()
        self._expiry_ns = 0
        if initial_ns:
            if on_wall_clock:
                initial_ns -= self.kernel.realtime_ns() - now_ns
            self._expiry_ns = initial_ns if absolute else now_ns + initial_ns
            self._start()
        return old

    def get(self) -> Setting:
        """timerfd_gettime(2)."""
        if self._expired and self._interval_ns:
            self._run_on()
        return self._remaining_ns(), self._interval_ns

    def clock_jumped(self, step_ns: int) -> None:
        """The wall clock, by which it is set, has jumped so far: it expires so much earlier."""
        if self._timer is not None:
            self._stop()
            self._expiry_ns -= step_ns
            self._start()
        elif self._expired and self._interval_ns:
            self._expiry_ns -= step_ns
        if self._cancels:
            self._cancelled = True
            self._ticks += 1
            self.queue.wake(linux.EPOLLIN)

    def _remaining_ns(self) -> int:
        return max(0, self._expiry_ns - self.kernel.monotonic_ns())

    def _start(self) -> None:
        remaining_ns = self._remaining_ns()
        if remaining_ns:
            kernel = self.kernel
            due_ns = kernel.deadline_ns(remaining_ns)
            self._timer = kernel.environment.clock.call_at(due_ns, self._expire)
        else:
            self._expire()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        self._expired = True
        self._ticks += 1
        self.queue.wake(linux.EPOLLIN)

    def _forward(self) -> int:
        """Set the expiry to the first that is still to come; how many intervals that took (hrtimer_forward): none
        where the clock was set back."""
        passed = max(0, (self.kernel.monotonic_ns() - self._expiry_ns) // self._interval_ns + 1)
        self._expiry_ns += passed * self._interval_ns
        return passed

    def _run_on(self) -> None:
        """Count what has passed since a periodic timer ran out, and let it run again."""
        self._expired = False
        self._ticks += self._forward() - 1
        self._start()

    def poll(self) -> int:
        """Readable once it has expired."""
        return linux.EPOLLIN if self._ticks else 0

    def read(self, thread: "Thread", size: int) -> bytes | Blocked:
        """read(2): how often it has expired since it was set or read, in 8 bytes. EINVAL, EAGAIN.

        Once ECANCELED where its clock has jumped and it tells of that; then it is not armed again."""
        if size < _SIZE:
            raise KernelError(linux.EINVAL)
        if not self._ticks:
            if self.status_flags & linux.O_NONBLOCK:
                raise KernelError(linux.EAGAIN)
            return Blocked(((self.queue, linux.EPOLLIN),), lambda: self.read(thread, size))
        if self._cancelled:
            self._cancelled = self._expired = False
            self._ticks = 0
            raise KernelError(linux.ECANCELED)
        if self._expired and self._interval_ns:
            self._run_on()
        self._expired = False
        ticks, self._ticks = self._ticks, 0
        if not ticks:  # The clock was set back to before the expiry: timerfd_create(2), "may unblock, and return 0".
            if self.status_flags & linux.O_NONBLOCK:
                raise KernelError(linux.EAGAIN)
            return b""
        return ticks.to_bytes(_SIZE, "little")

    def stat(self) -> Stat:
        """An anonymous inode."""
        return Stat(0o600, self.inode, 1, 0, 0, 0, self.kernel.realtime_ns())

    def release(self, thread: "Thread | None") -> Blocked | None:
        """The timer goes with its file."""
        self.kernel.wall_timers.pop(self, None)
        self._stop()
        return None
