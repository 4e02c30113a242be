"""Pipes (pipe(7)): one way, 64 KiB, in page-sized slots as Linux keeps them.

The capacity is 16 slots of 4096 bytes. A write goes on in the last slot when its odd bytes fit there whole, else it
takes new ones; so writes of up to PIPE_BUF are atomic, and a pipe that is written in odd sizes holds less than
64 KiB. `O_DIRECT` ("packet mode") gives every write its own slots.
"""

import struct
from collections import deque
from typing import TYPE_CHECKING

from farhost.kernel.files import OpenFile, Stat
from farhost.kernel.waiting import Blocked, GiveUp, KernelError, interrupted
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread

PAGE = 4096
"""Also PIPE_BUF, the most that is written in one go or not at all."""
DEFAULT_SLOTS = 16


class Slot:
    """One page of a pipe: the bytes, how many of them were read, and whether a later write may go on here."""

    __slots__ = ("data", "mergeable", "packet", "start")

    def __init__(self, data: bytes, packet: bool) -> None:
        self.data = data
        self.start = 0
        self.packet = packet
        self.mergeable = not packet


class Pipe:
    """What the two ends share."""

    __slots__ = ("inode", "limit", "reader", "slots", "writer")

    def __init__(self, inode: int) -> None:
        self.slots: deque[Slot] = deque()
        self.limit = DEFAULT_SLOTS
        self.inode = inode
        self.reader: PipeReader | None = None
        """None once every descriptor of that end is closed."""
        self.writer: PipeWriter | None = None

    def size(self) -> int:
        """How many bytes are in it."""
        return sum(len(slot.data) - slot.start for slot in self.slots)

    def put(self, data: bytes | memoryview, packet: bool) -> int:
        """Take what fits; how many bytes that was."""
        slots = self.slots
        taken = 0
        odd = len(data) % PAGE
        if odd and slots and not packet:
            last = slots[-1]
            if last.mergeable and len(last.data) + odd <= PAGE:
                last.data += data[:odd]
                taken = odd
        while taken < len(data) and len(slots) < self.limit:
            piece = data[taken : taken + PAGE]
            slots.append(Slot(bytes(piece), packet))
            taken += len(piece)
        return taken

    def put_pages(self, pages: tuple[bytes, ...]) -> int:
        """Take what fits of somebody's pages, each into a slot of its own; how many bytes that was."""
        taken = 0
        for page in pages[: max(0, self.limit - len(self.slots))]:
            slot = Slot(page, False)
            slot.mergeable = False
            self.slots.append(slot)
            taken += len(page)
        return taken

    def take(self, size: int) -> bytes:
        """Remove up to `size` bytes; in packet mode at most one slot, whose rest is lost."""
        pieces = []
        slots = self.slots
        while size and slots:
            slot = slots[0]
            piece = slot.data[slot.start : slot.start + size]
            pieces.append(piece)
            size -= len(piece)
            slot.start += len(piece)
            if slot.packet or slot.start == len(slot.data):
                slots.popleft()
                if slot.packet:
                    break
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def resize(self, size: int, largest: int, privileged: bool) -> int:
        """F_SETPIPE_SZ: at least that many bytes, a power of two of pages; EPERM, EBUSY when more is in use."""
        if size < 0 or size > 1 << 31:
            raise KernelError(linux.EINVAL)
        pages = max(1, -(-size // PAGE))
        slots = 1 << (pages - 1).bit_length()
        if slots * PAGE > largest and slots > self.limit and not privileged:
            raise KernelError(linux.EPERM)
        if slots < len(self.slots):
            raise KernelError(linux.EBUSY)
        self.limit = slots
        if self.writer is not None:
            self.writer.queue.wake(linux.EPOLLOUT)
        return slots * PAGE


class PipeEnd(OpenFile):
    """What both ends answer alike."""

    kind = "pipe"
    can_signal = True
    can_be_direct = True

    def __init__(self, kernel: "Kernel", pipe: Pipe) -> None:
        super().__init__()
        self.kernel = kernel
        self.pipe = pipe

    def stat(self) -> Stat:
        """fstat(2): a FIFO."""
        return Stat(linux.S_IFIFO | 0o600, self.pipe.inode, 1, *self.kernel.owner, 0, self.kernel.realtime_ns())

    def ioctl(self, thread: "Thread", request: int, argument: bytes) -> bytes:
        """FIONREAD: the bytes in the pipe."""
        if request == linux.FIONREAD:
            return struct.pack("<i", self.pipe.size())
        return super().ioctl(thread, request, argument)

    def fcntl(self, thread: "Thread", command: int, argument: int) -> int:
        """F_GETPIPE_SZ, F_SETPIPE_SZ."""
        if command == linux.F_GETPIPE_SZ:
            return self.pipe.limit * PAGE
        if command == linux.F_SETPIPE_SZ:
            largest = self.kernel.sysctls["fs.pipe-max-size"]
            return self.pipe.resize(argument, largest, thread.process.uid == 0)
        return super().fcntl(thread, command, argument)


class PipeReader(PipeEnd):
    """The end to read from."""

    def __init__(self, kernel: "Kernel", pipe: Pipe) -> None:
        super().__init__(kernel, pipe)
        self.status_flags = linux.O_RDONLY
        pipe.reader = self

    def poll(self) -> int:
        """IN when there is something, HUP when nobody can write any more."""
        pipe = self.pipe
        return (linux.EPOLLIN if pipe.slots else 0) | (linux.EPOLLHUP if pipe.writer is None else 0)

    def read(self, thread: "Thread", size: int) -> bytes | Blocked:
        """read(2): what is there, at most `size`; nothing at the end; EAGAIN."""
        pipe = self.pipe
        if not size:
            return b""
        if pipe.slots:
            was_full = len(pipe.slots) >= pipe.limit
            data = pipe.take(size)
            if was_full and len(pipe.slots) < pipe.limit and pipe.writer is not None:
                pipe.writer.queue.wake(linux.EPOLLOUT)
            return data
        if pipe.writer is None:
            return b""
        if self.status_flags & linux.O_NONBLOCK:
            raise KernelError(linux.EAGAIN)
        return Blocked(((self.queue, linux.EPOLLIN),), lambda: self.read(thread, size))

    def write(self, thread: "Thread", data: bytes) -> int | Blocked:
        """EBADF: the wrong end."""
        raise KernelError(linux.EBADF)

    def release(self, thread: "Thread | None") -> Blocked | None:
        """Writers find a broken pipe from now on."""
        self.pipe.reader = None
        if self.pipe.writer is not None:
            self.pipe.writer.queue.wake(linux.EPOLLOUT | linux.EPOLLERR)
        return None


class PipeWriter(PipeEnd):
    """The end to write to."""

    def __init__(self, kernel: "Kernel", pipe: Pipe) -> None:
        super().__init__(kernel, pipe)
        self.status_flags = linux.O_WRONLY
        pipe.writer = self

    def poll(self) -> int:
        """OUT when a slot is free, ERR when nobody can read any more."""
        pipe = self.pipe
        free = linux.EPOLLOUT if len(pipe.slots) < pipe.limit else 0
        return free | (linux.EPOLLERR if pipe.reader is None else 0)

    def read(self, thread: "Thread", size: int) -> bytes | Blocked:
        """EBADF: the wrong end."""
        raise KernelError(linux.EBADF)

    def write(self, thread: "Thread", data: bytes) -> int | Blocked:
        """write(2): all of it, waiting for room as often as need be; without waiting: what fits, or EAGAIN; EPIPE."""
        return self._write(data, 0)

    def _write(self, data: bytes, done: int) -> int | Blocked:
        pipe = self.pipe
        if not data:
            return 0
        if pipe.reader is None:
            if done:
                return done
            raise KernelError(linux.EPIPE, sigpipe=True)
        rest = memoryview(data)[done:] if done else data
        taken = pipe.put(rest, bool(self.status_flags & linux.O_DIRECT))
        pipe.reader.queue.wake(linux.EPOLLIN)  # also when nothing fitted: Linux makes an edge of that
        done += taken
        if done == len(data):
            return done
        if self.status_flags & linux.O_NONBLOCK:
            if done:
                return done
            raise KernelError(linux.EAGAIN)

        def stop(why: GiveUp) -> object:
            return done or interrupted(why)

        return Blocked(((self.queue, linux.EPOLLOUT),), lambda: self._write(data, done), give_up=stop)

    def splice(self, pages: tuple[bytes, ...], cannot_wait: bool) -> int | Blocked:
        """vmsplice(2): pages of at most 4096 bytes, as many as there are slots for; waits for the first. EPIPE."""
        pipe = self.pipe
        if pipe.reader is None:
            raise KernelError(linux.EPIPE, sigpipe=True)
        if not pages:
            return 0
        taken = pipe.put_pages(pages)
        if taken:
            pipe.reader.queue.wake(linux.EPOLLIN)
            return taken
        if cannot_wait or self.status_flags & linux.O_NONBLOCK:
            raise KernelError(linux.EAGAIN)
        return Blocked(((self.queue, linux.EPOLLOUT),), lambda: self.splice(pages, cannot_wait))

    def release(self, thread: "Thread | None") -> Blocked | None:
        """Readers find the end once they have read what is left."""
        self.pipe.writer = None
        if self.pipe.reader is not None:
            self.pipe.reader.queue.wake(linux.EPOLLIN | linux.EPOLLHUP)
        return None


def make_pipe(kernel: "Kernel", flags: int) -> tuple[PipeReader, PipeWriter]:
    """Both ends of a new pipe; `flags` are O_NONBLOCK and O_DIRECT."""
    pipe = Pipe(kernel.next_inode())
    reader, writer = PipeReader(kernel, pipe), PipeWriter(kernel, pipe)
    reader.status_flags |= flags
    writer.status_flags |= flags
    return reader, writer
