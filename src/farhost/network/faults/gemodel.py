"""Burst loss, by the model of Gilbert and Elliott: `gemodel=1%:25%`, netem's `loss gemodel p r`.

The link is good or bad. Each packet of a good link starts a burst with probability p; each of a bad one ends it with
probability r, and then one gets through, so that bursts are 1/r packets long in the mean. netem's further words are
fixed: all packets of a burst are lost (1-h is 100 %), and none else is (1-k is 0). As there, r is 1 - p where it is
left out, which is loss without bursts. One choice stands for a whole burst; its size is how many packets are lost.
"""

from farhost.kernel.environment import Chance
from farhost.network.faults.fault_words import place_words
from farhost.network.faults.protocol import Fate
from farhost.network.faults.setting import OFF, Setting
from farhost.units import UnitError, format_ratio, parse_ratio

_LONG = 50
"""A burst is at most so many times as long as in the mean: longer ones are less probable than 1 in 10**21."""


class BurstLoss:
    """Bursts that begin at any packet with equal probability."""

    kind = "gemodel"
    action = "dropped"
    help = "Several packets in a row are lost."
    replayed = "100%:0.0001%"

    def parse(self, text: str) -> Setting:
        """`1%:25%`, or `1%`. UnitError."""
        start, colon, end = text.partition(":")
        ratio = parse_ratio(start)
        if ratio[0] == 0:
            return OFF
        numerator, denominator = parse_ratio(end) if colon else (ratio[1] - ratio[0], ratio[1])
        if numerator == 0:
            raise UnitError(
                f"{text!r}: a burst that never ends loses everything: write how probable its end is, as in 1%:25%"
            )
        return Setting(ratio, details=(("end", numerator, denominator),))

    def format(self, setting: Setting) -> str:
        """`FaultWord.format`."""
        if not setting.details:
            return format_ratio(setting.ratio)
        ((_, *end),) = setting.details
        return f"{format_ratio(setting.ratio)}:{format_ratio((end[0], end[1]))}"

    def strike(self, chance: Chance, fate: Fate, setting: Setting) -> int | None:
        """Lose it as part of a burst, or begin one, or not; the size is how long the burst is."""
        if setting.ratio[0] == 0:
            return None
        memory = fate.memory.setdefault("gemodel", {})
        left = memory.get("left", 0)
        if left:
            memory["left"] = left - 1
            if left == 1:
                return None
            fate.lose("gemodel")
            return 0
        ((_, numerator, denominator),) = setting.details
        limit = _LONG * -(-denominator // numerator)
        length = chance.fault(
            "gemodel", fate.place, setting.ratio, limit, one_more=(denominator - numerator, denominator)
        )
        if not length:
            return None
        memory["left"] = length
        fate.lose("gemodel")
        return length

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        if size == 1:
            return f"{place_words(place)} never arrived"
        more = "the next packet" if size == 2 else f"the next {size - 1} packets"
        return f"{place_words(place)} never arrived, nor did {more}"
