"""A partition: for a while nothing gets through a link, and nobody is told; then it heals.

What is on its way arrives; what is sent meanwhile is lost without a word, as on a cut cable or behind a firewall that
drops. TCP retransmits and goes on after it has healed, unless a program or TCP itself has given up before (tcp(7),
`tcp_retries2`, `tcp_syn_retries`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farhost.network.faults.setting import Setting
from farhost.network.faults.span_fault import SpanFault
from farhost.programs.timed_faults.moments import Moment, moments, span_words, split_place, strike
from farhost.programs.timed_faults.places import LinkPlace, directions_of, links_of
from farhost.programs.timed_faults.protocol import Befalls, Placed

if TYPE_CHECKING:
    from farhost.programs.control import Control


class Partition(SpanFault):
    """Both ways at once."""

    kind = "partition"
    befalls: Befalls = "links"
    help = "A link lets nothing through for a while, both ways."
    default = "20s"

    def plan(self, control: "Control", settings: Sequence[Placed], horizon_ns: int) -> None:
        """`TimedFault.plan`."""
        _plan(self, control, horizon_ns, links_of(control.runtime.network, settings))

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"the link {split_place(place)[0]} was cut {span_words(place, size)}"


class PartitionOneWay(SpanFault):
    """One way: a route or a firewall that is wrong in one place."""

    kind = "partition-one-way"
    befalls: Befalls = "links"
    help = "A link lets nothing through for a while, one way."
    default = "20s"

    def plan(self, control: "Control", settings: Sequence[Placed], horizon_ns: int) -> None:
        """`TimedFault.plan`."""
        _plan(self, control, horizon_ns, directions_of(control.runtime.network, settings))

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"the link {split_place(place)[0]} was cut one way {span_words(place, size)}"


def _plan(
    fault: Partition | PartitionOneWay,
    control: "Control",
    horizon_ns: int,
    links: Sequence[tuple[LinkPlace, Setting]],
) -> None:
    choices = control.runtime.choices
    for link, setting in links:
        for moment in moments(choices, fault.kind, link.name, setting, horizon_ns):
            _cut(fault, control, link, moment)


def _cut(fault: Partition | PartitionOneWay, control: "Control", link: LinkPlace, moment: Moment) -> None:
    def change(by: int) -> None:
        for channel in link.channels:
            channel.add_cuts(by)

    def begin() -> None:
        strike(control, link.channels[0].source.host, fault.kind, moment)
        change(1)
        control.at(moment.span_ns, lambda: change(-1))

    control.at(moment.due_ns, begin)
