"""What a fault is, and what it may do to one packet on the wire.

A fault sees one packet at a time (a piece of a super-segment counts as one) and writes its verdict into the packet's
`Fate`. It decides through `chance` alone, with the fate's place, so taking one fault away moves no other. A new
fault is one file beside this one and one row in `farhost.network.faults.table`.
"""

from typing import Protocol

from farhost.kernel.environment import Chance
from farhost.network.faults.setting import FaultWord, Setting
from farhost.wire.packet import Packet

Memory = dict[str, dict[str, int]]
"""What the faults of one channel keep from packet to packet: numbers by name, by the fault's word."""


class Fate:
    """One packet on the wire, and what becomes of it."""

    __slots__ = (
        "copies",
        "cut_at",
        "delay_ns",
        "extra_ns",
        "flipped_bit",
        "held_ns",
        "lost_by",
        "memory",
        "number",
        "packet",
        "place",
        "size",
    )

    def __init__(self, place: str, size: int, delay_ns: int, packet: Packet, memory: Memory) -> None:
        self.place = place
        """Which packet, on which channel: the second half of a choice's name."""
        self.size = size
        """Its bytes on the wire, IP header included."""
        self.delay_ns = delay_ns
        """The link's delay."""
        self.packet = packet
        """The packet, or the super-segment that it is a piece of."""
        self.number = 0
        """Which piece of `packet` it is."""
        self.memory = memory
        self.lost_by = ""
        """The word of the fault that lost it, of several the first."""
        self.extra_ns = 0
        """It arrives so much later than it would, and later ones overtake it."""
        self.held_ns = 0
        """It and all that come behind it arrive so much later than they would."""
        self.copies = 0
        """How many more of it arrive."""
        self.flipped_bit: int | None = None
        """The bit that arrives wrong, counted from the packet's first byte, high bits first."""
        self.cut_at = 0
        """It goes on as two packets, each with a fate of its own, the first with so many bytes of the payload."""

    def lose(self, kind: str) -> None:
        """It never arrives."""
        self.lost_by = self.lost_by or kind


class Fault(FaultWord, Protocol):
    """One sort of misbehaviour of a link."""

    @property
    def action(self) -> str:
        """What it makes of a packet, as `PacketEvent.action`."""

    def strike(self, chance: Chance, fate: Fate, setting: Setting) -> int | None:
        """Decide about one packet; the size of the fault if it struck, else None. 0: an earlier choice reaches to
        this packet.

        A probability of zero never strikes and asks nothing.
        """
