"""The stand-in for `_random`: the Mersenne Twister, which without a seed takes the simulated process's entropy.

One that is made before its process begins (`random` makes one when it is loaded) is seeded when it does.
"""

import _random as real
from types import ModuleType
from typing import Any

from farhost.programs.caller import WorldProcess

SEED_SIZE = 32
ENTROPY = ("getrandom", SEED_SIZE)


def number_of(entropy: Any) -> int:
    """A seed; of a process that is dead, which gets none, always the same."""
    return int.from_bytes(entropy or bytes(SEED_SIZE), "big")


def make_random_module(process: WorldProcess) -> ModuleType:
    """`_random` for one process."""
    module = ModuleType("_random", real.__doc__)

    class Random(real.Random):
        """Random() -> create a random number generator with its own internal state."""

        def __init__(self, seed: Any = None, /) -> None:
            self.seed(seed)

        def seed(self, seed: Any = None, /) -> None:
            if seed is None and process.early:
                process.at_begin.append(lambda: super(Random, self).seed(number_of(process.call_now(*ENTROPY))))
                seed = 0
            elif seed is None:
                seed = number_of(process.call(*ENTROPY))
            super().seed(seed)

    Random.__module__ = "_random"
    Random.__qualname__ = "Random"
    module.__dict__["Random"] = Random
    return module
