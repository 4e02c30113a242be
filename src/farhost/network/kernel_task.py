"""Code that makes system calls on a host without being a program: a service of the host's own.

It is a generator that yields calls, `("recvmsg", 3, 512, 0, 0)`, and is sent their results; a call that fails raises
KernelError in it. It runs in events, and takes no time but what it waits. A wait ends as waits of programs do
(`farhost.programs.trap`): ready, or by the call's own time limit.
"""

from collections.abc import Generator
from functools import partial
from typing import Any

from farhost.kernel.parked import ParkedCall, Step
from farhost.kernel.process import Process
from farhost.kernel.syscalls.table import FUNCTIONS
from farhost.kernel.waiting import Blocked, KernelError

Calls = Generator[tuple[Any, ...], Any, None]
"""What a task does."""


class KernelTask:
    """One thread of a service; it runs until its generator ends."""

    def __init__(self, process: Process, calls: Calls) -> None:
        self._kernel = process.kernel
        self._process = process
        self._thread = process.add_thread()
        self._calls = calls
        self._parked = ParkedCall(process.kernel.environment.clock, self._go_on)

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
            result, failure = self._attempt(partial(FUNCTIONS[name], self._thread, *arguments))
            if isinstance(result, Blocked):
                self._parked.sit(result)
                return

    def _attempt(self, step: Step) -> tuple[object, KernelError | None]:
        """Do a part of a call: its result or Blocked, and why it failed."""
        result, failure = None, None
        try:
            result = step()
        except KernelError as error:
            failure = error.with_traceback(None)
        self._kernel.softirq()
        if not isinstance(result, Blocked):
            self._thread.let_go()
        return result, failure

    def _go_on(self, step: Step) -> None:
        """The wait is over, or goes on."""
        result, failure = self._attempt(step)
        if isinstance(result, Blocked):
            self._parked.sit(result)
        else:
            self._advance(result, failure)
