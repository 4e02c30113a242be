"""Reordering: the packet is held up, and those sent after it overtake it.

netem's `reorder` lets the chosen packet jump the queue of the delayed ones instead, which does nothing on a link
without delay; held up, it is overtaken on any link. How long: from 1 ns up to the link's delay, at least up to 1 ms,
evenly spread.
"""

from farhost.kernel.environment import Chance
from farhost.network.faults.protocol import Fate
from farhost.network.faults.setting import PlainFault, Ratio
from farhost.units import format_duration

_LEAST_SPAN_NS = 1_000_000


class Reorder(PlainFault):
    """Each packet alone, with equal probability."""

    kind = "reorder"
    action = "reordered"
    help = "A packet is overtaken by those behind it."

    def strike(self, chance: Chance, fate: Fate, ratio: Ratio) -> int | None:
        """Hold it up, or not; the size is for how many ns."""
        if not chance.chance("reorder", fate.place, *ratio):
            return None
        fate.extra_ns = 1 + chance.draw("reorder by", fate.place, max(fate.delay_ns, _LEAST_SPAN_NS))
        return fate.extra_ns

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"{place} was held up for {format_duration(size)} and overtaken"
