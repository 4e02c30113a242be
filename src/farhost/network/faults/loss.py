"""Loss: the packet leaves and never arrives. netem's `loss`."""

from farhost.kernel.environment import Chance
from farhost.network.faults.protocol import Fate, Ratio


class Loss:
    """Each packet alone, with equal probability."""

    kind = "loss"
    action = "dropped"

    def strike(self, chance: Chance, fate: Fate, ratio: Ratio) -> int | None:
        """Lose it, or not."""
        if not chance.chance("loss", fate.place, *ratio):
            return None
        fate.lost = True
        return 1
