"""A TCP segment goes on as two packets, cut within its payload.

The sender's network card, a proxy or another middlebox cuts where it likes: a stream has no boundaries (RFC 9293
§3.7.1), and a receiver has to take any. The second packet is right behind the first (`GAP_NS`), and is one of its
own, so that what befalls one need not befall the other. Only segments with data are cut, and none with SYN, RST or
URG; of packets that a router may fragment none either, as two of them would bear one identification (RFC 6864).
"""

from farhost.kernel.environment import Chance
from farhost.network.faults.fault_words import split_place_words
from farhost.network.faults.protocol import Fate
from farhost.network.faults.setting import PlainFault, Setting
from farhost.wire.packet import RST, SYN, URG, TcpSegment

GAP_NS = 100_000
"""How long after the first packet the second one comes at least: what 125 bytes take at 10 Mbit/s, and enough for a
program that waits to see the first piece alone."""


class Split(PlainFault):
    """Each segment alone, with equal probability, at any byte."""

    kind = "split"
    action = "split"
    help = "A TCP segment arrives in two pieces."

    def strike(self, chance: Chance, fate: Fate, setting: Setting) -> int | None:
        """Cut it, or not; the size is how many bytes of the payload the first packet has."""
        packet = fate.packet
        body = packet.body
        if type(body) is not TcpSegment or body.flags & (SYN | RST | URG):
            return None
        if len(packet.source) == 4 and not packet.dont_fragment:
            return None
        length = len(body.payload)
        if body.segment_size:
            length = min(body.segment_size, length - fate.number * body.segment_size)
        offset = chance.fault("split", fate.place, setting.ratio, length - 1)
        if not offset:
            return None
        fate.cut_at = offset
        return offset

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return split_place_words(place, size)
