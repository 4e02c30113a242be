"""Drift: a host's clocks run fast or slow from the start, by so many parts per million.

All its clocks: CLOCK_MONOTONIC, CLOCK_REALTIME, and so its sleeps and time limits. A quartz is 20 to 100 ppm wrong,
a virtual machine's clock now and then more; 500 ppm is the most that NTP corrects by steering (adjtimex(2)).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farhost.network.faults.setting import Setting, format_setting, parse_setting
from farhost.programs.timed_faults.moments import Moment, strike
from farhost.programs.timed_faults.places import hosts_of
from farhost.programs.timed_faults.protocol import Befalls, Placed
from farhost.units import parse_count

if TYPE_CHECKING:
    from farhost.programs.control import Control

_DEFAULT_PPM = 500
_MILLION = 1_000_000
_WAYS = ("fast", "slow")


class Drift:
    """Each host alone; `fast` or `slow` is a part of the place, and the size is in ppm."""

    kind = "drift"
    befalls: Befalls = "hosts"
    help = "A host's clocks run fast or slow."
    replayed = "100%:100000"

    def parse(self, text: str) -> Setting:
        """`10%`, or `10%:500`, in ppm. UnitError."""
        return parse_setting(text, _DEFAULT_PPM, parse_count)

    def format(self, setting: Setting) -> str:
        """`FaultWord.format`."""
        return format_setting(setting, _DEFAULT_PPM)

    def plan(self, control: "Control", settings: Sequence[Placed], horizon_ns: int) -> None:
        """`TimedFault.plan`; it holds from the start."""
        choices = control.runtime.choices
        for host, setting in hosts_of(control, settings):
            places = [f"{host} {way}" for way in _WAYS]
            for number, size in choices.fault_at_one(
                self.kind, host, places.__getitem__, len(_WAYS), setting.ratio, setting.size
            ):
                self._plan(control, host, Moment(0, places[number], size, _WAYS[number]))

    def _plan(self, control: "Control", host: str, moment: Moment) -> None:
        def begin() -> None:
            strike(control, host, self.kind, moment)
            control.runtime.network.hosts[host].kernel.drift_by(
                moment.size if moment.way == _WAYS[0] else -moment.size
            )

        control.at(0, begin)

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        host, _, way = place.rpartition(" ")
        return f"the clocks of {host} ran {size} ppm {way}"
