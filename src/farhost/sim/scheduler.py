"""Virtual time: the event queue, and the tasks that run on it one at a time.

A task is a greenlet. It runs until it parks; then the hub (the greenlet that called `Scheduler.run`) takes the next
event, and an event may wake a task. Time moves only when the hub takes an event, or when a running task is charged
for a call and nothing is due before the charge ends. Ties are broken by the order in which events were made, so a
run is a function of its inputs. This module leaves to its neighbours what a task does and why it waits; it knows no
networking.
"""

import heapq
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Protocol

import greenlet

Callback = Callable[..., object]


class Pace(Protocol):
    """What a run in real time adds: it waits on real descriptors until an event is due. Virtual time has none."""

    def wait(self, due_ns: int | None) -> int:
        """Handle what arrived, or wait for that until `due_ns` (None: for ever); return the time it is now, in ns.
        While something is handled the scheduler's time is that at which it was seen, at most `due_ns`."""


class End(Enum):
    """Why `Scheduler.run` returned."""

    IDLE = auto()
    """Nothing is scheduled: every task has ended or is parked."""
    UNTIL = auto()
    """The time limit was reached."""
    STOPPED = auto()
    """`Scheduler.stop` was called."""


class Timer:
    """One scheduled callback; `cancel` forgets it. Cancelling one that has fired does nothing."""

    __slots__ = ("arguments", "callback", "due_ns")

    def __init__(self, due_ns: int, callback: Callback | None, arguments: tuple[object, ...]) -> None:
        self.due_ns = due_ns
        self.callback = callback
        self.arguments = arguments

    def cancel(self) -> None:
        """Forget the callback."""
        self.callback = None
        self.arguments = ()


class Task:
    """A simulated thread of control: a greenlet, its name, and whether it has been woken."""

    __slots__ = ("_body", "_greenlet", "alive", "context", "name", "scheduler", "spare_timer", "wake_timer")

    def __init__(self, scheduler: "Scheduler", name: str, body: Callable[[], None]) -> None:
        self.scheduler = scheduler
        self.name = name
        self.alive = True
        self.context: object = None
        """Whatever the owner of the task wants to find again from `Scheduler.current`."""
        self.wake_timer: Timer | None = None
        """The wake-up under way, if one is; a task is woken at most once until it runs."""
        self.spare_timer: Timer | None = None
        """The wake-up that came last, for the next one to use again."""
        self._body = body
        self._greenlet = greenlet.greenlet(self._run, scheduler.hub)

    def _run(self) -> None:
        try:
            self._body()
        finally:
            self.alive = False

    def enter(self) -> None:
        """Called by the hub: run the task until it parks or ends."""
        self.spare_timer = self.wake_timer
        self.wake_timer = None
        if not self.alive:
            return
        scheduler = self.scheduler
        scheduler.current = self
        scheduler.switches += 1
        try:
            self._greenlet.switch()
        finally:
            scheduler.current = None

    def throw(self, error: type[BaseException]) -> None:
        """Called by the hub: raise `error` in the task where it is parked, and let it unwind."""
        if not self.alive:
            return
        scheduler = self.scheduler
        scheduler.current = self
        try:
            self._greenlet.throw(error)
        finally:
            scheduler.current = None

    @property
    def frame(self) -> object:
        """The innermost Python frame of the parked task, for reports; None while it runs or after its end."""
        return self._greenlet.gr_frame


class Scheduler:
    """The clock and the event queue of one run."""

    __slots__ = ("_limit", "_sequence", "_stopping", "current", "events", "hub", "now_ns", "pace", "switches")

    def __init__(self, start_ns: int = 0) -> None:
        self.now_ns = start_ns
        """Virtual time, in ns since the start of the run."""
        self.current: Task | None = None
        """The task that runs now; None inside an event."""
        self.pace: Pace | None = None
        self.switches = 0
        """Task switches so far: what a watchdog in real time looks at."""
        self.hub = greenlet.getcurrent()
        self.events: list[tuple[int, int, Timer]] = []
        """The event queue, a heap of (due, order, what): others may look at its head, and nothing more."""
        self._limit: Timer | None = None
        """The end of the present `run`: it stands in the queue, so that no charge passes it, and is no event."""
        self._sequence = 0
        self._stopping = False

    def call_at(self, due_ns: int, callback: Callback, *arguments: object) -> Timer:
        """Call `callback(*arguments)` at virtual time `due_ns`, after everything already due then.

        >>> scheduler = Scheduler()
        >>> _ = scheduler.call_at(5, print, "five")
        >>> _ = scheduler.call_at(3, print, "three")
        >>> scheduler.run()
        three
        five
        <End.IDLE: 1>
        """
        timer = Timer(due_ns, callback, arguments)
        self._sequence = sequence = self._sequence + 1
        heapq.heappush(self.events, (due_ns, sequence, timer))
        return timer

    def spawn(self, name: str, body: Callable[[], None], kind: type[Task] = Task) -> Task:
        """A new task that starts at the present time, after everything already due.

        `kind`: what it is made of, where something has to be done each time that the hub enters the task.
        """
        task = kind(self, name, body)
        self.wake(task)
        return task

    def wake(self, task: Task, delay_ns: int = 0) -> None:
        """Let a parked task run `delay_ns` from now; waking it again before it runs does nothing."""
        if task.wake_timer is not None or not task.alive:
            return
        due_ns = self.now_ns + delay_ns
        timer = task.spare_timer
        if timer is None:
            task.wake_timer = self.call_at(due_ns, task.enter)
            return
        task.spare_timer = None
        task.wake_timer = timer
        timer.due_ns = due_ns
        self._sequence = sequence = self._sequence + 1
        heapq.heappush(self.events, (due_ns, sequence, timer))

    def park(self) -> None:
        """Called by a running task: leave until somebody wakes it. It comes back at the time of the wake-up."""
        assert self.current is not None, "only a task can park"
        self.hub.switch()

    def charge(self, cost_ns: int) -> None:
        """Called by a running task: it takes `cost_ns` of virtual time; what is due earlier runs first."""
        due_ns = self.now_ns + cost_ns
        heap = self.events
        if not heap or heap[0][0] > due_ns:
            self.now_ns = due_ns
            return
        task = self.current
        assert task is not None, "only a task can be charged"
        if task.wake_timer is not None:
            task.wake_timer.cancel()
        task.wake_timer = self.call_at(due_ns, task.enter)
        self.hub.switch()

    def stop(self) -> None:
        """Make `run` return after the present event."""
        self._stopping = True

    def pending(self) -> Iterator[Timer]:
        """Everything scheduled and not cancelled, in no particular order; the limit of `run` is not part of it."""
        return (timer for _, _, timer in self.events if timer.callback is not None and timer is not self._limit)

    def next_due_ns(self) -> int | None:
        """When the next event is due; None when nothing is scheduled. The limit of a run is no event."""
        first_ns = self._first_due_ns()
        heap = self.events
        if heap and heap[0][2] is self._limit:
            later = [due_ns for due_ns, _, timer in heap if timer is not self._limit and timer.callback is not None]
            return min(later) if later else None
        return first_ns

    def run(self, until_ns: int | None = None) -> End:
        """Take events in order until none is left, the limit is reached, or `stop` is called. With a pace it waits
        for what may arrive, and does not return because none is left.

        The greenlet that calls this is the hub. At the limit `now_ns` is `until_ns`; later events stay scheduled.
        """
        assert greenlet.getcurrent() is self.hub, "run must be called where the scheduler was made"
        heap = self.events
        pop = heapq.heappop
        self._stopping = False
        self._limit = limit = None if until_ns is None else self.call_at(until_ns, self.stop)
        while heap or self.pace is not None:
            if self.pace is not None and not self._keep_pace(self.pace):
                break
            due_ns, _, timer = pop(heap)
            callback = timer.callback
            if callback is None:
                continue
            if timer is limit:
                if self.pace is None and self.next_due_ns() is None:
                    break
                self.now_ns = due_ns
                return End.UNTIL
            self.now_ns = due_ns
            callback(*timer.arguments)
            if self._stopping:
                break
        if self._stopping:
            if limit is not None:
                limit.cancel()
            return End.STOPPED
        return End.IDLE

    def _keep_pace(self, pace: Pace) -> bool:
        """Real time: let it catch up with the next event, or an arrival schedule an earlier one; False: stop."""
        while not self._stopping:
            due_ns = self._first_due_ns()
            if due_ns is not None and due_ns <= self.now_ns:
                return True
            now_ns = pace.wait(due_ns)
            first_ns = self._first_due_ns()
            self.now_ns = max(self.now_ns, now_ns if first_ns is None else min(now_ns, first_ns))
        return False

    def _first_due_ns(self) -> int | None:
        """When the first timer is due, that of the limit of `run` among them."""
        heap = self.events
        while heap and heap[0][2].callback is None:
            heapq.heappop(heap)
        return heap[0][0] if heap else None
