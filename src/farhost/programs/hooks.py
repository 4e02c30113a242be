"""Hooks that C takes from the real `sys`: while a program runs, they are that program's own."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from farhost.programs.caller import Running


@contextlib.contextmanager
def program_hooks(run: Running) -> Iterator[None]:
    """For the time of a run: what no program runs to hear goes where it went before."""
    unraisable, display = sys.unraisablehook, sys.displayhook
    sys.unraisablehook = _routed(run, unraisable, "unraisablehook")
    sys.displayhook = _routed(run, display, "displayhook")
    try:
        yield
    finally:
        sys.unraisablehook = unraisable
        sys.displayhook = display


def _routed(run: Running, outside: Callable[[Any], object], name: str) -> Callable[[Any], object]:
    def hook(argument: Any) -> object:
        current = run.current
        if current is None or current.process.world_sys is None:
            return outside(argument)
        own: Callable[[Any], object] = getattr(current.process.world_sys, name)
        return own(argument)

    return hook
