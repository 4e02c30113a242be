"""Programs of root and their raw and ping sockets: who they are, and when those that wait count as at rest."""

import pytest
from running import run_all, write

from farhost.network.network import Network
from farhost.programs.run import ProgramSpec

WHO = """
import getpass, os, socket

print(os.getuid(), os.geteuid(), os.getgid(), os.getresuid(), os.getgroups(), os.getlogin(), getpass.getuser())
print(os.environ["USER"], os.environ["LOGNAME"], os.environ["HOME"] == os.getcwd())
with socket.socket() as sock:
    print(os.stat(sock.fileno()).st_uid)
try:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
    print("a raw socket")
except PermissionError as error:
    print(error)
"""


def network_of(**users):
    """A network with a host for each name, run by that user."""
    network = Network(seed=1)
    for name, user in users.items():
        network.host(name, user=user)
    return network


def test_a_host_is_roots_or_a_users(tmp_path):
    script = str(write(tmp_path, WHO))
    specs = [ProgramSpec(host, [script]) for host in ("his", "hers")]
    outcome = run_all(*specs, network=network_of(his="user", hers="root"))
    his, hers = (process.stdout.splitlines() for process in outcome.processes)
    assert outcome.ok, outcome
    assert his == [
        "1000 1000 1000 (1000, 1000, 1000) [1000] user user",
        "user user True",
        "1000",
        "[Errno 1] Operation not permitted",
    ]
    assert hers == ["0 0 0 (0, 0, 0) [0] root root", "root root True", "0", "a raw socket"]


def test_there_are_two_users():
    with pytest.raises(ValueError, match="no user 'admin': programs run as root or user"):
        Network().host("server", user="admin")


RENAME = """
import os
import socket
import sys

socket.sethostname("new")
print(socket.gethostname(), os.uname().nodename)
for name in (b"\\xff", os.fsencode("x"), "a\\0b", "y" * 65, bytearray(b"z")):
    try:
        socket.sethostname(name)
        print(ascii(socket.gethostname()))
    except (OSError, TypeError, ValueError) as error:
        print(type(error).__name__, error)
print(socket.gethostbyname(sys.argv[1]), socket.gethostname())
"""


def test_root_renames_its_host_for_its_own_programs(tmp_path):
    """What the operating system says to root of a namespace of its own; the last line is about the network."""
    script = str(write(tmp_path, RENAME))
    specs = [ProgramSpec("server", [script, "server"]), ProgramSpec("server", [script, "server"])]
    outcome = run_all(*specs, network=network_of(server="root"))
    assert outcome.ok, outcome
    for process in outcome.processes:
        assert process.stdout.splitlines() == [
            "new new",
            "'\\udcff'",
            "'x'",
            "ValueError embedded null byte",
            "OSError [Errno 22] Invalid argument",
            "TypeError expected str, bytes or os.PathLike object, not bytearray",
            "10.0.0.1 x",
        ]


LISTEN = """
import socket

with socket.socket(socket.AF_INET, socket.SOCK_RAW, 253) as sock:
    while True:
        data, sender = sock.recvfrom(100)
        sock.sendto(data[20:], sender)
"""

ASK = """
import socket, sys

with socket.socket(socket.AF_INET, socket.SOCK_RAW, 253) as sock:
    sock.sendto(b"hello", (socket.gethostbyname("server"), 0))
    print(sock.recvfrom(100)[0][20:])
"""


def outcome_of(tmp_path, client, server=LISTEN, loss="0%"):
    network = network_of(server="root", client="root")
    network.link_all(delay="1ms", loss=loss)
    scripts = [
        str(write(tmp_path, source, f"{name}.py")) for name, source in (("server", server), ("client", client))
    ]
    return run_all(ProgramSpec("server", [scripts[0]]), ProgramSpec("client", [scripts[1]]), network=network)


def test_a_raw_socket_that_waits_for_whatever_comes_is_at_rest(tmp_path):
    """Without a bind(2), and after it has answered somebody."""
    outcome = outcome_of(tmp_path, ASK)
    assert outcome.ok, outcome
    server, client = outcome.processes
    assert (server.status, client.stdout) == (None, "b'hello'\n")
    assert "3 is a raw socket 0.0.0.0:253" in str(server.waits[0])


def test_a_raw_socket_that_waits_for_a_lost_answer_is_a_deadlock(tmp_path):
    outcome = outcome_of(tmp_path, ASK, loss="100%")
    assert outcome.kind == "deadlock"
    assert "client waits in recvfrom" in outcome.message


def test_who_asked_through_a_bound_raw_socket_is_at_rest_as_with_datagrams(tmp_path):
    client = ASK.replace("    sock.sendto", '    sock.bind(("", 0))\n    sock.sendto')
    assert outcome_of(tmp_path, client, loss="100%").ok


def test_a_connected_raw_socket_is_never_at_rest(tmp_path):
    """Even where it has no peer name, because its peer has port 0."""
    client = """
        import socket

        with socket.socket(socket.AF_INET, socket.SOCK_RAW, 253) as sock:
            sock.connect((socket.gethostbyname("server"), 0))
            sock.recv(100)
        """
    assert outcome_of(tmp_path, client).kind == "deadlock"


def test_a_sniffer_that_selects_is_at_rest(tmp_path):
    server = """
        import select, socket

        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
            while True:
                select.select([sock], [], [])
                print(sock.recv(100)[20], flush=True)
        """
    client = """
        import socket

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as sock:
            sock.sendto(bytes([8, *bytes(7)]), (socket.gethostbyname("server"), 0))
            sock.recv(100)
        """
    outcome = outcome_of(tmp_path, client, server)
    assert outcome.ok, outcome
    assert outcome.processes[0].stdout == "8\n"


def test_a_ping_socket_is_never_at_rest(tmp_path):
    """Bound or not, it gets answers alone."""
    client = """
        import socket

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as sock:
            sock.bind(("", 77))
            sock.recv(100)
        """
    outcome = outcome_of(tmp_path, client)
    assert outcome.kind == "deadlock"
    assert "3 is a ping socket 0.0.0.0:77" in outcome.message
