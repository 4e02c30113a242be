"""How the kernel says "would block", and how it tells those who wait that something changed.

The kernel never blocks (DESIGN 2). A system call returns its result, raises `KernelError`, or returns `Blocked`: the
queues to sit on and what to do then. The one interruptible wait in `farhost.programs.trap` does the sitting: it
registers on the queues, parks, and calls `retry` after each wake-up. Nothing runs between the try and the
registering, so no wake-up is lost.
"""

from collections.abc import Callable
from enum import Enum, auto

Callback = Callable[[int], object]
"""Called with the readiness bits (EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP, ...) that woke it; true if that
woke somebody who slept, which only a `TurnQueue` asks."""

ALWAYS = 0x008 | 0x010
"""EPOLLERR and EPOLLHUP, which poll(2) and epoll(7) report whether asked for or not."""

_IN, _OUT, _ERR, _HUP = 0x001, 0x004, 0x008, 0x010
_EVENTS = _IN | _OUT | _ERR | _HUP


class KernelError(Exception):
    """A condition that a program can see: `errno` is Linux's number. `sigpipe`: the caller also gets SIGPIPE."""

    def __init__(self, errno: int, sigpipe: bool = False) -> None:
        super().__init__(errno)
        self.errno = errno
        self.sigpipe = sigpipe
        self.stopped = False
        """Of EINTR: whether a stop signal was the reason, and no handler."""


class GiveUp(Enum):
    """Why a wait ends without its condition."""

    TIMED_OUT = auto()
    INTERRUPTED = auto()


class Waiter:
    """One registration on a queue. Compared by identity."""

    __slots__ = ("callback", "mask")

    def __init__(self, mask: int, callback: Callback) -> None:
        self.mask = mask
        self.callback = callback


class WaitQueue:
    """Those who wait for one object, in order of arrival."""

    __slots__ = ("waiters",)

    def __init__(self) -> None:
        self.waiters: list[Waiter] = []

    def add(self, waiter: Waiter) -> None:
        """Call the waiter at each later `wake` that concerns its mask."""
        self.waiters.append(waiter)

    def remove(self, waiter: Waiter) -> None:
        """Stop calling it; one that is not there is no error."""
        waiters = self.waiters
        if waiters and waiters[-1] is waiter:
            waiters.pop()
        elif waiter in waiters:
            waiters.remove(waiter)

    def wake(self, mask: int) -> None:
        """Something changed: tell each waiter whose mask (or ALWAYS) meets `mask`, oldest first."""
        waiters = self.waiters
        if waiters:
            for waiter in waiters[:] if len(waiters) > 1 else (waiters[0],):
                if mask & (waiter.mask | ALWAYS):
                    waiter.callback(mask)


class TurnQueue(WaitQueue):
    """Those of whom one is woken for one event (wait queue entries with WQ_FLAG_EXCLUSIVE in Linux).

    Waiters are asked in turn until one says that it slept and is awake now; the others sleep on. A change of state,
    which the bits of more than one event or EPOLLHUP tell, wakes everybody.
    """

    __slots__ = ("newest_first",)

    def __init__(self, newest_first: bool = False) -> None:
        super().__init__()
        self.newest_first = newest_first
        """Whether the latest to come is asked first, as with epoll_wait(2), or the first, as with accept(2)."""

    def wake(self, mask: int) -> None:
        """Something changed."""
        self.wake_one(mask)

    def wake_one(self, mask: int) -> bool:
        """Wake one whose mask (or ALWAYS) meets `mask`, or all; whether there was one."""
        waiters = self.waiters
        if len(waiters) == 1:
            waiter = waiters[0]
            return bool(mask & (waiter.mask | ALWAYS) and waiter.callback(mask))
        everybody = mask & _EVENTS not in (_IN, _OUT, _ERR)
        found = False
        for waiter in waiters[::-1] if self.newest_first else waiters[:]:
            if mask & (waiter.mask | ALWAYS) and waiter.callback(mask):
                found = True
                if not everybody:
                    break
        return found


def interrupted(why: GiveUp) -> object:
    """The usual end of a wait: EINTR (4) for a signal, EAGAIN (11) for a socket's own time limit (socket(7))."""
    raise KernelError(4 if why is GiveUp.INTERRUPTED else 11)


class Blocked:
    """A system call that has to wait."""

    __slots__ = ("deadline_ns", "give_up", "retry", "waits")

    def __init__(
        self,
        waits: tuple[tuple[WaitQueue, int], ...],
        retry: Callable[[], object],
        deadline_ns: int | None = None,
        give_up: Callable[[GiveUp], object] = interrupted,
    ) -> None:
        self.waits = waits
        """The queues to sit on, each with the readiness bits that matter."""
        self.retry = retry
        """Called after a wake-up: the result, a KernelError, or Blocked again (whose fields hold from there)."""
        self.deadline_ns = deadline_ns
        """Virtual time (`Environment.now_ns`) at which `give_up(TIMED_OUT)` is called; None: never."""
        self.give_up = give_up
        """Called instead of `retry` when the wait ends otherwise: the (partial) result, or a KernelError."""


def mapped(blocked: Blocked, convert: Callable[[object], object]) -> Blocked:
    """The same wait, with its result (partial ones too) turned into another."""
    retry, give_up = blocked.retry, blocked.give_up

    def again() -> object:
        result = retry()
        return mapped(result, convert) if isinstance(result, Blocked) else convert(result)

    blocked.retry = again
    blocked.give_up = lambda why: convert(give_up(why))
    return blocked
