"""The stand-in for `atexit`: functions that run when the simulated process ends, the last registered first."""

import atexit as real
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from greenlet import GreenletExit

from farhost.programs.caller import WorldProcess


def make_atexit_module(process: WorldProcess) -> ModuleType:
    """`atexit` for one process."""
    module = ModuleType("atexit", real.__doc__)
    registered: list[tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]] | None] = []

    def register(func: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not callable(func):
            raise TypeError("the first argument must be callable")
        registered.append((func, args, kwargs))
        return func

    def unregister(func: Any, /) -> None:
        registered[:] = [None if entry is None or entry[0] == func else entry for entry in registered]

    def run_exitfuncs() -> None:
        # As in C: what is registered meanwhile does not run, and what is unregistered meanwhile does neither.
        for index in range(len(registered) - 1, -1, -1):
            entry = registered[index] if index < len(registered) else None
            if entry is None:
                continue
            function, args, kwargs = entry
            try:
                function(*args, **kwargs)
            except GreenletExit:
                raise
            except BaseException as error:
                told = "Exception ignored in atexit callback"
                if sys.version_info >= (3, 13):
                    process.report_ignored(f"{told} {function!r}", None, error)
                else:
                    process.report_ignored(told, function, error)
        registered.clear()

    module.__dict__.update(
        register=register,
        unregister=unregister,
        _run_exitfuncs=run_exitfuncs,
        _clear=registered.clear,
        _ncallbacks=lambda: len(registered),
    )
    return module
