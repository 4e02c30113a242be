"""A watchdog in real time: a program that loops without ever making a call holds the whole run, and is named.

Virtual time cannot see such a loop, since it moves only by calls. A real thread looks whether the run makes progress;
when a simulated thread has run for `limit_s` without a call, it raises `Abort` in it (PyThreadState_SetAsyncExc) and
the run ends as hung, with the file and line. A C function that never returns cannot be interrupted in this way.
"""

import ctypes
import sys
import threading
from _thread import get_ident
from typing import TYPE_CHECKING

from farhost.programs.frames import place

if TYPE_CHECKING:
    from farhost.programs.runtime import Runtime

LOOK_S = 0.25
LIMIT_S = 10.0
PATIENCE = 40
"""How often it raises in a program that swallows the exception."""


class Abort(BaseException):
    """Raised in a program to end the run: by the watchdog, or by Ctrl-C."""


class Watchdog:
    """Watches one run from a thread of its own; `hung` names the place once it has struck."""

    def __init__(self, runtime: "Runtime", limit_s: float = LIMIT_S) -> None:
        self.runtime = runtime
        self.limit_s = limit_s
        self.hung: str | None = None
        self._ident = get_ident()
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
        seen, idle_s, struck = self._progress(), 0.0, 0
        while not self._stop.wait(look_s):
            now = self._progress()
            if now != seen or self.runtime.scheduler.current is None or sys.gettrace() is not None:
                seen, idle_s = now, 0.0
                continue
            idle_s += look_s
            if idle_s >= self.limit_s and struck < PATIENCE:
                struck += 1
                self._strike()

    def _strike(self) -> None:
        frame = sys._current_frames().get(self._ident)
        current = self.runtime.current
        if current is None:
            return
        if self.hung is None:
            current.process.silence()
            process, where = current.process, place(frame, exact=True)
            self.hung = f"{process.name} on {process.host_name} runs without making a call, at {where}"
        self.runtime.scheduler.stop()
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._ident), ctypes.py_object(Abort))
