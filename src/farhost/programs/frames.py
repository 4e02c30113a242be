"""Which frames are the program's: everything that is not a file of farhost, which no traceback or report shows."""

import os
import sys
import traceback
from types import FrameType, TracebackType

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


def format_exception(error: BaseException) -> list[str]:
    """The lines that CPython prints for an uncaught exception, without farhost's frames."""
    report = traceback.TracebackException(type(error), error, error.__traceback__)
    drop_ours(report)
    return list(report.format())


def drop_ours(report: traceback.TracebackException | None) -> None:
    """Take farhost's and the importer's frames out of a report, its causes' and its group's too."""
    if report is None:
        return
    report.stack = hide(report.stack)
    drop_ours(report.__cause__)
    drop_ours(report.__context__)
    for member in report.exceptions or ():
        drop_ours(member)


def hide(stack: traceback.StackSummary) -> traceback.StackSummary:
    """A stack without farhost's frames, nor those of the import statement that CPython hides."""
    shown = traceback.StackSummary()
    importing = False
    for entry in stack:
        if entry.filename.startswith(HOME):
            importing = importing or entry.name == "__import__"
        elif not (importing and entry.filename.startswith("<frozen importlib")):
            importing = False
            shown.append(entry)
    return shown
