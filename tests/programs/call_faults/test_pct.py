"""Priorities of threads: they stay behind for long, and what happened is late wake-ups."""

from itertools import pairwise

import pytest
from call_fault_running import Bench

from farhost.programs.call_faults.pct import LEVELS, STEP_US, Pct
from farhost.units import UnitError

ROUNDS = """
    import threading, time
    order = []
    def worker(name):
        for number in range(5):
            time.sleep(0.5)
            order.append(name)
    threads = [threading.Thread(target=worker, args=(name,)) for name in "abcd"]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print(" ".join("".join(order[at : at + 4]) for at in range(0, 20, 4)))
"""


def test_threads_keep_their_order_until_priorities_change(tmp_path):
    bench = Bench(tmp_path).script("box", ROUNDS)
    assert bench.run().output("box") == "abcd abcd abcd abcd abcd\n"
    steady = [bench.run("pct=100%:1", seed=seed).output("box").split() for seed in range(20)]
    assert len({rounds[0] for rounds in steady}) > 8
    assert any(len(set(rounds)) > 1 for rounds in steady)
    wild = [bench.run("wake=100%", seed=seed).output("box").split() for seed in range(20)]
    changes = [sum(sum(a != b for a, b in pairwise(rounds)) for rounds in runs) for runs in (steady, wild)]
    assert changes[0] * 2 < changes[1]


def test_what_happened_are_late_wake_ups_and_it_replays_as_such(tmp_path):
    bench = Bench(tmp_path).script("box", ROUNDS)
    for seed in range(5):
        ran = bench.run("pct=100% wake=10% preempt=5%", seed=seed)
        assert {choice.kind for choice in ran.taken} <= {"wake", "preempt"}
        again = bench.replay(ran, seed=seed)
        assert again.taken == ran.taken
        assert again.hash == ran.hash


def test_delays_are_steps(tmp_path):
    ran = Bench(tmp_path).script("box", ROUNDS).run("pct=100%")
    assert ran.faults
    assert {event.amount for event in ran.faults} <= {level * STEP_US for level in range(1, LEVELS)}
    assert {event.kind for event in ran.faults} == {"wake"}


def test_without_changes_each_thread_has_one_priority(tmp_path):
    ran = Bench(tmp_path).script("box", ROUNDS).run("pct=100%:1", seed=1)
    delays = {}
    for event in ran.faults:
        delays.setdefault(event.place.partition(" wait ")[0], set()).add(event.amount)
    assert all(len(found) <= 2 for found in delays.values())


def test_words():
    assert Pct().parse("100%").size == 3
    assert Pct().format(Pct().parse("50%:7")) == "50%:7"
    with pytest.raises(UnitError, match="how often each thread's priority changes"):
        Pct().parse("100%:1ms")
