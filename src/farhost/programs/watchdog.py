"""A watchdog in real time: a program that loops without ever making a call holds the whole run, and is named.

Virtual time cannot see such a loop, since it moves only by calls; nor can it see a program that waits for something
real, such as a lock of the operating system's. A real thread looks whether the run makes progress; when a simulated
thread has run for `limit_s` without a call, `Abort` is raised in it and the run ends as hung, with the file and line.

In the main thread a SIGINT does that, which ends most waits too, and whose handler (`farhost.programs.run`) tells it
from Ctrl-C. In other threads it is PyThreadState_SetAsyncExc, which a C function that does not return never sees.
While a debugger traces the program, or holds it at a prompt, nothing is hung.

What the watchdog allocated at moments of real time would move the addresses of the program's objects, by which Python
orders sets. So while the run makes progress its looks allocate nothing: they compare, and sleep in C.
"""

import ctypes
import math
import signal
import sys
import threading
import time
from _thread import allocate_lock, get_ident, start_new_thread
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farhost.programs.process import ProgramProcess
    from farhost.programs.runtime import Runtime

LOOK_S = 0.25
LIMIT_S = 10.0
PATIENCE = 40
"""How often it raises in a program that swallows the exception."""
RUNS, WAITS = "runs without making a call", "waits in real time"
BUSY = 0.1
"""The share of its real time that a loop takes at least of a processor, on a machine that is busy with others."""


class Abort(BaseException):
    """Raised in a program to end the run: by the watchdog, or by Ctrl-C."""


class Watchdog:
    """Watches one run from a thread of its own; `hung` names the place once it has struck."""

    def __init__(self, runtime: "Runtime", limit_s: float = LIMIT_S) -> None:
        self.runtime = runtime
        self.limit_s = limit_s
        self.hung: str | None = None
        self._ident = get_ident()
        self._clock = time.pthread_getcpuclockid(self._ident)
        self._is_main = threading.current_thread() is threading.main_thread()
        self._stop, self._ready, self._ended = allocate_lock(), allocate_lock(), allocate_lock()
        """Each held until that has come."""
        for lock in (self._stop, self._ready, self._ended):
            lock.acquire()

    def start(self) -> None:
        """Watch the OS thread that calls this."""
        start_new_thread(self._watch, ())
        self._ready.acquire()

    def stop(self) -> None:
        """The run is over."""
        self._stop.release()
        self._ended.acquire()

    def _watch(self) -> None:
        stop, runtime, scheduler = self._stop, self.runtime, self.runtime.scheduler
        look_s = min(LOOK_S, self.limit_s / 4)
        looks = math.ceil(self.limit_s / look_s)
        calls, switches, idle, struck, used_s = runtime.calls, scheduler.switches, 0, 0, 0.0
        self._ready.release()
        while not stop.acquire(True, look_s):
            if runtime.calls != calls or scheduler.switches != switches or scheduler.current is None:
                calls, switches, idle = runtime.calls, scheduler.switches, 0
                continue
            if not idle:
                used_s = self._used_s()
            idle += 1
            if idle > looks and struck < PATIENCE:
                if is_debugged(self._frame()):
                    idle = 0
                    continue
                struck += 1
                self._strike(self._used_s() - used_s < (idle - 1) * look_s * BUSY)
        self._ended.release()

    def _used_s(self) -> float:
        """Processor time of the thread that is watched, or of the process whose program runs elsewhere."""
        current = self.runtime.current
        elsewhere_s = None if current is None else current.process.processor_s()
        if elsewhere_s is not None:
            return elsewhere_s
        return time.clock_gettime(self._clock)

    def _frame(self) -> FrameType | None:
        return sys._current_frames().get(self._ident)

    def _strike(self, asleep: bool) -> None:
        current = self.runtime.current
        if current is None:
            return
        if self.hung is None:
            current.process.silence()
            self.hung = hung_words(current.process, WAITS if asleep else RUNS, self._frame())
        self.runtime.scheduler.stop()
        if self._is_main:
            signal.pthread_kill(self._ident, signal.SIGINT)
        else:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._ident), ctypes.py_object(Abort))


def hung_words(process: "ProgramProcess", what: str, frame: FrameType | None) -> str:
    """Who hangs, and where."""
    return f"{process.name} on {process.host_name} {what}, at {process.running_place(frame)}"


def is_debugged(frame: FrameType | None) -> bool:
    """Whether a debugger traces what runs in a frame; a measurement of coverage traces too, and is none."""
    if sys.version_info >= (3, 12) and sys.monitoring.get_tool(sys.monitoring.DEBUGGER_ID) is not None:
        return True
    while frame is not None:
        trace = frame.f_trace
        if trace is not None:
            owner = type(getattr(trace, "__self__", trace))
            if owner.__module__.partition(".")[0] != "coverage":
                return True
        frame = frame.f_back
    return False
