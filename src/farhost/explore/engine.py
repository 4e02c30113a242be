"""Many runs of one case in this process's children: prepared here, forked in batches.

A fork costs as much as a small run, and making a program's world ten times that. So the parent makes a set of runs
ready, worlds and all, and keeps them; each child that it forks has the whole set, and carries out as many orders as
there are in it, each in a prepared run of its own that nothing has touched. The parent's set stays as it was.
"""

import contextlib
import gc
import math
import os
import pickle
import select
import signal
import struct
import time
from collections.abc import Iterator, Sequence

from farhost.explore.fork_one import begin_child, broken, died, fork, took_too_long
from farhost.explore.orders import Case, Orders, Ready, Verdict

MOST_READY = 48
"""Runs that one fork serves at most."""
FORK_S = 0.003
"""What a fork and the end of the child cost, roughly."""
LIMIT_S = 60.0
"""How much real time one run may take; the watchdog of a run finds loops much earlier."""
_ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_HEADER = struct.Struct("<I")


class Forks:
    """Runs one case again and again."""

    def __init__(self, case: Case, limit_s: float = LIMIT_S) -> None:
        self._case = case
        self._limit_s = limit_s
        self._ready: list[Ready] = []
        self._ready_s = 0.0
        """What making the latest one ready took; the first one also loads code."""
        self._done = 0
        self._child = 0
        """The pid of the child under way."""

    def run(self, orders: Sequence[Orders]) -> Iterator[Verdict]:
        """Carry out orders, in their order. A process that dies under one costs that one only."""
        left = list(orders)
        while left:
            self._make_ready(len(left))
            batch = left[: len(self._ready)]
            verdicts = self._fork(batch)
            yield from verdicts
            self._done += len(verdicts)
            left = left[len(verdicts) :]

    def close(self) -> None:
        """End the child, if there is one, and remove what was made for the runs that are ready."""
        if self._child:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._child, signal.SIGKILL)
                os.waitpid(self._child, 0)
            self._child = 0
        # A signal may come in the middle, whose handler does all of this again: so nothing is forgotten before it is
        # done.
        while self._ready:
            self._ready[-1].close()
            self._ready.pop()

    def _make_ready(self, wanted: int) -> None:
        """Have as many runs ready as are of use.

        With n of them and r runs to come, n prepared runs and r/n forks are paid for: it is least where n is the root
        of what r forks cost in prepared runs. How many are to come nobody knows: as many again as there were.
        """
        useful = math.isqrt(int(2 * self._done * FORK_S / max(self._ready_s, 1e-4))) + 1
        target = min(wanted, MOST_READY, useful)
        if len(self._ready) >= target:
            return
        while len(self._ready) < target:
            began_s = time.perf_counter()
            with _undisturbed():
                self._ready.append(self._case.prepare())
            self._ready_s = time.perf_counter() - began_s
        # What is frozen is never looked through by a child's collector, which would copy its pages.
        gc.collect()
        gc.freeze()

    def _fork(self, batch: Sequence[Orders]) -> list[Verdict]:
        """Carry out a batch in one child; at least one verdict."""
        reading, writing = os.pipe()
        with _undisturbed():
            self._child = pid = fork()
            if pid == 0:
                os.close(reading)
                self._serve(batch, writing)
        os.close(writing)
        found: list[Verdict] = []
        try:
            while len(found) < len(batch):
                payload = _receive(reading, self._limit_s)
                if payload is None:
                    os.kill(pid, signal.SIGKILL)
                    found.append(took_too_long(batch[len(found)], self._limit_s))
                    break
                if not payload:
                    break
                found.append(pickle.loads(payload))
        except BaseException:
            os.kill(pid, signal.SIGKILL)
            raise
        finally:
            os.close(reading)
            status = os.waitpid(pid, 0)[1]
            self._child = 0
        if not found or (len(found) < len(batch) and found[-1].kind != "hung"):
            found.append(died(batch[len(found)], os.waitstatus_to_exitcode(status)))
        return found

    def _serve(self, batch: Sequence[Orders], writing: int) -> None:
        """In the child; does not return."""
        try:
            begin_child()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
            for ready, orders in zip(self._ready, batch):
                signal.setitimer(signal.ITIMER_REAL, self._limit_s + 1)
                try:
                    verdict = ready(orders)
                except BaseException as error:
                    verdict = broken(orders, error)
                data = pickle.dumps(verdict)
                _send(writing, _HEADER.pack(len(data)) + data)
        finally:
            os._exit(0)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals that end this process wait until what is made here is known to those who remove it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _send(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _receive(descriptor: int, limit_s: float) -> bytes | None:
    """One verdict; empty at the end; None if it does not come in time."""
    header = _receive_exactly(descriptor, _HEADER.size, limit_s)
    if not header:
        return header
    return _receive_exactly(descriptor, _HEADER.unpack(header)[0], limit_s)


def _receive_exactly(descriptor: int, size: int, limit_s: float) -> bytes | None:
    found = bytearray()
    while len(found) < size:
        if not select.select([descriptor], [], [], limit_s)[0]:
            return None
        piece = os.read(descriptor, size - len(found))
        if not piece:
            return b""
        found += piece
    return bytes(found)
