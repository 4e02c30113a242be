"""Real files among the descriptors that a program selects or polls: Linux calls an ordinary file always ready.

Their numbers are not those of simulated ones (`Caller.real_base`). A call that concerns one does not wait.
What is no ordinary file, such as the operating system's own sockets, cannot be waited for in virtual time.
"""

import os
import stat
from typing import TYPE_CHECKING

from farhost.programs.escapes import complain
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.caller import Caller

READY = linux.POLLIN | linux.POLLOUT


class RealFiles:
    """Which numbers are real files', for one process."""

    __slots__ = ("_base", "_files")

    def __init__(self, process: "Caller") -> None:
        self._base = process.real_base
        self._files = process.files

    def has(self, number: int) -> bool:
        """Whether a number is not the simulated kernel's, but in the range of real files."""
        return number >= self._base and number not in self._files

    def check(self, number: int) -> None:
        """EBADF where the real file has been closed, EscapeError for one that may have to be waited for."""
        mode = os.fstat(number).st_mode
        if stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode):
            complain(f"waiting for the real descriptor {number}", "descriptor")

    def poll(self, number: int, events: int) -> int:
        """poll(2)'s answer for a real file."""
        try:
            self.check(number)
        except OSError:
            return linux.POLLNVAL
        return READY & events
