"""A simulated thread of a program: a task of the scheduler, the kernel's idea of it, and what it waits for.

The one interruptible wait (DESIGN 1) lives in `farhost.programs.trap`; the callbacks that end a wait are methods
here.
"""

from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, cast

from farhost.kernel.process import Thread
from farhost.kernel.waiting import Blocked, Waiter
from farhost.programs.costs import WAKE_NS
from farhost.programs.frames import place
from farhost.sim.scheduler import Task
from farhost.trace.events import Wake
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.process import ProgramProcess

READY = "ready"
TIMEOUT = "timeout"
SIGNAL = "signal"
KILLED = "killed"
CLOSED = "closed"


class ProgramThread:
    """One thread of a simulated process."""

    __slots__ = (
        "__weakref__",
        "arguments",
        "began_ns",
        "blocked",
        "call_name",
        "cause",
        "ident",
        "inert_calls",
        "is_main",
        "kernel_thread",
        "looks",
        "name",
        "on_ready",
        "ordinal",
        "park",
        "process",
        "python_ident",
        "quiet",
        "raw",
        "since_ns",
        "task",
        "unwinding",
        "waited_ns",
        "waiter",
        "when_ended",
    )

    def __init__(self, process: "ProgramProcess", kernel_thread: Thread, name: str, is_main: bool) -> None:
        self.process = process
        self.kernel_thread = kernel_thread
        self.ident = kernel_thread.tid
        self.python_ident = self.ident
        """What `threading.get_ident` says: the same, but where threads of several processes share one `threading`."""
        self.name = name
        self.is_main = is_main
        self.ordinal = process.next_ordinal()
        """Which of its process's threads it is, in the order in which they were made; the main thread is 1."""
        self.task: Task
        self.park: Callable[[], object] = process.runtime.scheduler.hub.switch
        """Leave until it is woken: what a wait calls."""
        self.began_ns = process.runtime.scheduler.now_ns
        self.blocked: Blocked | None = None
        """What it waits for while it is parked in the wait."""
        self.cause = READY
        """How the present or latest wait ended."""
        self.call_name = ""
        """The call that it waits in, for reports; `lock` and `join` are not system calls but wait in the same way."""
        self.arguments: tuple[object, ...] = ()
        self.since_ns = 0
        self.waited_ns = 0
        """How long it has waited so far: the rest of its time counts as the processor's."""
        self.on_ready = self.ready
        """The same method each time, for the wait queues."""
        self.quiet = False
        """Whether handlers wait for the next call when this one succeeds (`ProgramProcess.call_quietly`)."""
        self.waiter = Waiter(0, self.on_ready)
        """The registration of a wait on one queue, used again by each."""
        self.raw = False
        """Whether its call is a C program's: one that a stop has interrupted fails with EINTR (`call_as_c`)."""
        self.looks = 0
        """How many waits in a row ended by their time limit."""
        self.inert_calls = 0
        """How many calls it made after its process had died."""
        self.unwinding = False
        """Whether its process is over and the thread was told so."""
        self.when_ended: list[Callable[[], None]] = []
        """Called when the thread has ended: those who wait for that."""

    def end_wait(self, cause: str) -> bool:
        """The wait ends: the first cause counts. Whether it was this one: a wait that has ended already stays so."""
        if self.blocked is None or self.cause:
            return False
        self.cause = cause
        runtime = self.process.runtime
        if cause is not TIMEOUT:
            runtime.wakes += 1
        runtime.scheduler.wake(self.task, WAKE_NS)
        tracer = runtime.tracer
        process = self.process
        if tracer.on and not process.dead:
            tracer.emit(Wake(runtime.scheduler.now_ns, process.host_name, process.name, self.ident, cause))
        return True

    def ready(self, mask: int) -> bool:
        """What a wait queue calls: `end_wait`, written out where nobody traces."""
        process = self.process
        runtime = process.runtime
        if mask & linux.POLLNVAL or runtime.tracer.on:
            return self.end_wait(CLOSED if mask & linux.POLLNVAL else READY)
        if self.blocked is None or self.cause:
            return False
        self.cause = READY
        runtime.wakes += 1
        runtime.scheduler.wake(self.task, WAKE_NS)
        return True

    def park_and_run_late(self) -> None:
        """What `park` is where a woken thread may run later than it might."""
        scheduler = self.process.runtime.scheduler
        scheduler.hub.switch()
        lateness_ns = self.process.lateness_ns
        if self.cause and lateness_ns is not None:
            delay_ns = lateness_ns(self)
            if delay_ns:
                scheduler.charge(delay_ns)

    def expire(self) -> None:
        """What the timer calls."""
        self.end_wait(TIMEOUT)

    def interrupt(self) -> None:
        """A signal with a handler arrived."""
        self.end_wait(SIGNAL)

    def unwind(self, error: type[BaseException]) -> None:
        """Called by the hub: raise `error` where the thread is parked, and let it end."""
        self.unwinding = True
        self.task.throw(error)

    def place(self) -> str:
        """Where in its program's code it waits."""
        return place(self.frame())

    def frame(self) -> FrameType | None:
        """The innermost frame of the parked thread; None while it runs."""
        return cast("FrameType | None", self.task.frame)
