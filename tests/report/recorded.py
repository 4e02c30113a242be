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


def send_datagrams(sizes: tuple[int, ...]) -> None:
    """One datagram of each size; the reader is told the end by a time limit."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number, size in enumerate(sizes):
            sender.sendto(bytes([65 + number % 26]) * size, ("reader", 6000))


def read_datagrams(room: int) -> None:
    """Read datagrams until there is none for a second."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reader:
        reader.bind(("", 6000))
        reader.settimeout(1)
        try:
            while True:
                reader.recvfrom(room)
        except TimeoutError:
            pass


@functools.cache
def datagrams(faults: str = "", sizes: tuple[int, ...] = tuple(range(10, 130, 10)), room: int = 100) -> RecordedRun:
    """Datagrams from `sender` to `reader`, which has room for so many bytes of each."""
    net = Network(seed=3)
    reader, sender = net.host("reader"), net.host("sender")
    net.link(reader, sender, delay="10ms")
    if faults:
        net.faults(faults)
    reader.start(functools.partial(read_datagrams, room))
    sender.start(functools.partial(send_datagrams, sizes))
    return record(net)


@functools.cache
def long(size: int = 5_000_000, write: int = 200) -> RecordedRun:
    """About 100,000 events: a transfer in small writes over a link that loses."""
    net = Network(seed=7)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="5ms", loss="0.5%")
    server.start(functools.partial(send_small, size, write))
    client.start(functools.partial(read_all, 4000))
    return record(net, until="600s")


def send_small(size: int, write: int) -> None:
    """Send so many bytes to one client, in writes of so many."""
    with socket.create_server(("", 5000)) as listener:
        client, _ = listener.accept()
        with client:
            data = (REPORT * (size // len(REPORT) + 1))[:size]
            for start in range(0, size, write):
                client.sendall(data[start : start + write])


def echo_many(clients: int) -> None:
    """One server for many clients, one after another."""
    with socket.create_server(("", 5000), backlog=256) as listener:
        for _ in range(clients):
            peer, _ = listener.accept()
            with peer:
                while data := peer.recv(1000):
                    peer.sendall(data)


def ask_often(clients: int, asks: int) -> None:
    """Many connections, each with some questions and answers."""
    for number in range(clients):
        with socket.create_connection(("server", 5000)) as peer:
            for ask in range(asks):
                peer.sendall(b"question %d of client %d\n" % (ask, number))
                peer.recv(1000)


@functools.cache
def many(clients: int = 200, asks: int = 6) -> RecordedRun:
    """About 100,000 events: many connections to an echo server."""
    net = Network(seed=8)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="1ms", loss="0.2%")
    server.start(functools.partial(echo_many, clients))
    client.start(functools.partial(ask_often, clients, asks))
    return record(net, until="6000s")
