"""The one time at which the dispatchers take the places of what they dispatch; they stay for the interpreter's life.

Outside of a run they do nothing but call what was there before, so nothing that a test sees depends on whether they
are there. They are put in place when the first network is made, not when farhost is imported.
"""

import _thread
import contextlib
import importlib
import os
import random
import sys
import tempfile
from _thread import LockType, allocate_lock, get_ident
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from farhost.programs import simulated_datetime
from farhost.programs.after_import import when_imported
from farhost.programs.attached.variables import CONTROL
from farhost.programs.escapes import complain
from farhost.programs.in_place import import_lock, objects, socket_methods, tls
from farhost.programs.in_place.caller import RUNNING, place_of_caller, simulated
from farhost.programs.in_place.dispatch import as_builtin, choice
from farhost.programs.in_place.futures import make_future_classes
from farhost.programs.in_place.shared_lock import SharedLock
from farhost.programs.in_place.sweep import held_elsewhere, sweep, sweep_objects
from farhost.programs.in_place.table import EXISTING_LOCKS, ROWS
from farhost.programs.in_place.threads import LIVING, make_lock_functions, make_thread_functions
from farhost.programs.stdlib.select_epoll import BaseEpoll
from farhost.programs.steady import HASHED, number_instances

_installed: list[dict[int, Any]] = []
"""What was replaced by what, once that has been done: the originals must live as long as their identities count."""
_installing = allocate_lock()


def install() -> None:
    """Put the dispatchers in place, unless they are. RuntimeError under `farhost exec`."""
    if os.environ.get(CONTROL):
        raise RuntimeError(
            "a program under `farhost exec` is on a network already, and makes none of its own: start it without"
        )
    with _installing:
        if not _installed:
            _install()


def _install() -> None:
    importlib.import_module("farhost.programs.in_place.place")  # The stand-ins take what they need before the sweep.
    importlib.import_module("selectors")
    tempfile.gettempdir()  # It draws from the entropy of whoever asks first.
    replacements = {**make_lock_functions(), **make_thread_functions()}
    originals: list[Any] = []
    for row in ROWS:
        module = vars(importlib.import_module(row.module))
        for name in row.names.split():
            original = module.get(name)
            if original is not None and id(original) not in replacements:
                function = row.decide(original, f"{row.stand_in}.{name}")
                replacements[id(original)] = as_builtin(function, original, row.module, name)
                originals.append(original)
    select = vars(importlib.import_module("select"))
    c_epoll = select["epoll"]
    replacements[id(c_epoll)] = choice(c_epoll, "select", lambda: _epoll(c_epoll), (BaseEpoll,))
    semaphore = vars(importlib.import_module("_multiprocessing"))["SemLock"]
    replacements[id(semaphore)] = choice(semaphore, "_multiprocessing", lambda: _semaphore(semaphore))
    import_lock.install(replacements[id(_thread.get_ident)])
    replacements |= socket_methods.install()
    objects.install()
    simulated_datetime.install()
    taken = [*simulated_datetime.taken_before(), *objects.entropy_of_tls().values()]
    replacements |= {id(original): method for original, method in taken}
    sweep(replacements)
    tls.install()
    sweep_objects(replacements, [*held_elsewhere(originals), c_epoll, *(original for original, _ in taken)])
    when_imported("asyncio", _replace_futures)
    _patch_random()
    for home, name in HASHED:
        number_instances(vars(importlib.import_module(home))[name], _numbers)
    _installed.append(replacements)


def _replace_futures(module: Any) -> None:
    """asyncio has been loaded."""
    found = make_future_classes(_numbers)
    sweep(found)
    if _installed:
        _installed[0].update(found)


def _epoll(original: Any) -> Any:
    place = place_of_caller() if RUNNING else None
    return original if place is None else place.calls["select.epoll"]


def _semaphore(original: Any) -> Any:
    if RUNNING and place_of_caller() is not None:
        complain("multiprocessing", "lock")
    return original


def _numbers() -> Iterator[int] | None:
    thread = simulated() if RUNNING else None
    place = None if thread is None else thread.process.place
    return None if place is None else place.numbers


def _patch_random() -> None:
    """`random.Random()` without a seed takes the host's entropy in a function in place."""
    owner: Any = random.Random
    original: FunctionType = owner.seed

    def seed(self: Any, a: Any = None, version: int = 2) -> None:
        if a is None and RUNNING:
            place = place_of_caller()
            if place is not None:
                a = place.seed()
        original(self, a, version)

    seed.__qualname__ = original.__qualname__
    seed.__doc__ = original.__doc__
    seed.__module__ = "random"
    owner.seed = seed


def share_existing_locks() -> None:
    """Let simulated threads meet at the standard library's own locks; called at the start of each run."""
    for module, name in EXISTING_LOCKS:
        names = vars(sys.modules.get(module, object))
        if isinstance(names.get(name), LockType):
            vars(sys.modules[module])[name] = SharedLock()


def begin_life() -> int:
    """A network begins its life: from now on, locks that this OS thread makes are shared. What `end_life` needs."""
    install()
    owner = get_ident()
    LIVING[owner] += 1
    return owner


def end_life(owner: int) -> None:
    """A network's life is over."""
    LIVING[owner] -= 1
    if LIVING[owner] <= 0:
        del LIVING[owner]


@contextlib.contextmanager
def without_life() -> Iterator[None]:
    """Locks that this OS thread makes meanwhile are none of simulated programs.

    For a fork: in the child the standard library gives `threading` and `logging` new locks for those that they have
    had all along, and a run in the child is to be the one that a run in this process would be.
    """
    owner = get_ident()
    lives = LIVING.pop(owner, 0)
    try:
        yield
    finally:
        if lives:
            LIVING[owner] = lives
