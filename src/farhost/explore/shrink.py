"""From a run that failed to the few faults that matter, each with the simplest size that does it.

The failure is replayed first from the faults that happened: if that gives another run, the program or farhost is not
deterministic, and there is nothing to shrink. Then delta debugging (A. Zeller, R. Hildebrandt, "Simplifying and
Isolating Failure-Inducing Input", 2002) removes faults while the same failure comes, the sizes of those left are
simplified, each is left out once more to show that it is essential, and the sizes around are tried.

Removing a fault may make another one impossible (a retransmission that is no longer sent cannot be lost), so what is
left is always what happened in the run, never what was asked of it.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import isqrt
from typing import NamedTuple

from farhost.explore.laboratory import EnoughError, Laboratory, Limits, Progress, Run, kept
from farhost.explore.moving import joined, with_size
from farhost.explore.orders import FaultList, Orders, Verdict
from farhost.explore.sizes import Neighbourhood, explore_around, simplest
from farhost.sim.choices import Choice
from farhost.trace.trail import first_difference

_MANY = 3
"""From so many faults on that removal leaves, it is worth to look for one that does it alone."""
_MOST_ALONE = 400
"""So many of them are tried alone at most."""
_MOST_PLACES = 40
"""At so many places at most, evenly spread, others of the same kind are tried alone."""
_FEW_PLACES = 12
"""And those of another kind."""
_SHARE = 0.6
"""Of the time, after which nothing more is tried alone: the rest has its use."""
_MOST_PASSES = 5
"""Sizes are simplified and faults removed in turn, so many times at most: in practice one time is enough."""


class ShrunkFault(NamedTuple):
    """One of the faults that are left."""

    choice: Choice
    size: int
    without: Verdict | None = None
    """How a run without it ends; None if there was no time to find out."""
    limit: int | None = None
    """The largest size that it may have here, if that is known; 1 for a fault without sizes."""
    around: Neighbourhood | None = None
    """Which sizes fail as well; None for a fault without sizes, or if there was no time."""

    @property
    def essential(self) -> bool | None:
        """Whether the failure does not come without it; None if there was no time to find out."""
        return None if self.without is None else True


class Difference(NamedTuple):
    """A replay that did not give the same run."""

    expected: Verdict
    got: Verdict
    events: range | None
    """Among which events, counted from 0, the first is that differs; None if that cannot be known."""
    steady: bool | None
    """Whether what was replayed gives one and the same run when it is simply run again; False: the program does not
    do the same twice. None: it was not tried."""


class Shrunk(NamedTuple):
    """What shrinking found."""

    failing: Verdict
    """The failure that was shrunk."""
    verdict: Verdict
    """The smallest run that fails in the same way, with its trail; the failure itself if its replay differs."""
    faults: tuple[ShrunkFault, ...]
    diverged: Difference | None = None
    """Why there is nothing smaller, or why what was found cannot be relied on."""
    steady_content: bool = True
    """False if a replay does the same but with other bytes, as programs with TLS do."""
    capped: str = ""
    """Why it is not finished ("after 60 s"); empty if it is."""
    others: tuple[Verdict, ...] = ()
    """Other failures that were seen on the way."""
    runs: int = 0
    elapsed_s: float = 0.0

    @property
    def needs_no_faults(self) -> bool:
        """Whether it fails without any fault."""
        return not self.faults and self.diverged is None


def shrink(
    run: Run,
    failing: Verdict,
    orders: Orders,
    *,
    limits: Limits,
    clock: Callable[[], float],
    on_progress: Callable[[Progress], None] | None = None,
    is_time: Callable[[Choice], bool] = lambda choice: False,
) -> Shrunk:
    """Find the smallest run that fails as `failing` did, which was run with `orders`.

    `clock`: seconds; `is_time`: whether a fault's size is a span of time in ns, for which round values are preferred.
    When the limits are reached, what was found so far is the result, and `Shrunk.capped` says so.
    """
    assert not failing.ok, "a run that passed has no failure to shrink"
    lab = Laboratory(run, failing, orders, clock, limits, on_progress)
    lab.stage = "replaying"
    found = lab.run_again(dict(failing.taken))
    if not _is_same_run(failing, found):
        difference = _compare(lab, failing, found)
        return _result(lab, failing, failing, _unproven(failing.taken), diverged=difference)
    steady_content = found.content == failing.content
    state = _State(lab, found)
    capped = ""
    try:
        state.reduce(is_time)
    except EnoughError as enough:
        capped = str(enough)
    lab.stage = "replaying the smallest"
    last = lab.run_again(dict(state.faults))
    diverged = None
    if not _is_same_run(state.verdict, last):
        diverged = Difference(state.verdict, last, _where(state.verdict.trail, last.trail), None)
        last = state.verdict
    limits_of = dict(last.asked)
    faults = [
        ShrunkFault(choice, size, state.without.get(choice), limits_of.get(choice)) for choice, size in state.faults
    ]
    if not capped and diverged is None:
        try:
            _explore(lab, faults)
        except EnoughError as enough:
            capped = str(enough)
    return _result(lab, failing, last, tuple(faults), diverged, steady_content, capped)


class _State:
    """The smallest run so far."""

    def __init__(self, lab: Laboratory, verdict: Verdict) -> None:
        self._lab = lab
        self.verdict = verdict
        self.faults: FaultList = verdict.taken
        self._first = verdict.taken
        self.without: dict[Choice, Verdict] = {}
        """How runs end that leave one fault out."""

    def reduce(self, is_time: Callable[[Choice], bool]) -> None:
        """Make it as small as it becomes. EnoughError; what was found until then is there."""
        lab = self._lab
        lab.stage = "without any fault"
        (bare,) = lab.verdicts([{}])
        if lab.is_same(bare):
            self._become(bare, {})
            return
        for _ in range(_MOST_PASSES):
            lab.stage = "removing faults"
            self._remove()
            lab.stage = "joining faults"
            self._join()
            if len(self.faults) >= _MANY and lab.take_related():
                lab.stage = "removing faults, other lines of the function too"
                self._remove()
            if len(self.faults) >= _MANY:
                lab.stage = "trying single faults"
                self._try_alone()
            lab.stage = "simplifying faults"
            self._simplify_all(is_time)
            lab.stage = "leaving each out"
            if self._prove():
                return

    def _become(self, verdict: Verdict, tried: dict[Choice, int]) -> None:
        self.verdict = verdict
        self.faults = kept(verdict, tried)
        self._lab.faults = len(self.faults)

    def _remove(self) -> None:
        """Zeller's ddmin: halves first, then what is left without a quarter, and so on down to single faults."""
        parts = 2
        while len(self.faults) > 1:
            pieces = _split(self.faults, min(parts, len(self.faults)))
            lists = [dict(piece) for piece in pieces]
            if len(pieces) > 2:
                lists += [_without(self.faults, piece) for piece in pieces]
            found = self._lab.first_failing(lists)
            if found is not None:
                number, verdict = found
                self._become(verdict, lists[number])
                parts = 2 if number < len(pieces) else max(2, len(pieces) - 1)
            elif parts >= len(self.faults):
                return
            else:
                parts *= 2

    def _join(self) -> None:
        """Removal cannot take away a short read in front of another one, which is then nowhere; but both together may
        be one of the size of both."""
        while True:
            faults = dict(self.faults)
            lists = [whole for choice in faults if (whole := joined(faults, choice)) is not None]
            found = self._lab.first_failing(lists)
            if found is None:
                return
            number, verdict = found
            self._become(verdict, lists[number])

    def _try_alone(self) -> None:
        """What removal leaves has no fault too many, but there may be a smaller list that it went past: a single one
        of the first failure, or one that can happen alone."""
        lists = [{choice: size} for choice, size in self._first[:_MOST_ALONE]]
        lists += alone(self.faults, self._lab.possible())
        found = self._lab.first_failing(lists, _SHARE)
        if found is not None:
            number, verdict = found
            self._become(verdict, lists[number])

    def _simplify_all(self, is_time: Callable[[Choice], bool]) -> None:
        """Each fault, also those that another one's size has moved."""
        done: set[Choice] = set()
        while True:
            choice = next((choice for choice, _ in self.faults if choice not in done), None)
            if choice is None:
                return
            done.add(choice)
            self._simplify(choice, is_time(choice))

    def _simplify(self, choice: Choice, is_time: bool) -> None:
        """Give one fault the simplest size that does it."""
        faults = dict(self.faults)

        def fails(sizes: Sequence[int]) -> list[bool]:
            return _fail_with(self._lab, faults, choice, sizes)

        size = simplest(faults[choice], fails, is_time)
        if size != faults[choice]:
            tried = with_size(faults, choice, size)
            self._become(self._lab.verdicts([tried])[0], tried)

    def _prove(self) -> bool:
        """Leave each fault out, and keep how that ends; False if one turned out to be needless."""
        lists = [_without(self.faults, [fault]) for fault in self.faults]
        found = self._lab.verdicts(lists)
        for tried, verdict in zip(lists, found):
            if self._lab.is_same(verdict):
                self._become(verdict, tried)
                return False
        self.without = {choice: verdict for (choice, _), verdict in zip(self.faults, found)}
        return True


def alone(faults: FaultList, possible: FaultList) -> list[dict[Choice, int]]:
    """Single faults that are worth to be tried for these: some of each kind, first of the kinds that are among them,
    with their largest size and 1; then of the others, with their largest size and one in the middle."""
    sizes: dict[str, int] = {}
    for choice, size in faults:
        sizes[choice.kind] = max(size, sizes.get(choice.kind, 0))
    places: dict[str, list[tuple[Choice, int]]] = {}
    for choice, limit in possible:
        places.setdefault(choice.kind, []).append((choice, limit))
    lists = []
    for kind in sorted(places, key=lambda kind: kind not in sizes):
        most = _MOST_PLACES if kind in sizes else _FEW_PLACES
        for choice, limit in places[kind][:: -(-len(places[kind]) // most)]:
            tried = {1, min(sizes[kind], limit)} if kind in sizes else {isqrt(limit), limit}
            lists += [{choice: size} for size in sorted(tried)]
    return lists


def _explore(lab: Laboratory, faults: list[ShrunkFault]) -> None:
    """Say of each fault which sizes fail as well. EnoughError; what was found until then is in the list."""
    lab.stage = "trying other sizes"
    every = {fault.choice: fault.size for fault in faults}
    for number, fault in enumerate(faults):
        if fault.limit == 1 or (fault.limit is None and fault.size == 1):
            continue

        def fails(sizes: Sequence[int], choice: Choice = fault.choice) -> list[bool]:
            return _fail_with(lab, every, choice, sizes)

        faults[number] = fault._replace(around=explore_around(fault.size, fault.limit, fails))


def _fail_with(lab: Laboratory, faults: dict[Choice, int], choice: Choice, sizes: Sequence[int]) -> list[bool]:
    """Whether the failure comes with each of these sizes of one fault, and the fault really had that size."""
    verdicts = lab.verdicts([with_size(faults, choice, size) for size in sizes])
    return [
        lab.is_same(verdict) and dict(verdict.taken).get(choice) == size for size, verdict in zip(sizes, verdicts)
    ]


def _split(faults: FaultList, parts: int) -> list[FaultList]:
    """So many pieces of nearly equal length, in order."""
    edges = [len(faults) * number // parts for number in range(parts + 1)]
    return [faults[start:end] for start, end in pairwise(edges)]


def _without(faults: FaultList, left_out: Sequence[tuple[Choice, int]]) -> dict[Choice, int]:
    names = {choice for choice, _ in left_out}
    return {choice: size for choice, size in faults if choice not in names}


def _is_same_run(expected: Verdict, got: Verdict) -> bool:
    """Whether it failed alike and did the same at the same times; other bytes alone do not make it another run."""
    same_end = (expected.ok, expected.signature) == (got.ok, got.signature)
    return same_end and (expected.shape, expected.events) == (got.shape, got.events)


def _compare(lab: Laboratory, failing: Verdict, replayed: Verdict) -> Difference:
    """Where a replay left the run that it is to repeat, and whether that run repeats itself at all."""
    lab.stage = "running the failure again, as its replay differs"
    first, second = lab.run_originals(2)
    steady = _is_same_run(failing, first) and _is_same_run(failing, second)
    if steady:
        return Difference(failing, replayed, _where(first.trail, replayed.trail), True)
    if failing.trail:
        other = second if _is_same_run(failing, first) else first
        return Difference(failing, other, _where(failing.trail, other.trail), False)
    # One of the two may be the failure; if both are not, their own difference shows what is not steady.
    other = second if first.shape != second.shape else replayed
    return Difference(failing, other, _where(first.trail, other.trail), False)


def _where(one: bytes, other: bytes) -> range | None:
    return first_difference(one, other) if one and other else None


def _unproven(faults: FaultList) -> tuple[ShrunkFault, ...]:
    return tuple(ShrunkFault(choice, size) for choice, size in faults)


def _result(
    lab: Laboratory,
    failing: Verdict,
    verdict: Verdict,
    faults: tuple[ShrunkFault, ...],
    diverged: Difference | None = None,
    steady_content: bool = True,
    capped: str = "",
) -> Shrunk:
    others = tuple(lab.others.values())
    return Shrunk(failing, verdict, faults, diverged, steady_content, capped, others, lab.runs, lab.elapsed_s())
