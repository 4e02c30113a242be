"""Code that makes system calls on a host without being a program: a service of the host's own.

It is a generator that yields calls, `("recvmsg", 3, 512, 0, 0)`, and is sent their results; a call that fails raises
KernelError in it. It runs in events, and takes no time but what it waits. A wait ends as waits of programs do
(`farhost.programs.trap`): ready, or by the call's own time limit.
"""

from collections.abc import Generator
from typing import Any

from farhost.kernel.environment import Timer
from farhost.kernel.process import Process
from farhost.kernel.syscalls.table import FUNCTIONS
from farhost.kernel.waiting import Blocked, GiveUp, KernelError, Waiter

Calls = Generator[tuple[Any, ...], Any, None]
"""What a task does."""


class KernelTask:
    """One thread of a service; it runs until its generator ends."""

    def __init__(self, process: Process, calls: Calls) -> None:
        self._kernel = process.kernel
        self._process = process
        self._thread = process.add_thread()
        self._calls = calls
        self._blocked: Blocked | None = None
        self._waiters: list[Waiter] = []
        self._timer: Timer | None = None
        self._woken = False

    def start(self) -> None:
        """Run to the first wait."""
        self._advance(None, None)

    def _advance(self, result: object, failure: KernelError | None) -> None:
        """Go on with the result of a call, and make those that follow, until one waits."""
        while True:
            try:
                name, *arguments = self._calls.send(result) if failure is None else self._calls.throw(failure)
            except StopIteration:
                self._process.remove_thread(self._thread)
                return
            result, failure = None, None
            try:
                result = FUNCTIONS[name](self._thread, *arguments)
            except KernelError as error:
                failure = error.with_traceback(None)
            self._kernel.softirq()
            if isinstance(result, Blocked):
                self._sit(result)
                return
            self._thread.let_go()

    def _sit(self, blocked: Blocked) -> None:
        self._blocked = blocked
        for queue, mask in blocked.waits:
            waiter = Waiter(mask, self._ready)
            queue.add(waiter)
            self._waiters.append(waiter)
        if blocked.deadline_ns is not None:
            clock = self._kernel.environment.clock
            self._timer = clock.call_at(max(blocked.deadline_ns, clock.now_ns), self._expire)

    def _ready(self, mask: int) -> bool:
        """A queue calls: try again once the present event is over. Whether this woke the task."""
        if self._woken or self._blocked is None:
            return False
        self._woken = True
        clock = self._kernel.environment.clock
        clock.call_at(clock.now_ns, self._retry)
        return True

    def _retry(self) -> None:
        self._go_on(None)

    def _expire(self) -> None:
        if not self._woken:
            self._go_on(GiveUp.TIMED_OUT)

    def _go_on(self, why: GiveUp | None) -> None:
        """The wait is over, or goes on."""
        blocked = self._blocked
        assert blocked is not None
        for (queue, _), waiter in zip(blocked.waits, self._waiters):
            queue.remove(waiter)
        self._waiters.clear()
        if self._timer is not None:
            self._timer.cancel()
        self._blocked, self._timer, self._woken = None, None, False
        result: object = None
        failure = None
        try:
            result = blocked.retry() if why is None else blocked.give_up(why)
        except KernelError as error:
            failure = error.with_traceback(None)
        self._kernel.softirq()
        if isinstance(result, Blocked):
            self._sit(result)
            return
        self._thread.let_go()
        self._advance(result, failure)
