"""The order of wake-ups: a woken thread runs later, in calls, locks, sleeps and joins."""

import pytest
from call_fault_running import Bench

from farhost.programs.call_faults.wake import Wake
from farhost.trace.events import Wake as WakeEvent
from farhost.units import UnitError

SLEEPERS = """
    import threading, time
    order = []
    def sleeper(name):
        time.sleep(0.5)
        order.append(name)
    threads = [threading.Thread(target=sleeper, args=(name,)) for name in "abcd"]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print("".join(order))
"""


def test_threads_that_wake_together_run_in_another_order(tmp_path):
    bench = Bench(tmp_path).script("box", SLEEPERS)
    assert bench.run().output("box") == "abcd\n"
    orders = {bench.run("wake=50%", seed=seed).output("box") for seed in range(12)}
    assert len(orders) > 3
    assert all(sorted(order.strip()) == list("abcd") for order in orders)


def test_so_do_functions_in_place(tmp_path):
    def body():
        import threading
        import time

        order = []

        def sleeper(name):
            time.sleep(0.5)
            order.append(name)

        threads = [threading.Thread(target=sleeper, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print("".join(order))
        orders.add("".join(order))

    orders = set()
    for seed in range(8):
        assert Bench(tmp_path).function("box", body).run("wake=50%", seed=seed).outcome.ok
    assert len(orders) > 2


def test_who_waits_for_a_lock_is_late_too(tmp_path):
    source = """
        import threading, time
        lock = threading.Lock()
        lock.acquire()
        def waiter():
            with lock:
                print(round((time.monotonic() - released) * 1e6) > 100)
        thread = threading.Thread(target=waiter)
        thread.start()
        time.sleep(1)
        released = time.monotonic()
        lock.release()
        thread.join()
    """
    bench = Bench(tmp_path).script("box", source)
    assert bench.run().output("box") == "False\n"
    assert {bench.run("wake=100%:1s", seed=seed).output("box") for seed in range(6)} == {"False\n", "True\n"}


def test_a_delay_is_at_most_what_was_said_and_the_trace_has_it(tmp_path):
    bench = Bench(tmp_path).script("box", SLEEPERS)
    ran = bench.run("wake=100%:10us")
    assert ran.faults
    assert all(event.kind == "wake" and 1 <= event.amount <= 10 for event in ran.faults)
    woken = sum(isinstance(event, WakeEvent) for event in ran.events)
    assert len(ran.faults) == woken


def test_each_thread_counts_its_own_waits(tmp_path):
    ran = Bench(tmp_path).script("box", SLEEPERS).run("wake=100%")
    places = [event.place for event in ran.faults]
    assert len(set(places)) == len(places)
    assert {f"box/box thread {n} wait 1" for n in range(2, 6)} <= set(places)


def test_it_is_described():
    assert (
        Wake().describe("box/box thread 2 wait 3", 5)
        == "box/box thread 2 ran 5us late when it was woken from its wait 3"
    )


@pytest.mark.parametrize("text", ["5%:500ns", "5%:0s", "5%:1500ns", "5%:7", "5"])
def test_what_is_no_delay_is_refused(text):
    with pytest.raises(UnitError):
        Wake().parse(text)


@pytest.mark.parametrize("text", ["5%", "5%:2ms", "100%:60s"])
def test_what_is_read_is_written(text):
    assert Wake().format(Wake().parse(text)) == text


def test_a_thread_that_is_held_up_can_be_killed(tmp_path):
    source = """
        import os, threading, time
        def sleeper():
            time.sleep(0.5)
            print("never")
        threading.Thread(target=sleeper).start()
        time.sleep(0.5)
        os._exit(0)
    """
    bench = Bench(tmp_path).script("box", source)
    wakes = {("wake", f"box/box thread 2 wait {n}"): 10**6 for n in range(1, 4)}
    from farhost.sim.choices import Choice

    ran = bench.run("wake=100%:10s", replay={Choice(*name): size for name, size in wakes.items()})
    assert ran.output("box") == ""
