"""The locks of the import system, where simulated threads meet each other and real threads.

Two functions that import the same module at one time must not see it half made, though both are one OS thread; and
one that finds a real thread at it waits for that, which a lock of `shared_lock.py` could not: so these locks are
looked at again and again, in virtual time and a little of real time. Source: Lib/importlib/_bootstrap.py, class
_ModuleLock.
"""

import _thread
import importlib
from time import sleep as real_sleep
from types import ModuleType
from typing import Any, cast

from farhost.programs.in_place.caller import RUNNING, simulated

LOOK_NS = 1_000_000
"""Virtual time between two looks at a lock that is held."""
LOOK_S = 0.0001
"""Real time, in which a real thread may get on."""
_allocate_lock = _thread.allocate_lock


class ImportLock:
    """`_thread.lock` for the import system."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = _allocate_lock()

    def acquire(self, blocking: Any = True, timeout: Any = -1) -> bool:
        """Take it; in a simulated thread without blocking the OS thread."""
        if self._lock.acquire(False):
            return True
        thread = simulated() if RUNNING else None
        if thread is None or not blocking:
            return self._lock.acquire(blocking, timeout)
        while not self._lock.acquire(False):
            thread.process.call("nanosleep", LOOK_NS)
            real_sleep(LOOK_S)
        return True

    def release(self) -> None:
        """Give it back."""
        self._lock.release()

    def locked(self) -> bool:
        """Whether somebody holds it."""
        return self._lock.locked()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def install(get_ident: Any) -> None:
    """Give the import system a `_thread` of its own: these locks, and who calls by `get_ident`."""
    own = ModuleType("_thread", _thread.__doc__)
    vars(own).update(vars(_thread), allocate_lock=ImportLock, get_ident=get_ident)
    bootstrap = cast("Any", importlib)._bootstrap
    bootstrap._thread = own
