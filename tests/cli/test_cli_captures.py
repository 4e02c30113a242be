"""`--capture -`: packets to a reader that looks on, of `run`, `replay` and `up`; all else goes elsewhere."""

import os
import shutil
import signal
import subprocess
import sys
from functools import partial

import pytest
from terminals import Terminals, finish

FARHOST = [sys.executable, "-m", "farhost"]
needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
SERVER = """
import socket
listener = socket.create_server(("", 5000))
while True:
    connection, _ = listener.accept()
    with connection:
        while data := connection.recv(100):
            connection.sendall(data)
"""
CLIENT = """
import socket, sys
with socket.create_connection(("server", 5000)) as one:
    for number in range(int(sys.argv[1])):
        one.sendall(b"hello")
        one.recv(100)
print("asked", sys.argv[1])
"""
FAILING = CLIENT + "assert False, 'as expected'\n"


@pytest.fixture
def folder(tmp_path):
    for name, source in (("server", SERVER), ("client", CLIENT), ("failing", FAILING)):
        (tmp_path / f"{name}.py").write_text(source)
    return tmp_path


def farhost(folder, *words):
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([*FARHOST, *words], cwd=folder, env=environment, capture_output=True, timeout=60)


def read(folder, data, *words):
    command = ["tshark", "-r", "-", *words]
    return subprocess.run(command, cwd=folder, input=data, capture_output=True, check=True).stdout.decode()


@needs_tshark
@pytest.mark.parametrize("where", ["-", "client:-"])
def test_the_capture_goes_to_standard_output_and_what_programs_print_to_standard_error(folder, where):
    result = farhost(folder, "run", "server.py", "client.py 3", "--capture", where)
    assert result.returncode == 0, result.stderr
    assert b"client | asked 3\n" in result.stderr and b"passed" in result.stderr
    ports = read(folder, result.stdout, "-Y", "tcp.len > 0", "-T", "fields", "-e", "frame.interface_name")
    assert ports.splitlines().count("client eth0") == 6
    assert ("server eth0" in ports) == (where == "-")


@needs_tshark
def test_replay_does_so_too(folder):
    found = farhost(folder, "explore", "server.py", "failing.py 2", "--seeds", "1", "--out", "found")
    (path,) = (folder / "found").glob("*.toml")
    result = farhost(folder, "replay", str(path), "--capture", "failing:-")
    assert result.returncode == 1, (found.stderr, result.stderr)
    assert b"asked 2" in result.stderr
    assert len(read(folder, result.stdout, "-Y", "tcp.len > 0").splitlines()) == 4


def test_a_reader_that_goes_ends_the_run_as_ctrl_c_does(folder):
    command = [*FARHOST, "run", "server.py", "client.py 1000000", "--capture", "-"]
    run = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.stdout.read(4) == b"\x0a\x0d\x0d\x0a"
    run.stdout.close()
    said = run.stderr.read()
    run.stderr.close()
    assert run.wait(60) == 130
    assert b"Traceback" not in said and b"Error" not in said, said


def test_a_reader_sees_packets_while_the_run_goes_on(folder):
    command = [*FARHOST, "run", "server.py", "client.py 1000000", "--capture", "client:-"]
    run = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    seen = b""
    while b"hello" not in seen:
        data = run.stdout.read1(65536)
        assert data, seen
        seen += data
    assert run.poll() is None
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    assert run.returncode == 130


@pytest.mark.parametrize(
    ("command", "also"),
    [("run", "--trace"), ("run", "--format json"), ("replay", "--trace"), ("replay", "--format json")],
)
def test_what_else_goes_to_standard_output_is_refused_beside_it(folder, command, also):
    result = farhost(folder, command, "client.py", "--capture", "client:-", *also.split())
    assert result.returncode == 2 and result.stdout == b""
    expected = f"--capture client:- writes the packets to standard output, where {also} writes too: name a file"
    assert expected in result.stderr.decode()


@pytest.mark.parametrize("command", ["run", "replay", "up"])
def test_a_terminal_is_told_to_be_none(folder, command):
    master, terminal = os.openpty()
    try:
        words = [command, *([] if command == "up" else ["client.py"]), "--capture", "-"]
        result = subprocess.run(
            [*FARHOST, *words],
            cwd=folder,
            stdout=terminal,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    finally:
        os.close(master)
        os.close(terminal)
    assert result.returncode == 2
    assert b"which is a terminal: pipe it into a reader, such as `| wireshark -k -i -`" in result.stderr


def test_a_host_that_is_none_is_named_and_a_file_may_have_that_name(folder):
    result = farhost(folder, "run", "client.py 1", "--capture", "nowhere:-")
    assert result.returncode == 2 and b"no host 'nowhere'" in result.stderr
    result = farhost(folder, "run", "server.py", "client.py 1", "--capture", "./-")
    assert result.returncode == 0 and result.stdout == b"client | asked 1\n"
    assert (folder / "-").read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"


@pytest.mark.parametrize("foreground", [True, False], ids=["foreground", "background"])
def test_a_network_that_is_up_shows_each_packet_soon_and_goes_down_with_its_reader(folder, foreground):
    base = folder / "t"
    base.mkdir()
    for name in ("server.py", "client.py"):
        (folder / name).rename(base / name)
    with Terminals(base) as terminals:
        words = ["up", "--host", "server", "--host", "client", "--capture", "client:-"]
        command = [*FARHOST, *words, *(["--foreground"] if foreground else [])]
        up = subprocess.Popen(
            command, cwd=base, env=terminals.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert b"is up" in up.stderr.readline()
        terminals.python("server", "server.py")
        terminals.wait_listening(5000)
        finish(terminals.python("client", "client.py", "1"))
        seen = b""
        while b"hello" not in seen:
            data = up.stdout.read1(65536)
            assert data, seen
            seen += data
        assert seen[:4] == b"\x0a\x0d\x0d\x0a"
        up.stdout.close()
        # The next packets find nobody.
        terminals.python("client", "client.py", "1")
        if foreground:
            assert up.wait(60) == 130
        else:
            assert up.wait(60) == 0, "it has long gone; the network behind it goes now"
            status = [*FARHOST, "status"]
            gone = partial(subprocess.run, status, cwd=base, env=terminals.environment, stderr=subprocess.DEVNULL)
            terminals.wait(lambda: gone(stdout=subprocess.DEVNULL).returncode == 2, "it is still up")
        up.stderr.close()
