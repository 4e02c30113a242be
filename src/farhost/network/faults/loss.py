"""Loss: the packet leaves and never arrives. netem's `loss`."""

from farhost.kernel.environment import Chance
from farhost.network.faults.fault_words import place_words
from farhost.network.faults.protocol import Fate
from farhost.network.faults.setting import PlainFault, Setting


class Loss(PlainFault):
    """Each packet alone, with equal probability."""

    kind = "loss"
    action = "dropped"
    help = "A packet leaves and never arrives."

    def strike(self, chance: Chance, fate: Fate, setting: Setting) -> int | None:
        """Lose it, or not."""
        if not chance.fault("loss", fate.place, setting.ratio):
            return None
        fate.lose("loss")
        return 1

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"{place_words(place)} never arrived"
