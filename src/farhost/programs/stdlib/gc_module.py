"""The stand-in for `gc`: a program may switch its collector off and on, and it hears what it said; but garbage of all
programs is collected at fixed steps of the run (DESIGN 5), and when a program asks.

Were `gc.enable()` the interpreter's, finalizers would run whenever its count of allocations says so.
Source: Modules/gcmodule.c.
"""

import gc as real
from types import ModuleType
from typing import Any

from farhost.programs.caller import WorldProcess


def make_gc_module(process: WorldProcess) -> ModuleType:
    """`gc` for one process."""
    module = ModuleType("gc", real.__doc__)
    names = module.__dict__
    names.update({name: value for name, value in vars(real).items() if not name.startswith("__")})
    callbacks: list[Any] = []
    state = {"enabled": True, "threshold": (700, 10, 10)}

    def enable() -> None:
        """Enable automatic garbage collection."""
        state["enabled"] = True

    def disable() -> None:
        """Disable automatic garbage collection."""
        state["enabled"] = False

    def set_threshold(threshold0: int, *others: int) -> None:
        """Set the collection thresholds (the collection frequency)."""
        state["threshold"] = (threshold0, *others, *state["threshold"][1 + len(others) :])  # type: ignore[index]

    def collect(generation: int = 2) -> int:
        """Run the garbage collector; the number of unreachable objects."""
        if not 0 <= generation <= 2:
            raise ValueError("invalid generation")
        info = {"generation": generation, "collected": 0, "uncollectable": 0}
        for callback in tuple(callbacks):
            callback("start", info)
        found = real.collect(generation)
        for callback in tuple(callbacks):
            callback("stop", {**info, "collected": found})
        return found

    names.update(
        callbacks=callbacks,
        enable=enable,
        disable=disable,
        isenabled=lambda: state["enabled"],
        set_threshold=set_threshold,
        get_threshold=lambda: state["threshold"],
        collect=collect,
        freeze=lambda: None,
        unfreeze=lambda: None,
        get_freeze_count=lambda: 0,
    )
    return module
