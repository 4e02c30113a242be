"""A squeeze: one direction of a link becomes slow for a while, and then is as it was.

A modem in a bad place, a carrier's limit that is used up: 64 kbit/s, which is what a mobile line is throttled to.
Packets queue up before it, as before any link with a rate (`limit`), so all become late and some are lost.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farhost.network.channel import Channel
from farhost.network.faults.span_fault import SpanFault
from farhost.programs.timed_faults.moments import Moment, moments, span_words, split_place, strike
from farhost.programs.timed_faults.places import LinkPlace, directions_of
from farhost.programs.timed_faults.protocol import Befalls, Placed

if TYPE_CHECKING:
    from farhost.programs.control import Control

SLOW_BPS = 64_000


class Squeeze(SpanFault):
    """Each direction alone; one that is as slow anyway has nothing to lose."""

    kind = "squeeze"
    befalls: Befalls = "links"
    help = "A link slows down to 64 kbit/s for a while, one way."
    default = "10s"

    def plan(self, control: "Control", settings: Sequence[Placed], horizon_ns: int) -> None:
        """`TimedFault.plan`."""
        network = control.runtime.network
        for link, setting in directions_of(network, settings):
            if _is_faster(link.channels[0]):
                for moment in moments(control.runtime.choices, self.kind, link.name, setting, horizon_ns):
                    self._plan(control, link, moment)

    def _plan(self, control: "Control", link: LinkPlace, moment: Moment) -> None:
        (channel,) = link.channels

        def set_rate(rate_bps: int) -> None:
            link.segment.set_channel(channel, channel.conditions._replace(rate_bps=rate_bps))

        def begin() -> None:
            strike(control, channel.source.host, self.kind, moment)
            before_bps = channel.conditions.rate_bps
            if _is_faster(channel):
                set_rate(SLOW_BPS)
                control.at(moment.span_ns, lambda: end(before_bps))

        def end(rate_bps: int) -> None:
            # What was said of the link meanwhile stays.
            if channel.conditions.rate_bps == SLOW_BPS:
                set_rate(rate_bps)

        control.at(moment.due_ns, begin)

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"the link {split_place(place)[0]} slowed down to 64 kbit/s {span_words(place, size)}"


def _is_faster(channel: Channel) -> bool:
    return not 0 < channel.conditions.rate_bps <= SLOW_BPS
