"""A watchdog in real time: a program that loops without ever making a call holds the whole run, and is named.

Virtual time cannot see such a loop, since it moves only by calls; nor can it see a program that waits for something
real, such as a lock of the operating system's. A real thread looks whether the run makes progress; when a simulated
thread has run for `limit_s` without a call, `Abort` is raised in it and the run ends as hung, with the file and line.

In the main thread a SIGINT does that, which ends most waits too, and whose handler (`farhost.programs.run`) tells it
from Ctrl-C. In other threads it is PyThreadState_SetAsyncExc, which a C function that does not return never sees.
While a debugger traces the program, or holds it at a prompt, nothing is hung.
"""

import ctypes
import signal
import sys
import threading
import time
from _thread import get_ident
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="farhost watchdog", daemon=True)

    def start(self) -> None:
        """Watch the OS thread that calls this."""
        self._thread.start()

    def stop(self) -> None:
        """The run is over."""
        self._stop.set()
        self._thread.join()

    def _progress(self) -> tuple[int, int]:
        return self.runtime.calls, self.runtime.scheduler.switches

    def _watch(self) -> None:
        look_s = min(LOOK_S, self.limit_s / 4)
        seen, idle_s, used_s, struck = self._progress(), 0.0, self._used_s(), 0
        while not self._stop.wait(look_s):
            now = self._progress()
            if now != seen or self.runtime.scheduler.current is None or is_debugged(self._frame()):
                seen, idle_s, used_s = now, 0.0, self._used_s()
                continue
            idle_s += look_s
            if idle_s >= self.limit_s and struck < PATIENCE:
                struck += 1
                self._strike(self._used_s() - used_s < idle_s * BUSY)

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
            process, where = current.process, current.process.running_place(self._frame())
            self.hung = f"{process.name} on {process.host_name} {WAITS if asleep else RUNS}, at {where}"
        self.runtime.scheduler.stop()
        if self._is_main:
            signal.pthread_kill(self._ident, signal.SIGINT)
        else:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._ident), ctypes.py_object(Abort))


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
