"""A file of the machine on its way from one simulated process to another: what the kernel passes for it (SCM_RIGHTS).

Ordinary files are the machine's, and their numbers are not in any kernel's table (`farhost.programs.directory`). When
one is sent, its descriptor is duplicated into an open file of this kind, which rides in the message as others do; who
receives it gets a duplicate of that. All of them are one open file description: they share the place in the file.
"""

import fcntl
import os
from typing import TYPE_CHECKING

from farhost.kernel.files import OpenFile
from farhost.kernel.waiting import Blocked, KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.process import Thread


class PassedFile(OpenFile):
    """A duplicate of one of the machine's descriptors, closed when nothing in the kernel refers to it any more."""

    kind = "file"
    can_poll = False
    outside = True

    def __init__(self, number: int, keepers: "dict[PassedFile, None]") -> None:
        """`number` becomes this object's own; it is in `keepers` until it is closed."""
        super().__init__()
        self._number = number
        self._keepers = keepers
        keepers[self] = None

    def duplicate(self, base: int, close_on_exec: bool) -> int:
        """A new descriptor of the machine for the same file, from `base` up; KernelError EMFILE."""
        command = fcntl.F_DUPFD_CLOEXEC if close_on_exec else fcntl.F_DUPFD
        try:
            return fcntl.fcntl(self._number, command, base)
        except OSError as error:
            raise KernelError(error.errno or linux.EMFILE) from None

    def release(self, thread: "Thread | None") -> Blocked | None:
        """The last message that carried it is gone."""
        if self in self._keepers:
            del self._keepers[self]
            os.close(self._number)
        return None
