"""When a fault happens: a drawn time within the horizon, which is a part of its place.

The horizon is divided into slots, with one candidate in each, drawn from the seed; the fault strikes at one of them.
So it may strike at any time in one seed or another, a list of faults names the time, and a systematic search has a
few times for each host and link to go through.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from farhost.network.faults.setting import Setting, format_setting, parse_setting
from farhost.sim.choices import Choices
from farhost.trace.events import FaultEvent
from farhost.units import UnitError, format_duration, parse_duration

if TYPE_CHECKING:
    from farhost.programs.control import Control

SLOTS = 20
"""How many times there are for one host or link."""
_MICROSECOND_NS = 1_000
_MILLISECOND_NS = 1_000_000
_FINE_NS = 10_000_000
"""A horizon shorter than this has times of whole ns, a longer one of whole us, which read better."""
_AT = " at "
_LONGEST = "86400s"


class Moment(NamedTuple):
    """One fault that is to happen."""

    due_ns: int
    place: str
    size: int
    way: str = ""


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
    found = choices.fault_at_one(kind, subject, place, count, setting.ratio, setting.size, rather_small=True)
    return [Moment(time_ns(number), place(number), size, ways[number % len(ways)]) for number, size in found]


def split_place(place: str) -> tuple[str, int]:
    """To whom, and when in ns.

    >>> split_place("client-server at 1.5s")
    ('client-server', 1500000000)
    """
    subject, _, time = place.rpartition(_AT)
    return subject, parse_duration(time)


def from_to(place: str, size: int) -> str:
    """The span of a fault whose size is in ms.

    >>> from_to("client-server at 1.5s", 250)
    'from 1.5s to 1.75s'
    """
    start_ns = split_place(place)[1]
    return f"from {format_duration(start_ns)} to {format_duration(start_ns + size * _MILLISECOND_NS)}"


def strike(control: "Control", host: str, kind: str, moment: Moment) -> None:
    """Trace that a fault has taken effect."""
    runtime = control.runtime
    if runtime.tracer.on:
        now_ns = runtime.scheduler.now_ns
        runtime.tracer.emit(FaultEvent(now_ns, host, kind, moment.place, moment.size))


def milliseconds(text: str) -> int:
    """A span in whole ms. UnitError."""
    duration_ns = parse_duration(text)
    if duration_ns % _MILLISECOND_NS:
        raise UnitError(f"{text!r} is not a whole number of ms")
    return duration_ns // _MILLISECOND_NS


def format_milliseconds(size: int) -> str:
    """The inverse of `milliseconds`."""
    return format_duration(size * _MILLISECOND_NS)


class SpanFault:
    """The words of a fault whose size is a span of time, in ms."""

    replayed = f"100%:{_LONGEST}"
    default = "1s"
    """The largest span where none is given."""

    def parse(self, text: str) -> Setting:
        """`FaultWord.parse`."""
        return parse_setting(text, milliseconds(self.default), milliseconds)

    def format(self, setting: Setting) -> str:
        """`FaultWord.format`."""
        return format_setting(setting, milliseconds(self.default), format_milliseconds)

    @staticmethod
    def span_ns(moment: Moment) -> int:
        """For how long."""
        return moment.size * _MILLISECOND_NS
