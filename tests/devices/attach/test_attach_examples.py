"""The examples, each program in a terminal of its own: what `farhost run` runs runs beside `farhost up` too."""

from pathlib import Path

from lines import read_line
from terminals import finish

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_the_notes_workflow_by_cs_calls_on_a_host_of_the_other_byte_order(terminals):
    terminals.up("--host", "server: byte-order=big", "--host", "client", "--link", "delay=2ms")
    server = terminals.python("server", str(EXAMPLES / "posix_stream/server.py"), "5000")
    terminals.wait_listening(5000)
    said = finish(terminals.python("client", str(EXAMPLES / "posix_stream/client.py"), "10.0.0.1", "5000"))
    assert "WRITE ONE, WRITE TWO" in said
    assert "client 10.0.0.2" in read_line(server)
    server.kill()


def test_datagrams_by_cs_calls(terminals):
    terminals.up("--host", "server", "--host", "client")
    terminals.python("server", str(EXAMPLES / "posix_datagram/server.py"), "5000")
    terminals.wait_listening(5000)
    assert "attempt 1" in finish(
        terminals.python("client", str(EXAMPLES / "posix_datagram/client.py"), "10.0.0.1", "5000")
    )


C_ON_THE_MACHINE = """
import os
from farhost.posix import AF_UNIX, SIG_DFL, SIG_IGN, SIGPIPE, SOCK_STREAM, close, dup2, getpid, pipe, read
from farhost.posix import signal, socketpair, usleep, write

assert getpid() == os.getpid()
out, into = pipe()
write(into, b"by a pipe of the machine")
one, other = socketpair(AF_UNIX, SOCK_STREAM, 0)
write(one, read(out, 100))
usleep(1000)
write(1, read(other, 100) + b"\\n")
dup2(1, other)
write(other, b"where the socket was\\n")
assert signal(SIGPIPE, SIG_IGN) == SIG_DFL
close(other)
try:
    write(one, b"x")
except BrokenPipeError:
    write(1, b"ignored\\n")
signal(SIGPIPE, SIG_DFL)
write(one, b"x")
write(1, b"never\\n")
"""


def test_cs_calls_on_descriptors_and_signals_of_the_machine(terminals):
    terminals.up("--host", "box")
    said = finish(terminals.python("box", "-c", C_ON_THE_MACHINE), status=-13)
    assert said == "by a pipe of the machine\nwhere the socket was\nignored\n"


def test_ping_by_a_program_of_the_users_and_a_raw_one_of_roots(terminals):
    terminals.up("--host", "client", "--host", "admin: user=root", "--link", "delay=3ms")
    ping = str(EXAMPLES / "ping/ping.py")
    said = finish(terminals.python("client", ping, "--interval", "0.01", "admin", "3"))
    assert "3 packets transmitted, 3 received" in said
    said = finish(terminals.python("admin", ping, "--raw", "--interval", "0.01", "client", "3"))
    assert "3 packets transmitted, 3 received" in said


def test_accepted_connections_are_handed_to_a_worker(terminals):
    terminals.up("--host", "server", "--host", "client")
    folder = EXAMPLES / "unix_rights"
    sock = str(terminals.folder / "worker.sock")
    worker = terminals.python("server", str(folder / "worker.py"), sock)
    terminals.wait(
        lambda: any(row["state"] == "LISTEN" for row in terminals.sockets("-x")), "the worker does not listen"
    )
    acceptor = terminals.python("server", str(folder / "acceptor.py"), "5000", sock, "3")
    terminals.wait_listening(5000)
    said = finish(terminals.python("client", str(folder / "client.py"), "server", "5000", "3"))
    assert f"served by process {worker.pid}" in said
    finish(acceptor)
    finish(worker)
