"""Duplication: the packet arrives twice, the copy right behind it. netem's `duplicate`.

The copy is a packet of its own that nothing else befalls: where the original is lost or damaged, the copy arrives.
"""

from farhost.kernel.environment import Chance
from farhost.network.faults.fault_words import place_words
from farhost.network.faults.protocol import Fate
from farhost.network.faults.setting import PlainFault, Setting


class Duplicate(PlainFault):
    """Each packet alone, with equal probability."""

    kind = "duplicate"
    action = "duplicated"
    help = "A packet arrives twice."

    def strike(self, chance: Chance, fate: Fate, setting: Setting) -> int | None:
        """Double it, or not."""
        if not chance.fault("duplicate", fate.place, setting.ratio):
            return None
        fate.copies += 1
        return 1

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"{place_words(place)} arrived twice"
