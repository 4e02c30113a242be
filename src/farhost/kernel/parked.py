"""A call that would block, made by somebody without a thread to sit in the wait: it is kept, and goes on in an event.

For services of the kernel's own (`farhost.network.kernel_task`) and attached processes (`farhost.devices.attach`).
Programs have threads, and sit in the one wait of `farhost.programs.trap`; the ends are the same.
"""

from collections.abc import Callable

from farhost.kernel.environment import Clock, Timer
from farhost.kernel.waiting import Blocked, GiveUp, Waiter

Step = Callable[[], object]
"""A part of a call: its result, Blocked, or KernelError."""


class ParkedCall:
    """At most one call that waits; when its wait ends, `go_on` is called with what to do then."""

    def __init__(self, clock: Clock, go_on: Callable[[Step], None]) -> None:
        self._clock = clock
        self._go_on = go_on
        self._blocked: Blocked | None = None
        self._waiters: list[Waiter] = []
        self._timer: Timer | None = None
        self._woken = False
        """It will try again in an event that is scheduled already."""

    @property
    def waits(self) -> bool:
        """Whether there is one."""
        return self._blocked is not None

    def sit(self, blocked: Blocked) -> None:
        """Wait on its queues, and until its time limit."""
        self._blocked = blocked
        for queue, mask in blocked.waits:
            waiter = Waiter(mask, self._ready)
            queue.add(waiter)
            self._waiters.append(waiter)
        if blocked.deadline_ns is not None:
            self._timer = self._clock.call_at(max(blocked.deadline_ns, self._clock.now_ns), self._expire)

    def end(self, why: GiveUp) -> None:
        """The wait ends now, if there is one."""
        if self._blocked is not None:
            blocked = self.leave()
            self._go_on(lambda: blocked.give_up(why))

    def leave(self) -> Blocked:
        """Take the call off its queues; there is one."""
        blocked = self._blocked
        assert blocked is not None
        for (queue, _), waiter in zip(blocked.waits, self._waiters):
            queue.remove(waiter)
        self._waiters.clear()
        if self._timer is not None:
            self._timer.cancel()
        self._blocked, self._timer, self._woken = None, None, False
        return blocked

    def _ready(self, mask: int) -> bool:
        """A queue calls: try again once the present event is over. Whether this woke the call."""
        if self._woken or self._blocked is None:
            return False
        self._woken = True
        self._clock.call_at(self._clock.now_ns, self._try_again)
        return True

    def _try_again(self) -> None:
        if self._woken:
            self._go_on(self.leave().retry)

    def _expire(self) -> None:
        if not self._woken:
            self.end(GiveUp.TIMED_OUT)
