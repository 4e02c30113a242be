"""What is not bulk, between the simulated stack and the Linux kernel: ping, datagrams of all sizes, half close,
reset, a peer that is killed, a window that stays shut, many connections at once. Each both ways where there are two.
"""

import os
import signal

import pytest
from lines import read_line
from real_wire import OUTSIDE_V4, OUTSIDE_V6, SHUT_SECONDS, SIMULATED_V4, SIMULATED_V6
from terminals import finish

SIDES = [("inside", "outside"), ("outside", "inside")]
"""(where the server is, where the client is)."""
ADDRESSES = {
    ("inside", 4): SIMULATED_V4,
    ("inside", 6): SIMULATED_V6,
    ("outside", 4): OUTSIDE_V4,
    ("outside", 6): OUTSIDE_V6,
}
BOTH_WAYS = pytest.mark.parametrize(("server_side", "client_side"), SIDES, ids=["to-simulated", "to-kernel"])
FAMILIES = pytest.mark.parametrize("family", [4, 6])


def serve(wire, side, source, *arguments):
    """Start a server, and wait until it says that it listens."""
    process = wire.side(side)(source, *arguments)
    line = read_line(process)
    assert line == "listening\n", line + process.communicate()[1]
    return process


@FAMILIES
def test_the_kernels_ping(wire, family):
    with wire.judged():
        for size in (0, 56, 1472, 1473, 20000, 65000):
            words = ("-c", "3", "-i", "0.01", "-W", "20", "-s", str(size), ADDRESSES["inside", family])
            said = finish(wire.machine("ping", f"-{family}", *words))
            assert "3 packets transmitted, 3 received, 0% packet loss" in said, size


def test_the_judge_sees_a_damaged_packet(wire):
    wire.link("corrupt=100%")
    with pytest.raises(AssertionError, match="UDP"), wire.judged():
        finish(wire.inside(DATAGRAM, OUTSIDE_V4))


DATAGRAM = """
import socket
import sys

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    for _ in range(20):
        sock.sendto(bytes(1000), (sys.argv[1], 9))
"""
ECHO_DATAGRAMS = """
import socket
import sys

address, count = sys.argv[1], int(sys.argv[2])
with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind((address, 6000))
    print("listening", flush=True)
    for _ in range(count):
        data, peer = sock.recvfrom(70000)
        sock.sendto(data[::-1], peer)
"""
SEND_DATAGRAMS = """
import os
import socket
import sys

address, sizes = sys.argv[1], list(map(int, sys.argv[2:]))
with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.settimeout(20)
    sock.connect((address, 6000))
    for size in sizes:
        data = os.urandom(size)
        sock.send(data)
        assert sock.recv(70000) == data[::-1], size
    try:
        sock.send(bytes(65528))
    except OSError as error:
        print(error.errno)
"""
SIZES = [1, 2, 7, 100, 576, 1024, 1452, 1453, 1472, 1473, 1480, 2944, 4096, 9000, 32768, 65000, 65506, 65507]


@BOTH_WAYS
@FAMILIES
def test_datagrams_of_1_to_65507_bytes(wire, server_side, client_side, family):
    address = ADDRESSES[server_side, family]
    with wire.judged():
        server = serve(wire, server_side, ECHO_DATAGRAMS, address, str(len(SIZES)))
        assert finish(wire.side(client_side)(SEND_DATAGRAMS, address, *map(str, SIZES))) == "90\n"
        finish(server)


LITE_ECHO = """
import socket
import sys

address = sys.argv[1]
with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM, 136) as sock:
    sock.setsockopt(136, 11, 8 + 100)  # UDPLITE_RECV_CSCOV
    sock.bind((address, 6000))
    print("listening", flush=True)
    for _ in range(3):
        data, peer = sock.recvfrom(70000)
        sock.sendto(data[::-1], peer)
    sock.setsockopt(136, 10, 8)  # UDPLITE_SEND_CSCOV
    sock.sendto(data[::-1], peer)
"""
LITE_ASK = """
import socket
import sys

address = sys.argv[1]
with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM, 136) as sock:
    sock.settimeout(20)
    sock.connect((address, 6000))
    for covered in (8, 8 + 99, 8 + 100, 0, 8 + 5000):
        sock.setsockopt(136, 10, covered)
        sock.send(covered.to_bytes(2, "big") * 2500)
    print([int.from_bytes(sock.recv(70000)[1::-1], "big") for _ in range(4)])
    sock.connect((address, 6001))
    sock.send(b"nobody")
    try:
        sock.recv(10)
    except OSError as error:
        print(error.errno)
"""


@BOTH_WAYS
@FAMILIES
def test_udplite_with_partial_coverage(wire, server_side, client_side, family):
    """Five datagrams in fragments; the receiver does not want the two that are covered least. And a closed port."""
    address = ADDRESSES[server_side, family]
    with wire.judged():
        server = serve(wire, server_side, LITE_ECHO, address)
        assert finish(wire.side(client_side)(LITE_ASK, address)) == "[108, 0, 5008, 5008]\n111\n"
        finish(server)


UPPER = """
import socket
import sys

with socket.create_server((sys.argv[1], 6001)) as listener:
    print("listening", flush=True)
    client, _ = listener.accept()
    with client:
        data = b""
        while piece := client.recv(4096):
            data += piece
        client.sendall(data.upper())
"""
HALF_CLOSE = """
import socket
import sys

with socket.create_connection((sys.argv[1], 6001), timeout=20) as server:
    server.sendall(b"a word " * 1000)
    server.shutdown(socket.SHUT_WR)
    data = b""
    while piece := server.recv(4096):
        data += piece
print(data == b"A WORD " * 1000)
"""


@BOTH_WAYS
def test_half_close(wire, server_side, client_side):
    address = ADDRESSES[server_side, 4]
    with wire.judged():
        server = serve(wire, server_side, UPPER, address)
        assert finish(wire.side(client_side)(HALF_CLOSE, address)) == "True\n"
        finish(server)


RESETTER = """
import socket
import struct
import sys

with socket.create_server((sys.argv[1], 6002)) as listener:
    print("listening", flush=True)
    client, _ = listener.accept()
    client.recv(10)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
"""
RESET = """
import socket
import sys

with socket.create_connection((sys.argv[1], 6002), timeout=20) as server:
    server.sendall(b"x")
    for call in (lambda: server.recv(10), lambda: server.recv(10), lambda: server.send(b"x")):
        try:
            print(call())
        except OSError as error:
            print(type(error).__name__)
"""


@BOTH_WAYS
def test_reset(wire, server_side, client_side):
    address = ADDRESSES[server_side, 4]
    with wire.judged():
        server = serve(wire, server_side, RESETTER, address)
        assert finish(wire.side(client_side)(RESET, address)) == "ConnectionResetError\nb''\nBrokenPipeError\n"
        finish(server)


KILLED = """
import signal
import socket
import sys

with socket.create_server((sys.argv[1], 6003)) as listener:
    print("listening", flush=True)
    client, _ = listener.accept()
    if sys.argv[2] == "read":
        client.recv(10)
    signal.pause()
"""
WATCHER = """
import socket
import sys

with socket.create_connection((sys.argv[1], 6003), timeout=20) as server:
    server.sendall(b"x")
    print("connected", flush=True)
    try:
        print(server.recv(10))
    except OSError as error:
        print(type(error).__name__)
"""


@BOTH_WAYS
@pytest.mark.parametrize(("what", "seen"), [("read", "b''\n"), ("unread", "ConnectionResetError\n")])
def test_a_peer_that_is_killed(wire, server_side, client_side, what, seen):
    address = ADDRESSES[server_side, 4]
    server = serve(wire, server_side, KILLED, address, what)
    client = wire.side(client_side)(WATCHER, address)
    assert read_line(client) == "connected\n"
    unread = 0 if what == "read" else 1
    if server_side == "inside":
        wire.wait(
            lambda: [row["receive_queue"] for row in wire.sockets("-t") if row["state"] == "ESTAB"] == [unread],
            "the byte does not arrive, or is not read",
        )
    else:
        rows = "ss", "-tnH", "sport", "=", ":6003"
        wire.wait(lambda: wire.space.run(*rows).split()[:2] == ["ESTAB", str(unread)], "the byte does not arrive")
    os.kill(server.pid, signal.SIGKILL)
    assert finish(client) == seen


SLOW_READER = """
import hashlib
import socket
import sys
import time

with socket.socket() as listener:
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((sys.argv[1], 6004))
    listener.listen()
    print("listening", flush=True)
    client, _ = listener.accept()
    with client:
        time.sleep(float(sys.argv[2]))
        digest, size = hashlib.sha256(), 0
        while piece := client.recv(65536):
            digest.update(piece)
            size += len(piece)
print(size, digest.hexdigest())
"""
WRITER = """
import hashlib
import os
import socket
import sys
import time

data = os.urandom(1_000_000)
began = time.monotonic()
with socket.create_connection((sys.argv[1], 6004)) as server:
    server.sendall(data)
print(len(data), hashlib.sha256(data).hexdigest())
assert time.monotonic() - began > float(sys.argv[2]) / 2
"""


@BOTH_WAYS
def test_a_window_that_stays_shut(wire, server_side, client_side):
    address = ADDRESSES[server_side, 4]
    limit_s = 60 + 3 * SHUT_SECONDS
    with wire.judged():
        server = serve(wire, server_side, SLOW_READER, address, str(SHUT_SECONDS))
        client = wire.side(client_side)(WRITER, address, str(SHUT_SECONDS))
        assert finish(client, limit_s=limit_s) == finish(server, limit_s=limit_s)


MANY = """
import socket
import socketserver
import sys


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)


class Server(socketserver.ThreadingTCPServer):
    request_queue_size = 256
    daemon_threads = True
    allow_reuse_address = True


with Server((sys.argv[1], 6005), Echo) as server:
    print("listening", flush=True)
    server.serve_forever()
"""
CROWD = """
import os
import socket
import sys
import threading

COUNT = 200
barrier = threading.Barrier(COUNT)
failures = []


def talk():
    try:
        with socket.create_connection((sys.argv[1], 6005), timeout=60) as server:
            barrier.wait(60)
            data = os.urandom(20000)
            server.sendall(data)
            server.shutdown(socket.SHUT_WR)
            got = b""
            while piece := server.recv(65536):
                got += piece
            assert got == data
    except BaseException as error:
        failures.append(repr(error))


threads = [threading.Thread(target=talk) for _ in range(COUNT)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(COUNT - len(failures), failures[:3])
"""


@BOTH_WAYS
def test_200_connections_at_once(wire, server_side, client_side):
    address = ADDRESSES[server_side, 4]
    with wire.judged():
        server = serve(wire, server_side, MANY, address)
        assert finish(wire.side(client_side)(CROWD, address), limit_s=120) == "200 []\n"
        server.kill()
