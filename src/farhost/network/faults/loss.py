"""Loss: the packet leaves and never arrives. netem's `loss`."""

from farhost.kernel.environment import Chance
from farhost.network.faults.protocol import Fate
from farhost.network.faults.setting import PlainFault, Ratio


class Loss(PlainFault):
    """Each packet alone, with equal probability."""

    kind = "loss"
    action = "dropped"
    help = "A packet leaves and never arrives."

    def strike(self, chance: Chance, fate: Fate, ratio: Ratio) -> int | None:
        """Lose it, or not."""
        if not chance.chance("loss", fate.place, *ratio):
            return None
        fate.lost = True
        return 1

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"{place} was lost"
