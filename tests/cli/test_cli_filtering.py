"""--filter as people meet it: what --trace and --capture show, mistakes with a mark under them, completion."""

import json
import os
import shutil
import subprocess
import sys

import click
import pytest

from farhost.cli.filtering import complete_filter, host_of

SERVER = """
import socket
listener = socket.create_server(("", 5000))
client, _ = listener.accept()
client.sendall(client.recv(100).upper())
"""
CLIENT = """
import socket
server = socket.create_connection(("server", 5000))
server.sendall(b"hello")
print(server.recv(100).decode())
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "server.py").write_text(SERVER)
    (tmp_path / "client.py").write_text(CLIENT)
    return tmp_path


def run(folder, *words):
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "farhost", "run", "server.py", "client.py", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


def test_a_trace_shows_what_the_filter_means_and_the_run_is_the_same(folder):
    every = run(folder, "--trace")
    result = run(folder, "--trace", "--filter", "call send or recv")
    assert result.returncode == 0, result.stderr
    lines = [line for line in result.stdout.splitlines() if " = " in line]
    assert len(lines) == 4 and all("sendto(" in line or "recvfrom(" in line for line in lines)
    assert set(result.stdout.splitlines()) < set(every.stdout.splitlines())
    assert result.stderr == every.stderr


def test_numbers_of_a_connection_are_relative_though_its_beginning_is_not_shown(folder):
    result = run(folder, "--trace", "--filter", "ip and tcp[tcpflags] & tcp-push != 0 and src host client")
    assert "seq 1:6, ack 1" in result.stdout and "Flags [S]" not in result.stdout


def test_json_lines_are_filtered_too(folder):
    result = run(folder, "--trace", "--format", "json", "--filter", "errors")
    _, *events, summary = map(json.loads, result.stdout.splitlines())
    assert [(event["event"], event["name"]) for event in events] == [("SystemCall", "connect")]
    assert summary["verdict"] == "passed"


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_a_capture_has_what_the_filter_means(folder):
    assert run(folder, "--capture", "client:run.pcapng", "--filter", "ip6 or dst host server").returncode == 0
    command = ["tshark", "-n", "-r", "run.pcapng", "-T", "fields", "-e", "ip.dst"]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    assert set(found.split()) == {"10.0.0.1"} and "\n\n" in found


def test_a_mistake_is_marked(folder):
    result = run(folder, "--trace", "--filter", "host clinet and tcp")
    assert result.returncode == 2
    assert result.stderr.splitlines()[-3:] == [
        "Error: --filter: no host 'clinet': did you mean 'client'?",
        "  host clinet and tcp",
        "       ^~~~~~",
    ]


def test_a_filter_of_nothing_is_a_mistake(folder):
    result = run(folder, "--filter", "tcp")
    assert result.returncode == 2
    assert "--filter says what is shown of a run: give --trace or --capture FILE too" in result.stderr


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("por", ["port", "portrange"]),
        ("host c", ["host client"]),
        ("tcp port 80 a", ["tcp port 80 and"]),
        ("tcp and ho", ["tcp and host"]),
        ("call conn", ["call connect"]),
        ("process b", ["process box"]),
    ],
)
def test_words_are_completed(typed, words):
    context = click.Context(click.Command("run"))
    context.params["programs"] = ("box=server.py 5000", "client.py box 5000")
    assert [item.value for item in complete_filter(context, click.Option(["--filter"]), typed)] == words


def test_a_programs_host_is_known_from_its_words():
    assert host_of("box=server.py 5000") == "box"
    assert host_of("/tmp/server.py 5000") == "server"
