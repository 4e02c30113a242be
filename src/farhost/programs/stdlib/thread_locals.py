"""`_thread._local`: data that every simulated thread has for itself, though all of them share one OS thread."""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary, ref

from farhost.programs.caller import WorldProcess, WorldThread

Namespaces = WeakKeyDictionary[WorldThread, dict[str, Any]]


def dropping(local: Any, thread: WorldThread) -> Callable[[], None]:
    """What drops a thread's data when it has ended, before those who join it wake (PyThreadState_Clear)."""
    of_thread, known = ref(thread), ref(local)

    def drop() -> None:
        ended, owner = of_thread(), known()
        if ended is not None and owner is not None:
            namespace = object.__getattribute__(owner, "_state")[0].pop(ended, None)
            if object.__getattribute__(owner, "__dict__") is namespace:
                object.__setattr__(owner, "__dict__", {})

    return drop


def make_local(process: WorldProcess) -> Any:
    """The `_local` class of one process (`threading.local`)."""

    def enter(self: Any) -> None:
        """Make the present thread's namespace the instance's own; a thread's first visit runs `__init__`, as in C."""
        thread = process.current_thread or process.main_thread
        namespaces, args, kwargs = object.__getattribute__(self, "_state")
        namespace = namespaces.get(thread)
        if namespace is not None:
            object.__setattr__(self, "__dict__", namespace)
            return
        namespace = namespaces[thread] = {}
        thread.when_ended.insert(0, dropping(self, thread))
        object.__setattr__(self, "__dict__", namespace)
        cls = type(self)
        if cls.__init__ is not object.__init__:
            cls.__init__(self, *args, **kwargs)
            # Another thread may have been here meanwhile.
            object.__setattr__(self, "__dict__", namespace)

    class _local:
        """Thread-local data"""

        __slots__ = ("__dict__", "__weakref__", "_state")

        def __new__(cls, /, *args: Any, **kwargs: Any) -> Any:
            if (args or kwargs) and cls.__init__ is object.__init__:
                raise TypeError("Initialization arguments are not supported")
            self = object.__new__(cls)
            namespaces: Namespaces = WeakKeyDictionary()
            object.__setattr__(self, "_state", (namespaces, args, kwargs))
            thread = process.current_thread or process.main_thread
            namespaces[thread] = object.__getattribute__(self, "__dict__")
            thread.when_ended.insert(0, dropping(self, thread))
            return self

        def __getattribute__(self, name: str) -> Any:
            enter(self)
            return object.__getattribute__(self, name)

        def __setattr__(self, name: str, value: Any) -> None:
            if name == "__dict__":
                raise AttributeError(f"'{type(self).__name__}' object attribute '__dict__' is read-only")
            enter(self)
            object.__setattr__(self, name, value)

        def __delattr__(self, name: str) -> None:
            if name == "__dict__":
                raise AttributeError(f"'{type(self).__name__}' object attribute '__dict__' is read-only")
            enter(self)
            object.__delattr__(self, name)

    _local.__module__ = "_thread"
    _local.__qualname__ = "_local"
    return _local
