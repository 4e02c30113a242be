"""asyncio's futures and tasks in place: those that a function makes are hashed by number, so sets have one order.

C's classes cannot be changed, so a function gets classes derived from them; whoever asks outside of a run gets C's
own.
"""

import importlib
from collections.abc import Callable, Iterator
from typing import Any

from farhost.programs.in_place.caller import RUNNING, simulated
from farhost.programs.in_place.dispatch import choice
from farhost.programs.steady import keep_order, number_instances


def make_future_classes(numbers: Callable[[], Iterator[int] | None]) -> dict[int, Any]:
    """By the identity of what they replace: the classes that ask who calls. `numbers`: those of the caller."""
    tasks = importlib.import_module("asyncio.tasks")
    keep_order(tasks)
    native: Any = importlib.import_module("_asyncio")

    class Future(native.Future):  # type: ignore[misc]
        __doc__ = native.Future.__doc__
        __slots__ = ()

    class Task(native.Task, Future):  # type: ignore[misc]
        __doc__ = native.Task.__doc__
        __slots__ = ()

    number_instances(Future, numbers)
    found: dict[int, Any] = {}
    for made in (Future, Task):
        made.__module__, made.__qualname__ = "_asyncio", made.__name__
        original = getattr(native, made.__name__)
        found[id(original)] = choice(original, "_asyncio", _chooser(made, original), (made,))
    return found


def _chooser(made: type, original: type) -> Callable[[], type]:
    def choose() -> type:
        thread = simulated() if RUNNING else None
        return original if thread is None or thread.process.place is None else made

    return choose
