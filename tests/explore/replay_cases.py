"""Real runs of scripts, for tests of replays: a scenario with programs and links alone, executed in this process."""

from pathlib import Path

from farhost.explore.observing import Observer
from farhost.explore.orders import Orders, Verdict
from farhost.explore.replay_file import Replay
from farhost.programs.run import ProgramSpec, run_programs
from farhost.scenario.description import build_network
from farhost.scenario.faults import replayed
from farhost.scenario.words import parse_programs
from farhost.trace.tracer import Tracer

SERVER = """
import socket
with socket.create_server(("", 5000)) as listener:
    connection, address = listener.accept()
    question = connection.recv(100)
    connection.sendall(b"12 and more!")
    connection.close()
"""
CLIENT = """
import socket
with socket.create_connection(("server", 5000)) as connection:
    connection.sendall(b"how many?")
    answer = connection.recv(100)
    if len(answer) != 12:
        raise ValueError(f"not an answer: {answer!r}")
"""
FIXED_CLIENT = """
import socket
with socket.create_connection(("server", 5000)) as connection:
    connection.sendall(b"how many?")
    answer = b""
    while piece := connection.recv(100):
        answer += piece
    assert len(answer) == 12, answer
"""


def write_programs(folder: Path, client: str = CLIENT) -> None:
    """server.py and client.py."""
    (folder / "server.py").write_text(SERVER)
    (folder / "client.py").write_text(client)


def run_here(replay: Replay, orders: Orders, watch) -> Verdict:
    """`farhost.explore.replaying.RunScenario`."""
    observer, tracer = Observer(orders), Tracer()
    observer.listen(tracer)
    programs = parse_programs(replay.scenario["programs"])
    hosts = list(dict.fromkeys(program.host for program in programs))
    network = build_network(hosts, orders.seed, tracer, (), list(replay.scenario.get("link", ())))
    network.choices.restart(orders.seed, orders.replay, orders.record)
    kinds = dict.fromkeys(choice.kind for choice in orders.replay or ())
    faults = replayed(kinds)
    faults.apply_to_network(network)
    specs = [ProgramSpec(program.host, program.argv, program.name) for program in programs]
    with watch(network):
        outcome = run_programs(network, specs, faults=faults.for_run())
    return observer.verdict_of(outcome, network.choices, outcome.message)
