"""Random transfers between two hosts, by a number: sizes, pauses, calls, buffers and faults follow from it."""

import functools
import random
import selectors
import socket
import time

from recorded import record

from farhost import Network
from farhost.report.recording.store import RecordedRun

FAULTS = (
    "loss=5%",
    "reorder=10%:30ms",
    "split=20%",
    "duplicate=10%",
    "short-read=30%",
    "short-write=50%",
    "corrupt=3%",
    "loss=3% reorder=5%:20ms duplicate=5% split=10% short-read=10% short-write=20%",
    "",
)


def send_randomly(number: int) -> None:
    """Connect, and write what the number says: as it comes, or corked, or without waiting."""
    chance = random.Random(number)
    with socket.create_connection(("reader", 5000)) as peer:
        if chance.random() < 0.4:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 5000)
        if chance.random() < 0.3:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        patient = chance.random() < 0.6
        peer.setblocking(patient)
        for _ in range(chance.randrange(1, 30)):
            size = chance.choice((1, 10, 700, 1448, 3000, chance.randrange(1, 20_000)))
            data = chance.randbytes(size)
            if patient:
                peer.sendall(data)
            else:
                _send_impatiently(peer, data)
            if chance.random() < 0.3:
                time.sleep(chance.choice((0.001, 0.05, 0.3)))


def _send_impatiently(peer: socket.socket, data: bytes) -> None:
    selector = selectors.DefaultSelector()
    selector.register(peer, selectors.EVENT_WRITE)
    while data:
        selector.select()
        try:
            data = data[peer.send(data) :]
        except BlockingIOError:
            continue
    selector.close()


def read_randomly(number: int) -> None:
    """Accept, and read to the end, or not quite."""
    chance = random.Random(~number)
    with socket.create_server(("", 5000)) as listener:
        if chance.random() < 0.4:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4000)
        peer, _ = listener.accept()
        with peer:
            give_up = chance.random() < 0.1
            while True:
                if chance.random() < 0.2:
                    time.sleep(chance.choice((0.001, 0.1, 0.4)))
                if chance.random() < 0.1:
                    peer.recv(chance.randrange(1, 3000), socket.MSG_PEEK)
                flags = socket.MSG_WAITALL if chance.random() < 0.05 else 0
                if not peer.recv(chance.choice((1, 100, 1448, 5000, 65536)), flags):
                    break
                if give_up and chance.random() < 0.1:
                    break


@functools.cache
def transfer(number: int) -> RecordedRun:
    """The run of a number."""
    net = Network(seed=number)
    reader, writer = net.host("reader"), net.host("writer")
    rate = {"rate": "2mbit"} if number % 4 == 1 else {}
    net.link(reader, writer, delay="10ms", **rate)
    if faults := FAULTS[number % len(FAULTS)]:
        net.faults(faults)
    reader.start(functools.partial(read_randomly, number))
    writer.start(functools.partial(send_randomly, number))
    return record(net, until="300s")
