"""What the order of a program's sets depends on, and how an interpreter is started so that it is the same every day.

Sets are ordered by hashes: of strings, which PYTHONHASHSEED seeds, and of addresses, which ADDR_NO_RANDOMIZE keeps
from being drawn by chance (personality(2); it stays as it is where that is not allowed). An interpreter takes both at
its start only. Nothing of farhost's is imported here: whoever has to start anew does so before anything else.
"""

import importlib
import os

ADDR_NO_RANDOMIZE = 0x0040000
HASH_SEED = {"PYTHONHASHSEED": "0"}


def is_pinned() -> bool:
    """Whether this interpreter has a fixed order, as far as the machine allows it."""
    return has_fixed_hashes() and has_steady_addresses()


def has_fixed_hashes() -> bool:
    """Whether strings are hashed alike every day."""
    return os.environ.get("PYTHONHASHSEED") == HASH_SEED["PYTHONHASHSEED"]


def has_steady_addresses() -> bool:
    """Whether addresses are not drawn by chance, from the next exec on."""
    try:
        with open("/proc/self/personality", encoding="ascii") as file:
            return bool(int(file.read(), 16) & ADDR_NO_RANDOMIZE)
    except (OSError, ValueError):
        return True  # Where one cannot see it, there is no telling when to stop.


def ask_for_steady_addresses() -> bool:
    """From the next exec on, if that is allowed: whether it is so."""
    importlib.import_module("ctypes").CDLL(None).personality(ADDR_NO_RANDOMIZE)
    return has_steady_addresses()
