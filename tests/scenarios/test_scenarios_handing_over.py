"""A connection is accepted by one process and served by another, to which its descriptor was handed (SCM_RIGHTS)."""

import re
from pathlib import Path

import pytest

from farhost.network.conditions import Conditions
from farhost.network.network import Network
from farhost.programs.run import Outcome, ProgramSpec, run_programs
from farhost.report.strace import format_call
from farhost.trace.events import SystemCall
from farhost.trace.hashes import HashSink
from farhost.trace.sinks import ListSink
from farhost.trace.tracer import Tracer

EXAMPLE = Path(__file__).parents[2] / "examples" / "unix_rights"


def run(link: str, seed: int = 7) -> tuple[Outcome, list[SystemCall], object]:
    """The example with three connections: how it ended, the calls, the hash."""
    hashes, sink = HashSink(), ListSink()
    network = Network(seed=seed, tracer=Tracer(hashes, sink))
    network.host("server"), network.host("client")
    network.link_all(Conditions.parse(link))
    specs = [
        ProgramSpec("server", ["worker.py", "worker.sock"], "worker"),
        ProgramSpec("server", ["acceptor.py", "5000", "worker.sock", "3"], "acceptor"),
        ProgramSpec("client", ["client.py", "server", "5000", "3"], "client"),
    ]
    outcome = run_programs(network, specs, until_ns=3_600_000_000_000)
    network.ledger().check()
    network.hosts["server"].kernel.transit.check_invariants()
    return outcome, [event for event in sink.events if isinstance(event, SystemCall)], hashes.result()


@pytest.fixture(autouse=True)
def example_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs are named as a user would name them."""
    monkeypatch.chdir(EXAMPLE)


@pytest.mark.parametrize("link", ["delay=1ms", "delay=40ms loss=20% reorder=10%"])
def test_a_worker_serves_connections_that_it_was_handed(link: str) -> None:
    outcome, calls, _ = run(link)
    assert outcome.ok, outcome
    worker, acceptor, client = outcome.processes
    pid = re.findall(r"\d+", worker.stdout)[0]
    assert worker.stdout == f"worker {pid} served 3 connections that it had not accepted\n"
    assert acceptor.stdout.endswith("accepted 3 connections and read nothing\n")
    expected = [f"connection {n}: {10_000 * (n + 1)} bytes, served by process {pid}" for n in range(3)]
    assert client.stdout.splitlines() == expected
    assert not [call for call in calls if call.process == "acceptor" and call.name == "recvfrom"]


def test_the_trace_shows_the_descriptors_by_both_their_numbers() -> None:
    _, calls, _ = run("delay=1ms")
    sent = [format_call(call) for call in calls if call.name == "sendmsg"]
    received = [format_call(call) for call in calls if call.name == "recvmsg"]
    assert len(sent) == 3 and len(received) == 4
    rights = "cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data="
    assert [rights + "[5]" in line for line in sent] == [True] * 3
    assert [rights in line for line in received] == [True] * 3 + [False]
    assert rights + "[3]" in received[0]


def test_the_same_seed_is_the_same_run() -> None:
    link = "delay=40ms loss=20% reorder=10%"
    assert run(link)[2] == run(link)[2]
    assert run(link)[2] != run(link, seed=8)[2]
