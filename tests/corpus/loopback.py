"""A scenario's programs as ordinary processes on this machine, over its loopback interface.

Each host becomes an address of its own in 127.0.0.0/8, and each port one that is free; what the programs print is
compared as a run of farhost's is. Servers are ended when the others have.
"""

import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from entries import Entry

LIMIT_S = 60
PORT = re.compile(r"50\d\d")


class Program(NamedTuple):
    """One of a scenario's programs."""

    key: str
    """`host`, or `host/program` where a host has several."""
    host: str
    words: list[str]


def programs_of(described: dict[str, Any]) -> list[Program]:
    """As the command line of `farhost run` has them."""
    split = []
    for text in described["programs"]:
        host, equals, rest = text.partition("=")
        words = shlex.split(rest if equals else text)
        split.append((host if equals else Path(words[0]).stem, words))
    hosts = [host for host, _ in split]
    return [
        Program(host if hosts.count(host) == 1 else f"{host}/{Path(words[0]).stem}", host, words)
        for host, words in split
    ]


def free_port() -> str:
    """Nobody has it now, with TCP or UDP."""
    with socket.socket() as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        stream.bind(("", 0))
        datagrams.bind(("", stream.getsockname()[1]))
        return str(stream.getsockname()[1])


def wait_for_server(process: "subprocess.Popen[str]", port: str) -> None:
    """Until somebody has the port, with TCP or UDP; proc(5), /proc/net/tcp."""
    hexadecimal = f":{int(port):04X} "
    files = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6", "udp", "udp6")]
    deadline = time.monotonic() + LIMIT_S
    while not any(f"{hexadecimal}" in line[:40] + " " for file in files if file.exists() for line in _lines(file)):
        assert process.poll() is None, f"{process.args} has ended"
        assert time.monotonic() < deadline, f"{process.args} does not listen"
        time.sleep(0.01)


def _lines(file: Path) -> list[str]:
    """Those of sockets that listen, or are datagram sockets: without a peer."""
    return [" ".join(line.split()[1:3]) for line in file.read_text().splitlines() if ":0000 " in line]


def run_on_system(entry: Entry, folder: Path) -> list[str]:
    """What is not as the scenario expects; `folder` is where Unix sockets are."""
    described = entry.described
    programs = programs_of(described)
    words = {host: f"127.0.0.{1 + place}" for place, host in enumerate(dict.fromkeys(p.host for p in programs))}
    words |= {name: words[hosts.split(",")[0]] for name, hosts in _names(described)}
    words |= {port: free_port() for port in dict.fromkeys(w for p in programs for w in p.words if PORT.fullmatch(w))}
    started: dict[str, subprocess.Popen[str]] = {}
    try:
        for program in programs:
            script, *rest = program.words
            command = [sys.executable, str(entry.path.parent / script), *(words.get(word, word) for word in rest)]
            started[program.key] = process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder
            )
            if not script.startswith("client") and PORT.fullmatch(rest[0]):
                wait_for_server(process, words[rest[0]])
        return _ended(started, described["expect"])
    finally:
        for process in started.values():
            process.kill()
            process.communicate()


def _names(described: dict[str, Any]) -> list[tuple[str, str]]:
    given = described.get("names", [])
    return [(name, hosts) for name, _, hosts in (text.partition("=") for text in ([given] if given else []))]


def _ended(started: "dict[str, subprocess.Popen[str]]", expected: dict[str, Any]) -> list[str]:
    wrong = []
    clients = [key for key in started if "status" in expected.get(key, {})]
    for key in [*clients, *(key for key in started if key not in clients)]:
        process, wanted = started[key], expected.get(key, {})
        if key not in clients:
            # A server: it has had its time, and has nothing more to do.
            time.sleep(0.5 if wanted else 0)
            process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=LIMIT_S)
        if key in clients and process.returncode != wanted["status"]:
            wrong.append(f"{key} ended with {process.returncode}: {stderr}")
        if "stdout" in wanted and stdout != wanted["stdout"]:
            wrong.append(f"{key} printed {stdout!r}; {stderr}")
        if wanted.get("stdout-contains", "") not in stdout:
            wrong.append(f"{key} printed {stdout!r}; {stderr}")
    return wrong
