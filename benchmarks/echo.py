"""64 B blocking echo: round trips a second on farhost, beside two threads over the kernel's loopback.

Only the round trips count, on both sides: each measurement is the difference between a run with many rounds and one
with few in the same process, after one that nobody times, so that starting worlds, threads and connections cancels
out. What is compared is two programs that block in `send` and `recv`, as programs are written.
"""

import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.measure import simulate

LINK = "delay=50us rate=10gbit"
FEW = 200
"""Rounds of the short run, whose time is taken off that of the long one."""


def kernel_seconds(rounds: int) -> float:
    """Two threads of one process over 127.0.0.1, from the first socket to the last."""
    began = time.perf_counter()
    listener = socket.create_server(("127.0.0.1", 0))

    def echo() -> None:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client:
            while data := client.recv(64):
                client.sendall(data)

    thread = threading.Thread(target=echo)
    thread.start()
    message = b"x" * 64
    with socket.create_connection(listener.getsockname()) as server:
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(rounds):
            server.sendall(message)
            size = len(server.recv(64))
            while size < 64:
                size += len(server.recv(64 - size))
    thread.join()
    listener.close()
    return time.perf_counter() - began


def farhost_seconds(rounds: int) -> float:
    """Two programs on two hosts, from the first import to the end of the run."""
    return simulate("echo", rounds, LINK).wall_s


class Echo(NamedTuple):
    """What was measured: a machine that does other things as well lowers the rate, but hardly the CPU time."""

    rate: float
    """Round trips a second."""
    cpu_us: float
    """Of all threads of the process, in user and kernel mode, for each round trip."""


def measure(seconds: Callable[[int], float], rounds: int) -> Echo:
    """Run few rounds unmeasured, few and many; what the many took longer is theirs."""
    seconds(FEW)
    began_s = time.process_time()
    few_s = seconds(FEW)
    between_s = time.process_time()
    many_s = seconds(FEW + rounds)
    cpu_s = time.process_time() - between_s - (between_s - began_s)
    return Echo(rounds / (many_s - few_s), cpu_s / rounds * 1e6)


def elsewhere(kind: str, rounds: int, pinned: bool) -> Echo:
    """Measure in a process of its own, on one CPU if asked."""
    command = [sys.executable, "-m", "benchmarks.echo", kind, str(rounds), "pinned" if pinned else "unpinned"]
    return Echo(*map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()))


def report(rounds: int = 10_000, repeats: int = 5) -> None:
    """Print medians of interleaved repeats, and the ratio of each pair."""
    print(f"64 B blocking echo, {rounds} round trips, link {LINK}; medians of {repeats} interleaved repeats")
    for pinned in (False, True):
        pairs = [(elsewhere("farhost", rounds, pinned), elsewhere("kernel", rounds, pinned)) for _ in range(repeats)]
        both = [Echo(*map(statistics.median, zip(*side, strict=True))) for side in zip(*pairs, strict=True)]
        ours, kernels = (f"{echo.rate:7,.0f}/s ({echo.cpu_us:5.1f} us CPU)" for echo in both)
        ratio = statistics.median(our.rate / kernel.rate for our, kernel in pairs)
        where = "pinned to one CPU" if pinned else "unpinned"
        print(f"  {where:18} farhost {ours}   kernel loopback {kernels}   ratio {ratio:.2f}")


if __name__ == "__main__":
    kind, rounds, pinned = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    if pinned == "pinned":
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(*measure(kernel_seconds if kind == "kernel" else farhost_seconds, rounds))
