"""The ping example: over lossy links, through a router, and on the operating system."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from own_network import own_network, why_not

from farhost.network.network import Network
from farhost.programs.run import ProgramSpec, run_programs

ROOT = Path(__file__).parents[2]
PING = "examples/ping/ping.py"
IDLE = "examples/ipv4_datagram/server.py 5000"
NO_NAMESPACE = why_not()
SORTS = ["-4", "-6", "--raw -4", "--raw -6"]


@pytest.mark.parametrize("words", SORTS)
def test_what_a_link_loses_ping_counts(words):
    command = [sys.executable, "-m", "farhost", "run", f"server={IDLE}", f"client={PING} {words} server 30"]
    command += ["--host", "client: user=root", "--link", "delay=40ms loss=20%", "--seed", "3", "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    result = json.loads(done.stdout)
    (client,) = (process for process in result["processes"] if process["host"] == "client")
    lines = client["stdout"].splitlines()
    address = "fd00::1" if "-6" in words else "10.0.0.1"
    assert lines[0] == f"PING server ({address}) " + ("56 data bytes" if "-6" in words else "56(84) bytes of data.")
    answers = [line for line in lines if line.startswith("64 bytes from")]
    assert answers
    for line in answers:
        assert re.fullmatch(
            rf"64 bytes from server \({re.escape(address)}\): icmp_seq=\d+ ttl=64 time=80\.\d ms", line
        ), line
    lost = 30 - len(answers)
    assert 0 < lost == result["packets"]["dropped"]["loss"]
    assert f"30 packets transmitted, {len(answers)} received, {100 * lost / 30:g}% packet loss, time 30000ms" in lines
    assert lines[-1].startswith("rtt min/avg/max/mdev = 80.0")


@pytest.mark.parametrize("words", SORTS)
def test_a_hop_limit_of_one_ends_at_the_router(words):
    network = Network(seed=1)
    network.segment("far")
    client = network.host("client", user="root")
    router = network.router("router", ("net", "far"))
    network.host("server", segments=("far",))
    near = "fd00::2" if "-6" in words else "10.0.0.2"
    trouble = "Time exceeded: Hop limit" if "-6" in words else "Time to live exceeded"
    arguments = [str(ROOT / PING), *words.split(), "--interval", "0.1", "--ttl", "1", "server", "3"]
    outcome = run_programs(network, [ProgramSpec(client.name, arguments)])
    (process,) = outcome.processes
    assert process.status == 1, process
    lines = process.stdout.splitlines()
    assert lines[1:4] == [f"From {near} icmp_seq={number} {trouble}" for number in (1, 2, 3)]
    assert lines[-1].startswith("3 packets transmitted, 0 received, +3 errors, 100% packet loss")
    assert router.kernel.internet.counters["IcmpOutTimeExcds"] == 3


@pytest.mark.parametrize(
    ("count", "last_lines"),
    [
        ("1", ["", "1 packets transmitted, 0 received, 100% packet loss, time 1000ms"]),
        (
            "2",
            ["From 10.0.0.1 icmp_seq=1 Destination Host Unreachable", "2 packets transmitted, 0 received, +1 errors"],
        ),
    ],
)
def test_a_host_that_is_not_there_is_unreachable_after_three_seconds(count, last_lines):
    network = Network(seed=1)
    network.host("client")
    arguments = [str(ROOT / PING), "--interval", "4", "10.0.0.9", count]
    (process,) = run_programs(network, [ProgramSpec("client", arguments)]).processes
    assert process.status == 1
    assert last_lines[0] in process.stdout.splitlines()
    assert process.stdout.splitlines()[-1].startswith(last_lines[1])


@pytest.mark.skipif(bool(NO_NAMESPACE), reason=NO_NAMESPACE or "-")
@pytest.mark.parametrize("words", ["127.0.0.1", "::1", "--raw 127.0.0.1", "--raw ::1"])
def test_the_program_runs_on_the_operating_system_as_well(words):
    command = [sys.executable, PING, "--interval", "0.01", *words.split(), "2"]
    with own_network():
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    lines = done.stdout.splitlines()
    host = words.split()[-1]
    assert re.fullmatch(rf"64 bytes from {host}: icmp_seq=2 ttl=64 time=\d+\.\d+ ms", lines[2]), lines
    assert lines[-2].startswith("2 packets transmitted, 2 received, 0% packet loss, time ")
