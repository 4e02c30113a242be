"""The process of a function in place: what it does otherwise than one whose program has a world of its own."""

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING

from greenlet import GreenletExit

from farhost.kernel.waiting import Blocked
from farhost.programs.costs import CLOCK_NS
from farhost.programs.in_place.idents import IDENTS
from farhost.programs.in_place.os_thread import PlaceTask
from farhost.programs.in_place.place import FIRST, Place
from farhost.programs.process import ProgramProcess
from farhost.programs.thread import ProgramThread

if TYPE_CHECKING:
    from farhost.network.host import Host
    from farhost.programs.runtime import Runtime

FREE_LOOKS = 8
"""Looks at a clock in a row that take no time. `queue` and `threading` look once or twice while they hold a lock,
which may be the operating system's: no other simulated thread may come in between. A loop that polls a clock gets
on."""


class FunctionProcess(ProgramProcess):
    """One function's process."""

    place: Place

    def __init__(self, runtime: "Runtime", host: "Host", name: str, argv: tuple[str, ...]) -> None:
        super().__init__(runtime, host, name, argv)
        self.real_base = 0
        descriptors = self.kernel_process.descriptors
        descriptors.close_all()
        descriptors.begin_at(FIRST)
        self.place = Place(self)
        self._looks = 0
        self._calls_at_look = 0

    def _new_thread(self, name: str, is_main: bool) -> ProgramThread:
        thread = super()._new_thread(name, is_main)
        thread.python_ident = IDENTS.claim()
        self.runtime.idents.append(thread.python_ident)
        return thread

    def _run(self, thread: ProgramThread, body: Callable[[], None]) -> None:
        os_thread = self.runtime.os_thread
        if os_thread is not None:
            thread.when_ended.append(lambda: os_thread.forget(thread.task))
        self.start_task(thread, body, PlaceTask)

    def wait(self, what: str, arguments: tuple[object, ...], blocked: Blocked) -> object:
        """The one wait; a thread of another process that waits here for one of this waits in its own process."""
        thread = self.runtime.current
        if thread is None:
            raise RuntimeError("a simulated thread cannot be waited for outside of the simulation")
        if thread.process is not self:
            return thread.process.wait(what, arguments, blocked)
        return super().wait(what, arguments, blocked)

    def look_at_clock(self) -> int:
        """Virtual time in ns; what a look costs is taken together for a few."""
        runtime = self.runtime
        if runtime.calls != self._calls_at_look:
            self._calls_at_look = runtime.calls
            self._looks = 0
        self._looks += 1
        if self._looks <= FREE_LOOKS:
            return runtime.scheduler.now_ns
        if runtime.scheduler.current is not None and not self.dead:
            runtime.scheduler.charge(CLOCK_NS * FREE_LOOKS)
        return super().look_at_clock()

    def look_at_monotonic(self) -> int:
        """CLOCK_MONOTONIC in ns, likewise."""
        self.look_at_clock()
        return self.monotonic_ns()

    def report_ignored(self, message: str | None, owner: object, error: BaseException) -> None:
        """Hand an exception that nobody will catch to the interpreter's `sys.unraisablehook`."""
        if isinstance(error, GreenletExit):
            return
        namespace = SimpleNamespace(
            exc_type=type(error), exc_value=error, exc_traceback=error.__traceback__, err_msg=message, object=owner
        )
        try:
            sys.unraisablehook(namespace)
        except TypeError:
            # CPython's own takes nothing but what CPython made.
            self.print_ignored(message, owner, error)

    def print_error(self, text: str) -> None:
        """Write to the test's own standard error."""
        sys.stderr.write(text)
