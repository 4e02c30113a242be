"""What a process has to say of exceptions that nobody catches, on its own standard error."""

import re
import sys
from types import SimpleNamespace, TracebackType
from typing import Any

from farhost.programs.caller import Trap
from farhost.programs.frames import format_exception

_MARKS = re.compile(r"^ +[~^]+\n", re.MULTILINE)
"""The line under a line of source, of a traceback."""


class Complaints:
    """A process that writes to its descriptor 2."""

    call: Trap
    dead: bool
    world_sys: Any

    def report_ignored(self, message: str | None, owner: object, error: BaseException) -> None:
        """Hand an exception that nobody will catch to the program's `sys.unraisablehook`."""
        namespace = SimpleNamespace(
            exc_type=type(error), exc_value=error, exc_traceback=error.__traceback__, err_msg=message, object=owner
        )
        try:
            self.world_sys.unraisablehook(namespace)
        except Exception as second:
            self.print_ignored("Exception ignored in sys.unraisablehook", None, second)

    def print_ignored(self, message: str | None, owner: object, error: BaseException) -> None:
        """What `sys.unraisablehook` prints: `Exception ignored in: ...` and the traceback."""
        head = message or "Exception ignored in"
        where = "" if owner is None else f" {owner!r}"
        lines = self.format_exception(error, error.__traceback__)
        if sys.version_info >= (3, 13):
            # PyTraceBack_Print no longer marks the part of a line that failed.
            lines = [_MARKS.sub("", line) for line in lines]
        self.print_error(f"{head}:{where}\n" + "".join(lines))

    def format_exception(self, error: BaseException, traceback: TracebackType | None) -> list[str]:
        """The lines that CPython prints for an uncaught exception."""
        return format_exception(error, traceback)

    def print_error(self, text: str) -> None:
        """Write to the process's standard error, past its own buffers; a process that has ended writes nothing."""
        if not self.dead:
            try:
                self.call("write", 2, text.encode("utf-8", "backslashreplace"))
            except OSError:
                pass
