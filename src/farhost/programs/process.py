"""A simulated process: its threads, its way into the kernel, its signals, its output, and its end.

What its code sees of Python (modules, builtins, sys) is its world, made in `farhost.programs.world`; what the kernel
knows of it is `kernel_process`. The code itself is a body: a callable that runs in the main thread and returns the
exit status.
"""

from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from greenlet import GreenletExit

from farhost.kernel.console import ConsoleFile
from farhost.kernel.files import OpenFile
from farhost.kernel.syscalls.table import FUNCTIONS
from farhost.kernel.waiting import Blocked, WaitQueue
from farhost.programs.birth import Birth
from farhost.programs.caller import Handler, Lookups
from farhost.programs.complaints import Complaints
from farhost.programs.costs import CLOCK_NS, SPAWN_NS
from farhost.programs.directory import high_base
from farhost.programs.frames import place, program_frame
from farhost.programs.process_view import ProcessView
from farhost.programs.thread import KILLED, ProgramThread
from farhost.programs.timers import IntervalTimer
from farhost.programs.trap import Trap, call_from_outside, make_trap, wait
from farhost.sim.scheduler import Task, Timer
from farhost.trace.events import Wake
from farhost.wire import linux
from farhost.wire.byte_order import ByteOrder

if TYPE_CHECKING:
    from farhost.kernel.process import Process
    from farhost.network.host import Host
    from farhost.programs.in_place.place import Place
    from farhost.programs.runtime import Runtime

Body = Callable[[], int]


class ProgramProcess(ProcessView, Complaints):
    """One process of the run; `call` is its trap."""

    bear: Callable[[Birth], int] | None = None
    """Starts a child: its pid. None: it can have none."""

    def __init__(
        self,
        runtime: "Runtime",
        host: "Host",
        name: str,
        argv: tuple[str, ...],
        parent: "Process | None" = None,
        *,
        begins: bool = True,
    ) -> None:
        """`begins`: False where `begin` is called later."""
        self.runtime = runtime
        self.host = host
        self.host_name = host.name
        self.argv = argv
        self.kernel = host.kernel
        self.kernel_process = host.kernel.spawn_process(name, parent, argv, begins=begins)
        self.name = self.kernel_process.name
        """For reports: unique on its host."""
        self.threads: list[ProgramThread] = []
        self._init_turns()
        self._init_life()
        self.files: dict[int, OpenFile] = self.kernel_process.descriptors.files
        self.byte_order: ByteOrder = self.kernel.byte_order
        self.resolver: Lookups = host.resolver
        self.recursion_limits = runtime.recursion_limits
        self.real_base = high_base()
        """From this number up, a descriptor that is none of its simulated ones may be the machine's."""
        self.main_thread = self._new_thread("MainThread", True)
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.dead = False
        """Whether its calls are inert."""
        self.attention = False
        """Whether something waits for a thread that comes out of a call: death, a signal's handler, a stop."""
        self.settled = False
        """Whether all its threads have been parked at one time, or it has ended."""
        self.patience: Timer | None = None
        """The timer that settles it in any case."""
        self._init_signals()
        self.world_sys: Any = None
        """The `sys` of its world, once it has one."""
        self.place: Place | None = None
        """What it has instead of a world if it is a function that runs in the caller's own modules."""
        self._continued = WaitQueue()
        self._used_ns = 0
        self._buried = False
        self.functions = dict(FUNCTIONS)
        """What the trap calls, by name: the kernel's functions, behind the faults that hold for the process."""
        self.call: Trap = make_trap(self)
        if begins:
            self._enter()

    def begin(self) -> None:
        """It was made before the run: from now on it is there."""
        self.main_thread.began_ns = self.runtime.scheduler.now_ns
        self.kernel.begin_process(self.kernel_process, self.argv)
        self._enter()
        for do in self.at_begin:
            do()

    def _enter(self) -> None:
        self.runtime.adopt(self)
        self.functions.update(self.runtime.faults.functions_for(self, FUNCTIONS))

    def _init_turns(self) -> None:
        """Which thread runs when, where faults have a say in that."""
        self._threads_made = 0
        self.lateness_ns: Callable[[ProgramThread], int] | None = None
        """How much later than it might a thread runs that has just been woken, where a fault has a say in it."""
        self.before_step: Callable[[], None] | None = None
        """Called before a lock is taken and a clock is looked at, where the thread may lose the processor there."""

    def _init_life(self) -> None:
        """Its beginning, and how it ended, once it has."""
        self.early = False
        """Whether it is being made, and has not begun."""
        self.at_begin: list[Callable[[], object]] = []
        """Called when it begins, in no time: what could not be done early."""
        self.status: int | None = None
        """None while it runs; then its exit status, or minus the signal that killed it."""
        self.ended_ns = 0
        """When it ended."""
        self.asked: set[int] = set()
        """Signals that came from outside of the simulation: its end by one of them is no failure."""
        self.ended_by = ""
        """Who ended it, if it was neither itself nor another program: crash (of its host), restart."""
        self.at_end: list[Callable[[], None]] = []
        """Called in an event after the process has ended: what the outside has to release."""
        self.failure: BaseException | None = None
        """The exception that ended its main thread, if one did."""
        self.finishing = False
        """Whether its main thread has come to the end of the program."""
        self.traceback = ""
        """What the uncaught exception looked like."""

    def _init_signals(self) -> None:
        """Handlers, masks, timers; and what the kernel tells of signals."""
        self.kernel_process.on_kill = self._killed
        self.kernel_process.on_signal = self._signalled
        self.kernel_process.on_stop = self._stopped
        self.kernel_process.signals.set_disposition(linux.SIGPIPE, 1)
        self._timers: dict[int, IntervalTimer] = {}
        self.handlers: dict[int, Handler] = {}
        """The Python signal handlers, by signal."""
        self.signal_mask: set[int] = set()
        """Signals whose handlers wait (`signal.pthread_sigmask`)."""
        self.signals_waited_for: frozenset[int] = frozenset()
        """Those that `signal.sigwait` waits for, and which therefore end its wait."""
        self.on_signal: Callable[[int], None] | None = None
        """Called at the moment a signal with a handler arrives, before the handler runs (`signal.set_wakeup_fd`)."""

    # Threads.

    def _new_thread(self, name: str, is_main: bool) -> ProgramThread:
        thread = ProgramThread(self, self.kernel_process.add_thread(), name, is_main)
        self.threads.append(thread)
        return thread

    def next_ordinal(self) -> int:
        """The number of the thread that is made now: 1, 2, ..."""
        self._threads_made += 1
        return self._threads_made

    @property
    def current_thread(self) -> ProgramThread | None:
        """The thread of this process that runs now; None when none of them does."""
        thread = self.runtime.current
        return thread if thread is not None and thread.process is self else None

    def thread_number(self) -> int:
        """The tid of the thread that runs now; 0 when none of them does."""
        thread = self.current_thread
        return 0 if thread is None else thread.ident

    def start(self, body: Body) -> None:
        """Run `body` in the main thread, from now on; its result is the exit status."""

        def main() -> None:
            status = body()
            self._die(status if status < 0 else status & 0xFF)

        self._run(self.main_thread, main)

    def spawn_thread(
        self, body: Callable[[], None], name: str, when_ended: Callable[[], None] | None = None
    ) -> ProgramThread:
        """Start another thread; `body` must catch what its code raises. It runs once this one has parked."""
        if self.dead:
            raise GreenletExit
        thread = self._new_thread(name, False)
        if when_ended is not None:
            thread.when_ended.append(when_ended)
        self._run(thread, body)
        if self.current_thread is not None:
            self.runtime.scheduler.charge(SPAWN_NS)
            if self.attention:
                self.attend()
        return thread

    def feed(self, data: bytes) -> None:
        """Give it standard input, followed by the end of file."""
        console = self.kernel_process.descriptors.files[0]
        assert isinstance(console, ConsoleFile)
        console.feed(data)

    def _run(self, thread: ProgramThread, body: Callable[[], None]) -> None:
        self.start_task(thread, body, Task)

    def start_task(self, thread: ProgramThread, body: Callable[[], None], kind: type[Task]) -> None:
        """Give a thread its task, which runs `body`; `kind` is what the task is made of."""

        def run() -> None:
            try:
                body()
            except GreenletExit:
                pass
            except BaseException as error:
                self.runtime.broke(error)
            finally:
                self._thread_ended(thread)

        thread.task = self.runtime.scheduler.spawn(f"{self.name}/{thread.name}", run, kind)
        thread.task.context = thread
        if self.lateness_ns is not None:
            thread.park = thread.park_and_run_late

    def _thread_ended(self, thread: ProgramThread) -> None:
        self.threads.remove(thread)
        self.kernel_process.remove_thread(thread.kernel_thread)
        self._used_ns += self.used_ns(thread)
        for call in thread.when_ended:
            call()
        if not self.settled:
            self.look_settled()

    def look_settled(self) -> None:
        """Called when a thread parks or ends: the process has settled once no thread of it can go on."""
        # One whose wait has ended goes on in a moment: a loop that was given its first work, say.
        if all(thread.blocked is not None and not thread.cause for thread in self.threads):
            self.settle()

    def settle(self) -> None:
        """Those named after it may start."""
        if self.patience is not None:
            self.patience.cancel()
            self.patience = None
        if not self.settled:
            self.settled = True
            self.runtime.settled()

    def wait(self, what: str, arguments: tuple[object, ...], blocked: Blocked) -> object:
        """The one wait, for what is no system call (a lock, a join): interruptible, and it takes no time by itself.

        KernelError comes out as the waits' functions raise it; handlers of signals have run when it returns.
        """
        thread = self.current_thread
        if thread is None or self.dead:
            raise GreenletExit
        self.runtime.calls += 1
        thread.call_name = what
        thread.arguments = arguments
        result = wait(thread, blocked)
        if self.attention:
            self.attend()
        return result

    def call_as_c(self, name: str, *arguments: object) -> Any:
        """A C program's call: one that was interrupted by a stop is not made again."""
        thread = self.current_thread
        if thread is None:
            return self.call(name, *arguments)
        thread.raw = True
        try:
            return self.call(name, *arguments)
        finally:
            thread.raw = False

    def call_quietly(self, name: str, *arguments: object) -> Any:
        """A call made from inside C, which must get its result: handlers run before it, or after the next call.

        A handler that raised after a write had succeeded would make a buffered file write the same bytes again.
        """
        thread = self.current_thread
        if thread is None:
            return self.call(name, *arguments)
        if self.attention:
            self.attend()
        thread.quiet = True
        try:
            return self.call(name, *arguments)
        finally:
            thread.quiet = False

    def call_now(self, name: str, *arguments: object) -> object:
        """A call that takes no time and never waits, wherever it is made (None where it would have to wait)."""
        return call_from_outside(self, name, arguments)

    def used_ns(self, thread: ProgramThread) -> int:
        """Processor time of a thread so far: the time in which it did not wait."""
        return self.runtime.scheduler.now_ns - thread.began_ns - thread.waited_ns

    def processor_ns(self) -> int:
        """Processor time of all its threads, those that have ended too."""
        return self._used_ns + sum(self.used_ns(thread) for thread in self.threads)

    def look_at_clock(self) -> int:
        """Virtual time in ns, after the cost of a look; free outside the process's own threads."""
        runtime = self.runtime
        scheduler = runtime.scheduler
        task = scheduler.current
        if task is not None and not self.dead:
            runtime.calls += 1
            if self.before_step is not None:
                self.before_step()
            scheduler.charge(CLOCK_NS)
            if self.attention:
                self.attend()
        return scheduler.now_ns

    def look_at_monotonic(self) -> int:
        """CLOCK_MONOTONIC in ns, likewise: what event loops look at all the time, so nothing is called for it."""
        runtime = self.runtime
        scheduler = runtime.scheduler
        if scheduler.current is not None and not self.dead:
            runtime.calls += 1
            if self.before_step is not None:
                self.before_step()
            events = scheduler.events
            now_ns = scheduler.now_ns + CLOCK_NS
            if events and events[0][0] <= now_ns:
                scheduler.charge(CLOCK_NS)
            else:
                scheduler.now_ns = now_ns
            if self.attention:
                self.attend()
        kernel = self.kernel
        numerator, denominator = kernel.drift
        return (scheduler.now_ns - kernel.boot_ns) * numerator // denominator

    def clocks_changed(self) -> None:
        """Its host's clocks are others than before: nothing to do where they are asked each time."""

    # Signals.

    def _signalled(self, signal: int) -> None:
        self.attention = True
        if self.on_signal is not None:
            self.on_signal(signal)
        if self.signals_wait():
            self.main_thread.interrupt()

    def _stopped(self, stopped: bool) -> None:
        self.attention = True
        if not stopped:
            self._continued.wake(linux.EPOLLIN)

    def stop(self) -> Blocked:
        """What a thread of a stopped process waits for."""
        return Blocked(((self._continued, linux.EPOLLIN),), lambda: None, give_up=lambda _: None)

    def signals_wait(self) -> bool:
        """Whether a signal should end a wait of the main thread."""
        if self.kernel_process.stopped:
            return False
        pending = self.kernel_process.signals.pending
        mask = self.signal_mask
        if not mask:
            return bool(pending)
        return any(signal not in mask or signal in self.signals_waited_for for signal in pending)

    def attend(self) -> None:
        """A thread of the process comes out of a call: it ends, stops, or runs the handlers that wait, as it must."""
        thread = self.current_thread
        if thread is None:
            return
        if self.dead:
            raise GreenletExit
        while self.kernel_process.stopped:
            self.wait("stopped", (), self.stop())
        try:
            while thread.is_main and (ready := self._ready_signals()):
                # As CPython does: a handler is interrupted by signals that come while it runs, not by those before.
                self.attention = self.dead
                for signal in ready:
                    self._handle_signal(signal)
        finally:
            self.attention = self.dead or bool(self._ready_signals())

    def _ready_signals(self) -> list[int]:
        """Signals whose handlers may run, in the order in which CPython runs them."""
        pending = self.kernel_process.signals.pending
        return sorted(signal for signal in pending if signal not in self.signal_mask) if pending else []

    def _handle_signal(self, signal: int) -> None:
        pending = self.kernel_process.signals.pending
        if signal in pending and signal not in self.signal_mask:
            pending.remove(signal)
            handler = self.handlers.get(signal)
            if handler is not None:
                handler(signal, program_frame())

    # For the watchdog.

    def running_place(self, frame: FrameType | None) -> str:
        """Where in its code the thread is that keeps everybody waiting; `frame`: that of the OS thread."""
        return place(frame, exact=True)

    def processor_s(self) -> float | None:
        """Processor time of the machine that its program has used, where that is another process's."""
        return None

    # The end.

    def exit(self, status: int) -> None:
        """The process ends with `status`, 0 to 255: no thread of it makes another call (exit_group(2))."""
        self._die(status & 0xFF)

    def _killed(self, signal: int) -> None:
        self._die(-signal)

    def _die(self, status: int) -> None:
        if self.dead:
            return
        self.dead = True
        self.attention = True
        self.status = status
        self.ended_ns = self.runtime.scheduler.now_ns
        self.runtime.scheduler.call_at(self.runtime.scheduler.now_ns, self._bury)

    def vanish(self) -> None:
        """In an event: its host has lost its power, and the kernel knows of it no more."""
        if self._buried:
            return
        if not self.dead:
            self.status = -linux.SIGKILL
            self.ended_by = "crash"
            self.ended_ns = self.runtime.scheduler.now_ns
        self.silence()
        self._bury()

    def _bury(self) -> None:
        """In an event: unwind the threads, then let the kernel close everything."""
        if self._buried:
            return
        self._buried = True
        tracer = self.runtime.tracer
        for thread in tuple(self.threads):
            if thread.blocked is not None and self.status is not None and self.status < 0 and tracer.on:
                now_ns = self.runtime.scheduler.now_ns
                tracer.emit(Wake(now_ns, self.host_name, self.name, thread.ident, KILLED))
            task = thread.task
            if task.wake_timer is not None:
                task.wake_timer.cancel()
                task.wake_timer = None
            thread.unwind(GreenletExit)
        assert self.status is not None
        self.kernel.exit_process(self.kernel_process, self.status)
        self.kernel.softirq()
        self.settle()
        for release in self.at_end:
            release()
        self.at_end.clear()
        self.runtime.ended(self)

    def silence(self) -> None:
        """From now on its calls have no effect, and end its threads."""
        self.dead = True
        self.attention = True

    def abandon(self) -> None:
        """The run is over: unwind what still runs, without a trace of it in the simulation."""
        self.silence()
        for thread in tuple(self.threads):
            thread.unwind(GreenletExit)
        for release in self.at_end:
            release()
        self.at_end.clear()
        self.handlers.clear()

    def output(self, stream: int, data: bytes) -> None:
        """What it wrote to its console: stream 1 or 2."""
        (self.stdout if stream == 1 else self.stderr).extend(data)
