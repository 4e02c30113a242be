"""The end of the threads that a run on the operating system leaves: as gently as possible, and none keeps the
interpreter from its own end.

A thread that waits in a socket comes back when that is shut, and unwinds by the OSError. One that selects would look
again at once, so it gets a SystemExit first, which it meets as it comes back. What still runs after that gets one
too; what waits in a lock, or sleeps, cannot be reached and is let go.
"""

import contextlib
import ctypes
import sys
import threading
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import Any, cast

from farhost.on_system.sockets import WATCH

PATIENCE_S = 0.3
"""How long each step waits for the threads to end."""
_LOOPS = ("selectors.py", "base_events.py", "socketserver.py")
"""Whose waits are no single call's."""


def end_threads(threads: Iterable[threading.Thread]) -> None:
    """End them, as far as they can be."""
    left = [thread for thread in threads if thread.is_alive()]
    with _speechless(left):
        _end(left)


def _end(left: list[threading.Thread]) -> None:
    frames = sys._current_frames()
    for thread in left:
        frame = frames.get(thread.ident or 0)
        if frame is not None and frame.f_code.co_filename.endswith(_LOOPS):
            _raise_in(thread)
    del frames
    for last in (False, True):
        WATCH.shut()
        left = _join(left)
        for thread in left:
            if last:
                _let_go(thread)
            else:
                _raise_in(thread)


@contextlib.contextmanager
def _speechless(threads: list[threading.Thread]) -> Iterator[None]:
    """Meanwhile nobody hears of the exceptions that end these threads."""
    names = vars(threading)
    outside = names["excepthook"]

    def excepthook(arguments: Any) -> None:
        if arguments.thread not in threads:
            outside(arguments)

    names["excepthook"] = excepthook
    try:
        yield
    finally:
        names["excepthook"] = outside


def _join(threads: list[threading.Thread]) -> list[threading.Thread]:
    """Wait a while; those that still run."""
    end_s = monotonic() + PATIENCE_S
    for thread in threads:
        thread.join(max(0.0, end_s - monotonic()))
    return [thread for thread in threads if thread.is_alive()]


def _raise_in(thread: threading.Thread) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))


def _let_go(thread: threading.Thread) -> None:
    """Let the interpreter end without waiting for a thread that is no daemon."""
    module, inside = cast("Any", threading), cast("Any", thread)
    if sys.version_info >= (3, 13):
        if not thread.daemon:
            inside._handle._set_done()
    else:
        module._shutdown_locks.discard(inside._tstate_lock)
