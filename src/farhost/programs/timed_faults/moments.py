"""When a fault happens: a drawn time within the horizon, which is a part of its place.

The horizon is divided into slots, with one candidate in each, drawn from the seed; the fault strikes at one of them.
So it may strike at any time in one seed or another, a list of faults names the time, and a systematic search has a
few times for each host and link to go through.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from farhost.network.faults.fault_words import duration_words
from farhost.network.faults.setting import Setting
from farhost.network.faults.span_fault import MILLISECOND_NS
from farhost.sim.choices import Choices
from farhost.trace.events import FaultEvent
from farhost.units import format_duration, parse_duration

if TYPE_CHECKING:
    from farhost.programs.control import Control

SLOTS = 20
"""How many times there are for one host or link."""
_MICROSECOND_NS = 1_000
_FINE_NS = 10_000_000
"""A horizon shorter than this has times of whole ns, a longer one of whole us, which read better."""
_AT = " at "


class Moment(NamedTuple):
    """One fault that is to happen."""

    due_ns: int
    place: str
    size: int
    way: str = ""

    @property
    def span_ns(self) -> int:
        """For how long, of a fault whose size is in ms."""
        return self.size * MILLISECOND_NS


def moments(
    choices: Choices, kind: str, subject: str, setting: Setting, horizon_ns: int, ways: Sequence[str] = ("",)
) -> Sequence[Moment]:
    """When it happens to `subject`: at most once by chance, in a replay as often as that says.

    `ways`: in which it may happen, each as likely (`back`, `forward`).
    """
    step_ns = 1 if horizon_ns < _FINE_NS else _MICROSECOND_NS
    slot_ns = max(1, horizon_ns // SLOTS)

    def time_ns(number: int) -> int:
        start_ns = number // len(ways) * slot_ns + choices.draw(f"{kind} at", f"{subject} #{number}", slot_ns)
        return start_ns // step_ns * step_ns

    def place(number: int) -> str:
        words = f"{subject} {ways[number % len(ways)]}".rstrip()
        return f"{words}{_AT}{format_duration(time_ns(number))}"

    count = SLOTS * len(ways)
    # In every second seed small spans are as frequent as large ones: of either there are failures that need it.
    rather_small = choices.draw(f"{kind} small", subject, 2) == 1
    found = choices.fault_at_one(kind, subject, place, count, setting.ratio, setting.size, rather_small)
    return [Moment(time_ns(number), place(number), size, ways[number % len(ways)]) for number, size in found]


def split_place(place: str) -> tuple[str, int]:
    """To whom, and when in ns.

    >>> split_place("client-server at 1.5s")
    ('client-server', 1500000000)
    """
    subject, _, time = place.rpartition(_AT)
    return subject, parse_duration(time)


def when_words(place: str) -> str:
    """When it was, for people.

    >>> when_words("client-server at 1.274s")
    'at 1.27 s'
    """
    return f"at {duration_words(split_place(place)[1])}"


def span_words(place: str, size: int) -> str:
    """When it was and for how long, of a fault whose size is in ms.

    >>> span_words("client-server at 1.5s", 250)
    'at 1.5 s for 250 ms'
    """
    return f"{when_words(place)} for {duration_words(size * MILLISECOND_NS)}"


def strike(control: "Control", host: str, kind: str, moment: Moment) -> None:
    """Trace that a fault has taken effect."""
    runtime = control.runtime
    if runtime.tracer.on:
        now_ns = runtime.scheduler.now_ns
        runtime.tracer.emit(FaultEvent(now_ns, host, kind, moment.place, moment.size))
