"""A step of a host's wall clock: CLOCK_REALTIME jumps, forward or back, and stays so.

What an NTP client does that finds the clock far off (ntpd(8), chronyd's `makestep`), or settimeofday(2). The
monotonic clock does not jump, and sleeps and time limits, which go by it, last as long as ever.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farhost.network.faults.fault_words import duration_words
from farhost.network.faults.span_fault import MILLISECOND_NS, SpanFault
from farhost.programs.timed_faults.moments import Moment, moments, split_place, strike, when_words
from farhost.programs.timed_faults.places import hosts_of
from farhost.programs.timed_faults.protocol import Befalls, Placed

if TYPE_CHECKING:
    from farhost.programs.control import Control

_BACK, _FORWARD = "back", "forward"


class ClockStep(SpanFault):
    """Each host alone; the direction is a part of the place: forward or back with equal probability."""

    kind = "clock"
    befalls: Befalls = "hosts"
    help = "A host's wall clock jumps, forward or back."
    default = "10s"

    def plan(self, control: "Control", settings: Sequence[Placed], horizon_ns: int) -> None:
        """`TimedFault.plan`."""
        for host, setting in hosts_of(control, settings):
            for moment in moments(control.runtime.choices, self.kind, host, setting, horizon_ns, (_BACK, _FORWARD)):
                self._plan(control, host, moment)

    def _plan(self, control: "Control", host: str, moment: Moment) -> None:
        span_ns = moment.span_ns

        def begin() -> None:
            strike(control, host, self.kind, moment)
            control.step_clock(host, -span_ns if moment.way == _BACK else span_ns)

        control.at(moment.due_ns, begin)

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        host, _, way = split_place(place)[0].rpartition(" ")
        return f"the clock of {host} jumped {way} by {duration_words(size * MILLISECOND_NS)} {when_words(place)}"
