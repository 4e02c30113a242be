"""The real clock: what arrives is handled in a run that waits, and what is due is done at its own time."""

import os
import threading
import time

import pytest

from farhost.devices.real_time import RealTime
from farhost.sim.scheduler import End, Scheduler

MILLISECOND_NS = 1_000_000


@pytest.fixture
def paced():
    scheduler = Scheduler()
    clock = RealTime(scheduler)
    yield scheduler, clock
    clock.close()


def test_events_come_when_they_are_due_and_at_their_own_times(paced):
    scheduler, clock = paced
    seen = []
    for due_ns in (300_000, 5 * MILLISECOND_NS, 20 * MILLISECOND_NS):
        scheduler.call_at(due_ns, lambda: seen.append((scheduler.now_ns, clock.now_ns())))
    scheduler.call_at(25 * MILLISECOND_NS, scheduler.stop)
    assert scheduler.run() is End.STOPPED
    assert [simulated for simulated, _ in seen] == [300_000, 5 * MILLISECOND_NS, 20 * MILLISECOND_NS]
    assert all(real >= simulated for simulated, real in seen)


def test_what_arrives_is_handled_while_nothing_is_due(paced):
    scheduler, clock = paced
    reader, writer = os.pipe()
    got = []

    def ready(events):
        got.append((os.read(reader, 100), scheduler.now_ns))
        scheduler.stop()

    clock.watch(reader, ready)
    threading.Timer(0.03, os.write, (writer, b"x")).start()
    assert scheduler.run() is End.STOPPED
    ((data, at_ns),) = got
    assert data == b"x"
    assert at_ns >= 30 * MILLISECOND_NS, "the time of what arrives is the time at which it is seen"
    clock.forget(reader)
    os.close(reader)
    os.close(writer)


def test_what_arrives_before_an_event_is_not_later_than_it(paced):
    scheduler, clock = paced
    reader, writer = os.pipe()
    times = []
    os.write(writer, b"x")
    scheduler.call_at(1, lambda: times.append(("due", scheduler.now_ns)))
    time.sleep(0.002)

    def ready(events):
        os.read(reader, 100)
        times.append(("arrived", scheduler.now_ns))
        scheduler.call_at(scheduler.now_ns, scheduler.stop)

    clock.watch(reader, ready)
    scheduler.run()
    assert times == sorted(times, key=lambda one: one[1])
    os.close(reader)
    os.close(writer)


def test_a_stop_that_comes_before_the_run_ends_it(paced):
    scheduler, clock = paced
    clock.call(scheduler.stop)
    assert scheduler.run() is End.STOPPED


def test_a_stop_from_another_thread_ends_a_run_that_waits_for_nothing(paced):
    scheduler, clock = paced
    threading.Timer(0.02, clock.call, (scheduler.stop,)).start()
    assert scheduler.run() is End.STOPPED


def test_a_descriptor_that_rests_is_looked_at_again_later(paced):
    scheduler, clock = paced
    reader, writer = os.pipe()
    os.write(writer, b"x")
    seen = []

    def ready(events):
        seen.append(scheduler.now_ns)
        if len(seen) == 2:
            scheduler.stop()
        else:
            clock.rest(reader, 10 * MILLISECOND_NS)

    clock.watch(reader, ready)
    scheduler.run()
    assert seen[1] - seen[0] >= 10 * MILLISECOND_NS
    os.close(reader)
    os.close(writer)


def test_a_host_that_shows_the_machines_clocks_is_right_about_both(paced):
    _, clock = paced
    boot_ns, epoch_ns = clock.boot_and_epoch_ns(clock.now_ns())
    now_ns = clock.now_ns()
    assert abs((now_ns - boot_ns) - time.monotonic_ns()) < 50 * MILLISECOND_NS
    assert abs((now_ns + epoch_ns) - time.time_ns()) < 50 * MILLISECOND_NS
