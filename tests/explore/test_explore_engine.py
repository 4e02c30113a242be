"""Many runs in forks of prepared ones: what each says, and what a run that goes wrong costs."""

import os
import signal
import time

import pytest

from farhost.explore.engine import Forks
from farhost.explore.orders import Orders, Verdict
from farhost.explore.scenario_case import ScenarioCase
from farhost.scenario.scenario import Scenario

SERVER = """
import socket
with socket.create_server(("", 5000)) as listener:
    connection, _ = listener.accept()
    with connection:
        while data := connection.recv(1000):
            connection.sendall(data.upper())
"""
CLIENT = """
import os, socket
print(os.listdir("."), os.urandom(4).hex())
open("left", "w").close()
with socket.create_connection(("server", 5000)) as server:
    server.sendall(b"hello")
    print(server.recv(100))
"""


def verdict(orders: Orders, **fields: object) -> Verdict:
    return Verdict(orders.seed, True, "passed", "", (), "", "", 0, 0)._replace(**fields)  # type: ignore[arg-type]


class Ready:
    """A run that does what a function does."""

    def __init__(self, case: "Case") -> None:
        self.case = case
        self.calls = 0

    def __call__(self, orders: Orders) -> Verdict:
        self.calls += 1
        self.case.do(orders)
        return verdict(orders, events=self.calls, message=str(os.getpid()))

    def close(self) -> None:
        self.case.closed += 1


class Case:
    def __init__(self, do=lambda orders: None) -> None:
        self.do = do
        self.made = self.closed = 0

    def prepare(self) -> Ready:
        self.made += 1
        return Ready(self)


def test_each_of_many_orders_has_a_run_of_its_own_and_a_fork_serves_several() -> None:
    case = Case()
    forks = Forks(case)
    verdicts = list(forks.run([Orders(seed) for seed in range(300)]))
    assert [one.seed for one in verdicts] == list(range(300))
    assert {one.events for one in verdicts} == {1}
    assert 1 < len({one.message for one in verdicts}) < 150
    forks.close()
    assert case.closed == case.made


def test_a_process_that_dies_costs_its_own_run_only() -> None:
    def die(orders: Orders) -> None:
        if orders.seed == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        if orders.seed == 5:
            raise ZeroDivisionError("a bug")

    verdicts = list(Forks(Case(die)).run([Orders(seed) for seed in range(8)]))
    assert [one.seed for one in verdicts] == list(range(8))
    assert [one.kind for one in verdicts if one.seed in (3, 5)] == ["broken", "broken"]
    assert "SIGKILL" in verdicts[3].message and "ZeroDivisionError: a bug" in verdicts[5].message
    assert all(one.ok for one in verdicts if one.seed not in (3, 5))


def test_a_run_that_does_not_end_is_ended() -> None:
    def sleep(orders: Orders) -> None:
        if orders.seed == 1:
            time.sleep(60)

    began_s = time.monotonic()
    verdicts = list(Forks(Case(sleep), limit_s=0.5).run([Orders(seed) for seed in range(3)]))
    assert time.monotonic() - began_s < 30
    assert [one.kind for one in verdicts] == ["passed", "hung", "passed"]


@pytest.fixture
def echo(tmp_path, monkeypatch):
    (tmp_path / "server.py").write_text(SERVER)
    (tmp_path / "client.py").write_text(CLIENT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return ScenarioCase(Scenario(("server.py", "client.py"), link=("delay=1ms",)))


def test_runs_of_a_scenario_are_the_same_however_they_are_batched(echo, tmp_path) -> None:
    orders = [Orders(seed, ("loss=10%", "wake=20%")) for seed in range(20)]
    many, few = Forks(echo), Forks(echo)
    together = list(many.run([*orders, *orders]))
    assert together[:20] == together[20:]
    assert [next(few.run([one])) for one in orders[:5]] == together[:5]
    assert len({one.shape for one in together}) > 5
    assert len(list(tmp_path.glob("farhost-*"))) >= 2
    many.close()
    few.close()
    assert not list(tmp_path.glob("farhost-*"))


def test_no_run_sees_what_another_has_left_in_its_directory(echo) -> None:
    forks = Forks(echo)
    verdicts = list(forks.run([Orders(1, ("loss=100%",))] * 30))
    forks.close()
    assert {one.kind for one in verdicts} == {"failed"}
    assert {one.output.splitlines()[0][:12] for one in verdicts} == {"client | [] "}


def test_a_loop_without_calls_is_named(tmp_path) -> None:
    script = tmp_path / "loop.py"
    script.write_text("while True:\n    pass\n")
    ready = ScenarioCase(Scenario((str(script),))).prepare()
    ready.watchdog_s = 0.5

    class Once:
        def prepare(self):
            return ready

    (found,) = Forks(Once()).run([Orders(0)])
    assert found.kind == "hung"
    assert "loop.py:" in found.message
