"""How threads start, and joinable threads as CPython 3.13's `_thread` has them: `_ThreadHandle` and its kin."""

import sys
from collections.abc import Callable
from typing import Any

from greenlet import GreenletExit

from farhost.kernel.waiting import Blocked, GiveUp, KernelError, WaitQueue
from farhost.programs.caller import WorldProcess
from farhost.programs.stdlib.thread_locks import NS
from farhost.wire import linux


def make_handles(process: WorldProcess) -> dict[str, Any]:
    """The names of 3.13's `_thread` that have to do with joining."""
    waited_for: list[Any] = []

    names = {"__slots__": (), "__module__": "_thread", "_process": process, "_waited_for": waited_for}
    handle_class: Any = type("_ThreadHandle", (Handle,), names)

    def start_joinable_thread(function: Callable[[], object], handle: Any = None, daemon: Any = True) -> Any:
        if not callable(function):
            raise TypeError("thread function must be callable")
        handle = handle_class() if handle is None else handle
        if handle._started:
            raise RuntimeError("thread already started")

        handle._started = True
        if not daemon:
            waited_for.append(handle)
        thread = process.spawn_thread(
            thread_body(process, function, (), {}), thread_name(function), lambda: handle._finish()
        )
        handle._ident = thread.python_ident
        return handle

    def make_thread_handle(ident: int) -> Any:
        handle = handle_class()
        handle._ident = ident
        handle._started = True
        return handle

    def shutdown() -> None:
        """Wait for the threads that are no daemons."""
        while waited_for:
            waited_for[0].join()

    return {
        "_ThreadHandle": handle_class,
        "start_joinable_thread": start_joinable_thread,
        "_make_thread_handle": make_thread_handle,
        "_shutdown": shutdown,
    }


class Handle:
    """A thread that can be joined, before, while and after it runs; a process's own class binds its names."""

    _process: WorldProcess
    _waited_for: list["Handle"]

    __slots__ = ("__weakref__", "_done", "_ident", "_queue", "_started")

    def __init__(self) -> None:
        self._ident = 0
        self._started = False
        self._done = False
        self._queue = WaitQueue()

    @property
    def ident(self) -> int:
        return self._ident

    def is_done(self) -> bool:
        return self._done

    def _set_done(self) -> None:
        if not self._started:
            raise RuntimeError("thread not started")
        self._finish()

    def _finish(self) -> None:
        self._done = True
        self._queue.wake(linux.EPOLLIN)
        if self in self._waited_for:
            self._waited_for.remove(self)

    def join(self, timeout: Any = None) -> None:
        if not self._started:
            raise RuntimeError("thread not started")
        if self._done:
            return
        if self._process.current_thread is not None and self._process.current_thread.python_ident == self._ident:
            raise RuntimeError("Cannot join current thread")
        until_ns = None
        if timeout is not None and timeout >= 0:
            until_ns = self._process.deadline_ns(int(timeout * NS))
        blocked = Blocked(
            ((self._queue, linux.EPOLLIN),), lambda: None if self._done else blocked, until_ns, _give_up
        )
        while not self._done:
            try:
                self._process.wait("join", (self._ident,), blocked)
                return
            except KernelError:
                pass
            self._process.attend()

    def __repr__(self) -> str:
        return f"<_ThreadHandle object: ident={self._ident}>"


def _give_up(why: GiveUp) -> object:
    if why is GiveUp.INTERRUPTED:
        raise KernelError(linux.EINTR)
    return None


def thread_body(
    process: WorldProcess, function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Callable[[], None]:
    """What a new thread does; what it ran is let go in it, when it ends, as by CPython."""
    work = [(function, args, kwargs)]

    def body() -> None:
        function, args, kwargs = work.pop()
        try:
            function(*args, **kwargs)
        except (SystemExit, GreenletExit):
            pass
        except BaseException as error:
            message = "Exception ignored in thread started by"
            if sys.version_info >= (3, 13):
                process.report_ignored(f"{message} {function!r}", None, error)
            else:
                process.report_ignored(message, function, error)

    return body


def thread_name(function: Callable[..., object]) -> str:
    """What reports call a thread: the name of the Thread object whose method runs in it, or its function's."""
    owner = getattr(function, "__self__", None)
    return str(getattr(owner, "_name", None) or getattr(function, "__qualname__", "thread"))
