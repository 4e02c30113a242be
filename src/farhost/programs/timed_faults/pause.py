"""A pause: a program is stopped, and goes on a while later.

SIGSTOP and SIGCONT (signal(7)): the same to its peers as a machine that swaps, a virtual machine that is moved, or a
long collection of garbage. Its kernel goes on: connections are taken, data is acknowledged until buffers are full.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farhost.network.faults.span_fault import SpanFault
from farhost.programs.timed_faults.moments import Moment, moments, span_words, split_place, strike
from farhost.programs.timed_faults.places import programs_of
from farhost.programs.timed_faults.protocol import Befalls, Placed

if TYPE_CHECKING:
    from farhost.programs.control import Control


class Pause(SpanFault):
    """Each program alone."""

    kind = "pause"
    befalls: Befalls = "programs"
    help = "A program does nothing for a while; its kernel goes on."
    default = "2s"

    def plan(self, control: "Control", settings: Sequence[Placed], horizon_ns: int) -> None:
        """`TimedFault.plan`."""
        for number, name, setting in programs_of(control, settings):
            for moment in moments(control.runtime.choices, self.kind, name, setting, horizon_ns):
                self._plan(control, number, moment)

    def _plan(self, control: "Control", number: int, moment: Moment) -> None:
        def begin() -> None:
            process = control.process(number)
            if process is not None and not process.dead:
                strike(control, process.host_name, self.kind, moment)
                control.pause(number)
                control.at(moment.span_ns, lambda: control.resume(number))

        control.at(moment.due_ns, begin)

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"{split_place(place)[0]} was stopped {span_words(place, size)}"
