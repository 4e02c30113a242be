"""Corruption: one bit of the packet arrives wrong. netem's `corrupt`.

Any bit, from the IP header's first to the payload's last. Its checksums are those that were sent, so the receiver
drops it, except where no checksum covers the bit (IPv6's hop limit, traffic class and flow label).
"""

from farhost.kernel.environment import Chance
from farhost.network.faults.fault_words import place_words
from farhost.network.faults.protocol import Fate
from farhost.network.faults.setting import PlainFault, Setting


class Corrupt(PlainFault):
    """Each packet alone, with equal probability."""

    kind = "corrupt"
    action = "corrupted"
    help = "A packet arrives with one bit wrong."

    def strike(self, chance: Chance, fate: Fate, setting: Setting) -> int | None:
        """Flip a bit, or not; the size is which one, counted from 1."""
        bit = chance.fault("corrupt", fate.place, setting.ratio, fate.size * 8)
        if not bit:
            return None
        fate.flipped_bit = bit - 1
        return bit

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        bit = size - 1
        return f"{place_words(place)} arrived with a bit wrong (bit {7 - bit % 8} of the packet's byte {bit // 8})"
