"""What the processes of one run share: network, scheduler, trace, the count of calls, the order of starts.

No module-level state: two runs in one interpreter have two of these and know nothing of each other.
"""

import gc
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, cast

from farhost.programs.run_faults import NO_FAULTS
from farhost.programs.thread import ProgramThread

if TYPE_CHECKING:
    from farhost.kernel.process import Process
    from farhost.network.network import Network
    from farhost.network.passed_file import PassedFile
    from farhost.programs.in_place.os_thread import OsThread
    from farhost.programs.process import ProgramProcess


class Runtime:
    """The programs of one run."""

    def __init__(self, network: "Network") -> None:
        self.network = network
        self.scheduler = network.scheduler
        self.choices = network.choices
        self.tracer = network.tracer
        self.faults = NO_FAULTS
        """What may befall calls."""
        self.processes: list[ProgramProcess] = []
        """The run's programs."""
        self.children: list[ProgramProcess] = []
        """Those that they started, and their children."""
        self.calls = 0
        """System calls, clock reads and lock waits so far: progress, as the watchdog and the collector see it."""
        self.defect_trace: TracebackType | None = None
        """Its traceback: the one in the exception loses farhost's frames when the program prints it."""
        self.wakes = 0
        """Waits so far that ended because something had happened, rather than by a time limit."""
        self.starts: deque[Callable[[], None]] = deque()
        """Programs that wait for those named before them."""
        self.on_end: Callable[[], None] | None = None
        """Called after a process has ended, in an event."""
        self.defect: BaseException | None = None
        """An exception that farhost itself must not raise: the run stops, and its caller is told."""
        self.verdict: tuple[str, str] | None = None
        """(kind, message) of the run's end, if who watches it has ended it."""
        self.last_looks: list[Callable[[], None]] = []
        """Called when a run has passed otherwise, before its programs are gone: who watches it may still end it."""
        self.escapes: dict[str, None] = {}
        """What programs reached for outside the simulation, each place once, in order."""
        self.on_output: Callable[[ProgramProcess, int, bytes], None] | None = None
        """Called with what any process prints, as it does."""
        self.os_thread: OsThread | None = None
        """What the threads of functions in place take turns with, once there is one."""
        self.idents: list[int] = []
        """Those that threads of functions in place have, or had, in `threading`."""
        self.at_end: list[Callable[[], None]] = []
        """Called when the run is over and its programs are gone, the last first."""
        self.collectors: list[Callable[[], None]] = []
        """Who else collects garbage when the run does, in order."""
        self._by_kernel_process: dict[Process, ProgramProcess] = {}
        self.passed: dict[PassedFile, None] = {}
        """Files of the machine in messages under way, whose descriptors are ours to close."""
        self.recursion_limits: dict[int, int] = {}
        """What each process has set, by its identity."""
        self.is_last = False
        """Whether this process ends soon: then nothing is cleaned up."""
        self.early: ProgramThread | None = None
        """The thread whose process is being made, before it begins."""
        self._collecting = False

    @property
    def current(self) -> ProgramThread | None:
        """The simulated thread that runs now; None outside of one."""
        task = self.scheduler.current
        return self.early if task is None else cast(ProgramThread, task.context)

    def adopt(self, process: "ProgramProcess") -> None:
        """A process was made: it is one of the run's, and what it prints is kept with it."""
        (self.processes if process.kernel_process.parent is None else self.children).append(process)
        self._by_kernel_process[process.kernel_process] = process
        process.kernel.on_output = self._output

    def _output(self, kernel_process: "Process", stream: int, data: bytes) -> None:
        process = self._by_kernel_process[kernel_process]
        process.output(stream, data)
        if self.on_output is not None:
            self.on_output(process, stream, data)

    @property
    def everyone(self) -> "list[ProgramProcess]":
        """The programs, and their children."""
        return [*self.processes, *self.children]

    def start_next(self) -> None:
        """Start the next program if all those before it have parked or exited."""
        if self.starts and all(process.settled for process in self.everyone):
            self.starts.popleft()()

    def settled(self) -> None:
        """A process parked for the first time, or ended: perhaps the next may start."""
        if self.starts:
            self.scheduler.call_at(self.scheduler.now_ns, self.start_next)

    def ended(self, process: "ProgramProcess") -> None:
        """A process has ended and its kernel has closed everything."""
        if self.on_end is not None:
            self.on_end()

    def note_escape(self, message: str) -> None:
        """A program has reached for something real, whoever catches the error."""
        self.escapes.setdefault(message)

    def close_passed(self) -> None:
        """The run is over: nobody receives what is still under way."""
        for file in tuple(self.passed):
            file.release(None)

    def broke(self, error: BaseException) -> None:
        """farhost itself raised `error`: stop the run (the first one counts)."""
        if self.defect is None:
            self.defect = error
            self.defect_trace = error.__traceback__
        self.scheduler.stop()

    def end(self, kind: str, message: str) -> None:
        """Who watches the run has seen enough: it ends now, with this verdict (the first one counts)."""
        if self.verdict is None:
            self.verdict = kind, message
            for process in self.everyone:
                process.silence()
            self.scheduler.stop()

    def collect_soon(self) -> None:
        """Collect garbage in an event of its own: finalizers run outside every thread, where nothing can wait."""
        if not self._collecting:
            self._collecting = True
            self.scheduler.call_at(self.scheduler.now_ns, self._collect)

    def _collect(self) -> None:
        self._collecting = False
        gc.collect()
        for collect in tuple(self.collectors):
            collect()
