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


def rate(seconds: Callable[[int], float], rounds: int) -> float:
    """Round trips a second, without what comes before the first and after the last."""
    seconds(FEW)
    few_s = seconds(FEW)
    return rounds / (seconds(FEW + rounds) - few_s)


def elsewhere(kind: str, rounds: int, pinned: bool) -> float:
    """Measure in a process of its own, on one CPU if asked."""
    command = [sys.executable, "-m", "benchmarks.echo", kind, str(rounds), "pinned" if pinned else "unpinned"]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def report(rounds: int = 10_000, repeats: int = 5) -> None:
    """Print medians of interleaved repeats, and the ratio of each pair."""
    print(f"64 B blocking echo, {rounds} round trips, link {LINK}; medians of {repeats} interleaved repeats")
    for pinned in (False, True):
        pairs = [(elsewhere("farhost", rounds, pinned), elsewhere("kernel", rounds, pinned)) for _ in range(repeats)]
        ours, kernels = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(ours / kernel for ours, kernel in pairs)
        where = "pinned to one CPU" if pinned else "unpinned"
        print(f"  {where:18} farhost {ours:8,.0f}/s   kernel loopback {kernels:8,.0f}/s   ratio {ratio:.2f}")


if __name__ == "__main__":
    kind, rounds, pinned = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    if pinned == "pinned":
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(rate(kernel_seconds if kind == "kernel" else farhost_seconds, rounds))
