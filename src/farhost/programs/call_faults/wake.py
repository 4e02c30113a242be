"""`wake=5%:1ms`: a thread that was woken runs later than it might, after others that were woken later than it.

A wake-up makes a thread runnable and no more; when it gets a processor is the scheduler's affair (sched(7)), and
depends on whatever else the machine has to do. No program may count on the order, nor on how long it takes. What the
thread waited for has happened by then; others may have taken it before this one runs, as `thundering herds` know.
The fault concerns every wait: calls, locks, joins, sleeps. Its size is the delay in us: what is shorter than
what a wake-up takes anyway changes no order.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from farhost.network.faults.setting import Setting, format_setting, parse_setting
from farhost.programs.call_faults.striking import Striking, thread_place
from farhost.units import UnitError, format_duration, parse_duration

if TYPE_CHECKING:
    from farhost.programs.call_faults.protocol import CallFunction
    from farhost.programs.process import ProgramProcess
    from farhost.programs.thread import ProgramThread

US_NS = 1_000


class DelayFault:
    """The words of a fault that holds a thread up for a while."""

    usual_us = 1_000
    """The largest delay unless one is given."""
    replayed = "100%:1h"

    def parse(self, text: str) -> Setting:
        """`FaultWord.parse`."""
        return parse_setting(text, self.usual_us, _parse_delay)

    def format(self, setting: Setting) -> str:
        """`FaultWord.format`."""
        return format_setting(setting, self.usual_us, _format_delay)


def _parse_delay(text: str) -> int:
    us, rest = divmod(parse_duration(text), US_NS)
    if rest or not us:
        raise UnitError(f"{text!r}: a delay is whole microseconds, such as 500us or 1ms")
    return us


def _format_delay(us: int) -> str:
    return format_duration(us * US_NS)


class Wake(DelayFault):
    """The order of wake-ups."""

    kind = "wake"
    help = "A thread that was woken runs later, after others: up to 1ms, or the size that is given."

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        thread, _, wait = place.rpartition(" wait ")
        return f"{thread} ran {format_duration(size * US_NS)} late when it was woken from its wait {wait}"

    def wrap(
        self, process: "ProgramProcess", setting: Setting, functions: "Mapping[str, CallFunction]"
    ) -> "Mapping[str, CallFunction]":
        """`CallFault.wrap`: it stands behind each wait rather than before calls."""
        striking = Striking(process, self.kind, setting)
        waits: dict[int, int] = {}

        def lateness_ns(thread: "ProgramThread") -> int:
            waits[thread.ordinal] = count = waits.get(thread.ordinal, 0) + 1
            return striking.strike(f"{thread_place(thread)} wait {count}", setting.size) * US_NS

        process.lateness_ns = lateness_ns
        return {}
