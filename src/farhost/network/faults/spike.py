"""A delay spike: a packet comes late, and all that follow it in this direction wait behind it.

A queue has built up somewhere on the way, or a radio link paused: the order is kept. From 1 ns up to the largest time
that the word gives (`spike=1%:300ms`, else 1 s), evenly over the orders of magnitude. Of netem's words `slot` comes
nearest (tc-netem(8)), which gathers packets at regular times.
"""

from farhost.kernel.environment import Chance
from farhost.network.faults.fault_words import duration_words, place_words
from farhost.network.faults.protocol import Fate
from farhost.network.faults.setting import Setting, format_setting, parse_setting
from farhost.units import format_duration, parse_duration

_LIMIT_NS = 1_000_000_000


class Spike:
    """Each packet alone, with equal probability; spikes that meet add up."""

    kind = "spike"
    action = "delayed"
    help = "A packet comes late, and all behind it wait."
    replayed = "100%:3600s"

    def parse(self, text: str) -> Setting:
        """`1%`, or `1%:300ms`. UnitError."""
        return parse_setting(text, _LIMIT_NS, parse_duration)

    def format(self, setting: Setting) -> str:
        """`FaultWord.format`."""
        return format_setting(setting, _LIMIT_NS, format_duration)

    def strike(self, chance: Chance, fate: Fate, setting: Setting) -> int | None:
        """Hold all up from this packet on, or not; the size is for how many ns."""
        held_ns = chance.fault("spike", fate.place, setting.ratio, setting.size, rather_small=True)
        if not held_ns:
            return None
        fate.held_ns = held_ns
        return held_ns

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"{place_words(place)} came {duration_words(size)} late"
