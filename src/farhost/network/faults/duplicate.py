"""Duplication: the packet arrives twice, the copy right behind it. netem's `duplicate`.

The copy is a packet of its own that nothing else befalls: where the original is lost or damaged, the copy arrives.
"""

from farhost.kernel.environment import Chance
from farhost.network.faults.protocol import Fate, Ratio


class Duplicate:
    """Each packet alone, with equal probability."""

    kind = "duplicate"
    action = "duplicated"

    def strike(self, chance: Chance, fate: Fate, ratio: Ratio) -> int | None:
        """Double it, or not."""
        if not chance.chance("duplicate", fate.place, *ratio):
            return None
        fate.copies += 1
        return 1
