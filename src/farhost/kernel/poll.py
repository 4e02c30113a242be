"""poll(2) and select(2): look at the files, else wait on all of them until one is ready or the time is over."""

from typing import TYPE_CHECKING

from farhost.kernel.waiting import ALWAYS, Blocked, GiveUp, KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.process import Thread
    from farhost.kernel.waiting import WaitQueue

_IN, _OUT, _PRI, _ERR, _HUP = linux.EPOLLIN, linux.EPOLLOUT, linux.EPOLLPRI, linux.EPOLLERR, linux.EPOLLHUP
_RDNORM, _RDBAND, _WRNORM, _WRBAND = linux.EPOLLRDNORM, linux.EPOLLRDBAND, linux.EPOLLWRNORM, linux.EPOLLWRBAND

_FOR_READ = _IN | _HUP | _ERR
_FOR_WRITE = _OUT | _ERR
_FOR_EXCEPT = _PRI
"""What select(2) takes for ready (fs/select.c: POLLIN_SET, POLLOUT_SET, POLLEX_SET)."""

PollSet = tuple[tuple[int, int], ...]


def widened(ready: int) -> int:
    """The readiness bits with their System V names beside them: IN is RDNORM too, OUT is WRNORM too."""
    if ready & _IN:
        ready |= _RDNORM
    if ready & _OUT:
        ready |= _WRNORM
    return ready


def narrowed(events: int) -> int:
    """The bits to wait for when somebody asks for these."""
    if events & (_RDNORM | _RDBAND):
        events |= _IN
    if events & (_WRNORM | _WRBAND):
        events |= _OUT
    return events


def poll(thread: "Thread", entries: PollSet, timeout_ns: int | None) -> PollSet | Blocked:
    """poll(2): (descriptor, events) in, (descriptor, what is ready) out for those that are, in the same order.

    A negative descriptor is passed over; one that is not open reports POLLNVAL. EINVAL for more entries than
    RLIMIT_NOFILE. A timeout of None or below 0 is none; nothing ready in time gives an empty answer. EINTR when a
    signal comes, but not when with it (SIGURG) something has become ready.
    """
    if len(entries) > thread.process.descriptors.limit:
        raise KernelError(linux.EINVAL)
    result = _scan(thread, entries)
    if result or timeout_ns == 0:
        return result
    deadline_ns = None if timeout_ns is None or timeout_ns < 0 else thread.kernel.deadline_ns(timeout_ns)
    return _wait_poll(thread, entries, deadline_ns)


def _scan(thread: "Thread", entries: PollSet) -> PollSet:
    files = thread.files
    ready = []
    for number, events in entries:
        if number >= 0:
            file = files.get(number)
            found = linux.POLLNVAL if file is None else widened(file.poll()) & (events | ALWAYS)
            if found:
                ready.append((number, found))
    return tuple(ready)


def _wait_poll(thread: "Thread", entries: PollSet, deadline_ns: int | None) -> Blocked:
    waits = []
    for number, events in entries:
        file = thread.files.get(number)
        if file is not None:
            waits.append((file.queue, narrowed(events)))

    def again() -> object:
        return _scan(thread, entries) or _wait_poll(thread, entries, deadline_ns)

    def stop(why: GiveUp) -> object:
        if why is GiveUp.TIMED_OUT:
            return ()
        found = _scan(thread, entries)
        if not found:
            raise KernelError(linux.EINTR)
        return found

    return Blocked(tuple(waits), again, deadline_ns, stop)


Descriptors = tuple[int, ...]


def select(
    thread: "Thread", reads: Descriptors, writes: Descriptors, excepts: Descriptors, timeout_ns: int | None
) -> tuple[Descriptors, Descriptors, Descriptors] | Blocked:
    """select(2): the ready ones of each set, in the same order. EBADF for a descriptor that is not open.

    None waits without limit; a negative time is EINVAL; nothing ready in time gives three empty sets.
    """
    if timeout_ns is not None and timeout_ns < 0:
        raise KernelError(linux.EINVAL)
    for number in (*reads, *writes, *excepts):
        if number not in thread.files:
            raise KernelError(linux.EBADF)
    result = _look(thread, reads, writes, excepts)
    if any(result) or timeout_ns == 0:
        return result
    deadline_ns = None if timeout_ns is None else thread.kernel.deadline_ns(timeout_ns)
    return _wait_select(thread, (reads, writes, excepts), deadline_ns)


def _ready(thread: "Thread", numbers: Descriptors, bits: int) -> Descriptors:
    files = thread.files
    ready = []
    for number in numbers:
        file = files.get(number)
        if file is not None and file.poll() & bits:
            ready.append(number)
    return tuple(ready)


def _look(
    thread: "Thread", reads: Descriptors, writes: Descriptors, excepts: Descriptors
) -> tuple[Descriptors, Descriptors, Descriptors]:
    return (
        _ready(thread, reads, _FOR_READ),
        _ready(thread, writes, _FOR_WRITE),
        _ready(thread, excepts, _FOR_EXCEPT) if excepts else (),
    )


def _wait_select(
    thread: "Thread", sets: tuple[Descriptors, Descriptors, Descriptors], deadline_ns: int | None
) -> Blocked:
    waits: list[tuple[WaitQueue, int]] = []
    for numbers, bits in zip(sets, (_FOR_READ, _FOR_WRITE, _FOR_EXCEPT), strict=True):
        for number in numbers:
            file = thread.files.get(number)
            if file is not None:
                waits.append((file.queue, bits))

    def again() -> object:
        result = _look(thread, *sets)
        return result if any(result) else _wait_select(thread, sets, deadline_ns)

    def stop(why: GiveUp) -> object:
        if why is GiveUp.TIMED_OUT:
            return (), (), ()
        found = _look(thread, *sets)
        if not any(found):
            raise KernelError(linux.EINTR)
        return found

    return Blocked(tuple(waits), again, deadline_ns, stop)
