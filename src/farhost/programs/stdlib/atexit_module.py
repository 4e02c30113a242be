"""The stand-in for `atexit`: functions that run when the simulated process ends, the last registered first."""

import atexit as real
from collections.abc import Callable
from types import ModuleType
from typing import Any

from greenlet import GreenletExit

from farhost.programs.caller import WorldProcess


def make_atexit_module(process: WorldProcess) -> ModuleType:
    """`atexit` for one process."""
    module = ModuleType("atexit", real.__doc__)
    registered: list[tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]] = []

    def register(func: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not callable(func):
            raise TypeError("the first argument must be callable")
        registered.append((func, args, kwargs))
        return func

    def unregister(func: Any, /) -> None:
        registered[:] = [entry for entry in registered if entry[0] != func]

    def run_exitfuncs() -> None:
        while registered:
            function, args, kwargs = registered.pop()
            try:
                function(*args, **kwargs)
            except GreenletExit:
                raise
            except BaseException as error:
                process.report_ignored("Exception ignored in atexit callback", function, error)

    module.__dict__.update(
        register=register,
        unregister=unregister,
        _run_exitfuncs=run_exitfuncs,
        _clear=registered.clear,
        _ncallbacks=lambda: len(registered),
    )
    return module
