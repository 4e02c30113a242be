"""A systematic search: its runs are those of the places that were recorded."""

import subprocess
import sys
import textwrap

from farhost.explore.orders import Verdict
from farhost.explore.search import SYSTEMATIC, Plan, search
from farhost.sim.choices import Choice


class FakeWorkers:
    """Workers whose every run passes, after so long; they note what they are told."""

    def __init__(self, took_ns):
        self.took_ns = took_ns
        self.orders = []

    def run(self, orders):
        self.orders += orders
        asked = ((Choice("pause", f"server at {orders[0].horizon_ns}ns"), 4),) if orders[0].record else ()
        passed = Verdict(orders[0].seed, True, "passed", "", (), "", "", 0, self.took_ns, asked=asked)
        return [passed for _ in orders]

    def run_all(self, batches):
        for number, batch in enumerate(batches):
            yield number, self.run(list(batch))


def test_the_places_are_those_of_a_run_whose_times_are_drawn_from_how_long_it_takes():
    workers = FakeWorkers(700)
    report = search(workers, Plan(range(5, 105), ("pause=5%",), SYSTEMATIC))
    recorded = [orders for orders in workers.orders if orders.record]
    tried = [orders for orders in workers.orders if not orders.record]
    assert recorded[-1].horizon_ns == 700 and report.done == len(tried) == 3
    assert {orders.horizon_ns for orders in tried} == {700}
    assert {(orders.seed, choice.place) for orders in tried for choice in orders.replay} == {(5, "server at 700ns")}


def test_a_failure_that_one_pause_causes_is_found_without_chance(tmp_path):
    (tmp_path / "client.py").write_text(
        textwrap.dedent(
            """
            import time
            for _ in range(20):
                started = time.monotonic()
                time.sleep(0.1)
                assert time.monotonic() - started < 0.5
            """
        )
    )
    words = ["client.py", "--strategy", SYSTEMATIC, "--faults", "pause=1%:2s", "--seeds", "50"]
    found = subprocess.run(
        [sys.executable, "-m", "farhost", "explore", *words, "--workers", "1", "--out", "out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 1, found.stderr
    assert "1 fault: client was stopped at" in found.stdout + found.stderr
