"""Where runs are carried out: in this process's own forks, or by an executor's workers on this or other machines.

What travels is small: a case in words and orders one way, verdicts the other. Each worker makes the case ready once
and keeps it. An interpreter whose order of sets depends on the day (a hash seed, random addresses) starts another one
for it (`farhost.explore.pinned`), so that runs are the same wherever they run.
"""

import atexit
import ctypes
import importlib
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from multiprocessing.util import Finalize
from types import FrameType
from typing import Protocol

from farhost.explore.engine import Forks
from farhost.explore.fork_one import PR_SET_PDEATHSIG
from farhost.explore.orders import Case, Orders, Verdict
from farhost.programs.pinning import is_pinned

Batch = tuple[Orders, ...]


class Carrier(Protocol):
    """Another interpreter that carries out batches (`farhost.explore.pinned`)."""

    def carry_out(self, case: Case, batch: Batch) -> list[Verdict]:
        """See above."""

    def close(self) -> None:
        """End it."""


_pinned: list[Carrier] = []
"""Of a worker's process: the interpreter that does it, where this one is not pinned."""
_forks: dict[str, Forks] = {}
"""Of a worker's process: what it has made ready, by the case's words; of one case, the latest."""


def carry_out(case: Case, batch: Batch) -> list[Verdict]:
    """What a worker does: here, or in an interpreter that is pinned."""
    if is_pinned():
        return carry_out_here(case, batch)
    if not _pinned:
        process: Carrier = importlib.import_module("farhost.explore.pinned").PinnedProcess()
        _pinned.append(process)
        atexit.register(process.close)
    return _pinned[0].carry_out(case, batch)


def carry_out_here(case: Case, batch: Batch) -> list[Verdict]:
    """In forks of this process."""
    key = repr(case)
    forks = _forks.get(key)
    if forks is None:
        close_forks()
        forks = _forks[key] = Forks(case)
    return list(forks.run(batch))


def close_forks() -> None:
    """Let go of what this process has made ready."""
    for key, forks in tuple(_forks.items()):
        forks.close()
        _forks.pop(key, None)


def begin_worker() -> None:
    """A worker's process begins: Ctrl-C is its parent's business, and its end removes what it made."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    Finalize(None, close_forks, exitpriority=1)


def _end(number: int, frame: FrameType | None) -> None:
    """At once: an exception would be taken for the outcome of the work. The executor sends the signal once more when
    it sees the first worker's end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    close_forks()
    os._exit(1)


class Workers:
    """Carries out batches, several at a time."""

    def __init__(self, case: Case, executor: Executor | None, count: int) -> None:
        """`executor`: None: everything is done here, one batch after the other."""
        self.case = case
        self.count = count
        self._executor = executor

    def run_all(self, batches: Iterable[Batch]) -> Iterator[tuple[int, list[Verdict]]]:
        """Carry out batches as they come; (which, its verdicts), in the order in which they are done. Closing the
        iterator gives up those that have not begun."""
        if self._executor is None:
            for number, batch in enumerate(batches):
                yield number, carry_out(self.case, batch)
            return
        under_way: dict[Future[list[Verdict]], int] = {}
        every = enumerate(batches)
        try:
            while True:
                while len(under_way) < 2 * self.count and (following := next(every, None)) is not None:
                    number, batch = following
                    under_way[self._executor.submit(carry_out, self.case, batch)] = number
                if not under_way:
                    return
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    yield under_way.pop(future), future.result()
        finally:
            for future in under_way:
                future.cancel()

    def run(self, orders: Sequence[Orders]) -> list[Verdict]:
        """Carry out orders, spread over the workers; their verdicts in order."""
        size = max(1, -(-len(orders) // self.count))
        batches = [tuple(orders[start : start + size]) for start in range(0, len(orders), size)]
        found = dict(self.run_all(batches))
        return [verdict for number in range(len(batches)) for verdict in found[number]]


def default_count() -> int:
    """How many processors there are for us."""
    return len(os.sched_getaffinity(0))
