"""Locks that the test's own thread and simulated threads share: what `threading.Lock()` gives while a network lives.

A simulated thread that has to wait for one is parked in virtual time, so that the others go on; a real thread waits
in its own OS thread. A release hands the lock to the simulated thread that has waited longest, and takes no time: it
may happen while the caller holds a lock of the operating system's, where a switch to another simulated thread would
hang both. Who is left holding a lock when its process ends no longer counts as its owner.

What cannot be waited for: a simulated thread cannot be woken by another OS thread, since virtual time knows nothing
of it. Where a real thread holds the lock, the whole run waits for it in real time.
"""

from _thread import allocate_lock, get_ident
from typing import TYPE_CHECKING, Any

from farhost.kernel.waiting import Blocked, GiveUp, KernelError
from farhost.programs.in_place.caller import RUNNING, simulated
from farhost.programs.stdlib.thread_locks import deadline
from farhost.programs.thread import READY
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.thread import ProgramThread


class Turn:
    """One simulated thread that waits for a lock: whether the lock has been handed to it."""

    __slots__ = ("came", "thread")

    def __init__(self, thread: "ProgramThread") -> None:
        self.thread = thread
        self.came = False

    def give_up(self, why: GiveUp) -> object:
        """The wait ends otherwise: the lock may have come all the same."""
        if why is GiveUp.INTERRUPTED and not self.came:
            raise KernelError(linux.EINTR)
        return self.came


class SharedLock:
    """`_thread.lock` for simulated threads of any process, and for real ones."""

    __slots__ = ("__weakref__", "_lock", "_os_thread", "_owner", "_waiting")

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._owner: ProgramThread | None = None
        """The simulated thread that holds it, if one does."""
        self._os_thread = 0
        """The OS thread that holds it, or that its owner runs in."""
        self._waiting: list[Turn] = []

    def acquire(self, blocking: Any = True, timeout: Any = -1) -> bool:
        """acquire(blocking=True, timeout=-1) -> bool

        Lock the lock; whether it was locked. `timeout` in seconds, of virtual time in a simulated thread.
        """
        thread = simulated() if RUNNING else None
        if thread is not None and thread.process.before_step is not None:
            thread.process.before_step()
        if blocking and timeout == -1 and self._lock.acquire(False):
            self._os_thread = get_ident()
            self._owner = thread
            return True
        return self._acquire(thread, blocking, timeout)

    def _acquire(self, thread: "ProgramThread | None", blocking: Any, timeout: Any) -> bool:
        owner = self._owner
        if owner is not None and owner.process.dead and owner is not thread:
            self._owner, self._os_thread = thread, get_ident()
            return True
        if thread is None or (self._lock.locked() and self._os_thread != get_ident()):
            if not self._lock.acquire(blocking, timeout):
                return False
            self._owner, self._os_thread = thread, get_ident()
            return True
        until_ns = deadline(thread.process, blocking, timeout)
        if self._lock.acquire(False):
            self._owner, self._os_thread = thread, get_ident()
            return True
        return bool(blocking and timeout != 0) and self._wait(thread, until_ns)

    def _wait(self, thread: "ProgramThread", until_ns: int | None) -> bool:
        """Park until the lock is handed over or the time is up."""
        process = thread.process
        turn = Turn(thread)
        blocked = Blocked((), lambda: turn.came or blocked, until_ns, turn.give_up)
        self._waiting.append(turn)
        try:
            while True:
                try:
                    return bool(process.wait("lock", (), blocked))
                except KernelError:
                    process.attend()
                if turn.came:
                    return True
        except BaseException:
            if turn.came:
                self.release()
            raise
        finally:
            if not turn.came:
                self._waiting.remove(turn)

    def release(self) -> None:
        """release()

        Release the lock, which any thread may do. RuntimeError if nobody holds it.
        """
        caller = simulated() if RUNNING else None
        if caller is not None and caller.process.dead and self._owner is not caller:
            return
        if not self._lock.locked():
            raise RuntimeError("release unlocked lock")
        runtime = RUNNING.get(get_ident()) if self._waiting else None
        if runtime is not None:
            for place, turn in enumerate(self._waiting):
                process = turn.thread.process
                if process.runtime is runtime and not process.dead and turn.thread.end_wait(READY):
                    turn.came = True
                    del self._waiting[place]
                    self._owner, self._os_thread = turn.thread, get_ident()
                    return
        self._owner = None
        self._lock.release()

    def locked(self) -> bool:
        """locked() -> bool

        Whether somebody holds the lock.
        """
        owner = self._owner
        return self._lock.locked() and not (owner is not None and owner.process.dead)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        self._lock = allocate_lock()
        self._owner = None
        self._waiting = []

    acquire_lock = acquire
    release_lock = release
    locked_lock = locked

    def __repr__(self) -> str:
        return f"<{'locked' if self.locked() else 'unlocked'} _thread.lock object at {id(self):#x}>"


SharedLock.__module__, SharedLock.__qualname__ = "_thread", "lock"
"""trio, for one, asserts that a lock's class lives there."""


class Sentinel:
    """What `_thread._set_sentinel` gives a simulated thread (3.11, 3.12): a lock that its end releases."""

    __slots__ = ("__weakref__", "_held", "_thread", "_waiting")

    def __init__(self, thread: "ProgramThread") -> None:
        self._thread = thread
        self._held = False
        self._waiting: list[ProgramThread] = []
        thread.when_ended.append(self.release)

    def __hash__(self) -> int:
        return self._thread.ident

    def acquire(self, blocking: Any = True, timeout: Any = -1) -> bool:
        """Take it, first by the thread itself, then by those who wait for its end."""
        if not self._held:
            self._held = True
            return True
        caller = simulated()
        if caller is None:
            raise RuntimeError("a simulated thread cannot be waited for outside of the simulation")
        until_ns = deadline(caller.process, blocking, timeout)
        if not blocking or timeout == 0:
            return False
        blocked = Blocked((), lambda: self._try() or blocked, until_ns, self._give_up)
        self._waiting.append(caller)
        try:
            while True:
                try:
                    return bool(caller.process.wait("join", (self._thread.ident,), blocked))
                except KernelError:
                    caller.process.attend()
        finally:
            self._waiting.remove(caller)

    def _try(self) -> bool:
        taken = not self._held
        self._held = True
        return taken

    def _give_up(self, why: GiveUp) -> object:
        if why is GiveUp.INTERRUPTED and self._held:
            raise KernelError(linux.EINTR)
        return self._try()

    def release(self) -> None:
        """The thread has ended, or one that waited for that has learned of it."""
        self._held = False
        for thread in self._waiting:
            thread.end_wait(READY)

    def locked(self) -> bool:
        """Whether the thread still runs."""
        return self._held

    def _at_fork_reinit(self) -> None:
        self._held = False

    __enter__ = acquire

    def __exit__(self, *_: object) -> None:
        self.release()
