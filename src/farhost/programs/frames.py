"""Which frames are the program's: everything that is not a file of farhost, which no traceback or report shows."""

import io
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def is_ours(frame: FrameType) -> bool:
    """Whether a frame runs farhost's own code."""
    return frame.f_code.co_filename.startswith(HOME)


def program_frame(frame: FrameType | None = None) -> FrameType | None:
    """The innermost frame of the program, from `frame` (default: the caller's) outwards; None if there is none."""
    if frame is None:
        frame = sys._getframe(1)
    while frame is not None and is_ours(frame):
        frame = frame.f_back
    return frame


def place(frame: FrameType | None, exact: bool = False) -> str:
    """`file:line in function` of the innermost frame of the program, its own code before the standard library's.

    `exact`: where that is in the library, too.
    """
    innermost = program_frame(frame) if frame is not None else None
    if innermost is None:
        return "(unknown place)"
    own = innermost
    while own.f_back is not None and (is_library(own) or is_ours(own)):
        own = own.f_back
    if is_library(own) or is_ours(own) or own is innermost:
        return spot(innermost)
    return f"{spot(own)}{f', in {spot(innermost)}' if exact else ''}"


def spot(frame: FrameType) -> str:
    """`file:line in function` of a frame."""
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"


def is_library(frame: FrameType) -> bool:
    """Whether a frame runs the standard library's code."""
    name = frame.f_code.co_filename
    return name.startswith((LIBRARY, "<frozen ")) and "site-packages" not in name


LIBRARY = os.path.dirname(os.__file__) + os.sep


def format_exception(error: BaseException, trace: TracebackType | None) -> list[str]:
    """The lines that CPython prints for an uncaught exception, without farhost's frames."""
    error.__traceback__ = trace
    strip(error, set())
    if sys.version_info >= (3, 12):
        report = traceback.TracebackException(type(error), error, error.__traceback__)
        if not report.stack:
            report.stack = None  # type: ignore[assignment]
        return list(report.format())
    return [_displayed(error)]


def _displayed(error: BaseException) -> str:
    """What C's own display prints: up to 3.11 it alone knows the suggestions (`Did you mean: ...`)."""
    saved, sys.stderr = sys.stderr, io.StringIO()
    try:
        sys.__excepthook__(type(error), error, error.__traceback__)
        return sys.stderr.getvalue()
    finally:
        sys.stderr = saved


def strip(error: BaseException | None, seen: set[int]) -> None:
    """Take farhost's and the importer's frames out of an exception's traceback, its causes' and its group's too."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    error.__traceback__ = shown(error.__traceback__)
    strip(error.__cause__, seen)
    strip(error.__context__, seen)
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            strip(member, seen)


def shown(trace: TracebackType | None) -> TracebackType | None:
    """The part of a traceback that is the program's."""
    filtered = Filter()
    kept: list[TracebackType] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        if filtered.shows(code.co_filename, code.co_name):
            kept.append(trace)
        trace = trace.tb_next
    result = None
    for entry in reversed(kept):
        result = TracebackType(result, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return result


class Filter:
    """Decides frame by frame, outermost first, what a traceback shows."""

    def __init__(self) -> None:
        self._importing = False

    def shows(self, filename: str, name: str) -> bool:
        """Whether the frame is the program's."""
        if filename.startswith(HOME):
            self._importing = self._importing or name == "__import__"
            return False
        if self._importing and filename.startswith("<frozen importlib"):
            return False
        self._importing = False
        return True


def hiding(walk: Callable[[TracebackType | None], Iterator[Any]]) -> Callable[[TracebackType | None], Iterator[Any]]:
    """A traceback-walking function of the `traceback` module, without the frames that a program must not see."""

    def walk_shown(tb: TracebackType | None) -> Iterator[Any]:
        filtered = Filter()
        for item in walk(tb):
            code = item[0].f_code
            if filtered.shows(code.co_filename, code.co_name):
                yield item

    return walk_shown


def hide_in(module: Any) -> None:
    """Make a world's own `traceback` module show no frame of farhost's."""
    for name in ("walk_tb", "_walk_tb_with_full_positions"):
        setattr(module, name, hiding(getattr(module, name)))
    walk_stack = module.walk_stack

    def walk_shown(f: FrameType | None) -> Iterator[Any]:
        if f is None:
            f = sys._getframe(1)
        return (item for item in walk_stack(f) if not is_ours(item[0]))

    module.walk_stack = walk_shown
