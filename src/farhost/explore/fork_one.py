"""One run in a forked child: the shared step under everything that runs a prepared case many times.

The child inherits what the parent has made ready, carries its orders out, sends the verdict back through a pipe and
ends without the parent's cleaning up. What can go wrong with a process (a signal kills it, something calls os._exit,
it takes too long) is a verdict too.

    child = start_child(ready, orders)         # several may be under way; `child.descriptor` is for select
    verdict = child.finish(limit_s=60)
    verdict = run_in_child(ready, orders)      # both in one
"""

import ctypes
import os
import pickle
import select
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from typing import TypeVar, cast

from farhost.explore.orders import Orders, Verdict
from farhost.programs.in_place.install import without_life

LIMIT_S = 300.0
"""How much real time a run may take unless told otherwise; the watchdog of a run finds loops much earlier."""
Carry = Callable[[Orders], Verdict]
"""A run made ready, as `farhost.explore.orders.Ready` is."""
T = TypeVar("T")
_CHUNK = 1 << 16
PR_SET_PDEATHSIG = 1


class Child:
    """A run under way in a process of its own."""

    def __init__(self, pid: int, descriptor: int, orders: Orders, started_s: float) -> None:
        self.pid = pid
        self.descriptor = descriptor
        """Readable once there is something to `take`: part of the verdict, or the child's end."""
        self.orders = orders
        self.started_s = started_s
        """By `time.monotonic`."""
        self._received = bytearray()
        self._open = True

    def take(self) -> Verdict | None:
        """Read what there is, waiting for the first of it: the verdict, once it has been read to its end."""
        chunk = os.read(self.descriptor, _CHUNK)
        if chunk:
            self._received += chunk
            return None
        return self._verdict(self._reap())

    def finish(self, limit_s: float = LIMIT_S) -> Verdict:
        """Wait for the verdict, until it is `limit_s` old; then it is killed. Nothing is left of it in any case."""
        try:
            while True:
                left_s = self.started_s + limit_s - time.monotonic()
                if left_s <= 0 or not select.select([self.descriptor], [], [], left_s)[0]:
                    self.kill()
                    return took_too_long(self.orders, limit_s)
                verdict = self.take()
                if verdict is not None:
                    return verdict
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """End it, and leave nothing of it."""
        if self._open:
            os.kill(self.pid, signal.SIGKILL)
            self._reap()

    def _reap(self) -> int:
        """Its wait status."""
        self._open = False
        os.close(self.descriptor)
        return os.waitpid(self.pid, 0)[1]

    def _verdict(self, status: int) -> Verdict:
        try:
            return cast("Verdict", pickle.loads(self._received))
        except (pickle.UnpicklingError, EOFError):
            return died(self.orders, os.waitstatus_to_exitcode(status))


def fork() -> int:
    """os.fork() for runs: what is printed so far is not printed twice, and nothing is said of other threads. CPython
    3.12+ warns that threads of the parent are not in the child: those that there may be (a plugin's, an idle pool's)
    hold nothing that a run takes, as it runs in simulated threads. OSError."""
    sys.stdout.flush()
    sys.stderr.flush()
    with without_life(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def start_child(ready: Carry, orders: Orders, *, quiet: bool = True, limit_s: float = LIMIT_S) -> Child:
    """Begin a run in a child. `quiet`: what it prints is seen by nobody. Should this process be gone, the child ends
    by itself after `limit_s`. OSError where no process can be made."""
    reading, writing = os.pipe()
    started_s = time.monotonic()
    try:
        pid = fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        raise
    if pid == 0:
        os.close(reading)
        _carry_out(ready, orders, writing, quiet, limit_s)
    os.close(writing)
    return Child(pid, reading, orders, started_s)


def run_in_child(ready: Carry, orders: Orders, *, quiet: bool = True, limit_s: float = LIMIT_S) -> Verdict:
    """Carry orders out in a child, and wait for its verdict; a Ctrl-C meanwhile kills the child and comes out."""
    return start_child(ready, orders, quiet=quiet, limit_s=limit_s).finish(limit_s)


def look_in_child(look: Callable[[], T], otherwise: T) -> T:
    """What a function finds, called in a child; `otherwise` if the child dies or the function raises."""
    found: object = run_in_child(cast("Carry", lambda orders: (look(),)), Orders())
    return otherwise if isinstance(found, Verdict) else cast("tuple[T]", found)[0]


def _carry_out(ready: Carry, orders: Orders, writing: int, quiet: bool, limit_s: float) -> None:
    """In the child; does not return."""
    try:
        begin_child(quiet)
        signal.setitimer(signal.ITIMER_REAL, limit_s + 1)
        data = memoryview(pickle.dumps(ready(orders)))
    except BaseException as error:
        data = memoryview(pickle.dumps(broken(orders, error)))
    try:
        while data:
            data = data[os.write(writing, data) :]
    finally:
        os._exit(0)


def begin_child(quiet: bool = True) -> None:
    """Ctrl-C is the parent's business, input and output are nobody's; SIGALRM and the parent's end are its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if quiet:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
        sys.stdout = sys.stderr = open(nowhere, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115


def broken(orders: Orders, error: BaseException) -> Verdict:
    """An exception came out of a run that is not one of its failures."""
    text = "".join(traceback.format_exception(error))
    return _without_end(orders, "broken", text, ("broken", type(error).__name__))


def died(orders: Orders, code: int) -> Verdict:
    """The process of a run ended before it had said how that went; `code` as os.waitstatus_to_exitcode has it."""
    if code < 0:
        how = f"was killed by {_signal_name(-code)}"
    else:
        how = f"ended with exit status {code}"
    text = f"the process of the run {how} before it could say how the run went"
    return _without_end(orders, "broken", text, ("broken", how))


def took_too_long(orders: Orders, limit_s: float) -> Verdict:
    """A run was killed because of its real time."""
    text = f"the run took more than {limit_s:g} s of real time and was ended"
    return _without_end(orders, "hung", text, ("hung", "real time"))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _without_end(orders: Orders, kind: str, message: str, signature: tuple[str, ...]) -> Verdict:
    return Verdict(orders.seed, False, kind, message, signature, "", "", 0, 0)
