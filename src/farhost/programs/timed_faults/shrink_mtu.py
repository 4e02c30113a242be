"""The MTU of a link falls at some time, and stays so: the path has become another, through a tunnel.

Packets that are too large now are fragmented on the way, or, where they may not be, refused with ICMP, from which the
sender learns the path's MTU (RFC 1191, RFC 8201). Never below 1280 bytes, which IPv6 asks of every link.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farhost.network.faults.setting import Setting, format_setting, parse_setting
from farhost.programs.timed_faults.moments import Moment, moments, split_place, strike, when_words
from farhost.programs.timed_faults.places import LinkPlace, links_of
from farhost.programs.timed_faults.protocol import Befalls, Placed
from farhost.units import parse_count

if TYPE_CHECKING:
    from farhost.programs.control import Control

LEAST_MTU = 1280
_DEFAULT_BYTES = 220
"""From Ethernet's 1500 to that."""


class ShrinkMtu:
    """Each link alone, both ways at once; the size is by how many bytes."""

    kind = "shrink-mtu"
    befalls: Befalls = "links"
    help = "The MTU of a link falls, down to 1280 at most."
    replayed = "100%:65535"

    def parse(self, text: str) -> Setting:
        """`5%`, or `5%:220`, in bytes. UnitError."""
        return parse_setting(text, _DEFAULT_BYTES, parse_count)

    def format(self, setting: Setting) -> str:
        """`FaultWord.format`."""
        return format_setting(setting, _DEFAULT_BYTES)

    def plan(self, control: "Control", settings: Sequence[Placed], horizon_ns: int) -> None:
        """`TimedFault.plan`."""
        for link, setting in links_of(control.runtime.network, settings):
            room = min(channel.conditions.mtu for channel in link.channels) - LEAST_MTU
            held = setting._replace(size=min(setting.size, room))
            for moment in moments(control.runtime.choices, self.kind, link.name, held, horizon_ns):
                self._plan(control, link, moment)

    def _plan(self, control: "Control", link: LinkPlace, moment: Moment) -> None:
        def begin() -> None:
            strike(control, link.channels[0].source.host, self.kind, moment)
            for channel in link.channels:
                mtu = max(channel.conditions.mtu - moment.size, min(channel.conditions.mtu, LEAST_MTU))
                link.segment.set_channel(channel, channel.conditions._replace(mtu=mtu))

        control.at(moment.due_ns, begin)

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"the MTU of the link {split_place(place)[0]} fell by {size} bytes {when_words(place)}"
