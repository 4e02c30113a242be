"""Looking for a while before waiting: how processes that take turns spare each other most of the sleeping.

An answer from another process mostly comes within microseconds, and on many machines it takes longer than that to
put a processor to sleep and to wake it again. So one looks some times first, and offers the processor to others
between looks. Where others take it, processors are scarce: then one waits at once, for a while
(docs/decisions/0013).
"""

from collections.abc import Callable
from typing import Generic, TypeVar

Found = TypeVar("Found")

LOOKS = 100
"""How often: together some 50 to 100 us where nobody else wants the processor."""
SLOW_NS = 3_000
"""Longer than this for a look on average, and somebody wants it."""
STRIKES = 16
"""A slow one counts 2, every other one takes 1 back; at so many it is no accident any more."""
REST_NS = 50_000_000
"""For so long there is no looking then."""


class Spin(Generic[Found]):
    """One who looks: called before each wait."""

    __slots__ = ("_clock_ns", "_give_way", "_look", "_not_before_ns", "_strikes")

    def __init__(
        self, look: Callable[[], Found], give_way: Callable[[], object], clock_ns: Callable[[], int]
    ) -> None:
        """`look` says, true or false, what has come; `give_way` is sched_yield(2); a monotonic clock."""
        self._look = look
        self._give_way = give_way
        self._clock_ns = clock_ns
        self._strikes = 0
        self._not_before_ns = 0

    def __call__(self) -> Found:
        """What has come; false if nothing has so far."""
        look, give_way = self._look, self._give_way
        found = look()
        if found:
            return found
        began_ns = self._clock_ns()
        if began_ns < self._not_before_ns:
            return found
        looks = 0
        while not found and looks < LOOKS:
            give_way()
            found = look()
            looks += 1
        now_ns = self._clock_ns()
        if now_ns - began_ns <= looks * SLOW_NS:
            self._strikes = max(self._strikes - 1, 0)
        elif self._strikes < STRIKES - 2:
            self._strikes += 2
        else:
            self._strikes = 0
            self._not_before_ns = now_ns + REST_NS
        return found
