"""Interval timers of a simulated process (setitimer(2)), on virtual time."""

from collections.abc import Callable

from farhost.sim.scheduler import Scheduler, Timer


class IntervalTimer:
    """One; `send` sends its signal."""

    def __init__(self, scheduler: Scheduler, send: Callable[[], None]) -> None:
        self._scheduler = scheduler
        self._send = send
        self._interval_ns = 0
        self._due_ns: int | None = None
        self._timer: Timer | None = None

    def get(self) -> tuple[int, int]:
        """Nanoseconds until it is due (0: it is not set), and its interval."""
        left_ns = 0 if self._due_ns is None else max(1, self._due_ns - self._scheduler.now_ns)
        return left_ns, self._interval_ns

    def set(self, delay_ns: int, interval_ns: int) -> None:
        """Due after `delay_ns` (0: never), and every `interval_ns` after that."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._interval_ns = interval_ns
        self._due_ns = None
        if delay_ns > 0:
            self._due_ns = self._scheduler.now_ns + delay_ns
            self._timer = self._scheduler.call_at(self._due_ns, self._fire)

    def _fire(self) -> None:
        self.set(self._interval_ns, self._interval_ns)
        self._send()
