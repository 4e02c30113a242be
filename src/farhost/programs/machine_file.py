"""A file of the machine's behind a simulated descriptor: the standard stream of a child whose parent opened it.

Reading and writing are the machine's, at once; nothing here waits. It shares its place in the file with its parent's.
"""

import os
from typing import TYPE_CHECKING

from farhost.kernel.files import OpenFile, Stat
from farhost.kernel.waiting import Blocked, KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread


class MachineFile(OpenFile):
    """A duplicate of one of the machine's descriptors, which it owns."""

    kind = "file"
    can_poll = False

    def __init__(self, kernel: "Kernel", number: int) -> None:
        super().__init__()
        self._kernel = kernel
        self._number = number
        self.status_flags = linux.O_RDWR

    def poll(self) -> int:
        """Ordinary files are always ready (poll(2))."""
        return linux.EPOLLIN | linux.EPOLLOUT

    def read(self, thread: "Thread", size: int) -> bytes | Blocked:
        """read(2); the machine's errors."""
        try:
            return os.read(self._number, size)
        except OSError as error:
            raise KernelError(error.errno or linux.EIO) from None

    def write(self, thread: "Thread", data: bytes) -> int | Blocked:
        """write(2); the machine's errors."""
        try:
            return os.write(self._number, data)
        except OSError as error:
            raise KernelError(error.errno or linux.EIO) from None

    def stat(self) -> Stat:
        """fstat(2): of the fields that simulated files have."""
        found = os.fstat(self._number)
        mode, links, size = found.st_mode, found.st_nlink, found.st_size
        return Stat(mode, found.st_ino, links, found.st_uid, found.st_gid, size, found.st_mtime_ns)

    def release(self, thread: "Thread | None") -> Blocked | None:
        """The last descriptor is closed."""
        os.close(self._number)
        return None
