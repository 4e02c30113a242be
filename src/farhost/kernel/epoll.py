"""epoll(7): an open file that watches others, level- or edge-triggered, once or again and again, nested.

As in Linux (fs/eventpoll.c): each watched file has an item that sits on the file's queue; a wake-up puts the item at
the end of the ready list; epoll_wait takes items from the front, asks each file what is ready now, reports that, and
puts level-triggered items back at the end. So items take turns when there are more than the caller asked for. Edges
are wake-ups: a socket that gets more data makes a new edge, also when it was readable before.

Of several threads in epoll_wait(2) on one instance an event wakes one, the latest to come; it wakes the next when it
leaves something on the ready list. With EPOLLEXCLUSIVE an event wakes one instance of those that watch the file, the
first in which somebody waits; instances before it that nobody waits in have the event as well.
"""

from typing import TYPE_CHECKING

from farhost.kernel.files import OpenFile, Stat
from farhost.kernel.poll import narrowed, widened
from farhost.kernel.waiting import ALWAYS, Blocked, GiveUp, KernelError, TurnQueue, Waiter
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread

_ET, _ONESHOT, _EXCLUSIVE, _WAKEUP = linux.EPOLLET, linux.EPOLLONESHOT, linux.EPOLLEXCLUSIVE, linux.EPOLLWAKEUP
_PRIVATE = _ET | _ONESHOT | _EXCLUSIVE | _WAKEUP
_EXCLUSIVE_ALLOWED = linux.EPOLLIN | linux.EPOLLOUT | linux.EPOLLERR | linux.EPOLLHUP | _WAKEUP | _ET | _EXCLUSIVE
_INOUT = linux.EPOLLIN | linux.EPOLLOUT
_WIDE = linux.EPOLLRDNORM | linux.EPOLLWRNORM
_OTHERWISE = _ET | _ONESHOT
_DEEPEST = 4
"""EP_MAX_NESTS: so many instances may hang below one another."""
_MOST_EVENTS = 2**31 // 12
"""EP_MAX_EVENTS."""

Events = tuple[tuple[int, int], ...]
"""(data, ready bits) of each."""


class Item:
    """One watched file."""

    __slots__ = ("data", "epoll", "events", "file", "number", "queue", "waiter", "wide")

    def __init__(self, epoll: "EpollFile", file: OpenFile, number: int, events: int, data: int) -> None:
        self.epoll = epoll
        self.file = file
        self.number = number
        """The descriptor it was added by: with the file it is the item's key."""
        self.events = events
        self.data = data
        self.waiter = Waiter(0, self.woken)
        self.queue = file.one_at_a_time() if events & _EXCLUSIVE else file.queue
        """Where on the file it sits."""
        self.set_events(events, data)

    def set_events(self, events: int, data: int) -> None:
        """EPOLL_CTL_ADD and EPOLL_CTL_MOD."""
        self.events = events | ALWAYS
        self.wide = bool(events & _WIDE)
        """Whether it is asked for by a System V name."""
        self.data = data
        self.waiter.mask = narrowed(events & ~_PRIVATE)

    def ready_now(self) -> int:
        """What is ready of what was asked for."""
        ready = self.file.poll()
        return (widened(ready) if self.wide else ready) & self.events

    def woken(self, mask: int) -> bool:
        """The file changed: to the end of the ready list, unless a one-shot has been disarmed.

        Whether no other instance has to be told, if both have EPOLLEXCLUSIVE (ep_poll_callback).
        """
        events = self.events
        if not events & ~_PRIVATE:
            return False
        found = self.epoll.add_ready(self)
        direction = mask & _INOUT
        return found and direction != _INOUT and (not direction or bool(direction & events))

    def detach(self) -> None:
        """Watch no longer: EPOLL_CTL_DEL, or the file's last descriptor is closed."""
        self.epoll.forget(self)


class EpollFile(OpenFile):
    """An epoll instance."""

    kind = "epoll"
    seeks = True
    transfers = False

    def __init__(self, kernel: "Kernel") -> None:
        super().__init__()
        self.kernel = kernel
        self.inode = kernel.next_inode()
        self.status_flags = linux.O_RDWR
        self.items: dict[tuple[int, int], Item] = {}
        """By (descriptor, identity of the file): a descriptor may be closed and used again meanwhile."""
        self.ready: dict[Item, None] = {}
        """The ready list, first to last."""
        self.sleepers = TurnQueue(newest_first=True)
        """Those who wait in epoll_wait(2); on `queue` are those who watch the instance itself."""
        self._forever: dict[int, Blocked] = {}
        """Waits without a time limit, by the most events that are wanted: they are all alike."""

    def control(self, operation: int, file: OpenFile, number: int, events: int, data: int) -> None:
        """epoll_ctl(2): EEXIST, ENOENT, EINVAL, ELOOP, EPERM."""
        if not file.can_poll:
            raise KernelError(linux.EPERM)
        if file is self:
            raise KernelError(linux.EINVAL)
        if operation not in (linux.EPOLL_CTL_ADD, linux.EPOLL_CTL_MOD, linux.EPOLL_CTL_DEL):
            raise KernelError(linux.EINVAL)
        events &= 0xFFFFFFFF
        if operation != linux.EPOLL_CTL_DEL and events & _EXCLUSIVE:
            self._check_exclusive(operation, file, events)
        key = (number, id(file))
        item = self.items.get(key)
        match operation:
            case linux.EPOLL_CTL_ADD:
                if item is not None:
                    raise KernelError(linux.EEXIST)
                if isinstance(file, EpollFile):
                    self._check_loop(file)
                self._add(key, Item(self, file, number, events, data))
            case linux.EPOLL_CTL_MOD:
                if item is None:
                    raise KernelError(linux.ENOENT)
                if item.events & _EXCLUSIVE:
                    raise KernelError(linux.EINVAL)
                item.set_events(events, data)
                if item.ready_now():
                    self.add_ready(item)
            case _:
                if item is None:
                    raise KernelError(linux.ENOENT)
                item.detach()

    @staticmethod
    def _check_exclusive(operation: int, file: OpenFile, events: int) -> None:
        if operation == linux.EPOLL_CTL_MOD or isinstance(file, EpollFile) or events & ~_EXCLUSIVE_ALLOWED:
            raise KernelError(linux.EINVAL)

    def _add(self, key: tuple[int, int], item: Item) -> None:
        self.items[key] = item
        item.file.watches.append(item)
        item.queue.add(item.waiter)
        if item.ready_now():
            self.add_ready(item)

    def _check_loop(self, inner: "EpollFile") -> None:
        if inner._reaches(self) or inner._depth() + self._height() >= _DEEPEST:
            raise KernelError(linux.ELOOP)

    def _reaches(self, target: "EpollFile") -> bool:
        return any(
            item.file is target or (isinstance(item.file, EpollFile) and item.file._reaches(target))
            for item in self.items.values()
        )

    def _depth(self) -> int:
        """How many levels of instances hang below this one."""
        below = [item.file._depth() + 1 for item in self.items.values() if isinstance(item.file, EpollFile)]
        return max(below, default=0)

    def _height(self) -> int:
        """How many levels watch this one."""
        above = [watch.epoll._height() + 1 for watch in self.watches if isinstance(watch, Item)]
        return max(above, default=0)

    def add_ready(self, item: Item) -> bool:
        """Put an item at the end of the ready list, if it is not on it, and wake one who waits; whether one did."""
        self.ready.setdefault(item)
        sleepers = self.sleepers
        found = bool(sleepers.waiters) and sleepers.wake_one(linux.EPOLLIN)
        if self.queue.waiters:
            self.queue.wake(linux.EPOLLIN)
        return found

    def forget(self, item: Item) -> None:
        """Remove an item."""
        del self.items[item.number, id(item.file)]
        self.ready.pop(item, None)
        item.queue.remove(item.waiter)
        item.file.watches.remove(item)

    def poll(self) -> int:
        """Readable when an item on the ready list is truly ready; items that are not leave the list."""
        for item in tuple(self.ready):
            if item.ready_now():
                return linux.EPOLLIN
            self.ready.pop(item, None)
        return 0

    def collect(self, maximum: int) -> Events:
        """Up to `maximum` ready items, from the front of the ready list."""
        taken, self.ready = self.ready, {}
        if len(taken) == 1:
            for item in taken:
                ready = item.file.poll()
                found = (widened(ready) if item.wide else ready) & item.events
                if not found:
                    return ()
                if not item.events & _OTHERWISE:
                    self.ready = taken
                    if self.sleepers.waiters:
                        self.sleepers.wake(linux.EPOLLIN)
                    return ((item.data, found),)
        events: list[tuple[int, int]] = []
        rest: dict[Item, None] = {}
        for item in taken:
            if len(events) == maximum:
                rest[item] = None
                continue
            found = item.ready_now()
            if not found:
                continue
            events.append((item.data, found))
            if item.events & _ONESHOT:
                item.events &= _PRIVATE
                item.waiter.mask = 0
            elif not item.events & _ET:
                self.ready[item] = None
        if rest:
            self.ready = rest | self.ready
        if self.ready and self.sleepers.waiters:
            self.sleepers.wake(linux.EPOLLIN)
        return tuple(events)

    def wait(self, thread: "Thread", maximum: int, timeout_ns: int | None) -> Events | Blocked:
        """epoll_wait(2): at most `maximum` events, none when the time is over; a time of None or below 0 never is."""
        if not 0 < maximum <= _MOST_EVENTS:
            raise KernelError(linux.EINVAL)
        events = self.collect(maximum) if self.ready else ()
        if events or timeout_ns == 0:
            return events
        deadline_ns = None if timeout_ns is None or timeout_ns < 0 else thread.kernel.deadline_ns(timeout_ns)
        return self._wait(maximum, deadline_ns)

    def _wait(self, maximum: int, deadline_ns: int | None) -> Blocked:
        if deadline_ns is None:
            blocked = self._forever.get(maximum)
            if blocked is None:
                blocked = self._forever[maximum] = self._make_wait(maximum, None)
            return blocked
        return self._make_wait(maximum, deadline_ns)

    def _make_wait(self, maximum: int, deadline_ns: int | None) -> Blocked:
        def again() -> object:
            return self.collect(maximum) or self._wait(maximum, deadline_ns)

        def stop(why: GiveUp) -> object:
            events = self.collect(maximum) if why is GiveUp.INTERRUPTED else ()
            return events or _nothing(why)

        return Blocked(((self.sleepers, linux.EPOLLIN),), again, deadline_ns, stop)

    def ioctl(self, thread: "Thread", request: int, argument: bytes) -> bytes:
        """ioctl(2): it knows none, and says so in another way than other files."""
        raise KernelError(linux.EINVAL)

    def stat(self) -> Stat:
        """An anonymous inode."""
        return Stat(0o600, self.inode, 1, 0, 0, 0, self.kernel.realtime_ns())

    def release(self, thread: "Thread | None") -> Blocked | None:
        """Stop watching everything."""
        for item in tuple(self.items.values()):
            self.forget(item)
        self._forever.clear()
        return None


def _nothing(why: GiveUp) -> Events:
    if why is GiveUp.INTERRUPTED:
        raise KernelError(linux.EINTR)
    return ()
