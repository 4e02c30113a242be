"""Which frames are the program's: everything that is not a file of farhost, which no traceback or report shows."""

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


def place(frame: FrameType | None) -> str:
    """`file:line in function` of the innermost frame of the program, its own code before the standard library's."""
    innermost = program_frame(frame) if frame is not None else None
    if innermost is None:
        return "(unknown place)"
    own = innermost
    while own.f_back is not None and (is_library(own) or is_ours(own)):
        own = own.f_back
    chosen = innermost if is_library(own) or is_ours(own) else own
    return f"{chosen.f_code.co_filename}:{chosen.f_lineno} in {chosen.f_code.co_name}"


def is_library(frame: FrameType) -> bool:
    """Whether a frame runs the standard library's code."""
    name = frame.f_code.co_filename
    return name.startswith((LIBRARY, "<frozen ")) and "site-packages" not in name


LIBRARY = os.path.dirname(os.__file__) + os.sep


def format_exception(error: BaseException, trace: TracebackType | None) -> list[str]:
    """The lines that CPython prints for an uncaught exception, without farhost's frames."""
    report = traceback.TracebackException(type(error), error, trace)
    drop_ours(report)
    return list(report.format())


def drop_ours(report: traceback.TracebackException | None) -> None:
    """Take farhost's and the importer's frames out of a report, its causes' and its group's too."""
    if report is None:
        return
    if report.stack:
        report.stack = hide(report.stack) or None  # type: ignore[assignment]
    drop_ours(report.__cause__)
    drop_ours(report.__context__)
    for member in report.exceptions or ():
        drop_ours(member)


def hide(stack: traceback.StackSummary) -> traceback.StackSummary:
    """A stack without farhost's frames, nor those of an import statement, which CPython hides."""
    shown = traceback.StackSummary()
    filtered = Filter()
    shown.extend(entry for entry in stack if filtered.shows(entry.filename, entry.name))
    return shown


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
