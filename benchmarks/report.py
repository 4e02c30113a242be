"""Reports of long runs: how long a page of 100,000 events takes from a stored trace, how much memory, how large.

Two runs: one bulk transfer with small writes over loss, and many short connections. Each report is made by
`farhost report TRACE -o PAGE`, a process of its own, and alone: by CPU time, the wall's, and its peak of memory.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from farhost import Network
from farhost.report.recording.keeper import KeptEvents
from farhost.report.recording.store import write_trace
from farhost.trace.events import SAMPLE_CLASSES

EVENTS = 100_000


def report() -> None:
    """Print it."""
    print(f"\nreports of {EVENTS:,} events (aims: under 5 s, 500 MB, a file under 10 MB)")
    print("run                 events  samples  trace MB  wall s   CPU s  peak MB  page MB")
    with tempfile.TemporaryDirectory() as folder:
        for name in RUNS:
            trace = Path(folder, f"{name.replace(' ', '-')}.jsonl")
            # Recorded in a process of its own: what this one has had counts as its children's peak, too.
            command = [sys.executable, "-m", "benchmarks.report", name, str(trace)]
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            events, samples = map(int, told.split()[-2:])
            page = trace.with_suffix(".html")
            wall_s, cpu_s, peak_mb = _measured(
                [sys.executable, "-m", "farhost", "report", str(trace), "-o", str(page)]
            )
            sizes = os.path.getsize(trace) / 1e6, os.path.getsize(page) / 1e6
            print(
                f"{name:18} {events:>7,} {samples:>8,} {sizes[0]:>9.1f} {wall_s:>7.2f} {cpu_s:>7.2f} {peak_mb:>8.0f}"
                f" {sizes[1]:>8.2f}"
            )


def _recorded(describe: Callable[[Network], None], trace: Path) -> tuple[int, int]:
    """Run it, keep exactly so many events, with the samples between them; how many of each."""
    net = Network(seed=7)
    kept = KeptEvents(most_events=10 * EVENTS, most_bytes=1 << 30)
    net.tracer.add(kept, samples=True)
    describe(net)
    net.run(until="1h", check=False)
    chosen, count = [], 0
    for event in kept.events:
        is_sample = isinstance(event, SAMPLE_CLASSES)
        if count == EVENTS:
            break
        count += not is_sample
        chosen.append(event)
    assert count == EVENTS, f"the run has {count} events only"
    write_trace(trace, chosen)
    return count, len(chosen) - count


def _measured(command: list[str]) -> tuple[float, float, float]:
    """Wall time, CPU time, and the most memory of a command."""
    start_s = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - start_s
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def bulk(net: Network) -> None:
    """Writes of 500 bytes over 1 % loss."""
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="5ms", loss="1%", rate="100mbit")
    server.start(partial(_send, 40_000_000))
    client.start(_receive)


def connections(net: Network) -> None:
    """Clients that ask, one connection for each question."""
    server = net.host("server")
    server.start(partial(_answer, 8 * 1_200))
    for number in range(8):
        client = net.host(f"client{number}")
        net.link(server, client, delay="5ms", loss="1%")
        client.start(_ask_often)


def _send(size: int) -> None:
    with socket.create_server(("", 5000)) as listener:
        client, _ = listener.accept()
        with client:
            for _ in range(size // 500):
                client.sendall(b"x" * 500)


def _receive() -> None:
    with socket.create_connection(("server", 5000)) as server:
        while server.recv(4096):
            pass


def _answer(count: int) -> None:
    with socket.create_server(("", 5000), backlog=64) as listener:
        for _ in range(count):
            client, _ = listener.accept()
            with client:
                client.sendall(client.recv(100))


def _ask_often() -> None:
    for number in range(1_200):
        with socket.create_connection(("server", 5000)) as server:
            server.sendall(b"%d" % number)
            server.recv(100)


RUNS: dict[str, Callable[[Network], None]] = {"bulk over loss": bulk, "many connections": connections}
"""What is recorded, by name."""

if __name__ == "__main__":
    print(*_recorded(RUNS[sys.argv[1]], Path(sys.argv[2])))
