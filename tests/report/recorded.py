"""Runs that the tests of reports read: recorded whole, with samples."""

import functools
import json
import socket

from farhost import Network
from farhost.report.recording.facts import facts_of
from farhost.report.recording.store import RecordedRun
from farhost.trace.hashes import HashSink
from farhost.trace.sinks import ListSink

REPORT = json.dumps({f"sensor {number}": number * 1.5 for number in range(250)}).encode()


def record(net: Network, until: str = "60s") -> RecordedRun:
    """Run it, and keep everything."""
    kept, hashes = ListSink(), HashSink()
    net.tracer.add(kept, samples=True)
    net.tracer.add(hashes)
    outcome = net.run(until=until, check=False)
    return RecordedRun(facts_of(net._network, outcome, net.seed, hashes.result()), kept.events)


def serve_report(size: int = len(REPORT), clients: int = 1) -> None:
    """Send so many bytes to each of some clients, in writes of 1,000."""
    with socket.create_server(("", 5000)) as listener:
        for _ in range(clients):
            client, _ = listener.accept()
            with client:
                data = (REPORT * (size // len(REPORT) + 1))[:size]
                for start in range(0, size, 1000):
                    client.sendall(data[start : start + 1000])


def read_one() -> None:
    """The mistake: one recv is taken for the whole report."""
    with socket.create_connection(("server", 5000)) as server:
        json.loads(server.recv(65536))


def read_all(size: int = 65536) -> int:
    """Read to the end; how much that was."""
    total = 0
    with socket.create_connection(("server", 5000)) as server:
        while data := server.recv(size):
            total += len(data)
    return total


@functools.cache
def failing() -> RecordedRun:
    """The client takes one recv for all, and fails."""
    net = Network(seed=1)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="40ms")
    server.start(serve_report)
    client.start(read_one)
    return record(net)


@functools.cache
def lossy(size: int = 200_000, loss: str = "5%", **words: str) -> RecordedRun:
    """A transfer over a link that loses and reorders."""
    net = Network(seed=5)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="20ms", loss=loss, reorder="3%", rate="10mbit", **words)
    server.start(functools.partial(serve_report, size))
    client.start(read_all)
    return record(net)
