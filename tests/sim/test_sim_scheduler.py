"""Virtual time: order of events, charges, wake-ups, limits."""

from collections.abc import Callable

import greenlet
import pytest

from farhost.sim.scheduler import End, Scheduler


def test_events_run_in_order_of_time_then_of_making() -> None:
    scheduler = Scheduler()
    seen: list[str] = []
    for due_ns, name in [(5, "late"), (3, "first"), (3, "second"), (0, "now")]:
        scheduler.call_at(due_ns, seen.append, name)
    assert scheduler.run() is End.IDLE
    assert seen == ["now", "first", "second", "late"]
    assert scheduler.now_ns == 5


def test_a_cancelled_timer_does_not_fire_and_moves_no_time() -> None:
    scheduler = Scheduler()
    scheduler.call_at(9, pytest.fail, "fired").cancel()
    assert scheduler.next_due_ns() is None
    assert scheduler.run() is End.IDLE
    assert scheduler.now_ns == 0


def test_a_charge_lets_what_is_due_earlier_run_first() -> None:
    scheduler = Scheduler()
    seen: list[tuple[str, int]] = []

    def body(name: str, cost_ns: int) -> None:
        for _ in range(3):
            scheduler.charge(cost_ns)
            seen.append((name, scheduler.now_ns))

    scheduler.spawn("slow", lambda: body("slow", 10))
    scheduler.spawn("fast", lambda: body("fast", 4))
    scheduler.run()
    assert seen == [("fast", 4), ("fast", 8), ("slow", 10), ("fast", 12), ("slow", 20), ("slow", 30)]


def test_a_lone_task_is_charged_without_a_switch() -> None:
    scheduler = Scheduler()
    switches: list[int] = []

    def body() -> None:
        for _ in range(100):
            scheduler.charge(1_000)
        switches.append(scheduler.switches)

    scheduler.spawn("only", body)
    scheduler.run()
    assert switches == [1]
    assert scheduler.now_ns == 100_000


def test_a_parked_task_comes_back_once_at_the_first_wake_up() -> None:
    scheduler = Scheduler()
    seen: list[int] = []

    def body() -> None:
        scheduler.park()
        seen.append(scheduler.now_ns)
        scheduler.park()
        seen.append(scheduler.now_ns)

    task = scheduler.spawn("sleeper", body)
    scheduler.call_at(10, scheduler.wake, task, 5)
    scheduler.call_at(12, scheduler.wake, task, 50)
    scheduler.run()
    assert seen == [15]
    assert task.alive


def test_the_limit_stops_the_run_and_leaves_later_events() -> None:
    scheduler = Scheduler()
    seen: list[int] = []
    scheduler.call_at(10, seen.append, 10)
    scheduler.call_at(30, seen.append, 30)
    assert scheduler.run(until_ns=20) is End.UNTIL
    assert (seen, scheduler.now_ns) == ([10], 20)
    assert scheduler.run() is End.IDLE
    assert seen == [10, 30]


def test_a_run_that_goes_idle_before_its_limit_does_not_wait_for_it() -> None:
    scheduler = Scheduler()
    scheduler.call_at(10, lambda: None)
    scheduler.call_at(15, lambda: None).cancel()
    assert scheduler.run(until_ns=1_000) is End.IDLE
    assert scheduler.now_ns == 10


def test_stop_ends_the_run_after_the_present_event() -> None:
    scheduler = Scheduler()
    seen: list[int] = []
    scheduler.call_at(1, scheduler.stop)
    scheduler.call_at(2, seen.append, 2)
    assert scheduler.run(until_ns=100) is End.STOPPED
    assert seen == []


def test_an_error_in_a_task_reaches_whoever_runs_the_scheduler() -> None:
    scheduler = Scheduler()

    def body() -> None:
        raise ValueError("ours")

    task = scheduler.spawn("broken", body)
    with pytest.raises(ValueError, match="ours"):
        scheduler.run()
    assert not task.alive


def test_a_thrown_error_unwinds_a_parked_task() -> None:
    scheduler = Scheduler()
    seen: list[str] = []

    def body() -> None:
        try:
            scheduler.park()
        finally:
            seen.append("unwound")

    task = scheduler.spawn("victim", body)
    scheduler.call_at(5, task.throw, greenlet.GreenletExit)
    scheduler.run()
    assert seen == ["unwound"]
    assert not task.alive


class CountingPace:
    """A clock in which every wait takes as long as it was asked for, and 100 ns where nothing is due."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.waits: list[int | None] = []
        self.arrivals: list[tuple[int, Callable[[], object]]] = []
        """What arrives at which time, in order."""
        self.scheduler = scheduler
        scheduler.pace = self

    def wait(self, due_ns: int | None) -> int:
        self.waits.append(due_ns)
        until_ns = self.scheduler.now_ns + 100 if due_ns is None else due_ns
        if self.arrivals and self.arrivals[0][0] <= until_ns:
            until_ns, arrive = self.arrivals.pop(0)
            self.scheduler.now_ns = until_ns
            arrive()
        return until_ns


def test_a_paced_run_waits_for_each_event_and_for_what_may_arrive_until_it_is_stopped() -> None:
    scheduler = Scheduler()
    pace = CountingPace(scheduler)
    scheduler.call_at(7, lambda: None)
    scheduler.call_at(9, lambda: None)
    pace.arrivals = [(60, scheduler.stop)]
    assert scheduler.run() is End.STOPPED
    assert pace.waits == [7, 9, None]
    assert scheduler.now_ns == 60


def test_a_paced_run_ends_at_its_limit() -> None:
    scheduler = Scheduler()
    pace = CountingPace(scheduler)
    assert scheduler.run(until_ns=50) is End.UNTIL
    assert pace.waits == [50]
    assert scheduler.now_ns == 50


def test_what_arrives_may_make_an_event_that_comes_before_the_one_waited_for() -> None:
    scheduler = Scheduler()
    pace = CountingPace(scheduler)
    seen: list[tuple[str, int]] = []

    def note(what: str) -> None:
        seen.append((what, scheduler.now_ns))

    scheduler.call_at(100, note, "planned")
    scheduler.call_at(200, scheduler.stop)
    pace.arrivals = [(30, lambda: scheduler.call_at(scheduler.now_ns + 5, note, "arrived"))]
    scheduler.run()
    assert seen == [("arrived", 35), ("planned", 100)]


def test_the_limit_of_a_run_is_no_event() -> None:
    scheduler = Scheduler()
    seen: list[int | None] = []

    def look() -> None:
        seen.append(scheduler.next_due_ns())

    scheduler.call_at(1, look)
    scheduler.call_at(2, look)
    scheduler.call_at(2, lambda: None).cancel()
    scheduler.call_at(200, look)
    assert scheduler.run(until_ns=100) is End.UNTIL
    assert seen == [2, 200]
    assert scheduler.run(until_ns=300) is End.IDLE
    assert seen == [2, 200, None]
