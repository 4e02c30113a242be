"""Urgent bytes over a link that loses, reorders and doubles: each arrives once, in its place or out of band."""

import pytest
from machines import Farhost

from farhost.trace.events import PacketEvent
from farhost.wire.packet import URG, TcpSegment

BAD_LINK = "delay=20ms jitter=5ms loss=8% reorder=10% duplicate=3% rate=20mbit"


def server():
    """Takes the stream and the urgent bytes apart: by SIGURG, which may come before the byte, else at the mark."""
    import fcntl
    import os
    import select
    import signal
    import socket
    import sys

    inline = sys.argv[2] == "inline"
    listener = socket.create_server(("0.0.0.0", int(sys.argv[1])))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, inline)
    print("listening", flush=True)
    connection, _ = listener.accept()
    urgent = bytearray()

    def told(number, frame):
        try:
            urgent.extend(connection.recv(1, socket.MSG_OOB))
        except OSError:
            pass

    if not inline:
        signal.signal(signal.SIGURG, told)
        fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
    data = bytearray()
    marks = []
    while True:
        if fcntl.ioctl(connection, 0x8905, bytes(4))[0]:
            marks.append(len(data))
            if not inline and len(urgent) < len(marks):
                select.select([], [], [connection])
                told(0, None)
        part = connection.recv(5000)
        if not part:
            break
        data += part
    print(len(data), data.count(b"x"), bytes(data.replace(b"x", b"")), bytes(urgent), marks)


def client():
    import socket
    import sys
    import time

    connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    for letter in (b"A", b"B", b"C"):
        connection.sendall(b"x" * 30_000)
        connection.send(letter, socket.MSG_OOB)
        time.sleep(3)
    connection.sendall(b"x" * 1000)
    connection.close()


@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("inline", "91003 91000 b'ABC' b'' [30000, 60001, 90002]"),
        ("apart", "91000 91000 b'' b'ABC' [30000, 60000, 90000]"),
    ],
)
def test_urgent_bytes_arrive_over_a_bad_link(tmp_path, how, expected, seed):
    machine = Farhost(tmp_path)
    finished = machine.run_all(
        link=BAD_LINK, seed=seed, trace=True, server=[server, "{port}", how], client=[client, "{server}", "{port}"]
    )
    assert finished["server"].out.splitlines()[1] == expected
    assert machine.last.dropped("loss") > 5
    assert any(
        isinstance(event, PacketEvent) and isinstance(event.packet.body, TcpSegment) and event.packet.body.flags & URG
        for event in machine.last.events
    )
