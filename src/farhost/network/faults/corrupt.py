"""Corruption: one bit of the packet arrives wrong. netem's `corrupt`.

Any bit, from the IP header's first to the payload's last. Its checksums are those that were sent, so the receiver
drops it, except where no checksum covers the bit (IPv6's hop limit, traffic class and flow label).
"""

from farhost.kernel.environment import Chance
from farhost.network.faults.protocol import Fate
from farhost.network.faults.setting import PlainFault, Ratio


class Corrupt(PlainFault):
    """Each packet alone, with equal probability."""

    kind = "corrupt"
    action = "corrupted"
    help = "A packet arrives with one bit wrong."

    def strike(self, chance: Chance, fate: Fate, ratio: Ratio) -> int | None:
        """Flip a bit, or not; the size is which one, counted from 1."""
        if not chance.chance("corrupt", fate.place, *ratio):
            return None
        fate.flipped_bit = chance.draw("corrupt bit", fate.place, fate.size * 8)
        return fate.flipped_bit + 1

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"{place} arrived with bit {size - 1} wrong"
