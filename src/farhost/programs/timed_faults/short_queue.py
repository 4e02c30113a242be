"""A short queue: before one direction of a link there is room for two packets for a while, and more are lost.

A router whose memory others use, or one with little of it. Only a link with a rate has a queue (`rate`, `limit`);
nothing befalls the others.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farhost.network.faults.span_fault import SpanFault
from farhost.programs.timed_faults.moments import Moment, moments, span_words, split_place, strike
from farhost.programs.timed_faults.places import LinkPlace, directions_of
from farhost.programs.timed_faults.protocol import Befalls, Placed

if TYPE_CHECKING:
    from farhost.programs.control import Control

SHORT_PACKETS = 2


class ShortQueue(SpanFault):
    """Each direction alone."""

    kind = "short-queue"
    befalls: Befalls = "links"
    help = "A link with a rate has room for 2 packets for a while, one way."
    default = "10s"

    def plan(self, control: "Control", settings: Sequence[Placed], horizon_ns: int) -> None:
        """`TimedFault.plan`."""
        for link, setting in directions_of(control.runtime.network, settings):
            if link.channels[0].conditions.rate_bps:
                for moment in moments(control.runtime.choices, self.kind, link.name, setting, horizon_ns):
                    self._plan(control, link, moment)

    def _plan(self, control: "Control", link: LinkPlace, moment: Moment) -> None:
        (channel,) = link.channels

        def set_limit(packets: int) -> None:
            link.segment.set_channel(channel, channel.conditions._replace(limit_packets=packets))

        def begin() -> None:
            strike(control, channel.source.host, self.kind, moment)
            before = channel.conditions.limit_packets
            if before > SHORT_PACKETS:
                set_limit(SHORT_PACKETS)
                control.at(moment.span_ns, lambda: end(before))

        def end(packets: int) -> None:
            # What was said of the link meanwhile stays.
            if channel.conditions.limit_packets == SHORT_PACKETS:
                set_limit(packets)

        control.at(moment.due_ns, begin)

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"the link {split_place(place)[0]} had room for {SHORT_PACKETS} packets {span_words(place, size)}"
