"""Which frames are the program's: everything that is not a file of farhost, which no traceback or report shows."""

import os
import sys
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


def trim(traceback: TracebackType | None) -> TracebackType | None:
    """The traceback from the program's first frame on."""
    while traceback is not None and is_ours(traceback.tb_frame):
        traceback = traceback.tb_next
    return traceback
