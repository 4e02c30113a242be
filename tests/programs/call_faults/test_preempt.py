"""Losing the processor: before calls, locks and looks at clocks, so that races between threads show."""

import pytest
from call_fault_running import Bench

from farhost.programs.call_faults.preempt import Preempt

CHECK_THEN_ACT = """
    import os, threading
    tickets = 1
    def take():
        global tickets
        if tickets:
            {between}
            tickets -= 1
    threads = [threading.Thread(target=take) for _ in "ab"]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print(tickets)
"""


@pytest.mark.parametrize(
    "between",
    [
        "os.getpid(); os.stat('.'); __import__('socket').gethostname()",
        "__import__('time').monotonic()",
        "__import__('time').time()",
        "free.acquire(); free.release()",
        "reentrant.acquire(); reentrant.release()",
    ],
)
def test_a_check_is_parted_from_its_act(tmp_path, between):
    source = CHECK_THEN_ACT.format(between=between).replace(
        "tickets = 1\n", "tickets = 1; free = threading.Lock(); reentrant = threading.RLock()\n", 1
    )
    bench = Bench(tmp_path).script("box", source)
    assert bench.run().output("box") == "0\n"
    results = {bench.run("preempt=30%", seed=seed).output("box") for seed in range(20)}
    assert results == {"0\n", "-1\n"}


def test_locks_of_functions_in_place_are_such_places(tmp_path):
    def body():
        import threading

        tickets = [1]
        free = threading.Lock()

        def take():
            if tickets[0]:
                with free:
                    pass
                tickets[0] -= 1

        threads = [threading.Thread(target=take) for _ in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        results.add(tickets[0])

    results = set()
    Bench(tmp_path).function("box", body).run()
    assert results == {0}
    for seed in range(20):
        assert Bench(tmp_path).function("box", body).run("preempt=30%", seed=seed).outcome.ok
    assert results == {0, -1}


def test_a_program_in_a_process_of_its_own_has_the_same_run(tmp_path):
    source = CHECK_THEN_ACT.format(between="free.acquire(); free.release(); __import__('time').monotonic()").replace(
        "tickets = 1\n", "tickets = 1; free = threading.Lock()\n", 1
    )
    here = Bench(tmp_path).script("box", source).run("preempt=30% wake=30%", seed=5)
    there = Bench(tmp_path).script("box", source, isolated=True).run("preempt=30% wake=30%", seed=5)
    assert here.faults
    assert here.hash == there.hash


def test_locks_still_exclude(tmp_path):
    source = """
        import threading, time
        lock, count = threading.Lock(), 0
        def add():
            global count
            for _ in range(20):
                with lock:
                    before = count
                    time.monotonic()
                    count = before + 1
        threads = [threading.Thread(target=add) for _ in "abc"]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(count)
    """
    ran = Bench(tmp_path).script("box", source).run("preempt=30% wake=30%")
    assert ran.output("box") == "60\n"
    assert len(ran.faults) > 20


def test_the_trace_has_it_and_it_is_described(tmp_path):
    ran = Bench(tmp_path).script("box", CHECK_THEN_ACT.format(between="os.getpid()")).run("preempt=100%:5us")
    assert all(event.kind == "preempt" and 1 <= event.amount <= 5 for event in ran.faults)
    assert "box/box thread 2 step 1" in {event.place for event in ran.faults}
    said = Preempt().describe("box/box thread 2 step 7", 1)
    assert said == "box/box thread 2 was off the processor for 1us before its step 7"
