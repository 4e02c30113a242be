"""Who calls: which simulated thread runs in the present OS thread, and whether it is one of a function in place.

`RUNNING` is empty while nothing is simulated, so that a dispatcher asks no more than whether it is.
"""

from _thread import get_ident
from typing import TYPE_CHECKING, cast

from farhost.programs.escapes import GUARD

if TYPE_CHECKING:
    from farhost.programs.in_place.place import Place
    from farhost.programs.runtime import Runtime
    from farhost.programs.thread import ProgramThread

RUNNING = cast("dict[int, Runtime]", GUARD.running)
"""The runs under way, by the identity of their OS thread."""


def simulated() -> "ProgramThread | None":
    """The simulated thread that runs in this OS thread: of a function or of a script; None outside of one."""
    runtime = RUNNING.get(get_ident())
    if runtime is None:
        return None
    task = runtime.scheduler.current
    return None if task is None else cast("ProgramThread", task.context)


def place_of_caller() -> "Place | None":
    """What the calling function has in place of the machine's modules; None for everybody else."""
    thread = simulated()
    return None if thread is None else thread.process.place
