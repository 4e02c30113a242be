"""Bulk through a TUN device: the simulated stack and the Linux kernel send each other a stream, in a network
namespace made for it, beside the kernel alone over the namespace's loopback. Takes root, and is skipped without.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.attached import network, on_host
from benchmarks.measure import PROGRAMS

OUTSIDE, SIMULATED = "10.0.0.254", "10.0.0.1"
REPEATS = 3


def why_not() -> str:
    """Why it cannot be measured here; empty if it can."""
    if os.geteuid() != 0:
        return "making a network namespace takes root"
    if shutil.which("ip") is None or not Path("/dev/net/tun").exists():
        return "it takes ip (iproute2) and /dev/net/tun"
    return ""


def transfer(source: list[str], sink: list[str], address: str, size: int, environment: dict[str, str]) -> float:
    """MB/s of one stream; the best of some."""
    serving = subprocess.Popen(
        [*source, str(PROGRAMS / "stream_source.py"), address, "5000", str(REPEATS)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert serving.stdout is not None
    serving.stdout.readline()
    took = []
    for _ in range(REPEATS):
        command = [*sink, str(PROGRAMS / "stream_sink.py"), address, "5000", str(size)]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        took.append(float(done.stdout))
    serving.communicate()
    return size / min(took) / 1e6


def report(megabytes: int = 50) -> None:
    """Print MB/s each way, and the kernel's own."""
    reason = why_not()
    if reason:
        print(f"bulk through TUN: not measured, {reason}")
        return
    space = f"farhost-bench-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", space], check=True)
    prefix = ("ip", "netns", "exec", space)
    machine = [*prefix, sys.executable]
    size = megabytes * 1_000_000
    try:
        subprocess.run([*prefix, "ip", "link", "set", "lo", "up"], check=True)
        with network("--tun", "fh0", "--host", "box", prefix=prefix) as environment:
            out = transfer(on_host("box"), machine, SIMULATED, size, environment)
            into = transfer(machine, on_host("box"), OUTSIDE, size, environment)
            alone = transfer(machine, machine, "127.0.0.1", size, environment)
    finally:
        subprocess.run(["ip", "netns", "del", space], check=True)
    print(f"bulk through TUN, {megabytes} MB, no loss; best of {REPEATS}")
    print(f"  simulated to kernel {out:.1f} MB/s, kernel to simulated {into:.1f} MB/s, kernel alone {alone:.0f} MB/s")
