"""Reordering: the packet is held up, and those sent after it overtake it.

netem's `reorder` lets the chosen packet jump the queue of the delayed ones instead, which does nothing on a link
without delay; held up, it is overtaken on any link. How long: from 1 ns up to the largest time that the word gives
(`reorder=10%:50ms`), evenly spread; without one up to the link's delay, at least up to 1 ms.
"""

from farhost.kernel.environment import Chance
from farhost.network.faults.fault_words import duration_words, place_words
from farhost.network.faults.protocol import Fate
from farhost.network.faults.setting import Setting, format_setting, parse_setting
from farhost.units import format_duration, parse_duration

_LEAST_SPAN_NS = 1_000_000


class Reorder:
    """Each packet alone, with equal probability."""

    kind = "reorder"
    action = "reordered"
    help = "A packet is overtaken by those behind it."
    replayed = "100%:3600s"

    def parse(self, text: str) -> Setting:
        """`10%`, or `10%:50ms`. UnitError."""
        return parse_setting(text, 0, parse_duration)

    def format(self, setting: Setting) -> str:
        """`FaultWord.format`."""
        return format_setting(setting, 0, format_duration)

    def strike(self, chance: Chance, fate: Fate, setting: Setting) -> int | None:
        """Hold it up, or not; the size is for how many ns."""
        limit_ns = setting.size or max(fate.delay_ns, _LEAST_SPAN_NS)
        held_ns = chance.fault("reorder", fate.place, setting.ratio, limit_ns)
        if not held_ns:
            return None
        fate.extra_ns = held_ns
        return held_ns

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"{place_words(place)} came {duration_words(size)} late, and those sent later could overtake it"
