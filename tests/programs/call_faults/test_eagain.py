"""EAGAIN as if what is wanted came a moment later: only where nobody was told that it is there, and once."""

import pytest
from call_fault_running import Bench

from farhost.programs.call_faults.eagain import Eagain

SENDER = """
    import socket
    with socket.create_server(("", 5000)) as listener:
        peer, _ = listener.accept()
        peer.sendall(b"hello, world")
        peer.recv(1)
"""


def read(tmp_path, body, *faults, seed=1):
    source = f"""
        import fcntl, os, select, socket, termios, time
        sock = socket.create_connection(("sender", 5000))
        sock.setblocking(False)
        time.sleep(1)
        def attempt(call):
            try:
                return call()
            except BlockingIOError:
                return "EAGAIN"
        {body}
        sock.close()
    """
    return Bench(tmp_path).script("sender", SENDER).script("reader", source).run(*faults, seed=seed)


@pytest.mark.parametrize(
    "call",
    [
        "sock.recv(100)",
        "sock.recvfrom(100)[0]",
        "sock.recvmsg(100)[0]",
        "sock.recvmsg(100, 0, socket.MSG_DONTWAIT)[0]",
        "os.read(sock.fileno(), 100)",
        "os.readv(sock.fileno(), [bytearray(100)])",
    ],
)
def test_a_read_fails_once_and_then_reads(tmp_path, call):
    ran = read(tmp_path, f"print(attempt(lambda: {call}), attempt(lambda: {call}))", "eagain=100%")
    first, rest = ran.output("reader").split(maxsplit=1)
    assert first == "EAGAIN"
    assert rest in ("b'hello, world'\n", "12\n")
    assert [event.kind for event in ran.faults] == ["eagain"]


@pytest.mark.parametrize(
    "wait",
    [
        "select.select([sock], [], [])",
        "p = select.poll(); p.register(sock, select.POLLIN); p.poll()",
        "p = select.epoll(); p.register(sock, select.EPOLLIN); p.poll()",
        "sock.recv(1, socket.MSG_PEEK)",
        "fcntl.ioctl(sock, termios.FIONREAD, bytes(4))",
        "sock.settimeout(5)",
        "sock.setblocking(True)",
    ],
)
def test_what_was_reported_is_there(tmp_path, wait):
    ran = read(tmp_path, f"{wait}; print(attempt(lambda: sock.recv(100)))", "eagain=100%")
    assert ran.output("reader") == "b'hello, world'\n"
    assert not ran.faults


def test_an_edge_comes_afterwards(tmp_path):
    body = """
        p = select.epoll()
        p.register(sock, select.EPOLLIN | select.EPOLLET)
        p.poll()
        print(attempt(lambda: sock.recv(5)), attempt(lambda: sock.recv(5)))
        print(len(p.poll(10)), attempt(lambda: sock.recv(100)))
    """
    assert read(tmp_path, body.strip()).output("reader") == "b'hello' b', wor'\n0 b'ld'\n"
    assert read(tmp_path, body.strip(), "eagain=100%").output("reader") == "b'hello' EAGAIN\n1 b', world'\n"


def test_an_accept_fails_once_and_an_edge_follows(tmp_path):
    source = """
        import select, socket, time
        listener = socket.create_server(("", 5000))
        listener.setblocking(False)
        p = select.epoll()
        time.sleep(1)
        try:
            listener.accept()
            print("accepted")
        except BlockingIOError:
            p.register(listener, select.EPOLLIN | select.EPOLLET)
            p.poll(0)
            print("EAGAIN", len(p.poll(5)))
            listener.accept()
    """
    client = "import socket; socket.create_connection(('server', 5000)).recv(1)"
    bench = Bench(tmp_path).script("server", source).script("client", client)
    assert bench.run().output("server") == "accepted\n"
    ran = bench.run("eagain=100%")
    assert ran.output("server") == "EAGAIN 1\n"
    assert [event.place for event in ran.faults if event.host == "server"] == [
        "server/server accepting connection 1 at port 5000"
    ]


SINK = """
    import socket
    with socket.create_server(("", 5000)) as listener:
        peer, _ = listener.accept()
        print(len(peer.recv(10000, socket.MSG_WAITALL)))
"""


def test_a_send_fails_once_while_much_is_under_way_and_an_edge_follows(tmp_path):
    source = """
        import select, socket
        sock = socket.create_connection(("sink", 5000))
        sock.setblocking(False)
        p = select.epoll()
        p.register(sock, select.EPOLLOUT | select.EPOLLET)
        p.poll()
        print(sock.send(bytes(5000)))
        try:
            print(sock.send(bytes(5000)))
        except BlockingIOError:
            print("EAGAIN", len(p.poll(5)), sock.send(bytes(5000)))
    """
    bench = Bench(tmp_path).script("sink", SINK).script("sender", source)
    assert bench.run().output("sender") == "5000\n5000\n"
    ran = bench.run("sender: eagain=100%", link="delay=10ms")
    assert ran.output("sender") == "5000\nEAGAIN 1 5000\n"
    assert ran.output("sink") == "10000\n"
    assert [event.place.partition(">")[2] for event in ran.faults] == ["sink:5000 at 5000"]


def test_a_socket_with_a_time_limit_sends_and_receives_all_the_same(tmp_path):
    source = """
        import socket
        sock = socket.create_connection(("sink", 5000), timeout=9)
        for _ in range(2):
            sock.sendall(bytes(5000))
    """
    ran = Bench(tmp_path).script("sink", SINK).script("sender", source).run("eagain=100%", link="delay=10ms")
    assert ran.output("sink") == "10000\n"
    assert len(ran.faults) == 1


def test_sockets_of_one_machine_are_left_alone(tmp_path):
    source = """
        import os, socket
        a, b = socket.socketpair()
        b.setblocking(False)
        a.send(b"x")
        print(b.recv(1))
        r, w = os.pipe()
        os.set_blocking(r, False)
        os.write(w, b"x")
        print(os.read(r, 1))
    """
    ran = Bench(tmp_path).script("box", source).run("eagain=100%")
    assert ran.output("box") == "b'x'\nb'x'\n"
    assert not ran.faults


def test_it_is_described():
    said = Eagain().describe("sending client:49152>server:5000 at 12", 1)
    assert said == "sending client:49152>server:5000 at 12 failed with EAGAIN once"
