"""The real clock: a run that waits on real descriptors until its next event is due (DESIGN 12).

Simulated time runs along with the machine's monotonic clock, from 0 at the start. What arrives at a real descriptor
is handled at the time at which it is seen; a run that falls behind takes its events in order, each at its own time,
and looks at its descriptors in between. Such a run is not reproducible.
"""

import contextlib
import os
import select
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from farhost.kernel.syscalls.spin import Spin
from farhost.sim.scheduler import Scheduler

NS = 1_000_000_000
_MILLISECOND_NS = 1_000_000
_COARSE_NS = 3 * _MILLISECOND_NS
"""Up to so much before an event is due, epoll(7) may wait, which counts milliseconds; then select(2) does."""
_LATE_LOOK_NS = 200_000
"""A run that is behind looks at its descriptors so often."""

_LIVELY_NS = 1_000_000
"""Whoever has been heard of so lately is waited for wide awake at first."""

OnReady = Callable[[int], None]
"""Called with the readiness bits (EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP)."""


class RealTime:
    """The pace of one scheduler (`farhost.sim.scheduler.Pace`), and the real descriptors that wake it."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._start_ns = time.monotonic_ns() - scheduler.now_ns
        self._epoll = select.epoll()
        self._handlers: dict[int, OnReady] = {}
        self._look = partial(self._epoll.poll, 0)
        self._spin = Spin(self._look, os.sched_yield, time.monotonic_ns)
        self._looked_ns = 0
        self._found_ns = 0
        """When something was found that had arrived."""
        self._wanted: deque[Callable[[], None]] = deque()
        self._wake_reader, self._wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.watch(self._wake_reader, self._drain)
        scheduler.pace = self

    def now_ns(self) -> int:
        """Real time since the start."""
        return time.monotonic_ns() - self._start_ns

    def boot_and_epoch_ns(self, now_ns: int) -> tuple[int, int]:
        """Where in simulated time the machine's monotonic clock was 0, and the time of day at simulated time 0, for
        hosts that show the machine's clocks; `now_ns` is the simulated time."""
        return now_ns - time.monotonic_ns(), time.time_ns() - now_ns

    def watch(self, number: int, handler: OnReady, events: int = select.EPOLLIN) -> None:
        """Call the handler, in an event of its own, whenever the real descriptor is ready (level-triggered)."""
        self._handlers[number] = handler
        self._epoll.register(number, events)

    def change(self, number: int, events: int) -> None:
        """Wait for other events of a descriptor from now on."""
        self._epoll.modify(number, events)

    def rest(self, number: int, duration_ns: int) -> None:
        """Do not look at a descriptor for a while, whatever it has to say."""
        self._epoll.modify(number, 0)
        self._scheduler.call_at(self._scheduler.now_ns + duration_ns, self._look_again, number)

    def _look_again(self, number: int) -> None:
        if number in self._handlers:
            self._epoll.modify(number, select.EPOLLIN)

    def forget(self, number: int) -> None:
        """Watch a descriptor no longer; call it before the descriptor is closed."""
        if self._handlers.pop(number, None) is not None:
            self._epoll.unregister(number)

    def call(self, what: Callable[[], None]) -> None:
        """Have it called in an event of the run, also of one that has yet to begin: may be called from a signal's
        handler or another thread."""
        self._wanted.append(what)
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_writer, b"\0")

    def wait(self, due_ns: int | None) -> int:
        """`Pace.wait`: handle what has arrived, or wait until something does or `due_ns` has come; the time now."""
        now_ns = self.now_ns()
        if due_ns is not None and due_ns <= now_ns:
            if now_ns - self._looked_ns < _LATE_LOOK_NS:
                return now_ns
            found = self._look()
        else:
            found = self._spin() if now_ns - self._found_ns < _LIVELY_NS else []
            found = found or self._wait(due_ns, self.now_ns())
            now_ns = self.now_ns()
        self._looked_ns = now_ns
        scheduler = self._scheduler
        if found:
            self._found_ns = now_ns
            scheduler.now_ns = max(scheduler.now_ns, now_ns if due_ns is None else min(now_ns, due_ns))
            for number, events in found:
                handler = self._handlers.get(number)
                if handler is not None:
                    handler(events)
        return now_ns

    def _wait(self, due_ns: int | None, now_ns: int) -> list[tuple[int, int]]:
        if due_ns is None:
            return self._epoll.poll()
        left_ns = due_ns - now_ns
        if left_ns > _COARSE_NS:
            return self._epoll.poll((left_ns - _COARSE_NS // 2) // _MILLISECOND_NS / 1000)
        ready, _, _ = select.select((self._epoll.fileno(),), (), (), max(left_ns, 0) / NS)
        return self._epoll.poll(0) if ready else []

    def _drain(self, events: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_reader, 4096)
        while self._wanted:
            self._wanted.popleft()()

    def close(self) -> None:
        """The run is over."""
        self._scheduler.pace = None
        self._epoll.close()
        os.close(self._wake_reader)
        os.close(self._wake_writer)
        self._handlers.clear()
