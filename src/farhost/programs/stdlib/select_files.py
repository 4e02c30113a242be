"""Real files among the descriptors that a program selects or polls: Linux calls an ordinary file always ready.

Their numbers are far above the simulated ones (`farhost.programs.directory`). A call that concerns one does not wait.
"""

import os
from typing import TYPE_CHECKING

from farhost.programs.directory import high_base
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.process import ProgramProcess

READY = linux.POLLIN | linux.POLLOUT


class RealFiles:
    """Which numbers are real files', for one process."""

    __slots__ = ("_base", "_files")

    def __init__(self, process: "ProgramProcess") -> None:
        self._base = high_base()
        self._files = process.kernel_process.descriptors.files

    def has(self, number: int) -> bool:
        """Whether a number is not the simulated kernel's, but in the range of real files."""
        return number >= self._base and number not in self._files

    def check(self, number: int) -> None:
        """EBADF where the real file has been closed."""
        os.fstat(number)

    def poll(self, number: int, events: int) -> int:
        """poll(2)'s answer for a real file."""
        try:
            os.fstat(number)
        except OSError:
            return linux.POLLNVAL
        return READY & events
