"""EINTR without a handler: where signal(7) has it for stop signals, seen by C programs, not by Python's."""

import pytest
from call_fault_running import Bench

from farhost.programs.call_faults.eintr import Eintr
from farhost.trace.events import SystemCall
from farhost.wire import linux

SENDER = """
    import socket, time
    with socket.create_server(("", 5000)) as listener:
        peer, _ = listener.accept()
        time.sleep(1)
        peer.sendall(b"hello")
        peer.recv(1)
"""


def interrupted(ran, name):
    return [
        event.name
        for event in ran.events
        if isinstance(event, SystemCall) and event.process == name and event.error == linux.EINTR
    ]


def run(tmp_path, source, *faults):
    return Bench(tmp_path).script("sender", SENDER).script("reader", source).run(*faults)


def test_a_c_program_sees_it(tmp_path):
    source = """
        from farhost.posix import *
        fd = socket(AF_INET, SOCK_STREAM, 0)
        address = sockaddr_in()
        address.sin_family = AF_INET
        address.sin_port = htons(5000)
        inet_pton(AF_INET, "10.0.0.1", address.sin_addr)
        connect(fd, address, sizeof(address))
        limit = timeval()
        limit.tv_sec = 10
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, limit, sizeof(limit))
        try:
            print(recv(fd, 100, 0))
        except OSError as error:
            print(error.errno == EINTR and "EINTR", recv(fd, 100, 0))
    """
    assert run(tmp_path, source).output("reader") == "b'hello'\n"
    ran = run(tmp_path, source, "eintr=100%")
    assert ran.output("reader") == "EINTR b'hello'\n"
    assert [event.place for event in ran.faults] == ["reader/reader thread 1 interruptible wait 1"]
    bench = Bench(tmp_path).script("sender", SENDER).script("reader", source, isolated=True)
    assert bench.run("eintr=100%").hash == ran.hash


@pytest.mark.parametrize(
    ("wait", "call"),
    [
        ("p = select.epoll(); p.register(sock, select.EPOLLIN); p.poll()", "epoll_wait"),
        ("sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack('ll', 9, 0))", "recvfrom"),
    ],
)
def test_a_python_program_goes_on(tmp_path, wait, call):
    source = f"""
        import select, socket, struct
        sock = socket.create_connection(("sender", 5000))
        {wait}
        print(sock.recv(100))
    """
    ran = run(tmp_path, source, "reader: eintr=100%")
    assert ran.output("reader") == "b'hello'\n"
    assert interrupted(ran, "reader") == [call]


def test_a_connect_with_a_time_limit_of_the_kernels_goes_on(tmp_path):
    source = """
        import socket, struct
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 9, 0))
        sock.connect(("sender", 5000))
        print(sock.recv(100))
    """
    ran = run(tmp_path, source, "reader: eintr=100%")
    assert ran.output("reader") == "b'hello'\n"
    assert interrupted(ran, "reader") == ["connect"]


@pytest.mark.parametrize(
    "wait",
    [
        "pass",
        "select.select([sock], [], [])",
        "p = select.poll(); p.register(sock, select.POLLIN); p.poll()",
        "time.sleep(2)",
    ],
)
def test_other_waits_begin_again_by_themselves(tmp_path, wait):
    source = f"""
        import select, socket, time
        sock = socket.create_connection(("sender", 5000))
        {wait}
        print(sock.recv(100))
    """
    ran = run(tmp_path, source, "eintr=100%")
    assert ran.output("reader") == "b'hello'\n"
    assert not ran.faults


def test_it_is_described():
    said = Eintr().describe("box/box thread 2 interruptible wait 3", 1)
    assert said == "box/box thread 2 was stopped and went on, which ended its interruptible wait 3 with EINTR"
