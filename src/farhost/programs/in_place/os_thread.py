"""What CPython keeps for each OS thread, kept for each simulated thread: `threading.local`, asyncio's running loop.

All simulated threads of a run are one OS thread. When the hub enters another one, what the last one left there is put
away, and its own put in place. That concerns the dictionary of the thread state (PyThreadState_GetDict, where up to
3.12 `threading.local` has its data), the two pointers that `threading.local` has in the thread state since 3.13, the
loop that `asyncio` takes for the running one, and the hooks for asynchronous generators that a running loop sets.
Context variables and the exceptions being handled are greenlet's business.
"""

import ctypes
import gc
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any, cast

from farhost.sim.scheduler import Task

if TYPE_CHECKING:
    from farhost.programs.thread import ProgramThread

_STATE_WORDS = 48
"""How far into a thread state of 3.13 the two pointers are looked for: its public part is longer."""


class OsThread:
    """The state of the present OS thread, which the simulated threads of one run take turns with."""

    def __init__(self) -> None:
        self._owner: object = None
        """Whose state is in place; None is what was there before."""
        self._away: dict[object, tuple[Any, ...]] = {}
        get = ctypes.pythonapi.PyThreadState_GetDict
        get.restype = ctypes.c_void_p
        threading.local().here = True
        self._names = cast("dict[Any, Any]", ctypes.cast(get(), ctypes.py_object).value)
        self._pointers = _local_pointers()
        # As a plain tuple: what sys gives is one of those C types that the garbage collector does not see, and a
        # cycle through it, by hooks that know the run, would keep every run's network for ever.
        self._hooks = tuple(sys.get_asyncgen_hooks())

    def show(self, owner: object) -> None:
        """Put the state of `owner` in place: a task, or None."""
        if owner is not self._owner:
            self._away[self._owner] = self._take()
            self._owner = owner
            self._put(*self._away.pop(owner, ()))

    def forget(self, owner: object) -> None:
        """A thread has ended: what it left is dropped."""
        if owner is self._owner:
            self.show(None)
        left = self._away.pop(owner, None)
        if left is not None and left[1] is not None:
            for pointer in left[1]:
                _drop(pointer)

    def _take(self) -> tuple[Any, ...]:
        names = self._names.copy()
        self._names.clear()
        pointers = None
        if self._pointers is not None:
            pointers = tuple(pointer.value for pointer in self._pointers)
            for pointer in self._pointers:
                pointer.value = None
        asyncio = sys.modules.get("_asyncio")
        loop = None if asyncio is None else vars(asyncio)["_get_running_loop"]()
        hooks = None
        if loop is not None:
            hooks = tuple(sys.get_asyncgen_hooks())
            sys.set_asyncgen_hooks(*self._hooks)
        return names, pointers, loop, hooks

    def _put(self, names: Any = (), pointers: Any = None, loop: Any = None, hooks: Any = None) -> None:
        self._names.update(names)
        if pointers is not None and self._pointers is not None:
            for pointer, value in zip(self._pointers, pointers):
                pointer.value = value
        asyncio = sys.modules.get("_asyncio")
        if asyncio is not None:
            vars(asyncio)["_set_running_loop"](loop)
        if hooks is not None:
            sys.set_asyncgen_hooks(*hooks)


def _local_pointers() -> tuple[ctypes.c_void_p, ctypes.c_void_p] | None:
    """Where a thread state has, since 3.13, the key and the sentinel of its `threading.local`s; None before.

    They are found by their values: the key of this thread is the only one in a fresh local's dictionary, and the
    sentinel stands beside it. RuntimeWarning where they are not found: all simulated threads share their locals then.
    """
    if sys.version_info < (3, 13):
        return None
    fresh = threading.local()
    fresh.here = True
    (key,) = next((found for found in gc.get_referents(fresh) if isinstance(found, dict)), (None,))
    state = ctypes.pythonapi.PyThreadState_Get
    state.restype = ctypes.c_void_p
    start = cast("int", state())
    for word in range(_STATE_WORDS):
        place = start + word * ctypes.sizeof(ctypes.c_void_p)
        if ctypes.c_void_p.from_address(place).value == id(key):
            beside = place + ctypes.sizeof(ctypes.c_void_p)
            return ctypes.c_void_p.from_address(place), ctypes.c_void_p.from_address(beside)
    warnings.warn(
        "on this Python all simulated threads share their threading.local data", RuntimeWarning, stacklevel=2
    )
    return None


def _drop(pointer: int | None) -> None:
    """Give back the reference that the thread state had."""
    if pointer is not None:
        ctypes.pythonapi.Py_DecRef(ctypes.cast(pointer, ctypes.py_object))


class PlaceTask(Task):
    """A thread of a function in place: with each entry its state of the OS thread comes into place."""

    __slots__ = ()

    def enter(self) -> None:
        """Called by the hub."""
        self._show()
        Task.enter(self)

    def throw(self, error: type[BaseException]) -> None:
        """Called by the hub."""
        self._show()
        Task.throw(self, error)

    def _show(self) -> None:
        os_thread = cast("ProgramThread", self.context).process.runtime.os_thread
        if self.alive and os_thread is not None:
            os_thread.show(self)
