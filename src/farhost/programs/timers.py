"""Interval timers of a simulated process (setitimer(2)), on its host's own clock."""

from collections.abc import Callable

from farhost.kernel.environment import Timer
from farhost.kernel.kernel import Kernel


class IntervalTimer:
    """One; `send` sends its signal."""

    def __init__(self, kernel: Kernel, send: Callable[[], None]) -> None:
        self._kernel = kernel
        self._send = send
        self._interval_ns = 0
        self._due_ns: int | None = None
        """By CLOCK_MONOTONIC."""
        self._timer: Timer | None = None

    def get(self) -> tuple[int, int]:
        """Nanoseconds until it is due (0: it is not set), and its interval."""
        left_ns = 0 if self._due_ns is None else max(1, self._due_ns - self._kernel.monotonic_ns())
        return left_ns, self._interval_ns

    def set(self, delay_ns: int, interval_ns: int) -> None:
        """Due after `delay_ns` (0: never), and every `interval_ns` after that."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._interval_ns = interval_ns
        self._due_ns = None
        if delay_ns > 0:
            kernel = self._kernel
            self._due_ns = kernel.monotonic_ns() + delay_ns
            self._timer = kernel.environment.clock.call_at(kernel.deadline_ns(delay_ns), self._fire)

    def _fire(self) -> None:
        self.set(self._interval_ns, self._interval_ns)
        self._send()
