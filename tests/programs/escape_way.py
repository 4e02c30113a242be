"""What a way out is, and how it tells whether what it saw was simulated (`escape_ways`)."""

import datetime
import time
from collections.abc import Callable
from typing import Any, NamedTuple

SIMULATED, REFUSED, RESIDUE, ABSENT = "simulated", "refused", "residue", "absent"
Inside = Callable[[], Any]


class Way(NamedTuple):
    """One way out."""

    make: Callable[[], Inside]
    kind: str
    world: str
    """What becomes of it in a script."""
    place: str
    """And in a function in place."""
    quoted: str
    """Words of docs/escapes.md, where it is residue."""

    @property
    def name(self) -> str:
        return self.make.__name__


WAYS: list[Way] = []


def way(kind: str, world: str = SIMULATED, place: str = SIMULATED, quoted: str = "") -> Any:
    """Enter a function into the list."""

    def enter(make: Callable[[], Inside]) -> Callable[[], Inside]:
        WAYS.append(Way(make, kind, world, place, quoted))
        return make

    return enter


IS_OUTSIDE = time.time() > 1_790_000_000
"""Whether this module is imported on the machine, whose clock is past that of simulated hosts."""
STEP_S = 1000
"""Virtual seconds between two looks at a clock: no real clock moves so far meanwhile."""


def moves(clock: Callable[[], float]) -> bool:
    """Whether a clock is the simulated one: it goes forward with a long sleep, which takes no real time."""
    before = clock()
    time.sleep(STEP_S)
    return STEP_S <= clock() - before < STEP_S + 1


def takes(sleep: Callable[[], object], seconds: float = 0.01) -> bool:
    """Whether a short sleep takes virtual time."""
    before = time.monotonic()
    sleep()
    return time.monotonic() - before >= seconds


def days(today: Callable[[], datetime.date]) -> bool:
    """Whether a calendar is the simulated one."""
    before = today()
    time.sleep(86400)
    return (today() - before).days == 1


def seconds(now: Callable[[], datetime.datetime]) -> bool:
    """Whether a clock of `datetime` is the simulated one."""
    return moves(lambda: (now() - datetime.datetime(2020, 1, 1, tzinfo=now().tzinfo)).total_seconds())
