"""The stand-in for `_thread`: threads, locks and thread-local data of one simulated process.

CPython's own `threading`, `queue`, `concurrent.futures` and the importer's module locks run over it unchanged.
Source: the `_thread` module of CPython 3.11 to 3.13, whose names and messages these are.
"""

import _thread as real
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from farhost.programs.caller import WorldProcess
from farhost.programs.stdlib.thread_handles import make_handles, thread_body, thread_name
from farhost.programs.stdlib.thread_locals import make_local
from farhost.programs.stdlib.thread_locks import make_locks
from farhost.wire import linux

REFUSES_LATE_THREADS = sys.version_info[:2] == (3, 12)
"""CPython 3.12 starts no thread once the main thread is at its end; others do as long as threads are waited for."""


def make_thread_module(process: WorldProcess) -> ModuleType:
    """`_thread` for one process."""
    module = ModuleType("_thread", real.__doc__)
    names = module.__dict__
    names.update(make_locks(process))
    names["_local"] = make_local(process)
    names["error"] = RuntimeError
    names["TIMEOUT_MAX"] = real.TIMEOUT_MAX
    names.update(_identity(process))
    starters = _starters(process, names["allocate_lock"])
    if sys.version_info >= (3, 13):
        del starters["_set_sentinel"]
        names.update(make_handles(process))
    names.update(starters)
    if sys.version_info >= (3, 12):
        names["daemon_threads_allowed"] = lambda: True
        names["_is_main_interpreter"] = lambda: True
    return module


def _identity(process: WorldProcess) -> dict[str, Any]:
    """The functions that say who and how many."""

    def get_ident() -> int:
        thread = process.current_thread
        return (process.main_thread if thread is None else thread).python_ident

    def get_native_id() -> int:
        thread = process.current_thread
        return (process.main_thread if thread is None else thread).ident

    chosen = [0]

    def stack_size(size: int = 0, /) -> int:
        if size < 0:
            raise ValueError("size must be 0 or a positive value")
        if 0 < size < 32768:
            raise ValueError(f"size not valid: {size} bytes")
        old, chosen[0] = chosen[0], size
        return old

    def interrupt_main(signum: int = linux.SIGINT, /) -> None:
        if not 1 <= signum <= 64:
            raise ValueError("signal number out of range")
        if process.disposition(signum) == 2:
            process.call("kill", process.pid, signum)

    return {
        "get_ident": get_ident,
        "get_native_id": get_native_id,
        "_count": lambda: len(process.thread_idents) - 1,
        "_get_main_thread_ident": lambda: process.main_thread.python_ident,
        "stack_size": stack_size,
        "interrupt_main": interrupt_main,
    }


def _starters(process: WorldProcess, allocate_lock: Callable[[], Any]) -> dict[str, Any]:
    """The functions that start and end threads."""

    def start_new_thread(function: Callable[..., object], args: Any, kwargs: Any = None, /) -> int:
        if not callable(function):
            raise TypeError("first arg must be callable")
        if not isinstance(args, tuple):
            raise TypeError("2nd arg must be a tuple")
        if kwargs is not None and not isinstance(kwargs, dict):
            raise TypeError("optional 3rd arg must be a dictionary")
        if process.finishing and REFUSES_LATE_THREADS:
            raise RuntimeError("can't create new thread at interpreter shutdown")
        body = thread_body(process, function, args, kwargs or {})
        return process.spawn_thread(body, thread_name(function)).python_ident

    def exit_thread() -> None:
        """This is synonymous to ``raise SystemExit''."""
        raise SystemExit

    def set_sentinel() -> Any:
        """A lock that is released when the present thread has ended (CPython 3.11 and 3.12)."""
        sentinel = allocate_lock()
        thread = process.current_thread
        assert thread is not None

        def release() -> None:
            if sentinel.locked():
                sentinel._free()

        thread.when_ended.append(release)
        return sentinel

    return {
        "start_new_thread": start_new_thread,
        "start_new": start_new_thread,
        "exit": exit_thread,
        "exit_thread": exit_thread,
        "_set_sentinel": set_sentinel,
    }
