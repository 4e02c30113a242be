"""Threads that libraries keep between jobs, in modules that all functions share.

`concurrent.futures` remembers the workers of every pool until the interpreter's end. trio has one cache of idle
threads for the interpreter: in a run it keeps none, because a thread of one process must not work for another, and
after the run it would be none at all.
"""

import sys
import threading
from collections.abc import Callable
from typing import Any

_TRIO = "trio._core._thread_cache"


class NeverIdle(dict[Any, None]):
    """trio's idle threads in a run: one that has done its job is forgotten, and ends after a while."""

    def __setitem__(self, worker: Any, value: None) -> None:
        pass

    def __delitem__(self, worker: Any) -> None:
        pass


def keep_no_idle_threads() -> Callable[[], None]:
    """For a run, where trio is loaded; what to call at its end."""
    module = sys.modules.get(_TRIO)
    cache: Any = None if module is None else vars(module).get("THREAD_CACHE")
    if not hasattr(cache, "_idle_workers"):
        return lambda: None
    outside = cache._idle_workers
    cache._idle_workers = NeverIdle()

    def restore() -> None:
        cache._idle_workers = outside

    return restore


def shut(thread: threading.Thread) -> None:
    """If the thread works for a ThreadPoolExecutor, tell that to shut down, as an interpreter does at its end."""
    reference = next(iter(vars(thread).get("_args", ())), None)
    executor = reference() if thread in _workers() and reference is not None else None
    if executor is not None:
        executor.shutdown(wait=False)


def forget(idents: frozenset[int]) -> None:
    """Threads with these idents are gone."""
    for thread in [thread for thread in _workers() if thread.ident in idents]:
        del _workers()[thread]


def _workers() -> Any:
    module = sys.modules.get("concurrent.futures.thread")
    return {} if module is None else vars(module)["_threads_queues"]
