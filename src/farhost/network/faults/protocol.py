"""What a fault is, and what it may do to one packet on the wire.

A fault sees one packet at a time (a piece of a super-segment counts as one) and writes its verdict into the packet's
`Fate`. It decides through `chance` alone, with the fate's place, so taking one fault away moves no other. A new
fault is one file beside this one and one row in `farhost.network.faults.table`.
"""

from typing import Protocol

from farhost.kernel.environment import Chance
from farhost.network.faults.setting import FaultWord, Ratio


class Fate:
    """One packet on the wire, and what becomes of it."""

    __slots__ = ("copies", "delay_ns", "extra_ns", "flipped_bit", "lost", "place", "size")

    def __init__(self, place: str, size: int, delay_ns: int) -> None:
        self.place = place
        """Which packet, on which channel: the second half of a choice's name."""
        self.size = size
        """Its bytes on the wire, IP header included."""
        self.delay_ns = delay_ns
        """The link's delay."""
        self.lost = False
        self.extra_ns = 0
        """It arrives so much later than it would, and later ones overtake it."""
        self.copies = 0
        """How many more of it arrive."""
        self.flipped_bit: int | None = None
        """The bit that arrives wrong, counted from the packet's first byte, high bits first."""


class Fault(FaultWord, Protocol):
    """One sort of misbehaviour of a link."""

    @property
    def action(self) -> str:
        """What it makes of a packet, as `PacketEvent.action`."""

    def strike(self, chance: Chance, fate: Fate, ratio: Ratio) -> int | None:
        """Decide about one packet with the probability `ratio`; the size of the fault if it struck, else None.

        A probability of zero never strikes and asks nothing.
        """
