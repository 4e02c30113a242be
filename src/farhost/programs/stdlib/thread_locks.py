"""`_thread.lock` and `_thread.RLock` of one simulated process.

The classes say that they live in `_thread`: trio, for one, asserts it. Source: Modules/_threadmodule.c.
"""

import _thread as real
import sys
from collections.abc import Callable
from itertools import count
from typing import Any

from farhost.programs.caller import WorldProcess
from farhost.programs.costs import LOCK_STEP, LOCK_STEP_NS
from farhost.programs.locks import SimulatedLock

NS = 1_000_000_000


def deadline(process: WorldProcess, blocking: Any, timeout: Any) -> int | None:
    """When `acquire(blocking, timeout)` gives up: virtual time in ns, or None for never.

    Raises what CPython raises for arguments that make no sense together.
    """
    if not blocking and timeout != -1:
        raise ValueError("can't specify a timeout for a non-blocking call")
    if timeout < 0 and timeout != -1:
        raise ValueError("timeout value must be a non-negative number")
    if timeout > real.TIMEOUT_MAX:
        raise OverflowError("timeout value is too large")
    if not blocking:
        return process.now_ns
    if timeout == -1:
        return None
    return process.deadline_ns(int(timeout * NS))


def make_locks(process: WorldProcess) -> dict[str, Any]:
    """The names of `_thread` that have to do with locks."""
    tick = _make_tick(process)
    lock, allocate_lock = _make_lock(process, tick)
    rlock = _make_rlock(process, tick)

    return {
        "lock": lock,
        "LockType": lock,
        "RLock": rlock,
        "allocate_lock": allocate_lock,
        "allocate": allocate_lock,
    }


def _make_tick(process: WorldProcess) -> Callable[[], None]:
    """Called before a free lock is taken: now and then that costs what LOCK_STEP of them cost; and the thread may
    lose the processor there, if a fault says so."""
    taken = count(1)

    def tick() -> None:
        if process.before_step is not None:
            process.before_step()
        if not next(taken) % LOCK_STEP and process.current_thread is not None and not process.dead:
            process.pause(LOCK_STEP_NS)

    return tick


def _make_rlock(process: WorldProcess, tick: Callable[[], None]) -> Any:
    names = {"__slots__": (), "__module__": "_thread", "_process": process, "_tick": staticmethod(tick)}
    return type("RLock", (ReentrantLock,), names)


class Lock(SimulatedLock):
    """What the locks of all processes have in common."""

    __slots__ = ()

    def _free(self) -> None:
        self.free(yields=False)

    def locked(self) -> bool:
        return self.held

    locked_lock = locked

    def _at_fork_reinit(self) -> None:
        self.held = False

    def __repr__(self) -> str:
        return f"<{'locked' if self.held else 'unlocked'} _thread.lock object at {id(self):#x}>"


def _make_lock(process: WorldProcess, tick: Callable[[], None]) -> tuple[Any, Callable[[], Any]]:
    """The class, and the function that makes one: before 3.13 the class itself refuses to."""
    numbers = count(1)

    class lock(Lock):
        """A lock object is a synchronization primitive."""

        __slots__ = ("__weakref__", "_number")

        def __init__(self) -> None:
            super().__init__(process)
            self._number = next(numbers)

        def __hash__(self) -> int:
            return self._number

        def acquire(self, blocking: Any = True, timeout: Any = -1) -> bool:
            if not self.held:
                tick()
            if not self.held and blocking and timeout == -1:
                self.held = True
                return True
            until_ns = deadline(process, blocking, timeout)
            if self.held and (not blocking or timeout == 0):
                return False
            return self.take(until_ns)

        def release(self) -> None:
            if not self.held:
                if process.dead:
                    return
                raise RuntimeError("release unlocked lock")
            self.free()

        def __enter__(self) -> bool:
            if not self.held:
                tick()
                if not self.held:
                    self.held = True
                    return True
            return self.take()

        def __exit__(self, *_: object) -> None:
            self.release()

        acquire_lock = acquire
        release_lock = release
        __init_subclass__ = classmethod(_no_subclass)

    lock.__module__ = "_thread"
    lock.__qualname__ = "lock"
    return lock, _allocator(lock)


def _no_subclass(cls: Any) -> None:
    raise TypeError("type '_thread.lock' is not an acceptable base type")


def _allocator(lock: Any) -> Callable[[], Any]:
    """`allocate_lock`; before 3.13 the class itself makes none."""
    if sys.version_info >= (3, 13):
        return lambda: lock()

    def allocate_lock() -> Any:
        made = object.__new__(lock)
        lock.__init__(made)
        return made

    def __new__(cls: Any, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("cannot create '_thread.lock' instances")

    lock.__new__ = __new__
    return allocate_lock


class ReentrantLock:
    """A lock that its owner may take again; a process's own class binds `_process`."""

    _process: WorldProcess
    _tick: Callable[[], None]

    __slots__ = ("__weakref__", "_count", "_lock", "_owner")

    def __init__(self, *args: object, **kwargs: object) -> None:
        self._lock = SimulatedLock(self._process)
        self._owner: object = None
        self._count = 0

    def acquire(self, blocking: Any = True, timeout: Any = -1) -> bool:
        me = self._process.current_thread
        if self._count and self._owner is me:
            self._count += 1
            return True
        lock = self._lock
        if not lock.held:
            self._tick()
        if lock.held or not blocking or timeout != -1:
            until_ns = deadline(self._process, blocking, timeout)
            if lock.held and (not blocking or timeout == 0):
                return False
            if not lock.take(until_ns):
                return False
        else:
            lock.held = True
        self._owner = me
        self._count = 1
        return True

    def release(self) -> None:
        if not self._count or self._owner is not self._process.current_thread:
            if self._process.dead:
                return
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if not self._count:
            self._owner = None
            self._lock.free()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _is_owned(self) -> bool:
        return self._count > 0 and self._owner is self._process.current_thread

    def _recursion_count(self) -> int:
        return self._count if self._owner is self._process.current_thread else 0

    def _acquire_restore(self, state: tuple[int, object]) -> None:
        self._lock.take()
        self._count, self._owner = state

    def _release_save(self) -> tuple[int, object]:
        if not self._count:
            if self._process.dead:
                return 0, None
            raise RuntimeError("cannot release un-acquired lock")
        state = self._count, self._owner
        self._count, self._owner = 0, None
        self._lock.free()
        return state

    def _at_fork_reinit(self) -> None:
        self.__init__()  # type: ignore[misc]

    def __repr__(self) -> str:
        state = "locked" if self._count else "unlocked"
        owner = getattr(self._owner, "ident", 0)
        return f"<{state} _thread.RLock object owner={owner} count={self._count} at {id(self):#x}>"
