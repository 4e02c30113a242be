"""eventfd(2): a counter of 64 bits as an open file. Writing adds to it, reading takes it, or one of it.

As in Linux (fs/eventfd.c): every read and every write wakes those who wait, so each makes an edge, also one that adds
nothing. The 8 bytes are little endian, as all numbers of the waist are.
"""

from typing import TYPE_CHECKING

from farhost.kernel.files import OpenFile, Stat
from farhost.kernel.waiting import Blocked, KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread

_SIZE = 8
_LARGEST = (1 << 64) - 2
"""The most that the counter holds; one more is no number that may be written."""


class EventFile(OpenFile):
    """An eventfd; `flags` are EFD_SEMAPHORE and EFD_NONBLOCK."""

    kind = "eventfd"
    seeks = True
    writes_each = True

    def __init__(self, kernel: "Kernel", count: int, flags: int) -> None:
        super().__init__()
        self.kernel = kernel
        self.inode = kernel.next_inode()
        self.count = count
        self.semaphore = bool(flags & linux.EFD_SEMAPHORE)
        self.status_flags = linux.O_RDWR | flags & linux.EFD_NONBLOCK

    def poll(self) -> int:
        """Readable above 0, writable while 1 can be added."""
        return (linux.EPOLLIN if self.count else 0) | (linux.EPOLLOUT if self.count < _LARGEST else 0)

    def read(self, thread: "Thread", size: int) -> bytes | Blocked:
        """read(2): the counter in 8 bytes, which is 0 then; with EFD_SEMAPHORE 1 of it. EINVAL, EAGAIN."""
        if size < _SIZE:
            raise KernelError(linux.EINVAL)
        if not self.count:
            if self.status_flags & linux.O_NONBLOCK:
                raise KernelError(linux.EAGAIN)
            return Blocked(((self.queue, linux.EPOLLIN),), lambda: self.read(thread, size))
        taken = 1 if self.semaphore else self.count
        self.count -= taken
        self.queue.wake(linux.EPOLLOUT)
        return taken.to_bytes(_SIZE, "little")

    def write(self, thread: "Thread", data: bytes) -> int | Blocked:
        """write(2): add the number in 8 bytes, waiting until the counter has room for it. EINVAL, EAGAIN."""
        if len(data) != _SIZE:
            raise KernelError(linux.EINVAL)
        added = int.from_bytes(data, "little")
        if added > _LARGEST:
            raise KernelError(linux.EINVAL)
        if self.count + added > _LARGEST:
            if self.status_flags & linux.O_NONBLOCK:
                raise KernelError(linux.EAGAIN)
            return Blocked(((self.queue, linux.EPOLLOUT),), lambda: self.write(thread, data))
        self.count += added
        self.queue.wake(linux.EPOLLIN)
        return _SIZE

    def stat(self) -> Stat:
        """An anonymous inode."""
        return Stat(0o600, self.inode, 1, 0, 0, 0, self.kernel.realtime_ns())
