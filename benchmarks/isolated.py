"""`farhost run --isolate` beside `farhost run`: 64 B round trips a second, and what a program more costs to start."""

import statistics
import time

from benchmarks.echo import FEW, LINK
from benchmarks.measure import HOUR_NS, PROGRAMS
from farhost.network.conditions import Conditions
from farhost.network.network import Network
from farhost.programs.isolated.process import IsolatedSpec
from farhost.programs.run import ProgramSpec, run_programs

Kind = type[ProgramSpec] | type[IsolatedSpec]


def seconds(kind: Kind, rounds: int) -> float:
    """Two programs on two hosts, from the first import to the end of the run."""
    network = Network(seed=1)
    network.host("server")
    network.host("client")
    network.link_all(Conditions.parse(LINK))
    specs = [
        kind("server", [str(PROGRAMS / "echo_server.py"), "5000"], "server"),
        kind("client", [str(PROGRAMS / "echo_client.py"), "server", "5000", str(rounds)], "client"),
    ]
    began = time.perf_counter()
    outcome = run_programs(network, specs, until_ns=HOUR_NS)
    if not outcome.ok:
        raise SystemExit(f"the run did not end well: {outcome}")
    return time.perf_counter() - began


def report(rounds: int = 5_000, repeats: int = 3) -> None:
    """Print medians of interleaved repeats."""
    few: dict[Kind, list[float]] = {ProgramSpec: [], IsolatedSpec: []}
    rates: dict[Kind, list[float]] = {ProgramSpec: [], IsolatedSpec: []}
    for _ in range(repeats):
        for kind in few:
            few[kind].append(seconds(kind, FEW))
            rates[kind].append(rounds / (seconds(kind, FEW + rounds) - few[kind][-1]))
    inside, isolated = (statistics.median(rates[kind]) for kind in (ProgramSpec, IsolatedSpec))
    starts = [statistics.median(few[kind]) for kind in (ProgramSpec, IsolatedSpec)]
    print(f"farhost run --isolate beside farhost run, 64 B echo, {rounds} round trips; medians of {repeats}")
    print(f"  round trips: isolated {isolated:,.0f}/s, in one process {inside:,.0f}/s, ratio {isolated / inside:.2f}")
    print(f"  a run of two programs with {FEW} of them: isolated {starts[1]:.2f} s, in one process {starts[0]:.2f} s")
