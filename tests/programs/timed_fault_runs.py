"""What the tests of faults that happen at a time share: an echo over a link, and what came of it."""

import textwrap
from typing import NamedTuple

from running import HOUR_NS, write

from farhost.network.network import Network
from farhost.programs.run import Outcome, ProgramSpec, run_programs
from farhost.scenario.faults import Faults, parse_faults, replayed
from farhost.sim.choices import Choice
from farhost.trace.events import FaultEvent, PacketEvent
from farhost.trace.hashes import HashSink, TraceHash
from farhost.trace.tracer import Tracer

SERVER = """
    import socket
    listener = socket.create_server(("", 5000))
    while True:
        connection, _ = listener.accept()
        try:
            while data := connection.recv(100):
                connection.sendall(data)
        except OSError as error:
            print(error)
"""

CLIENT = """
    import socket, time
    started, wall = time.monotonic(), time.time()
    try:
        connection = socket.create_connection(("server", 5000))
        for number in range(10):
            connection.sendall(b"%d" % number)
            assert connection.recv(100) == b"%d" % number
            time.sleep(0.1)
    except OSError as error:
        print(error)
    print(f"{time.monotonic() - started:.1f} {time.time() - wall:.1f}")
"""

HORIZON_NS = 1_000_000_000
"""Roughly what the client takes."""


class Ran(NamedTuple):
    """One run."""

    outcome: Outcome
    hash: TraceHash
    taken: dict[Choice, int]
    asked: dict[Choice, int] | None
    faults: list[FaultEvent]
    packets: list[PacketEvent]
    network: Network


class _Sink:
    def __init__(self, kind):
        self.kind = kind
        self.found = []

    def take(self, event):
        if isinstance(event, self.kind):
            self.found.append(event)


def echo(folder, words=(), seed=1, replay=None, record=False, server=SERVER, client=CLIENT, link="delay=10ms",
         faults: Faults | None = None, prepare=None, name_server=False):  # fmt: skip
    """Run the echo with these faults."""
    tracer = Tracer()
    hashes, struck, packets = HashSink(), _Sink(FaultEvent), _Sink(PacketEvent)
    for sink in (hashes, struck, packets):
        tracer.add(sink)
    network = Network(seed, tracer, replay)
    network.choices.restart(seed, replay, record)
    for host in ("server", "client"):
        network.host(host)
    if name_server:
        network.name_server(network.host("ns"), {})
    network.link_all(link)
    faults = parse_faults(words, list(network.hosts)) if faults is None else faults
    faults.apply_to_network(network)
    specs = [
        ProgramSpec(name, [str(write(folder, textwrap.dedent(source), f"{name}.py"))])
        for name, source in (("server", server), ("client", client))
    ]
    outcome = run_programs(network, specs, until_ns=HOUR_NS, faults=faults.for_run(HORIZON_NS), prepare=prepare)
    network.check_invariants()
    choices = network.choices
    return Ran(outcome, hashes.result(), dict(choices.taken), choices.asked, struck.found, packets.found, network)


def again(folder, ran: Ran, seed, **options) -> Ran:
    """The same run from the list of its faults."""
    return echo(
        folder, seed=seed, replay=ran.taken, faults=replayed(dict.fromkeys(kind for kind, _ in ran.taken)), **options
    )


def output(ran: Ran, host="client"):
    """What the program of a host printed, the last life's."""
    return [one.stdout for one in ran.outcome.processes if one.host == host][-1]
