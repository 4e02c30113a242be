"""Seeds a second and core: a 64 B echo between two hosts, 1 or 10 round trips, again and again with other seeds.

farhost runs scripts: two processes with modules of their own over TCP, each seed in a fork of a prepared run, its
trace hashed, with the delay of the link and no fault. simloom and simloop run the same coroutines
(`programs/streams.py`) in one process, one loop after the other, on networks without TCP. Each measurement is a
process of its own, on one core; the first seed, which loads code, is not counted.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks.asyncio_echo import PORT, REMEDY, is_there
from benchmarks.measure import PROGRAMS
from benchmarks.programs.streams import ask, serve
from farhost.explore.engine import Forks
from farhost.explore.orders import Orders
from farhost.explore.scenario_case import ScenarioCase
from farhost.programs.pinning import HASH_SEED
from farhost.scenario.scenario import Scenario

ROUNDS = (1, 10)
LINK = "delay=1ms"


def farhost_seeds(kind: str, seeds: int, rounds: int) -> float:
    """Two scripts; the time that `seeds` of them take."""
    server = f"server={PROGRAMS / f'{kind}_server.py'} {PORT}"
    client = f"client={PROGRAMS / f'{kind}_client.py'} server {PORT} {rounds}"
    forks = Forks(ScenarioCase(Scenario((server, client), link=(LINK,))))
    assert all(verdict.ok for verdict in forks.run([Orders(0)]))
    began = time.perf_counter()
    verdicts = list(forks.run([Orders(seed) for seed in range(1, seeds + 1)]))
    took_s = time.perf_counter() - began
    forks.close()
    failed = [verdict for verdict in verdicts if not verdict.ok]
    assert not failed, failed[0]
    return took_s


def simloom_seeds(seeds: int, rounds: int) -> float:
    """Worlds of simloom, one after the other."""
    import simloom  # noqa: PLC0415  # It may not be there, and is asked for only then.

    async def both(world: simloom.World) -> None:
        world.host("server").spawn(lambda: serve(PORT, "server"))
        await world.sleep(0.1)
        await world.host("client").spawn(lambda: ask("server", PORT, rounds))

    return _each(lambda seed: simloom.run(both, seed=seed), seeds)


def simloop_seeds(seeds: int, rounds: int) -> float:
    """Loops of simloop, one after the other."""
    import simloop  # noqa: PLC0415  # Likewise.

    def one(seed: int) -> None:
        loop = simloop.SimLoop(seed=seed)
        asyncio.set_event_loop(loop)

        async def both() -> None:
            loop.net.host("server").create_task(serve(PORT))
            await asyncio.sleep(0.1)
            await loop.net.host("client").create_task(ask("server", PORT, rounds))

        loop.run_until_complete(both())
        loop.close()

    return _each(one, seeds)


def _each(one: Callable[[int], object], seeds: int) -> float:
    one(0)
    began = time.perf_counter()
    for seed in range(1, seeds + 1):
        one(seed)
    return time.perf_counter() - began


SIDES: dict[str, Callable[[int, int], float]] = {
    "farhost, blocking": partial(farhost_seeds, "echo"),
    "farhost, asyncio": partial(farhost_seeds, "asyncio"),
    "simloom": simloom_seeds,
    "simloop": simloop_seeds,
}


def elsewhere(side: str, seeds: int, rounds: int) -> float:
    """Seeds a second, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.seeds", side, str(seeds), str(rounds)]
    environment = {**os.environ, **HASH_SEED}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return seeds / float(done.stdout)


def report(seeds: int = 1000, repeats: int = 3) -> None:
    """Print medians of interleaved repeats, and the ratio of farhost's blocking echo to each of the others."""
    for rounds in ROUNDS:
        _report(seeds, repeats, rounds)


def _report(seeds: int, repeats: int, rounds: int) -> None:
    trips = f"{rounds} round trip{'s' if rounds > 1 else ''}"
    print(f"seeds a second on one core: echo of {trips}, {seeds} seeds; medians of {repeats} repeats")
    found: dict[str, list[float]] = {side: [] for side in SIDES if is_there(side)}
    for _ in range(repeats):
        for side, rates in found.items():
            rates.append(elsewhere(side, seeds, rounds))
    ours = found["farhost, blocking"]
    for side in SIDES:
        if side not in found:
            print(f"  {side:18} {REMEDY}")
            continue
        print(f"  {side:18} {statistics.median(found[side]):8,.0f}/s{_beside(side, ours, found[side])}")


def _beside(side: str, ours: Sequence[float], theirs: Sequence[float]) -> str:
    if ours is theirs:
        return ""
    return f"   farhost's blocking echo is {statistics.median(a / b for a, b in zip(ours, theirs)):.2f} of it"


if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(SIDES[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3])))
