"""The search for a seed that fails: which orders are tried, in which order, until when; and what was found.

A case is first run once without any fault: if that fails, there is nothing to search for. How long it took is the
horizon from which the times of faults are drawn. Which failure is reported does not depend on how many workers there
are: everything before it was tried, and of the same failures in one piece of work it is the simplest.
"""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from farhost.explore.orders import Orders, Verdict
from farhost.explore.swarm import orders_for
from farhost.explore.systematic import how_many, systematic
from farhost.explore.workers import Batch, Workers

BATCH = 16
"""Seeds in one piece of work."""
SYSTEMATIC = "systematic"


class Plan(NamedTuple):
    """What is to be tried."""

    seeds: range
    words: tuple[str, ...] = ()
    """The faults, in words (`farhost.explore.profiles`)."""
    strategy: str = "swarm"
    every: bool = False
    """Whether to go on after the first failure, and collect all that differ."""
    limit_s: float | None = None
    """Real time."""


class Progress(NamedTuple):
    """How far it is."""

    done: int
    of: int
    elapsed_s: float
    failures: int

    @property
    def rate(self) -> float:
        """Runs a second."""
        return self.done / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def left_s(self) -> float:
        """How long the rest takes at this rate."""
        return (self.of - self.done) / self.rate if self.rate else 0.0


class Found(NamedTuple):
    """One failure, and all that are the same."""

    orders: Orders
    """What one of them was told."""
    verdict: Verdict
    """Of that one."""
    times: int = 1


class Report(NamedTuple):
    """What came of it."""

    bare: Verdict
    """The run without faults."""
    done: int
    """Runs with faults that ended."""
    elapsed_s: float
    failures: tuple[Found, ...]
    """Those that differ, in the order in which each sort was first tried."""
    complete: bool
    """Whether everything that was planned was tried; False after a failure that ended the search, or out of time."""
    hashes: tuple[tuple[int, str, str], ...] = ()
    """(seed, shape, content) of each run, if they were asked for, in order."""


def search(
    workers: Workers,
    plan: Plan,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    clock: Callable[[], float] = time.monotonic,
    keep_hashes: bool = False,
) -> Report:
    """Try what the plan says."""
    began_s = clock()
    is_systematic = plan.strategy == SYSTEMATIC
    bare = workers.run([first_orders(plan)])[0]
    if not bare.ok:
        return Report(bare, 0, clock() - began_s, (Found(first_orders(plan), bare),), False)
    if is_systematic:
        # Times are drawn from how long it takes, which is known only now: the places are those of this run.
        bare = workers.run([first_orders(plan)._replace(horizon_ns=bare.virtual_ns)])[0]
    every = systematic_orders(plan, bare) if is_systematic else seeded_orders(plan, bare.virtual_ns)
    tried: dict[int, Batch] = {}
    found: dict[int, Found] = {}
    hashes: dict[int, list[tuple[int, str, str]]] = {}
    done, complete, stopping = 0, True, False
    ended: set[int] = set()

    def batches() -> Iterator[Batch]:
        for number, batch in enumerate(_batches(every)):
            if stopping or (plan.limit_s is not None and clock() - began_s > plan.limit_s):
                return
            tried[number] = batch
            yield batch

    total = min(len(plan.seeds), how_many(bare.asked)) if is_systematic else len(plan.seeds)
    for number, verdicts in workers.run_all(batches()):
        ended.add(number)
        done += len(verdicts)
        if keep_hashes:
            hashes[number] = [(one.seed, one.shape, one.content) for one in verdicts]
        for place, verdict in enumerate(verdicts):
            if not verdict.ok:
                found[number * BATCH + place] = Found(tried[number][place], verdict)
        # Batches are handed out in order, so those under way are the last that may hold a lower number.
        stopping = bool(found) and not plan.every
        on_progress(Progress(done, total, clock() - began_s, len(found)))
    planned = -(-total // BATCH)
    complete = not stopping and (is_systematic or len(ended) >= planned)
    failures = _distinct(found, plan.every)
    kept = tuple(one for number in sorted(hashes) for one in hashes[number])
    return Report(bare, done, clock() - began_s, failures, complete, kept)


def first_orders(plan: Plan) -> Orders:
    """The run without any fault."""
    if plan.strategy == SYSTEMATIC:
        return Orders(plan.seeds.start, plan.words, replay={}, record=True)
    return Orders(plan.seeds.start, replay={})


def seeded_orders(plan: Plan, horizon_ns: int) -> Iterator[Orders]:
    """What each seed is told."""
    for seed in plan.seeds:
        yield Orders(seed, orders_for(plan.strategy, plan.words, seed), horizon_ns=horizon_ns)


def systematic_orders(plan: Plan, bare: Verdict) -> Iterator[Orders]:
    """Every single fault at every place, then pairs; as many as there are seeds."""
    seed = plan.seeds.start
    for replay in itertools.islice(systematic(bare.asked), len(plan.seeds)):
        yield Orders(seed, replay=replay, horizon_ns=bare.virtual_ns)


def _batches(orders: Iterable[Orders]) -> Iterator[Batch]:
    every = iter(orders)
    while batch := tuple(itertools.islice(every, BATCH)):
        yield batch


def _distinct(found: dict[int, Found], every: bool) -> tuple[Found, ...]:
    """One of each sort; without `every` of the first sort alone.

    Of those in the batch of the first that failed so, the one in which the fewest faults happened: fewer have to be
    removed, and there are failures that take many faults in one seed and few in another.
    """
    kinds: dict[tuple[str, ...], list[int]] = {}
    for number in sorted(found):
        kinds.setdefault(found[number].verdict.signature, []).append(number)
    failures = []
    for numbers in kinds.values():
        near = [number for number in numbers if number // BATCH == numbers[0] // BATCH]
        simplest = min(near, key=lambda number: (len(found[number].verdict.taken), number))
        failures.append(found[simplest]._replace(times=len(numbers) if every else 1))
    return tuple(failures if every else failures[:1])
