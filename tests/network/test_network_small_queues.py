"""TCP small queues: a sender fills the network, not the queue in front of its own interface."""

from pathlib import Path

import pytest

from farhost.network.network import Network
from farhost.programs.run import Outcome, ProgramSpec, run_programs

SERVER = """
import socket, sys, time
listener = socket.create_server(("", 5000))
client, _ = listener.accept()
size = 0
while data := client.recv(65536):
    size += len(data)
    time.sleep(float(sys.argv[1]))
print(size)
"""
CLIENT = """
import socket, sys
server = socket.create_connection((sys.argv[1], 5000))
for _ in range(int(sys.argv[2])):
    server.sendall(bytes(65536))
"""


def transfer(network: Network, folder: Path, target: str, writes: int, pause: str = "0") -> Outcome:
    (folder / "server.py").write_text(SERVER)
    (folder / "client.py").write_text(CLIENT)
    hosts = list(network.hosts)
    programs = [
        ProgramSpec(hosts[0], [str(folder / "server.py"), pause], "server"),
        ProgramSpec(hosts[-1], [str(folder / "client.py"), target, str(writes)], "client"),
    ]
    return run_programs(network, programs, until_ns=3_600_000_000_000)


@pytest.mark.parametrize("rate", ["1mbit", "100mbit", "1gbit"])
def test_one_connection_loses_nothing_in_its_own_queue(rate: str, tmp_path: Path) -> None:
    network = Network(seed=1)
    network.host("server")
    network.host("client")
    network.link_all(delay="10ms", rate=rate, limit="100")
    outcome = transfer(network, tmp_path, "server", 200 if rate == "1gbit" else 30)
    assert outcome.ok, outcome
    total = network.ledger().total
    assert total.dropped == {}
    bits = 8 * 65536 * (200 if rate == "1gbit" else 30)
    line_ns = bits * 10**9 // {"1mbit": 10**6, "100mbit": 10**8, "1gbit": 10**9}[rate]
    assert outcome.virtual_ns < 1.1 * line_ns + 300_000_000, "and the line is kept busy"


def test_a_connection_over_the_loopback_is_never_left_waiting(tmp_path: Path) -> None:
    network = Network(seed=1)
    network.host("box")
    outcome = transfer(network, tmp_path, "127.0.0.1", 15, pause="0.001")
    assert outcome.ok, outcome
    assert outcome.processes[0].stdout == f"{15 * 65536}\n"
