"""`ss` and `netstat` in a run: as programs of a host, and printed at a time that --at says."""

import json
import os
import subprocess
import sys

import pytest

SERVER = """
import socket
with socket.create_server(("", 5000)) as listener:
    connection, _ = listener.accept()
    with connection:
        while connection.recv(1000):
            pass
"""
CLIENT = """
import socket, time
with socket.create_connection(("10.0.0.1", 5000)) as connection:
    for _ in range(30):
        connection.sendall(bytes(2000))
        time.sleep(0.1)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "server.py").write_text(SERVER)
    (tmp_path / "client.py").write_text(CLIENT)
    return tmp_path


def run(folder, *words):
    command = [sys.executable, "-m", "farhost", "run", *words]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def lines_of(result, host):
    return [line.partition(" | ")[2] for line in result.stdout.splitlines() if line.startswith(f"{host} ")]


@pytest.mark.parametrize("more", [(), ("--isolate",)])
def test_a_host_s_tools_are_programs_that_begin_when_those_before_them_wait(folder, more):
    result = run(folder, "server.py", "server=ss -tan", "server=netstat -i", "client.py", *more)
    assert result.returncode == 0, result.stderr
    words = [line.split() for line in lines_of(result, "server/ss")]
    assert words[0][:4] == ["Netid", "State", "Recv-Q", "Send-Q"]
    assert [line[:5] for line in words[1:]] == [["tcp", "LISTEN", "0", "128", "0.0.0.0:5000"]]
    assert [line.split()[0] for line in lines_of(result, "server/netstat")] == ["Iface", "lo", "eth0"]
    assert "ss on server       exited 0" in result.stderr


def test_tables_and_counters_are_printed_at_the_time_that_is_said(folder):
    plans = ("--at", "1s ss server", "--at", "1.5s ss -tl server", "--at", "2s netstat client")
    result = run(folder, "server.py", "client.py", "--link", "delay=20ms", *plans)
    assert result.returncode == 0, result.stderr
    server = lines_of(result, "server")
    assert server[0] == "ss at 1s"
    assert [line.split()[1] for line in server[1:4]] == ["State", "LISTEN", "ESTAB"]
    assert server[4] == "ss at 1.5s"
    assert [line.split()[1] for line in server[5:]] == ["State", "LISTEN"]
    client = lines_of(result, "client")
    assert client[0] == "netstat at 2s"
    assert "TcpActiveOpens                  1" in client
    assert not any(line.startswith("TcpRetransSegs") for line in client)


def test_a_host_that_is_off_says_so(folder):
    result = run(folder, "server.py", "client.py", "--at", "1s crash server", "--at", "2s ss server", "--until", "3s")
    assert lines_of(result, "server") == ["ss at 2s", "the host is off"]


def test_each_line_is_an_event_of_the_trace(folder):
    result = run(folder, "server.py", "client.py", "--at", "1s ss server", "--trace", "--format", "json")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    told = [event for event in events if event.get("event") == "Output"]
    assert {(event["host"], event["process"], event["time_ns"]) for event in told} == {("server", "ss", 10**9)}
    assert len(told) == 4


def test_a_file_of_that_name_goes_before(folder):
    (folder / "ss").write_text("print('mine')")
    result = run(folder, "server=ss -tan")
    assert result.stdout == "server | mine\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["server=ss -y"], "'server=ss -y': ss takes no '-y': it has -t, -u, -x, -l, -a, -n, -p"),
        (["server=netstat nothing"], "netstat takes no 'nothing': it has -z, -i"),
        (["server.py", "--at", "1s ss -q server"], "ss takes no '-q'"),
        (["server.py", "--at", "1s ss nobody"], "no host 'nobody': the hosts are server"),
        (["server.py", "--at", "1s netstat"], "'1s netstat': name one host after the word: server"),
    ],
)
def test_mistakes_are_named(folder, words, says):
    result = run(folder, *words)
    assert result.returncode == 2
    assert says in result.stderr


def test_the_json_of_a_run_has_the_counters_of_each_direction_of_a_link(folder):
    words = ("--link", "delay=20ms loss=10% duplicate=10%", "--seed", "3", "--format", "json")
    packets = json.loads(run(folder, "server.py", "client.py", *words).stdout)["packets"]
    links = packets["links"]
    assert [link["link"] for link in links] == ["server>client", "client>server"]
    for link in links:
        made = link["sent"] + link["duplicated"] + link["split"]
        assert made == link["delivered"] + sum(link["dropped"].values()) + link["in_flight"]
        assert link["faults"]["loss"] == link["dropped"]["loss"] > 0
    for name in ("sent", "delivered", "duplicated", "in_flight"):
        assert packets[name] == sum(link[name] for link in links)
