"""Runs with other faults: each list of faults is tried once, in batches, until time or runs are used up."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from farhost.explore.orders import FaultList, Orders, Verdict
from farhost.sim.choices import Choice

Run = Callable[[Sequence[Orders]], Sequence[Verdict]]
"""Runs several orders, at once where it can, and says how each ended, in their order."""


class Progress(NamedTuple):
    """How far it is."""

    stage: str
    """What is being done: "replaying", "removing faults", ..."""
    faults: int
    """How many there still are."""
    runs: int
    elapsed_s: float


class Limits(NamedTuple):
    """How much may be spent."""

    seconds: float
    runs: int = 5_000
    batch: int = 4
    """How many runs are asked for at once: as many as there are workers. It changes what is spent, not what is
    found."""


class EnoughError(Exception):
    """The time or the runs are used up; the message says which."""


class Laboratory:
    """Tries lists of faults on one failure, and remembers what came of each."""

    def __init__(
        self,
        run: Run,
        failing: Verdict,
        orders: Orders,
        clock: Callable[[], float],
        limits: Limits,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._run = run
        self._failing = failing
        self._orders = orders
        self._clock = clock
        self._start_s = clock()
        self._limits = limits
        self._on_progress = on_progress
        self._known: dict[tuple[tuple[Choice, int], ...], Verdict] = {}
        self._related = False
        self.stage = ""
        """What is being done."""
        self.faults = len(failing.taken)
        """How many faults the smallest list that failed has."""
        self.runs = 0
        """How many runs there were."""
        self.others: dict[tuple[str, ...], Verdict] = {}
        """Other failures that were met on the way, by signature, the first of each."""

    def is_same(self, verdict: Verdict) -> bool:
        """Whether a run failed as the first one did."""
        if verdict.ok:
            return False
        if verdict.signature == self._failing.signature:
            return True
        return self._related and _related(verdict.signature, self._failing.signature)

    def take_related(self) -> bool:
        """From now on the same exception in another line of the same function is the same failure too; False if there
        has been none."""
        self._related = True
        related = [signature for signature, other in self.others.items() if self.is_same(other)]
        for signature in related:
            del self.others[signature]
        return bool(related)

    def elapsed_s(self) -> float:
        """Since it began."""
        return self._clock() - self._start_s

    def orders_for(self, faults: Mapping[Choice, int], full: bool = False) -> Orders:
        """What a run with these faults alone is told; `full`: it says how it went, and what it was asked."""
        return Orders(
            self._failing.seed, replay=dict(faults), record=full, trail=full, horizon_ns=self._orders.horizon_ns
        )

    def run_again(self, faults: Mapping[Choice, int]) -> Verdict:
        """Run this list whatever is known of it and whatever is left to spend, and say all there is to say."""
        return self._run_all([self.orders_for(faults, full=True)])[0]

    def run_originals(self, count: int) -> list[Verdict]:
        """Run what the first failure was run with, some times over."""
        return self._run_all([self._orders._replace(trail=True)] * count)

    def possible(self) -> FaultList:
        """The faults that may happen in a run without any, each with its largest size."""
        orders = self._orders._replace(replay={}, record=True, trail=False)
        return self._run_all([orders])[0].asked

    def verdicts(self, lists: Sequence[Mapping[Choice, int]]) -> list[Verdict]:
        """How runs with these faults end. EnoughError."""
        found: list[Verdict] = []
        for start in range(0, len(lists), self._limits.batch):
            found += self._try(lists[start : start + self._limits.batch])
        return found

    def first_failing(self, lists: Sequence[Mapping[Choice, int]], share: float = 1.0) -> tuple[int, Verdict] | None:
        """The first of the lists with which the same failure comes, and how that run ended. EnoughError.

        `share`: of all the time; once that has passed, it gives up.
        """
        for start in range(0, len(lists), self._limits.batch):
            if share < 1 and self.elapsed_s() > share * self._limits.seconds:
                return None
            for number, verdict in enumerate(self._try(lists[start : start + self._limits.batch])):
                if self.is_same(verdict):
                    return start + number, verdict
        return None

    def _try(self, lists: Sequence[Mapping[Choice, int]]) -> list[Verdict]:
        """One batch."""
        keys = [tuple(sorted(faults.items())) for faults in lists]
        new = dict.fromkeys(key for key in keys if key not in self._known)
        if new:
            if self.elapsed_s() >= self._limits.seconds:
                raise EnoughError(f"after {self._limits.seconds:g} s")
            if self.runs + len(new) > self._limits.runs:
                raise EnoughError(f"after {self.runs} runs")
            for key, verdict in zip(new, self._run_all([self.orders_for(dict(key)) for key in new])):
                self._known[key] = verdict
                if not verdict.ok and not self.is_same(verdict):
                    self.others.setdefault(verdict.signature, verdict)
        return [self._known[key] for key in keys]

    def _run_all(self, orders: Sequence[Orders]) -> list[Verdict]:
        self.runs += len(orders)
        verdicts = list(self._run(orders))
        assert len(verdicts) == len(orders), "each run has a verdict"
        if self._on_progress is not None:
            self._on_progress(Progress(self.stage, self.faults, self.runs, self.elapsed_s()))
        return verdicts


def kept(verdict: Verdict, tried: Mapping[Choice, int]) -> FaultList:
    """Which of the faults that were tried happened, with their sizes then: removing one fault may have made another
    impossible, or smaller."""
    return tuple((choice, size) for choice, size in verdict.taken if choice in tried)


def _related(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two signatures differ in the line alone: `client.py:ask: LINE`."""
    return one[:-1] == other[:-1] and len(one) > 1 and _function(one[-1]) == _function(other[-1]) != ""


def _function(frame: str) -> str:
    """`client.py:ask` of a frame in a signature; empty for what is none, and for a module's own lines, which may be a
    whole program."""
    file, _, rest = frame.partition(":")
    function, colon, _ = rest.partition(": ")
    return f"{file}:{function}" if colon and not function.startswith("<") else ""
