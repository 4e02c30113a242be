"""Hooks that C takes from the real `sys`: while a program runs, they are that program's own."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from farhost.programs.caller import Running


@contextlib.contextmanager
def program_hooks(run: Running) -> Iterator[None]:
    """For the time of a run: what no program runs to hear goes where it went before."""
    unraisable, display, generators = sys.unraisablehook, sys.displayhook, sys.get_asyncgen_hooks()
    sys.unraisablehook = _routed(run, unraisable, "unraisablehook")
    sys.displayhook = _routed(run, display, "displayhook")
    sys.set_asyncgen_hooks(*_asyncgen_hooks(run, generators))
    try:
        yield
    finally:
        sys.set_asyncgen_hooks(*generators)
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


def _asyncgen_hooks(run: Running, outside: Any) -> tuple[Callable[[Any], None], Callable[[Any], None]]:
    """The interpreter has them for each OS thread: here each simulated thread of a world has its own."""
    finalizers: dict[int, Callable[[Any], None]] = {}

    def firstiter(generator: Any) -> None:
        current = run.current
        sys_of_it = None if current is None else current.process.world_sys
        hooks = outside if sys_of_it is None else sys_of_it.get_asyncgen_hooks()
        finalizers.pop(id(generator), None)
        if hooks.finalizer is not None:
            finalizers[id(generator)] = hooks.finalizer
        if hooks.firstiter is not None:
            hooks.firstiter(generator)

    def finalizer(generator: Any) -> None:
        found = finalizers.pop(id(generator), None)
        if found is not None:
            found(generator)
            return
        with contextlib.suppress(StopIteration):  # As without hooks: it is closed up to its first await.
            generator.aclose().send(None)

    return firstiter, finalizer
