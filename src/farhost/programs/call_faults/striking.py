"""One fault of calls in one process: it decides, and says in the trace that it struck."""

from typing import TYPE_CHECKING

from farhost.network.faults.setting import Setting
from farhost.trace.events import FaultEvent

if TYPE_CHECKING:
    from farhost.programs.process import ProgramProcess
    from farhost.programs.thread import ProgramThread


class Striking:
    """Whether a fault strikes here, and how hard."""

    __slots__ = ("_choices", "_kind", "_process", "_ratio", "_scheduler", "_tracer")

    def __init__(self, process: "ProgramProcess", kind: str, setting: Setting) -> None:
        runtime = process.runtime
        self._process = process
        self._kind = kind
        self._ratio = setting.ratio
        self._choices = runtime.choices
        self._scheduler = runtime.scheduler
        self._tracer = runtime.tracer

    def strike(self, place: str, limit: int = 1, rather_small: bool = True) -> int:
        """The fault's size there, at most `limit`; 0: it does not strike."""
        size = self._choices.fault(self._kind, place, self._ratio, limit, rather_small)
        if size:
            self.tell(place, size)
        return size

    def tell(self, place: str, size: int) -> None:
        """It has struck."""
        if self._tracer.on:
            now_ns = self._scheduler.now_ns
            self._tracer.emit(FaultEvent(now_ns, self._process.host_name, self._kind, place, size))


def process_place(process: "ProgramProcess") -> str:
    """`server/worker`; of a host's second boot `server/worker boot 2`."""
    name = f"{process.host_name}/{process.name}"
    boots = process.host.boots
    return name if boots == 1 else f"{name} boot {boots}"


def thread_place(thread: "ProgramThread") -> str:
    """`server/worker thread 1`: the main thread is 1, the others follow in the order in which they were started."""
    return f"{process_place(thread.process)} thread {thread.ordinal}"
