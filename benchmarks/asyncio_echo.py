"""64 B echo by asyncio's streams: round trips a second on farhost, the kernel's loopback, simloom and simloop.

The same coroutines (`programs/streams.py`) on each side. On farhost they are two scripts on two hosts, with
a loop, a socket layer and a TCP of their own; on the kernel both are tasks of one loop over 127.0.0.1, as on simloom
and simloop, whose networks hand bytes from one transport to the other and have no TCP. Each measurement is a process
of its own; it is the difference between a run with many rounds and one with few.
"""

import asyncio
import importlib.util
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.echo import LINK, Echo, measure
from benchmarks.measure import simulate
from benchmarks.programs.streams import ask, serve

PORT = 5000
REMEDY = "not installed: pip install 'farhost[bench]' with CPython 3.12 or later"


def farhost_seconds(rounds: int) -> float:
    """Two scripts on two hosts."""
    return simulate("asyncio", rounds, LINK).wall_s


def kernel_seconds(rounds: int) -> float:
    """Two tasks of one loop over the loopback."""
    began = time.perf_counter()

    async def both() -> None:
        server = asyncio.create_task(serve(PORT, "127.0.0.1"))
        await asyncio.sleep(0)
        while True:
            try:
                await ask("127.0.0.1", PORT, rounds)
                break
            except ConnectionRefusedError:
                await asyncio.sleep(0.001)
        await server

    asyncio.run(both())
    return time.perf_counter() - began


def simloom_seconds(rounds: int) -> float:
    """Two hosts of a simloom world."""
    import simloom  # noqa: PLC0415  # It may not be there, and is asked for only then.

    async def both(world: simloom.World) -> None:
        world.host("server").spawn(lambda: serve(PORT, "server"))
        await world.sleep(0.1)
        await world.host("client").spawn(lambda: ask("server", PORT, rounds))

    began = time.perf_counter()
    simloom.run(both, seed=1)
    return time.perf_counter() - began


def simloop_seconds(rounds: int) -> float:
    """Two hosts of a simloop network."""
    import simloop  # noqa: PLC0415  # Likewise.

    loop = simloop.SimLoop(seed=1)
    asyncio.set_event_loop(loop)

    async def both() -> None:
        loop.net.host("server").create_task(serve(PORT))
        await asyncio.sleep(0.1)
        await loop.net.host("client").create_task(ask("server", PORT, rounds))

    began = time.perf_counter()
    loop.run_until_complete(both())
    took_s = time.perf_counter() - began
    loop.close()
    return took_s


SIDES: dict[str, Callable[[int], float]] = {
    "farhost": farhost_seconds,
    "kernel loopback": kernel_seconds,
    "simloom": simloom_seconds,
    "simloop": simloop_seconds,
}


def elsewhere(side: str, rounds: int) -> Echo:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.asyncio_echo", side, str(rounds)]
    return Echo(*map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()))


def is_there(side: str) -> bool:
    """Whether what a side needs is installed."""
    return not side.startswith("sim") or importlib.util.find_spec(side) is not None


def report(rounds: int = 5_000, repeats: int = 5) -> None:
    """Print medians of interleaved repeats, and farhost's ratio to each of the others."""
    print(f"64 B echo by asyncio streams, {rounds} round trips; medians of {repeats} interleaved repeats")
    found: dict[str, list[Echo]] = {side: [] for side in SIDES if is_there(side)}
    for _ in range(repeats):
        for side, measured in found.items():
            measured.append(elsewhere(side, rounds))
    for side in SIDES:
        if side not in found:
            print(f"  {side:16} {REMEDY}")
            continue
        rate = statistics.median(one.rate for one in found[side])
        cpu_us = statistics.median(one.cpu_us for one in found[side])
        ratio = statistics.median(ours.rate / one.rate for ours, one in zip(found["farhost"], found[side]))
        beside = "" if side == "farhost" else f"   farhost's ratio to it {ratio:.2f}"
        print(f"  {side:16} {rate:8,.0f}/s ({cpu_us:5.1f} us CPU){beside}")


if __name__ == "__main__":
    print(*measure(SIDES[sys.argv[1]], int(sys.argv[2])))
