"""Scripts that look names up: beside glibc's own resolver, in processes of their own, captured."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from running import output_of, write

from farhost.cli.captures import capturing
from farhost.network.network import Network
from farhost.programs.isolated.process import IsolatedSpec
from farhost.programs.run import ProgramSpec, run_programs
from farhost.trace.hashes import HashSink
from farhost.trace.tracer import Tracer

PROGRAM = str(Path(__file__).parent / "dns_both_sides.py")
SETUP = """
set -e
ip link set lo up
for file in resolv.conf hosts nsswitch.conf; do mount --bind "$1/$file" "/etc/$file"; done
shift
exec "$@"
"""
SHORT = "timeout:1 attempts:2"


def no_glibc_apart():
    """Why the operating system's resolver cannot be tried with name servers of ours; empty if it can."""
    if "glibc" not in os.confstr("CS_GNU_LIBC_VERSION"):
        return "the C library is not glibc"
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return "unshare or ip is not installed"
    tried = subprocess.run(["unshare", "-mn", "sh", "-c", "mount --bind /etc/hosts /etc/hosts"], capture_output=True)
    return "" if tried.returncode == 0 else "no namespaces of its own without root"


def theirs(tmp_path, servers, options, threads):
    """What glibc makes of it."""
    lines = [f"nameserver {server}\n" for server in servers.split(",")] + [f"{line}\n" for line in options]
    for name, text in {
        "resolv.conf": "".join(lines),
        "hosts": "127.0.0.1 localhost\n",
        "nsswitch.conf": "hosts: files dns\n",
    }.items():
        (tmp_path / name).write_text(text)
    command = ["unshare", "-mn", "sh", "-c", SETUP, "sh", str(tmp_path), sys.executable, PROGRAM, json.dumps(threads)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ours(servers, words, threads):
    """What farhost makes of it."""
    network = Network()
    network.host("box", user="root", resolver=f"nameservers={servers} timeout=1s {words}")
    outcome = run_programs(network, [ProgramSpec("box", (PROGRAM, json.dumps(threads)))])
    assert outcome.ok, outcome
    return json.loads(outcome.processes[0].stdout)


def info(name, family=0, flags=0):
    return ["getaddrinfo", name, 80, family, 1, 0, flags]


KINDS = "ok drop dropfirst servfail refused nx nodata notimp formerr tc wrongid wrongname lame upper cut twice"
KINDS += " alias none"
PAIRS = "ok-nx nx-ok nodata-nx nx-nodata ok-servfail servfail-ok servfail-servfail none-none nx-servfail ok-cut"
PAIRS += " cut-ok none-ok ok-tc ok-dropfirst dropfirst-ok ok-drop drop-nodata alias-alias servfail-dropfirst"
PAIRS += " lame-ok refused-nx ok-none"
SECOND = "seconddrop secondservfail secondnx secondlame secondcut"
"""No `tc` of both families: glibc turns to TCP at once, perhaps before the server has seen the other query."""
SEARCHED = "ok nx servfail nodata refused formerr cut none ok.a nx.a nx.a.b nodata.a nx. ok. servfail.a formerr.a"
ODD = [
    "ok..test",
    ".ok.test",
    "ok.test..",
    "a_b.test",
    "ok.-",
    "ok.a b",
    "-ok.test",
    "ok.a+b",
    "",
    ".",
    "OK.Test",
    "ok.test.",
]
ONE, TWO = "127.0.0.1", "127.0.0.1,127.0.0.2"

CASES = {
    "one family": (ONE, [], "", [[info(f"{kind}.test", 2, 2)] for kind in KINDS.split()]),
    "one family, no canonical name": (ONE, [], "", [[info(f"{kind}.test", 10)] for kind in ["ok", "cut", "none"]]),
    "both families": (ONE, [], "", [[info(f"{pair}.test", 0, 2)] for pair in PAIRS.split()]),
    "a second server": (
        TWO,
        [],
        "",
        [[info(f"{kind}.test", family)] for kind in SECOND.split() for family in (0, 2)]
        + [[info("secondtc.test", 2)]],
    ),
    "nobody there": ("127.0.0.3", [], "", [[info("ok.test")], [["gethostbyaddr", "10.9.9.9"]]]),
    "nobody at first": ("127.0.0.3,127.0.0.2", [], "", [[info("ok.test")]]),
    "search": (ONE, ["search a.test b.test"], "search=a.test,b.test", [[info(one, 2)] for one in SEARCHED.split()]),
    "search, more dots": (
        ONE,
        ["search a.test b.test", "options ndots:2"],
        "search=a.test,b.test ndots=2",
        [[info(one, 2)] for one in SEARCHED.split()],
    ),
    "mapped addresses": (
        ONE,
        [],
        "",
        [[info(f"{pair}.test", 10, flag)] for pair in PAIRS.split()[:9] for flag in (8, 24)],
    ),
    "odd names": (ONE, [], "", [[info(name, 0, 2)] for name in ODD]),
    "older calls": (
        ONE,
        [],
        "",
        [[[call, f"{kind}.test"]] for call in ("gethostbyname", "gethostbyname_ex") for kind in KINDS.split()[3:]],
    ),
    "reverse": (
        ONE,
        [],
        "",
        [
            [["gethostbyaddr", "10.9.9.9"]],
            [["gethostbyaddr", "fd00::9"]],
            [["getfqdn", "10.9.9.9"]],
            [["getnameinfo", ["10.9.9.9", 80], 0]],
            [["getnameinfo", ["10.9.9.9", 80], 8]],
        ],
    ),
    "a thread remembers": (
        ONE,
        [],
        "",
        [[info(f"{pair}.test") for pair in ("ok-dropfirst", "ok-ok", "ok-drop", "nx-ok")]],
    ),
}


@pytest.mark.skipif(bool(no_glibc_apart()), reason=no_glibc_apart() or "-")
@pytest.mark.parametrize("case", CASES)
def test_lookups_do_what_glibc_does(tmp_path, case):
    """The results, the time, and every query that the servers saw, in order."""
    servers, lines, words, threads = CASES[case]
    expected = theirs(tmp_path, servers, [f"options {SHORT}", *lines], threads)
    found = ours(servers, words, threads)
    for thread, (results, took_s, seen), (own_results, own_s, own_seen) in zip(threads, expected, found, strict=True):
        assert (own_results, own_seen) == (results, seen), thread
        assert own_s <= took_s, (thread, "a machine that is busy takes longer, and never less")


LOOK_UP = """
import socket, sys
for name in sys.argv[1:]:
    try:
        print(sorted(row[4][0] for row in socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)))
    except OSError as error:
        print(error)
"""


def run_with_server(kind, script, words=None, capture=None, **options):
    hashes = HashSink()
    network = Network(3, Tracer(hashes))
    network.name_server(network.host("ns"), {"domain": "example.com", **(words or {})}, ["big TXT " + "x" * 200] * 3)
    network.host("web")
    network.host("client")
    network.link_all(delay="10ms", **options)
    with capturing(network, capture):
        outcome = run_programs(network, [kind("client", (str(script), "web", "nobody", "web.example.com"))])
    assert outcome.ok, outcome
    return outcome.processes[0].stdout, hashes.result()


def test_a_program_in_a_process_of_its_own_sees_the_same(tmp_path):
    script = write(tmp_path, LOOK_UP)
    inside = run_with_server(ProgramSpec, script, {"drop": "30%"}, loss="10%")
    assert inside == run_with_server(IsolatedSpec, script, {"drop": "30%"}, loss="10%")
    assert inside[0].splitlines()[1] == "[Errno -2] Name or service not known"


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_captured_messages_are_well_formed(tmp_path):
    script = write(tmp_path, LOOK_UP)
    path = tmp_path / "run.pcapng"
    run_with_server(ProgramSpec, script, {"delay": "5ms"}, f"client:{path}")
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "separator=;"]
    for name in ("dns.flags.response", "dns.qry.name", "dns.qry.type", "dns.a", "dns.soa.mname", "_ws.malformed"):
        command += ["-e", name]
    rows = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(rows) == 4 + 8 + 4, "with the search list: `nobody` is asked for twice"
    assert rows[0].lower() in ("false;web.example.com;1;;;", "0;web.example.com;1;;;")
    assert all(row.endswith(";") for row in rows), "none is malformed"
    assert sum("10.0.0.2" in row for row in rows) == 2
    assert sum("ns.example.com" in row for row in rows) == 4


def test_a_process_without_room_for_a_descriptor(tmp_path):
    network = Network()
    network.name_server(network.host("ns"), {})
    source = """
        import resource, socket
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
        try:
            socket.getaddrinfo("web", 80)
        except OSError as error:
            print(error)
    """
    assert output_of(tmp_path, source, network=network) == "[Errno 24] Too many open files\n"
