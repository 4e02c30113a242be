"""Short writes: a part is taken, only where Linux may take a part, and nothing is lost."""

import pytest
from call_fault_running import Bench

SINK = """
    import socket
    with socket.create_server(("", 5000)) as listener:
        peer, _ = listener.accept()
        data = b""
        while piece := peer.recv(1000):
            data += piece
        print(len(data), data == b"hello, world" * (len(data) // 12) + b"hello, world"[: len(data) % 12])
"""


GUARANTEED = 4096 - 1280
"""Of net.ipv4.tcp_wmem, and what a segment takes of that."""


def send(tmp_path, body, *faults, seed=1):
    source = f"""
        import os, select, socket
        sock = socket.create_connection(("sink", 5000))
        {body}
    """
    return Bench(tmp_path).script("sink", SINK).script("sender", source).run(*faults, seed=seed, link="delay=10ms")


@pytest.mark.parametrize("setting", ["sock.settimeout(5)", "sock.setblocking(False)"])
@pytest.mark.parametrize(
    "call",
    [
        "sock.send(data)",
        "sock.sendmsg([data[:5], data[5:]])",
        "os.write(sock.fileno(), data)",
        "os.writev(sock.fileno(), [data[:5], data[5:]])",
    ],
)
def test_a_send_that_does_not_wait_can_be_short(tmp_path, setting, call):
    taken = set()
    for seed in range(10):
        ran = send(tmp_path, f"{setting}; data = b'hello, world' * 500; print({call})", "short-write=100%", seed=seed)
        count = int(ran.output("sender"))
        assert ran.output("sink") == f"{count} True\n"
        taken.add(count)
    assert min(taken) >= GUARANTEED
    assert max(taken) < 6000
    assert len(taken) > 1


def test_while_much_is_under_way_any_part_may_be_taken(tmp_path):
    body = "sock.settimeout(5); data = b'hello, world' * 500; print(sock.send(data), sock.send(data))"
    counts = [send(tmp_path, body, "short-write=100%", seed=seed).output("sender").split() for seed in range(12)]
    assert min(int(first) for first, _ in counts) >= GUARANTEED
    assert min(int(second) for _, second in counts) < GUARANTEED


def test_what_a_connection_always_has_memory_for_is_taken(tmp_path):
    ran = send(tmp_path, f"sock.settimeout(5); print(sock.send(bytes({GUARANTEED})))", "short-write=100%")
    assert ran.output("sender") == f"{GUARANTEED}\n"
    assert not ran.faults


def test_msg_dontwait_is_such_a_send(tmp_path):
    ran = send(tmp_path, "print(sock.send(b'hello, world' * 500, socket.MSG_DONTWAIT))", "short-write=100%")
    assert int(ran.output("sender")) < 6000


def test_a_blocking_send_takes_everything(tmp_path):
    ran = send(tmp_path, "print(sock.send(b'hello, world' * 500))", "short-write=100%")
    assert ran.output("sender") == "6000\n"
    assert not ran.faults


@pytest.mark.parametrize(
    "body",
    [
        "sock.settimeout(5); sock.sendall(b'hello, world' * 1000)",
        "sock.settimeout(5); f = sock.makefile('wb'); f.write(b'hello, world' * 1000); f.flush(); f.close()",
    ],
)
def test_what_sends_all_sends_all(tmp_path, body):
    ran = send(tmp_path, body, "short-write=100%")
    assert ran.output("sink") == "12000 True\n"
    assert len(ran.faults) > 1


def test_an_edge_comes_afterwards(tmp_path):
    """As in Linux, where sk_stream_wait_memory asks for one."""
    body = """
        sock.setblocking(False)
        p = select.epoll()
        p.register(sock, select.EPOLLOUT | select.EPOLLET)
        p.poll()
        data = b"hello, world" * 1000
        while data:
            data = data[sock.send(data):]
            if data:
                assert p.poll(10), "no edge"
        print("sent")
    """
    ran = send(tmp_path, body.strip(), "short-write=100%")
    assert ran.output("sender") == "sent\n"
    assert ran.output("sink") == "12000 True\n"
    assert ran.faults


def test_an_edge_comes_through_the_loopback_interface_too(tmp_path):
    source = """
        import select, socket
        listener = socket.create_server(("127.0.0.1", 5000))
        sock = socket.create_connection(("127.0.0.1", 5000))
        peer, _ = listener.accept()
        sock.setblocking(False)
        p = select.epoll()
        p.register(sock, select.EPOLLOUT | select.EPOLLET)
        p.poll()
        data = b"hello, world" * 1000
        while data:
            data = data[sock.send(data):]
            if data:
                assert p.poll(10), "no edge"
        print(len(peer.recv(12000, socket.MSG_WAITALL)))
    """
    ran = Bench(tmp_path).script("box", source).run("short-write=100%")
    assert ran.output("box") == "12000\n"
    assert ran.faults


def test_it_says_where_and_how_much(tmp_path):
    from farhost.programs.call_faults.short_write import ShortWrite

    ran = send(tmp_path, "sock.settimeout(5); print(sock.send(b'hello, world' * 500))", "short-write=100%")
    (event,) = ran.faults
    assert (event.kind, event.host, 6000 - event.amount) == ("short-write", "sender", int(ran.output("sender")))
    assert event.place.startswith("sender:")
    assert event.place.endswith(">sink:5000 at 0")
    said = ShortWrite().describe("sender:49152>sink:5000 at 0", 1)
    assert said == "of what sender sent at once, the last byte was not taken, at offset 0 of sender:49152>sink:5000"
