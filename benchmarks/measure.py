"""What the measurements share: a simulated pair of programs, timed in this process, and the machine in words."""

import os
import platform
import time
from pathlib import Path
from typing import NamedTuple

from farhost.network.conditions import Conditions
from farhost.network.network import Network
from farhost.programs.run import ProgramSpec, run_programs

PROGRAMS = Path(__file__).parent / "programs"
HOUR_NS = 3_600_000_000_000


class Cost(NamedTuple):
    """What a run took."""

    wall_s: float
    cpu_s: float
    virtual_s: float


def simulate(name: str, size: int, link: str) -> Cost:
    """Run `NAME_server.py` and `NAME_client.py` on two hosts; raise if they do not end well."""
    network = Network(seed=1)
    network.host("server")
    network.host("client")
    network.link_all(Conditions.parse(link))
    specs = [
        ProgramSpec("server", [str(PROGRAMS / f"{name}_server.py"), "5000"], "server"),
        ProgramSpec("client", [str(PROGRAMS / f"{name}_client.py"), "server", "5000", str(size)], "client"),
    ]
    wall, cpu = time.perf_counter(), time.process_time()
    outcome = run_programs(network, specs, until_ns=HOUR_NS)
    cost = Cost(time.perf_counter() - wall, time.process_time() - cpu, outcome.virtual_ns / 1e9)
    if not outcome.ok:
        raise SystemExit(f"{name}: the run did not end well: {outcome}")
    return cost


def machine() -> str:
    """One line about where this was measured."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {os.cpu_count()} cores, {platform.machine()}"
