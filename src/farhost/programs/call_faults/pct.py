"""`pct=100%:3`: threads have priorities, and run late accordingly; each changes its own 3 times.

Probabilistic Concurrency Testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: A Randomized Scheduler with
Probabilistic Guarantees of Finding Bugs, ASPLOS 2010) gives each thread a priority and always runs the runnable one
of the highest, and lowers the running one's at a few points drawn beforehand. That finds bugs that need a particular
order of a few steps more often than delays drawn for each step by itself, because a thread stays behind for long.

Here threads run in virtual time, so a priority is a delay: a thread of priority p runs p steps of 100 us later than
it might, each time that it is woken, and so after those of higher priority that are woken within that window. What
happens to a run is late wake-ups and nothing else, and they are recorded as such (`wake`): replaying and shrinking
know nothing of priorities. The number after the colon is how often each thread's priority is drawn anew, at waits
drawn over the orders of magnitude; the probability is the share of threads that have a priority.
docs/decisions/0020-priorities-of-threads-are-delays.md
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from farhost.network.faults.setting import Setting, format_setting, parse_setting
from farhost.programs.call_faults.striking import Striking, thread_place
from farhost.programs.call_faults.wake import US_NS
from farhost.sim.choices import Choices
from farhost.units import UnitError

if TYPE_CHECKING:
    from farhost.programs.call_faults.protocol import CallFunction
    from farhost.programs.process import ProgramProcess
    from farhost.programs.thread import ProgramThread

LEVELS = 8
"""Priorities, from 0, the highest."""
STEP_US = 100
_USUAL_CHANGES = 3
_LATEST = 7
"""A change comes at most at wait number 2 ** this."""


class Pct:
    """Priorities of threads."""

    kind = "pct"
    help = "Threads have priorities, drawn anew 3 times (or as often as is said), and run late accordingly."
    replayed = "0%"
    """What it did is in a replay as `wake`."""

    def parse(self, text: str) -> Setting:
        """`FaultWord.parse`."""
        return parse_setting(text, _USUAL_CHANGES, _parse_count)

    def format(self, setting: Setting) -> str:
        """`FaultWord.format`."""
        return format_setting(setting, _USUAL_CHANGES)

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`; it never happens by itself."""
        return f"{place} had priority {size}"

    def wrap(
        self, process: "ProgramProcess", setting: Setting, functions: "Mapping[str, CallFunction]"
    ) -> "Mapping[str, CallFunction]":
        """`CallFault.wrap`: it stands behind each wait, and after `wake`, which counts waits alike."""
        choices = process.runtime.choices
        striking = Striking(process, "wake", setting)
        plans: dict[int, _Plan] = {}
        before = process.lateness_ns

        def lateness_ns(thread: "ProgramThread") -> int:
            plan = plans.get(thread.ordinal)
            if plan is None:
                plan = plans[thread.ordinal] = _Plan(choices, thread_place(thread), setting)
            delay_us = plan.next_wait()
            late_ns = 0 if before is None else before(thread)
            if late_ns or not delay_us:
                return late_ns
            place = f"{plan.place} wait {plan.waits}"
            taken_us = choices.decided("wake", place, delay_us)
            if taken_us:
                striking.tell(place, taken_us)
            return taken_us * US_NS

        process.lateness_ns = lateness_ns
        return {}


class _Plan:
    """One thread's priorities."""

    def __init__(self, choices: Choices, place: str, setting: Setting) -> None:
        self.place = place
        self.waits = 0
        numerator, denominator = setting.ratio
        self._level = 0
        self._changes: dict[int, int] = {}
        """The priority from a wait on, by its number."""
        if choices.draw("pct thread", place, denominator) < numerator:
            self._level = choices.draw("pct priority", place, LEVELS)
            for number in range(1, setting.size + 1):
                change = f"{place} change {number}"
                latest = 2 << choices.draw("pct magnitude", change, _LATEST)
                self._changes[1 + choices.draw("pct wait", change, latest)] = choices.draw(
                    "pct priority", change, LEVELS
                )

    def next_wait(self) -> int:
        """How late the thread runs after its next wait, in us."""
        self.waits += 1
        self._level = self._changes.get(self.waits, self._level)
        return self._level * STEP_US


def _parse_count(text: str) -> int:
    if not text.isdecimal():
        raise UnitError(f"{text!r}: it is how often each thread's priority changes, such as 3")
    return int(text)
