"""Short reads: fewer bytes than are there, only where Linux may give fewer, and the rest stays."""

import pytest
from call_fault_running import Bench

SENDER = """
    import socket, time
    with socket.create_server(("", 5000)) as listener:
        peer, _ = listener.accept()
        peer.sendall(b"hello, world")
        peer.recv(1)
"""


def reader(body):
    return f"""
        import fcntl, select, socket, struct, termios, time
        sock = socket.create_connection(("sender", 5000))
        time.sleep(1)
        {body}
        sock.close()
    """


def read(tmp_path, body, *faults, seed=1):
    bench = Bench(tmp_path).script("sender", SENDER).script("reader", reader(body))
    return bench.run(*faults, seed=seed)


@pytest.mark.parametrize(
    "call",
    [
        "sock.recv(100)",
        "sock.recvfrom(100)[0]",
        "sock.recvmsg(100)[0]",
        "sock.recv(sock.recv_into(bytearray(100), 5) and 100)",
        "__import__('os').read(sock.fileno(), 100)",
        "(lambda a, b: (a + b)[:__import__('os').readv(sock.fileno(), [a, b])])(bytearray(6), bytearray(6))",
    ],
)
def test_every_call_that_reads_can_be_short(tmp_path, call):
    lengths = set()
    for seed in range(12):
        ran = read(tmp_path, f"print(len({call}))", "short-read=100%", seed=seed)
        lengths.add(int(ran.output("reader")))
    assert min(lengths) >= 1
    assert max(lengths) < 12
    assert len(lengths) > 1


def test_the_rest_can_be_read_afterwards(tmp_path):
    ran = read(
        tmp_path,
        "data = b''\n        while len(data) < 12: data += sock.recv(100)\n        print(data)",
        "short-read=100%",
    )
    assert ran.output("reader") == "b'hello, world'\n"
    assert ran.faults


def test_a_read_that_waited_can_be_short(tmp_path):
    late = SENDER.replace("peer.sendall", "time.sleep(5); peer.sendall")
    bench = Bench(tmp_path).script("sender", late).script("reader", reader("print(len(sock.recv(100)))"))
    assert 1 <= int(bench.run("short-read=100%").output("reader")) < 12


@pytest.mark.parametrize(
    "body",
    [
        "print(sock.recv(100, socket.MSG_PEEK))",
        "print(sock.recv(12, socket.MSG_WAITALL))",
        "sock.recv(100, socket.MSG_PEEK); print(sock.recv(100))",
        "fcntl.ioctl(sock, termios.FIONREAD, bytes(4)); print(sock.recv(100))",
        "sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 12); print(sock.recv(100))",
    ],
)
def test_what_linux_gives_as_a_whole_is_never_short(tmp_path, body):
    ran = read(tmp_path, body, "short-read=100%")
    assert ran.output("reader") == "b'hello, world'\n"
    assert not ran.faults


CLOSER = """
    import socket
    with socket.create_server(("", 5000)) as listener:
        peer, _ = listener.accept()
        peer.sendall(b"hello, world")
        peer.close()
"""


@pytest.mark.parametrize(
    "wait",
    [
        "p = select.poll(); p.register(sock, select.POLLIN | select.POLLRDHUP); p.poll()",
        "p = select.epoll(); p.register(sock, select.EPOLLIN | select.EPOLLRDHUP); p.poll()",
        "sock.shutdown(socket.SHUT_WR); p = select.poll(); p.register(sock, select.POLLIN); p.poll()",
    ],
)
def test_a_reader_that_was_told_of_the_end_gets_everything(tmp_path, wait):
    bench = Bench(tmp_path).script("sender", CLOSER)
    bench.script("reader", reader(f"{wait}; print(sock.recv(100))"))
    assert bench.run("short-read=100%").output("reader") == "b'hello, world'\n"


def test_a_reader_that_only_knows_that_it_can_read_does_not(tmp_path):
    bench = Bench(tmp_path).script("sender", CLOSER)
    bench.script("reader", reader("select.select([sock], [], []); print(len(sock.recv(100)))"))
    assert int(bench.run("short-read=100%").output("reader")) < 12


def test_unix_sockets_pipes_and_datagrams_are_never_short(tmp_path):
    source = """
        import os, socket
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            a, b = socket.socketpair(type=kind)
            a.send(b"hello, world")
            print(b.recv(100))
        r, w = os.pipe()
        os.write(w, b"hello, world")
        print(os.read(r, 100))
        a, b = (socket.socket(type=socket.SOCK_DGRAM) for _ in "ab")
        b.bind(("127.0.0.1", 5000))
        a.sendto(b"hello, world", ("127.0.0.1", 5000))
        print(b.recv(100))
    """
    bench = Bench(tmp_path).script("box", source)
    ran = bench.run("short-read=100% short-write=100%")
    assert ran.output("box") == "b'hello, world'\n" * 5
    assert ran.hash == bench.run().hash


def test_a_function_in_place_reads_short_too(tmp_path):
    def sender():
        import socket

        with socket.create_server(("", 5000)) as listener:
            peer, _ = listener.accept()
            with peer:
                peer.sendall(b"hello, world")

    def reader():
        import socket
        import time

        with socket.create_connection(("sender", 5000)) as sock:
            time.sleep(1)
            got.append(len(sock.recv(100)))

    got = []
    ran = Bench(tmp_path).function("sender", sender).function("reader", reader).run("short-read=100%")
    assert ran.outcome.ok, ran.outcome
    assert [event.amount for event in ran.faults] == got
    assert got[0] < 12


def test_it_says_where_and_how_much(tmp_path):
    ran = read(tmp_path, "print(len(sock.recv(100)))", "short-read=100%")
    from farhost.programs.call_faults.short_read import ShortRead

    (event,) = ran.faults
    got = int(ran.output("reader"))
    assert (event.kind, event.host, event.amount) == ("short-read", "reader", got)
    assert event.place.startswith("sender:5000>reader:")
    assert event.place.endswith(" at 0")
    said = ShortRead().describe("sender:5000>reader:49152 at 7", 5)
    assert said == "reader read 5 bytes of those that were there, at offset 7 of sender:5000>reader:49152"


def test_taking_one_away_moves_no_other(tmp_path):
    body = "data = b''\n        while len(data) < 12: data += sock.recv(4)\n        print(data)"
    bench = Bench(tmp_path).script("sender", SENDER).script("reader", reader(body))
    first = bench.run("short-read=100%")
    fewer = dict(first.taken)
    gone = next(iter(fewer))
    del fewer[gone]
    again = bench.run("short-read=100%", replay=fewer)
    assert again.output("reader") == first.output("reader")
    assert gone not in again.taken
    assert set(again.taken.items()) <= set(fewer.items())
