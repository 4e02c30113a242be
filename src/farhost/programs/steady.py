"""Hashes that do not come of an object's address, which is another one in each interpreter.

The standard library keeps threads, futures, tasks and their locks in sets, and walks through them: the threads of a
pool are joined in the order of their hashes. So these have numbers, in the order in which they are first asked.
"""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

HASHED = (("threading", "Thread"), ("concurrent.futures._base", "Future"))
"""Classes of the standard library whose instances sets hold; asyncio's futures are seen to elsewhere, being C's."""
_NAME = "_farhost_number"


def number_instances(owner: Any, numbers: Callable[[], Iterator[int] | None]) -> None:
    """Hash a class's instances, which take attributes, by numbers; where there are none (None), as before."""
    before = owner.__hash__

    def __hash__(self: Any) -> int:
        found: int | None = getattr(self, _NAME, None)
        if found is None:
            source = numbers()
            found = before(self) if source is None else next(source)
            setattr(self, _NAME, found)
        return found

    owner.__hash__ = __hash__


def keep_order(tasks: Any) -> None:
    """Let `asyncio.tasks` begin what it was given in that order: `as_completed` makes a set of it, and coroutines are
    hashed by their addresses."""

    def ordered(*given: Any) -> Any:
        return dict.fromkeys(*given) if given else set()

    tasks.set = ordered


def number_in_world(name: str) -> Callable[[Any], None]:
    """What numbers the instances of a class in a module of one world."""

    def number(module: Any) -> None:
        numbers = count(1)
        number_instances(vars(module)[name], lambda: numbers)

    return number
