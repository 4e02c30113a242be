"""The stand-in for `_random`: the Mersenne Twister, which without a seed takes the simulated process's entropy."""

import _random as real
from types import ModuleType
from typing import Any

from farhost.programs.caller import WorldProcess

SEED_SIZE = 32


def make_random_module(process: WorldProcess) -> ModuleType:
    """`_random` for one process."""
    module = ModuleType("_random", real.__doc__)

    class Random(real.Random):
        """Random() -> create a random number generator with its own internal state."""

        def __init__(self, seed: Any = None, /) -> None:
            self.seed(seed)

        def seed(self, seed: Any = None, /) -> None:
            if seed is None:
                entropy = process.call("getrandom", SEED_SIZE)
                seed = int.from_bytes(entropy or bytes(SEED_SIZE), "big")
            super().seed(seed)

    Random.__module__ = "_random"
    Random.__qualname__ = "Random"
    module.__dict__["Random"] = Random
    return module
