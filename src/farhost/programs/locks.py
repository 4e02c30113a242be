"""Locks between simulated threads of one process: what `_thread`, the buffered files and the importer stand on.

As CPython's they are not fair: a thread that comes along takes a free lock before one that was woken for it. But a
release that wakes somebody takes a moment (`RELEASE_NS`), in which the woken thread runs, so nobody starves.
"""

from typing import TYPE_CHECKING

from farhost.kernel.waiting import Blocked, GiveUp, KernelError, WaitQueue
from farhost.programs.costs import RELEASE_NS
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.caller import WorldProcess


class SimulatedLock:
    """A lock that any thread of the process may release."""

    __slots__ = ("_queue", "held", "process")

    def __init__(self, process: "WorldProcess") -> None:
        self.process = process
        self.held = False
        self._queue = WaitQueue()

    def take(self, deadline_ns: int | None = None, what: str = "lock") -> bool:
        """Take the lock, waiting until it is free or virtual time `deadline_ns` has come; whether it was taken.

        Signals that arrive meanwhile have their handlers run, and the wait goes on unless one raises (PEP 475).
        """
        if not self.held:
            self.held = True
            return True
        process = self.process
        blocked = Blocked(((self._queue, linux.EPOLLIN),), lambda: self._try(blocked), deadline_ns, self._give_up)
        while True:
            try:
                return process.wait(what, (), blocked) is True
            except KernelError:
                pass
            process.attend()

    def _try(self, blocked: Blocked) -> object:
        if self.held:
            return blocked
        self.held = True
        return True

    def _give_up(self, why: GiveUp) -> object:
        if why is GiveUp.INTERRUPTED:
            raise KernelError(linux.EINTR)
        if self.held:
            return False
        self.held = True
        return True

    def free(self, yields: bool = True) -> None:
        """Release the lock, and wake the first that waits for it and has not been woken yet."""
        self.held = False
        waiters = self._queue.waiters
        if waiters:
            for waiter in waiters:
                if waiter.callback(linux.EPOLLIN):
                    break
            process = self.process
            if yields and not process.dead and process.current_thread is not None:
                process.pause(RELEASE_NS)
