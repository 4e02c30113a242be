"""The notes' programs in two terminals: real processes, unrelated, that make contact by a published address.

Their network runs in real time. What the other side sees when a program is killed is compared with the system.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from lines import read_line
from namespaces import Namespace, why_not
from terminals import LIMIT_S, Terminals, finish

EXAMPLES = Path(__file__).parents[2] / "examples"
SERVER, CLIENT = (str(EXAMPLES / "ipv4_stream" / name) for name in ("server.py", "client.py"))
LINK = "delay=5ms loss=2%"


@pytest.fixture
def terminals(tmp_path_factory):
    with Terminals(tmp_path_factory.mktemp("t")) as made:
        yield made


def test_server_first(terminals):
    terminals.up("--link", LINK)
    server = terminals.python("server", SERVER, "5000")
    terminals.wait_listening(5000)
    assert "the server says: 3000 lines" in finish(terminals.python("client", CLIENT, "server", "5000"))
    server.send_signal(signal.SIGINT)
    assert "3000 lines from port" in finish(server, -signal.SIGINT)


def test_client_first_is_refused(terminals):
    terminals.up("--host", "server", "--host", "client")
    said = finish(terminals.python("client", CLIENT, "server", "5000"), 1)
    assert said.rstrip().endswith("ConnectionRefusedError: [Errno 111] Connection refused")


def test_two_clients_at_once(terminals):
    terminals.up("--link", LINK)
    server = terminals.python("server", SERVER, "5000")
    terminals.wait_listening(5000)
    clients = [terminals.python(host, CLIENT, "server", "5000") for host in ("client", "client", "other")]
    for client in clients:
        assert "the server says: 3000 lines, 28890 bytes" in finish(client)
    server.terminate()
    assert finish(server, -signal.SIGTERM).count("3000 lines from port") == 3


KILLED = """
import socket
import sys

listener = socket.create_server(("", int(sys.argv[1])))
print("listening", flush=True)
client, _ = listener.accept()
if sys.argv[2] == "read":
    client.recv(100)
print("waiting", flush=True)
sys.stdin.read()
"""
WATCHER = """
import socket
import sys

server = socket.create_connection((sys.argv[1], int(sys.argv[2])))
server.settimeout(20)
server.sendall(b"a question")
print("asked", flush=True)
sys.stdin.readline()
read, write = lambda: server.recv(100), lambda: server.send(b"x")
for call in (read, write, read, write):
    try:
        print(call())
    except OSError as error:
        print(type(error).__name__)
"""


def watch_a_killed_server(start, kill, port, what):
    """Kill a server that has read what came (or not) with kill -9; what its client sees."""
    server = start("server", KILLED, port, what)
    assert read_line(server) == "listening\n"
    client = start("client", WATCHER, "server", port)
    assert read_line(client) == "asked\n"
    assert read_line(server) == "waiting\n"
    kill(server)
    client.stdin.write("\n")
    client.stdin.flush()
    return client.communicate(timeout=LIMIT_S)[0]


@pytest.mark.parametrize("what", ["read", "unread"])
def test_a_server_that_is_killed_looks_to_its_client_as_on_linux(terminals, what):
    def system(host, source, *arguments):
        words = ["127.0.0.1" if word == "server" else word for word in arguments]
        return open_terminal([sys.executable, "-c", source, *words])

    def open_terminal(command):
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=terminals.environment,
        )
        terminals.started.append(process)
        return process

    def start_attached(host, source, *arguments):
        return open_terminal(
            [sys.executable, "-m", "farhost", "exec", "--host", host, "--", sys.executable, "-c", source, *arguments]
        )

    def kill(process):
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    terminals.up("--host", "server", "--host", "client")
    ours = watch_a_killed_server(start_attached, kill, "5000", what)
    theirs = watch_a_killed_server(system, kill, free_port(), what)
    assert ours == theirs
    assert ("ConnectionResetError" in ours) is (what == "unread")


def free_port() -> str:
    """A port that the system has free."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return str(sock.getsockname()[1])


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")
@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
def test_a_client_in_c_speaks_to_the_simulated_server_through_the_kernel_and_tun(tmp_path_factory):
    folder = tmp_path_factory.mktemp("t")
    program = folder / "client"
    subprocess.run(
        ["gcc", "-Wall", "-Wextra", "-Werror", "-o", str(program), str(Path(__file__).with_name("client.c"))],
        check=True,
    )
    with Namespace() as space, Terminals(folder, space.prefix) as terminals:
        terminals.up("--tun", "fh0", "--host", "server", "--link", "delay=5ms loss=5%")
        terminals.python("server", SERVER, "5000")
        terminals.wait_listening(5000)
        said = finish(terminals.machine(str(program), "10.0.0.1", "5000"))
        assert said == "the server says: 2 lines, 14 bytes\n"
        assert finish(terminals.machine(str(program), "10.0.0.1", "5001"), 1) == "connect: Connection refused\n"


def test_the_control_socket_is_the_users_own(terminals):
    terminals.up("--host", "box")
    place = terminals.runtime / "farhost"
    assert place.stat().st_mode & 0o777 == 0o700
    assert (place / "default.sock").stat().st_mode & 0o777 == 0o600
    if os.geteuid() == 0:
        place.chmod(0o755)
        said = terminals.farhost("status", status=2)
        assert "is not a directory of yours alone" in said
        place.chmod(0o700)
    assert textwrap.dedent(terminals.farhost("status")).startswith("network 'default'")
