"""What a description gives a host little of, and what programs see at the limit."""

import textwrap

import pytest

from farhost.programs.run import ProgramSpec, run_programs
from farhost.scenario.description import build_network

HOUR_NS = 3_600_000_000_000
SINK = """
    import socket
    with socket.create_server(("", 5000)) as listener:
        peers = []
        while True:
            peers.append(listener.accept()[0])
"""


def output(folder, words, client, server=SINK):
    """What a script on `client` prints, beside one on `server`."""
    network = build_network(["server", "client"], 1, None, words)
    programs = []
    for name, source in (("server", server), ("client", client)):
        path = folder / f"{name}.py"
        path.write_text(textwrap.dedent(source))
        programs.append(ProgramSpec(name, [str(path)], name))
    outcome = run_programs(network, programs, until_ns=HOUR_NS)
    (process,) = [one for one in outcome.processes if one.name == "client"]
    assert process.status == 0, (outcome.message, process.stderr)
    return process.stdout


def test_ports_come_to_an_end(tmp_path):
    client = """
        import errno, socket
        taken = []
        try:
            while len(taken) < 10:
                taken.append(socket.create_connection(("server", 5000)))
        except OSError as error:
            print(len(taken), errno.errorcode[error.errno])
        print(sorted(one.getsockname()[1] for one in taken))
        try:
            for _ in range(9):
                one = socket.socket()
                one.bind(("", 0))
                taken.append(one)
        except OSError as error:
            print(errno.errorcode[error.errno])
    """
    words = ["client: ports=40000-40003"]
    assert output(tmp_path, words, client) == "4 EADDRNOTAVAIL\n[40000, 40001, 40002, 40003]\nEADDRINUSE\n"


@pytest.mark.parametrize(
    ("words", "least", "most"), [([], 1 << 17, 1 << 24), (["client: wmem=8KiB", "server: rmem=8KiB"], 8192, 20000)]
)
def test_buffers_of_a_connection_are_small(tmp_path, words, least, most):
    client = """
        import socket, time
        sock = socket.create_connection(("server", 5000))
        sock.setblocking(False)
        sent = 0
        try:
            while True:
                sent += sock.send(bytes(1000))
                time.sleep(0.01)
        except BlockingIOError:
            print(sent)
    """
    assert least <= int(output(tmp_path, words, client)) <= most


@pytest.mark.parametrize(("words", "received"), [([], 50), (["client: rmem=4KiB"], 5)])
def test_datagrams_find_no_room(tmp_path, words, received):
    client = """
        import socket
        one, other = (socket.socket(type=socket.SOCK_DGRAM) for _ in "ab")
        one.bind(("127.0.0.1", 5000))
        for _ in range(50):
            other.sendto(bytes(100), ("127.0.0.1", 5000))
        one.setblocking(False)
        count = 0
        try:
            while one.recv(100):
                count += 1
        except BlockingIOError:
            print(count)
    """
    found = int(output(tmp_path, words, client))
    assert found == received if received == 50 else 1 <= found <= 10


def test_a_program_cannot_ask_for_more_than_its_host_has(tmp_path):
    client = """
        import socket
        sock = socket.socket()
        print(sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        print(sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
    """
    assert output(tmp_path, ["client: rmem=16KiB"], client) == "16384\n32768\n"


def test_a_unix_datagram_is_too_long_for_little_memory(tmp_path):
    client = """
        import errno, socket
        one, other = socket.socketpair(type=socket.SOCK_DGRAM)
        try:
            print(one.send(bytes(10000)))
        except OSError as error:
            print(errno.errorcode[error.errno])
    """
    assert output(tmp_path, [], client) == "10000\n"
    assert output(tmp_path, ["client: wmem=8KiB"], client) == "EMSGSIZE\n"
