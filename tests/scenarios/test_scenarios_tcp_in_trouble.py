"""What a program is told, and when, if its peer does not read, dies, vanishes or never was: tcp(7) and RFC 6298.

Times are of the virtual clock, so an hour of waiting costs nothing.
"""

from itertools import pairwise

import pytest
from machines import Farhost
from troubled_network import SECOND_NS, build, gaps_in_seconds, sent

from farhost.wire.packet import SYN


def server():
    """Accepts one client, says so, and holds it without a word."""
    import socket
    import time

    listener = socket.create_server(("0.0.0.0", 5000))
    print("listening", flush=True)
    connection, _ = listener.accept()
    time.sleep(3000)
    connection.close()


def test_a_connect_into_nowhere_times_out_after_two_minutes(tmp_path):
    def client():
        import errno
        import socket
        import time

        for seconds in (None, 5):
            with socket.socket() as one:
                one.settimeout(seconds)
                begun = time.monotonic()
                try:
                    one.connect(("server", 5000))
                except OSError as error:
                    name = errno.errorcode[error.errno] if error.errno else type(error).__name__
                    print(name, round(time.monotonic() - begun))

    network, events = build()
    network.link("client", "server", loss="100%")
    out = Farhost(tmp_path).run_all(network=network, client=[client])["client"].out
    assert out.splitlines() == ["ETIMEDOUT 131", "TimeoutError 5"]
    times = [time_ns for time_ns, segment in sent(events, "client") if segment.flags & SYN]
    assert gaps_in_seconds(times[:11]) == [1, 1, 1, 1, 1, 2, 4, 8, 16, 32]


def test_with_tcp_syncnt_it_times_out_earlier(tmp_path):
    def client():
        import socket
        import time

        one = socket.socket()
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, 1)
        begun = time.monotonic()
        print(one.connect_ex(("server", 5000)), round(time.monotonic() - begun))

    network, _ = build()
    network.link("client", "server", loss="100%")
    out = Farhost(tmp_path).run_all(network=network, client=[client])["client"].out
    assert out == "110 7\n"


def test_data_that_nobody_acknowledges_is_sent_again_for_fifteen_minutes(tmp_path):
    def client():
        import errno
        import socket
        import time

        one = socket.create_connection(("server", 5000))
        time.sleep(10)
        begun = time.monotonic()
        one.sendall(b"into the void")
        try:
            one.recv(1)
        except OSError as error:
            print(errno.errorcode[error.errno], round(time.monotonic() - begun))
        try:
            one.send(b"x")
        except OSError as error:
            print(errno.errorcode[error.errno])
        print(one.recv(1))

    network, events = build("delay=400ms")
    network.scheduler.call_at(5 * SECOND_NS, network.link_all, "loss=100%")
    machine = Farhost(tmp_path)
    finished = machine.run_all(network=network, statuses=(0, None), server=[server], client=[client])
    name, seconds = finished["client"].out.split()[:2]
    assert finished["client"].out.splitlines()[1:] == ["EPIPE", "b''"]
    assert name == "ETIMEDOUT"
    assert 924 <= int(seconds) <= 1060
    times = [time_ns for time_ns, segment in sent(events, "client") if segment.payload]
    gaps = gaps_in_seconds(times)
    first = gaps[0]
    assert 1.0 <= first <= 2.5
    for number, gap in enumerate(gaps):
        assert gap == pytest.approx(min(first * 2**number, 120), abs=0.1 * 2**number)


def test_the_timeouts_of_an_unmeasured_path_are_1_2_4_seconds(tmp_path):
    """RFC 6298 §2 and §5.5: 1 s before the first round trip, doubled each time; here a server's SYN-ACKs."""

    def client():
        import socket

        one = socket.socket()
        one.settimeout(100)
        try:
            one.connect(("server", 5000))
        except TimeoutError:
            print("nothing")

    network, events = build()

    def cut_after_the_request():
        if network.hosts["server"].kernel.internet.tcp.connections:
            network.link_all("loss=100%")
        else:
            network.scheduler.call_at(network.scheduler.now_ns + 5_000_000, cut_after_the_request)

    network.link("client", "server", direction="server>client", loss="100%")
    network.scheduler.call_at(0, cut_after_the_request)
    out = Farhost(tmp_path).run_all(network=network, statuses=(0, None), server=[server], client=[client])
    assert out["client"].out == "nothing\n"
    times = [time_ns for time_ns, segment in sent(events, "server") if segment.flags & SYN]
    assert gaps_in_seconds(times) == [1, 2, 4, 8, 16]


def test_a_window_that_is_shut_for_a_minute_is_probed_and_opens_again(tmp_path):
    def sleeper():
        import hashlib
        import socket
        import time

        listener = socket.create_server(("0.0.0.0", 5000))
        print("listening", flush=True)
        connection, _ = listener.accept()
        time.sleep(60)
        digest, size = hashlib.sha256(), 0
        while data := connection.recv(65536):
            digest.update(data)
            size += len(data)
        print(size, digest.hexdigest()[:16])

    def client():
        import hashlib
        import socket

        data = b"".join(number.to_bytes(4, "big") for number in range(1_000_000))
        one = socket.create_connection(("server", 5000))
        one.sendall(data)
        print(len(data), hashlib.sha256(data).hexdigest()[:16])

    for link in ("delay=10ms", "delay=10ms loss=20%"):
        network, events = build(link)
        folder = tmp_path / link.replace("%", "").replace("=", "_").replace(" ", "_")
        folder.mkdir()
        finished = Farhost(folder).run_all(network=network, server=[sleeper], client=[client])
        received = finished["server"].out.split("\n", 1)[1]
        assert received == finished["client"].out
        if "loss" in link:
            continue
        quiet = [time_ns for time_ns, _ in sent(events, "client") if 2 * SECOND_NS < time_ns < 60 * SECOND_NS]
        gaps = gaps_in_seconds(quiet)
        assert 4 <= len(quiet) <= 12, gaps
        assert all(later == pytest.approx(2 * earlier, rel=0.1) for earlier, later in pairwise(gaps))


def test_a_closed_window_is_asked_for_ever_while_the_peer_answers(tmp_path):
    def client():
        import socket
        import time

        one = socket.create_connection(("server", 5000))
        begun = time.monotonic()
        one.settimeout(2500)
        try:
            one.sendall(bytes(20_000_000))
        except TimeoutError:
            print("still waiting after", round(time.monotonic() - begun))

    network, _ = build()
    finished = Farhost(tmp_path).run_all(network=network, statuses=(0, None), server=[server], client=[client])
    assert finished["client"].out == "still waiting after 2500\n"


def test_a_server_that_crashes_with_unread_data_resets(tmp_path):
    def crasher():
        import os
        import socket
        import time

        listener = socket.create_server(("0.0.0.0", 5000))
        print("listening", flush=True)
        held = listener.accept()
        time.sleep(1)
        os._exit(3 if held else 4)

    def client():
        import errno
        import socket
        import time

        one = socket.create_connection(("server", 5000))
        begun = time.monotonic()
        one.sendall(b"never read")
        try:
            print(one.recv(10))
        except OSError as error:
            print(errno.errorcode[error.errno], 0.9 < time.monotonic() - begun < 1.1)
        try:
            one.send(b"x")
        except OSError as error:
            print(errno.errorcode[error.errno])
        print(one.recv(10))

    network, _ = build()
    finished = Farhost(tmp_path).run_all(network=network, statuses=(0, 3), server=[crasher], client=[client])
    assert finished["server"].status == 3
    assert finished["client"].out == "ECONNRESET True\nEPIPE\nb''\n"


def test_keepalive_finds_that_the_peer_has_vanished(tmp_path):
    def client():
        import errno
        import socket
        import time

        one = socket.create_connection(("server", 5000))
        one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
        begun = time.monotonic()
        try:
            one.recv(1)
        except OSError as error:
            print(errno.errorcode[error.errno], round(time.monotonic() - begun))

    network, events = build()
    network.scheduler.call_at(100 * SECOND_NS, network.partition, "client", "server")
    finished = Farhost(tmp_path).run_all(network=network, statuses=(0, None), server=[server], client=[client])
    assert finished["client"].out == "ETIMEDOUT 135\n"
    times = [time_ns for time_ns, _ in sent(events, "client") if time_ns > SECOND_NS]
    assert gaps_in_seconds(times) == [30, 30, 30, 5, 5, 5]


def test_without_keepalive_nobody_notices(tmp_path):
    def client():
        import socket
        import time

        one = socket.create_connection(("server", 5000))
        one.settimeout(2000)
        begun = time.monotonic()
        try:
            one.recv(1)
        except TimeoutError:
            print("nothing for", round(time.monotonic() - begun))

    network, _ = build()
    network.scheduler.call_at(100 * SECOND_NS, network.partition, "client", "server")
    finished = Farhost(tmp_path).run_all(network=network, statuses=(0, None), server=[server], client=[client])
    assert finished["client"].out == "nothing for 2000\n"


def test_a_partition_that_heals_delays_and_loses_nothing(tmp_path):
    def receiver():
        import socket
        import time

        listener = socket.create_server(("0.0.0.0", 5000))
        print("listening", flush=True)
        connection, _ = listener.accept()
        begun = time.monotonic()
        size = 0
        while data := connection.recv(65536):
            size += len(data)
        print(size, time.monotonic() - begun > 62)

    def client():
        import socket

        one = socket.create_connection(("server", 5000))
        one.sendall(bytes(5_000_000))

    network, _ = build("delay=20ms rate=10mbit")
    network.scheduler.call_at(1 * SECOND_NS, network.partition, "client", "server")
    network.scheduler.call_at(60 * SECOND_NS, network.heal, "client", "server")
    finished = Farhost(tmp_path).run_all(network=network, server=[receiver], client=[client])
    assert finished["server"].out == "listening\n5000000 True\n"


def test_both_ends_close_at_the_same_moment(tmp_path):
    def one_end():
        import socket
        import sys
        import time

        if sys.argv[1] == "listen":
            listener = socket.create_server(("0.0.0.0", 5000))
            print("listening", flush=True)
            connection, _ = listener.accept()
        else:
            connection = socket.create_connection((sys.argv[1], 5000))
        time.sleep(5 if sys.argv[1] == "listen" else 5.02)
        connection.shutdown(socket.SHUT_WR)
        print(connection.recv(10))
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
        print("state", info[0])

    network, events = build("delay=50ms")
    finished = Farhost(tmp_path).run_all(network=network, server=[one_end, "listen"], client=[one_end, "server"])
    assert finished["client"].out.splitlines()[0] == "b''"
    assert finished["server"].out.splitlines()[1] == "b''"
    states = [event.new for event in events if hasattr(event, "new") and hasattr(event, "old")]
    assert states.count("CLOSING") == 2
    assert states.count("TIME_WAIT") == 2


def test_a_reset_in_the_middle_of_a_stream(tmp_path):
    def rude():
        import socket
        import struct

        listener = socket.create_server(("0.0.0.0", 5000))
        print("listening", flush=True)
        connection, _ = listener.accept()
        size = 0
        while size < 1_000_000:
            size += len(connection.recv(65536))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def client():
        import errno
        import socket

        one = socket.create_connection(("server", 5000))
        for _ in range(2):
            try:
                one.sendall(bytes(50_000_000))
            except OSError as error:
                print(errno.errorcode[error.errno])

    network, _ = build("delay=20ms loss=1%")
    finished = Farhost(tmp_path).run_all(network=network, server=[rude], client=[client])
    assert finished["client"].out == "ECONNRESET\nEPIPE\n"
