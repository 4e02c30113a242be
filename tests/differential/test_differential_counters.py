"""Counters of the network stack mean what Linux's mean: the same doings on both, over loopback, move the same."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from farhost import Network
from farhost.kernel.inet.counters import COUNTERS

SCRIPT = Path(__file__).parent / "counting.py"
CASES = {
    "refused": {"TcpActiveOpens": 1, "TcpAttemptFails": 1, "TcpOutRsts": 1, "TcpInSegs": 2, "TcpOutSegs": 2},
    "orderly": {"TcpActiveOpens": 1, "TcpPassiveOpens": 1, "TcpExtTW": 1, "TcpEstabResets": 0, "TcpOutRsts": 0},
    "held": {"TcpCurrEstab": 2, "IpInReceives": 3, "IpInDelivers": 3, "IpOutRequests": 3},
    "half_closed": {"TcpCurrEstab": 1, "TcpExtDelayedACKs": 1},
    "linger": {"TcpEstabResets": 2, "TcpOutRsts": 1, "TcpExtTCPAbortOnData": 1},
    "unread": {"TcpEstabResets": 2, "TcpOutRsts": 1, "TcpExtTCPAbortOnClose": 1},
    "nobody": {"UdpNoPorts": 1, "UdpOutDatagrams": 1, "IcmpInDestUnreachs": 1, "IcmpOutDestUnreachs": 1},
    "datagrams": {"UdpInDatagrams": 2, "UdpOutDatagrams": 3},
    "overflow": {"UdpInDatagrams": 1, "UdpInErrors": 17, "UdpRcvbufErrors": 17, "UdpOutDatagrams": 20},
    "backlog": {"TcpExtListenOverflows": 2, "TcpExtListenDrops": 2, "TcpActiveOpens": 3, "TcpPassiveOpens": 1},
    "syn_again": {"TcpRetransSegs": 4, "TcpExtTCPTimeouts": 4, "TcpExtTCPSynRetrans": 4, "TcpOutSegs": 5},
    "echo": {"IcmpInEchos": 1, "IcmpOutEchos": 1, "IcmpInEchoReps": 1, "IcmpOutEchoReps": 1, "IcmpOutMsgs": 2},
    "bad_udp_checksum": {"UdpInErrors": 1, "UdpInCsumErrors": 1, "IpInDelivers": 1},
    "bad_tcp_checksum": {"TcpInErrs": 1, "TcpInCsumErrors": 1, "TcpInSegs": 1},
    "cut_datagram": {"UdpInDatagrams": 1, "IpOutRequests": 1},
    "keepalive": {"TcpExtTCPKeepAlive": 2, "TcpRetransSegs": 0},
    "stranger": {"IpInReceives": 1, "IpOutRequests": 1},
}


def on_farhost(case):
    """What was counted when the program said that it is through."""
    network = Network()
    host = network.host("host", user="root")
    program = host.start(str(SCRIPT), case)
    found = []

    def look():
        if "counted" in program.stdout and not found:
            found.append(host.netstat())

    network.always(look)
    network.run(check=False)
    assert program.status == 0, program.stderr
    return found[0]


def on_linux(case):
    if not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("a network namespace needs unshare(1) and ip(8)")
    how = ["--net"] if not os.geteuid() else ["--net", "--map-root-user"]
    command = 'ip link set lo up && exec "$0" "$@"'
    done = subprocess.run(
        ["unshare", *how, "sh", "-c", command, sys.executable, str(SCRIPT), case, "print"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode and "unshare" in done.stderr:
        pytest.skip(f"no network namespace: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return {name: int(value) for name, value in (line.split() for line in done.stdout.splitlines())}


@pytest.mark.parametrize("case", CASES)
def test_what_is_done_moves_these_counters(case):
    counted = on_farhost(case)
    assert {name: counted[name] for name in CASES[case]} == CASES[case]


@pytest.mark.parametrize("case", CASES)
def test_linux_counts_the_same(case):
    ours, theirs = on_farhost(case), on_linux(case)
    shared = [name for name in COUNTERS if name in theirs]
    assert len(shared) > 60
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}


def test_only_what_is_said_to_be_farhost_s_own_is_unknown_to_linux():
    theirs = on_linux("held")
    unknown = [name for name in COUNTERS if name not in theirs]
    assert unknown == ["Ip6InHdrErrors", "FarhostTcpNotSyn", "FarhostTcpNoSocket"]
