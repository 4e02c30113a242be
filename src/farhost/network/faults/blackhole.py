"""A black hole: packets above a size disappear, and nobody is told: `blackhole=1400`.

A tunnel or a router with a narrower MTU stands on the way whose ICMP messages never arrive, so that the sender cannot
find the path's MTU (RFC 2923 §2.1); small packets, and so TCP's handshake, get through. The link's own `mtu` stays.
Nothing of it is chance, but each packet is a choice, so that a replay may let one through. netem has no word for it.
"""

from farhost.kernel.environment import Chance
from farhost.network.faults.fault_words import place_words
from farhost.network.faults.protocol import Fate
from farhost.network.faults.setting import OFF, Setting
from farhost.units import UnitError, parse_count

_LARGEST = 65535


class BlackHole:
    """Every packet that is larger."""

    kind = "blackhole"
    action = "dropped"
    help = "Packets above a size disappear, without ICMP."
    replayed = "1"

    def parse(self, text: str) -> Setting:
        """The largest size that gets through, in bytes; `off`. UnitError."""
        if text == "off":
            return OFF
        size = parse_count(text)
        if not 1 <= size <= _LARGEST:
            raise UnitError(
                f"{text!r} is no size of a packet: it is 1 to {_LARGEST}, in bytes, such as 1400, or off for no hole"
            )
        return Setting((1, 1), size)

    def format(self, setting: Setting) -> str:
        """`FaultWord.format`."""
        return str(setting.size) if setting.ratio[0] else "off"

    def strike(self, chance: Chance, fate: Fate, setting: Setting) -> int | None:
        """Lose it if it is larger."""
        if fate.size <= setting.size or not chance.fault("blackhole", fate.place, setting.ratio):
            return None
        fate.lose("blackhole")
        return 1

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"{place_words(place)} was too large for a part of the way, and nobody was told"
