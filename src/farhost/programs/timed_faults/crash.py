"""A crash: a host loses its power, stays off for a while, and boots again; its programs start anew.

See `farhost.network.power`: no `finally`, no FIN, no RST; what arrives meanwhile is lost, and afterwards a connection
from before is answered with RST (RFC 9293 §3.5.1).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farhost.network.faults.span_fault import SpanFault
from farhost.programs.timed_faults.moments import Moment, moments, span_words, split_place
from farhost.programs.timed_faults.places import hosts_of
from farhost.programs.timed_faults.protocol import Befalls, Placed

if TYPE_CHECKING:
    from farhost.programs.control import Control


class Crash(SpanFault):
    """Each host alone. The power cut itself is traced (`crash`), and the boot."""

    kind = "crash"
    befalls: Befalls = "hosts"
    help = "A host loses its power, and boots a while later."
    default = "5s"

    def plan(self, control: "Control", settings: Sequence[Placed], horizon_ns: int) -> None:
        """`TimedFault.plan`."""
        for host, setting in hosts_of(control, settings):
            for moment in moments(control.runtime.choices, self.kind, host, setting, horizon_ns):
                self._plan(control, host, moment)

    def _plan(self, control: "Control", host: str, moment: Moment) -> None:
        def begin() -> None:
            if control.runs():
                control.restart(host, moment.span_ns)

        control.at(moment.due_ns, begin)

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"{split_place(place)[0]} lost its power {span_words(place, size)}"
