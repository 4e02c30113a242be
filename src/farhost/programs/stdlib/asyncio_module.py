"""The stand-in for `_asyncio`: C's futures and tasks, in an instance of one world's own (CPython 3.12 and later).

C's `_asyncio` takes what it needs of asyncio's Python side (its exceptions, how futures look when printed) from
`sys.modules` once, when it is loaded, and keeps its tasks in the module; so each world loads it for itself, over its
own asyncio. What it keeps for each OS thread, the running loop, is kept here for each simulated one. Its classes are
derived from, because sets order futures and tasks by their hashes, which must not come of addresses
(docs/decisions/0014). CPython 3.11 has one instance for all, so there worlds have the pure version.
"""

import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Protocol

from farhost.programs.caller import WorldProcess

_NEEDED = ("events", "coroutines", "base_futures", "exceptions", "base_tasks")
"""Of asyncio, by C when it is loaded: what `_asyncio` is first imported by, and what that has not imported yet."""


class Importing(Protocol):
    """A world's import system (`farhost.programs.importer.Importer`)."""

    modules: dict[str, ModuleType | None]
    bootstrap: Any


def has_own_instances() -> bool:
    """Whether this interpreter's `_asyncio` can be loaded again: its state is the module's, and it is a file."""
    if sys.version_info < (3, 12) or "_asyncio" in sys.builtin_module_names:
        return False
    spec = importlib.util.find_spec("_asyncio")
    return spec is not None and spec.origin is not None


def make_asyncio_module(process: WorldProcess, importer: Importing) -> ModuleType:
    """`_asyncio` for the world of a process; called when its asyncio imports it first."""
    for name in _NEEDED:
        importer.bootstrap._gcd_import(f"asyncio.{name}")
    for name in ("traceback", "weakref"):
        importer.bootstrap._gcd_import(name)
    native = _load(importer)
    module = ModuleType("_asyncio", native.__doc__)
    events: Any = importer.modules["asyncio.events"]
    loops = _make_loops(process, events)
    get_running_loop = loops["get_running_loop"]

    def current_task(loop: Any = None) -> Any:
        """Return a currently executed task."""
        return native.current_task(get_running_loop() if loop is None else loop)

    module.__dict__.update(vars(native))
    module.__dict__.update(loops, current_task=current_task, **_make_classes(native, loops["get_event_loop"]))
    return module


def _make_loops(process: WorldProcess, events: Any) -> dict[str, Any]:
    """The running loop of each thread.

    `get_event_loop` is asyncio's pure one, which asks `_get_running_loop` and warns at a frame outside of asyncio.
    """
    running: dict[object, Any] = {}

    def _get_running_loop() -> Any:
        """Return the running event loop or None."""
        return running.get(process.current_thread)

    def _set_running_loop(loop: Any, /) -> None:
        """Set the running event loop."""
        if loop is None:
            running.pop(process.current_thread, None)
        else:
            running[process.current_thread] = loop

    def get_running_loop() -> Any:
        """Return the running event loop.  Raise a RuntimeError if there is none."""
        loop = running.get(process.current_thread)
        if loop is None:
            raise RuntimeError("no running event loop")
        return loop

    return {
        "_get_running_loop": _get_running_loop,
        "_set_running_loop": _set_running_loop,
        "get_running_loop": get_running_loop,
        "get_event_loop": events.get_event_loop,
    }


def _load(importer: Importing) -> Any:
    """A fresh instance, which finds the world's modules where C looks for them. This interpreter's own asyncio is not
    imported: a program is running, and what it would import is not the program's."""
    wanted = {"asyncio", "traceback", "weakref", *(f"asyncio.{name}" for name in _NEEDED)}
    outside = {name: sys.modules.get(name) for name in wanted}
    spec = importlib.util.find_spec("_asyncio")
    assert spec is not None and spec.loader is not None
    try:
        for name in wanted:
            found = importer.modules[name]
            assert found is not None
            sys.modules[name] = found
        native = spec.loader.create_module(spec)
        assert native is not None
        spec.loader.exec_module(native)
    finally:
        for name, module in outside.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
    return native


def _make_classes(native: Any, get_event_loop: Callable[[], Any]) -> dict[str, Any]:
    """`Future` and `Task`, which take the thread's loop where they are given none."""
    make_future, make_task = native.Future.__init__, native.Task.__init__

    class Future(native.Future):  # type: ignore[misc]
        __doc__ = native.Future.__doc__
        __slots__ = ()

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            if not args and kwargs.get("loop") is None:
                kwargs["loop"] = get_event_loop()
            make_future(self, *args, **kwargs)

    class Task(native.Task, Future):  # type: ignore[misc]
        __doc__ = native.Task.__doc__
        __slots__ = ()

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            if len(args) < 2 and kwargs.get("loop") is None:
                kwargs["loop"] = get_event_loop()
            make_task(self, *args, **kwargs)

    for made in (Future, Task):
        made.__module__, made.__qualname__ = "_asyncio", made.__name__
    return {"Future": Future, "Task": Task}
