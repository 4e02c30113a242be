"""Warnings that C raises while a program runs: they are that program's own.

A world's own `warnings` is pure Python and private; but the compiler, C functions and coroutines that nobody awaited
go to the interpreter's one. Here that one lets everything through and hands it on: to the program's `warnings`, whose
filters, `catch_warnings` and `showwarning` decide, or, where it has not imported any, to CPython's default filters
and its standard error. Source: Python/_warnings.c.
"""

import contextlib
import linecache
import sys
import warnings
from collections.abc import Iterator, Sequence
from re import Pattern
from types import FrameType
from typing import Any

from farhost.programs.caller import Running

Filter = tuple[str, Pattern[str] | str | None, type[Warning], Pattern[str] | str | None, int]

DEFAULT_FILTERS: tuple[Filter, ...] = (
    ("default", None, DeprecationWarning, "__main__", 0),
    ("ignore", None, DeprecationWarning, None, 0),
    ("ignore", None, PendingDeprecationWarning, None, 0),
    ("ignore", None, ImportWarning, None, 0),
    ("ignore", None, ResourceWarning, None, 0),
)
"""What `python script.py` starts with (Python/_warnings.c, init_filters)."""


@contextlib.contextmanager
def program_warnings(runtime: Running) -> Iterator[None]:
    """While programs run: each warning goes to the program that runs then, or to the filters of before.

    The words after this interpreter's own `-c`, which CPython shows from 3.13 on as the lines of `<string>`, are not
    those of the programs' strings.
    """
    names = vars(warnings)
    outside_filters: list[Filter] = list(warnings.filters)  # type: ignore[arg-type]
    outside_show = names["_showwarnmsg"]
    own_words = linecache.cache.pop("<string>", None)

    def _showwarnmsg(message: Any) -> None:
        current = runtime.current
        world_sys = None if current is None else current.process.world_sys
        frame = _raised_in(message)
        if current is None or world_sys is None:
            if _let_through(outside_filters, message, _module(frame, message)):
                outside_show(message)
            return
        own = world_sys.modules.get("warnings")
        if hasattr(own, "warn_explicit"):
            _hand_on(own, message, frame)
        elif _let_through(DEFAULT_FILTERS, message, _module(frame, message)):
            text = warnings.formatwarning(message.message, message.category, message.filename, message.lineno)
            current.process.print_error(text)

    with warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.simplefilter("always")
        names["_showwarnmsg"] = _showwarnmsg
        try:
            yield
        finally:
            names["_showwarnmsg"] = outside_show
            if own_words is not None:
                linecache.cache["<string>"] = own_words


def _raised_in(message: Any) -> FrameType | None:
    """The frame on whose line the warning is, if it is still there."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and (frame.f_code.co_filename, frame.f_lineno) != (message.filename, message.lineno):
        frame = frame.f_back
    return frame


def _module(frame: FrameType | None, message: Any) -> str:
    if frame is not None:
        return str(frame.f_globals.get("__name__", "<string>"))
    return str(message.filename).removesuffix(".py")


def _hand_on(own: Any, message: Any, frame: FrameType | None) -> None:
    """Let the program's `warnings` decide."""
    registry = None if frame is None else frame.f_globals.setdefault("__warningregistry__", {})
    own.warn_explicit(
        message.message,
        message.category,
        message.filename,
        message.lineno,
        _module(frame, message),
        registry,
        None,
        message.source,
    )


def _let_through(filters: Sequence[Filter], message: Any, module: str) -> bool:
    """Whether it is to be shown; raises it where the filters say `error`."""
    for action, text, category, where, line in filters:
        if (
            issubclass(message.category, category)
            and _matches(text, str(message.message))
            and _matches(where, module)
            and line in (0, message.lineno)
        ):
            if action == "error":
                raise message.message
            return action != "ignore"
    return True


def _matches(pattern: Pattern[str] | str | None, text: str) -> bool:
    if pattern is None or isinstance(pattern, str):
        return pattern in (None, text)
    return pattern.match(text) is not None
