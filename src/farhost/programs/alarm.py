"""A watchdog without a thread, for a process that is there to carry out runs one after the other.

It does what `farhost.programs.watchdog` does, in the main thread and by a timer of the processor time that the
process uses (setitimer(2), ITIMER_VIRTUAL): a thread for each run would cost as much as a small run. A program that
waits in real time uses no processor; whoever made the process has an eye on that.
"""

import math
import signal
from types import FrameType

from farhost.programs.runtime import Runtime
from farhost.programs.watchdog import LOOK_S, PATIENCE, RUNS, Abort, hung_words


class Alarm:
    """Watches one run; `hung` names the place once it has struck."""

    def __init__(self, runtime: Runtime, limit_s: float) -> None:
        self.runtime = runtime
        self.hung: str | None = None
        self._look_s = min(LOOK_S, limit_s / 4)
        self._most = math.ceil(limit_s / self._look_s)
        self._seen = (0, 0)
        self._idle = 0
        self._struck = 0

    def start(self) -> None:
        """Watch; called in the main thread."""
        signal.signal(signal.SIGVTALRM, self._look)
        signal.setitimer(signal.ITIMER_VIRTUAL, self._look_s, self._look_s)

    def stop(self) -> None:
        """The run is over."""
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def _look(self, signum: int, frame: FrameType | None) -> None:
        runtime, scheduler = self.runtime, self.runtime.scheduler
        seen = (runtime.calls, scheduler.switches)
        current = runtime.current
        if seen != self._seen or current is None:
            self._seen, self._idle = seen, 0
            return
        self._idle += 1
        if self._idle <= self._most or self._struck >= PATIENCE:
            return
        self._struck += 1
        if self.hung is None:
            current.process.silence()
            self.hung = hung_words(current.process, RUNS, frame)
        scheduler.stop()
        raise Abort
