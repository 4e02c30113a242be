"""`threading` in place: whose threads and locks its functions and classes make, and what they say of the caller.

`threading`'s own Python code runs unchanged over names that ask who calls. A lock made by an OS thread that a living
network belongs to is a `SharedLock`, whether the test's own code makes it or a simulated thread; so the queues,
events and conditions that closures share work inside and outside of a run.
"""

import _thread
import queue
import sys
import threading
from _thread import get_ident
from collections import Counter
from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any, cast

from greenlet import GreenletExit

from farhost.programs.frames import strip
from farhost.programs.in_place import pools
from farhost.programs.in_place.caller import RUNNING, place_of_caller, simulated
from farhost.programs.in_place.dispatch import Origin, as_builtin, choice
from farhost.programs.in_place.shared_lock import Sentinel, SharedLock
from farhost.programs.stdlib.thread_handles import Handle
from farhost.programs.watchdog import Abort

if TYPE_CHECKING:
    from farhost.programs.in_place.place import Place

LIVING: Counter[int] = Counter()
"""How many networks live, by the identity of the OS thread that made them."""


def shares() -> bool:
    """Whether what the present OS thread makes may be waited for in virtual time."""
    return bool(LIVING) and get_ident() in LIVING


def make_lock_functions() -> dict[int, Any]:
    """By the identity of what they replace: `allocate_lock` and the classes of locks, queues and selectors."""
    allocate, c_lock, c_rlock = _thread.allocate_lock, _thread.LockType, _thread.RLock
    python_rlock = type("RLock", (cast("Any", threading)._PyRLock,), {"__module__": "_thread"})
    simple, python_simple = queue.SimpleQueue, cast("Any", queue)._PySimpleQueue

    def allocate_lock(_: Origin) -> Any:
        return SharedLock() if LIVING and get_ident() in LIVING else allocate()

    found: dict[int, Any] = {id(allocate): as_builtin(allocate_lock, allocate, "_thread", "allocate_lock")}
    if _thread.allocate is not allocate:
        found[id(_thread.allocate)] = found[id(allocate)]
    found[id(c_rlock)] = choice(c_rlock, "_thread", lambda: python_rlock if shares() else c_rlock, (python_rlock,))
    found[id(simple)] = choice(simple, "queue", lambda: python_simple if shares() else simple, (python_simple,))
    if sys.version_info >= (3, 13):
        found[id(c_lock)] = choice(c_lock, "_thread", lambda: SharedLock if shares() else c_lock, (SharedLock,))
    return found


def make_thread_functions() -> dict[int, Any]:
    """By the identity of what they replace: the functions that start threads and tell who they are."""
    found: dict[int, Any] = {}
    if sys.version_info >= (3, 13):
        start, handle = _thread.start_joinable_thread, _thread._ThreadHandle

        def start_joinable_thread(_: Origin, function: Any, handle: Any = None, daemon: Any = True) -> Any:
            place = place_of_caller() if RUNNING else None
            if place is None:
                return start(function, handle=handle, daemon=daemon)
            owner = getattr(function, "__self__", None)
            if not isinstance(handle, Handle) and isinstance(owner, threading.Thread):
                # The Thread was made outside of the simulation, and so was the handle that it joins.
                handle = cast("Any", owner)._handle = place.calls["_thread._ThreadHandle"]()
            return place.calls["_thread.start_joinable_thread"](function, handle, daemon)

        found[id(start)] = as_builtin(start_joinable_thread, start, "_thread", "start_joinable_thread")
        found[id(handle)] = choice(handle, "_thread", lambda: _of_caller("_ThreadHandle", handle), (Handle,))
    else:
        set_sentinel = vars(_thread)["_set_sentinel"]

        def _set_sentinel(_: Origin) -> Any:
            thread = simulated() if RUNNING else None
            if thread is None or thread.process.place is None:
                return set_sentinel()
            return Sentinel(thread)

        found[id(set_sentinel)] = as_builtin(_set_sentinel, set_sentinel, "_thread", "_set_sentinel")
    for original, own in ((threading.main_thread, _main_thread), (threading.enumerate, _enumerate)):
        found[id(original)] = _in_place_of(cast("FunctionType", original), own)
    found[id(threading.active_count)] = _in_place_of(
        cast("FunctionType", threading.active_count), lambda place: len(_enumerate(place))
    )
    return found


def _of_caller(name: str, original: Any) -> Any:
    place = place_of_caller() if RUNNING else None
    return original if place is None else place.calls[f"_thread.{name}"]


def _in_place_of(original: FunctionType, own: Callable[["Place"], Any]) -> Any:
    """A function of `threading` that a function in place answers from what is its own."""

    def dispatch(_: Origin) -> Any:
        place = place_of_caller() if RUNNING else None
        return original() if place is None else own(place)

    return as_builtin(dispatch, original, "threading", original.__name__)


def _main_thread(place: "Place") -> Any:
    return place.main


def _enumerate(place: "Place") -> list[Any]:
    """The Thread objects of one process that run, oldest first."""
    module = cast("Any", threading)
    known = {thread.python_ident for thread in place.process.threads}
    return [thread for ident, thread in list(module._active.items()) if ident in known]


def enter_main_thread(place: "Place") -> None:
    """Give the process's main thread, which calls this, its Thread object, as `threading` has one for its own."""
    place.main = cast("Any", threading)._MainThread()


def wait_for_threads() -> None:
    """Called at the end of a main function: wait for the threads that are no daemons, as `threading._shutdown` does.

    Pools that nobody has shut down are, as at an interpreter's end.
    """
    while True:
        others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
        waited_for = [thread for thread in others if not thread.daemon]
        if not waited_for:
            return
        pools.shut(waited_for[0])
        waited_for[0].join()


def forget_threads(idents: frozenset[int]) -> None:
    """Take the simulated threads of a run out of what `threading` knows, also those that died while they started."""
    module = cast("Any", threading)
    for thread in list(module._limbo):
        if isinstance(thread._started._cond._lock, SharedLock):
            del module._limbo[thread]
    for ident in idents:
        thread = module._active.pop(ident, None)
        if thread is not None and sys.version_info < (3, 13):
            cast("Any", thread)._is_stopped = True
    pools.forget(idents)
    if sys.version_info < (3, 13):
        module._shutdown_locks -= {lock for lock in module._shutdown_locks if isinstance(lock, Sentinel)}


class QuietHook:
    """`threading.excepthook` while functions run: a thread that is unwound with its process has nothing to say."""

    def __init__(self) -> None:
        self._runs = 0
        self._outside: Callable[[Any], object] = threading.excepthook
        self._own = self._excepthook

    def enter(self) -> None:
        """A run begins."""
        self._runs += 1
        if self._runs == 1:
            self._outside = vars(threading)["excepthook"]
            vars(threading)["excepthook"] = self._own

    def leave(self) -> None:
        """It is over; with the last one, what was there before is there again."""
        self._runs -= 1
        if self._runs == 0 and vars(threading)["excepthook"] is self._own:
            vars(threading)["excepthook"] = self._outside

    def _excepthook(self, arguments: Any) -> object:
        error = arguments.exc_value
        if isinstance(error, GreenletExit | Abort):
            return None
        if error is not None and simulated() is not None:
            strip(error, set())
            arguments = threading.ExceptHookArgs((type(error), error, error.__traceback__, arguments.thread))
        return self._outside(arguments)


QUIET_HOOK = QuietHook()
"""One for the interpreter, as `threading.excepthook` is."""
