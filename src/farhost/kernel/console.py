"""Standard input, output and error of a simulated process: open files whose far end is whoever runs the process.

They look like pipes (isatty(3) is false), are always ready to write, and can be inherited, duplicated and closed.
Who was born with one writes in its own name; what others write, to whom it was passed (SCM_RIGHTS),
comes from its first process.
"""

from typing import TYPE_CHECKING

from farhost.kernel.files import OpenFile, Stat
from farhost.kernel.waiting import Blocked, KernelError
from farhost.trace.events import Output
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Process, Thread


class ConsoleFile(OpenFile):
    """One of the three standard streams: 0 is read, 1 and 2 are written."""

    kind = "console"
    can_signal = True
    can_be_direct = True

    def __init__(self, kernel: "Kernel", first: "Process", stream: int) -> None:
        super().__init__()
        self.kernel = kernel
        self.first = first
        self.heirs: dict[Process, None] = {}
        """Those that inherited it."""
        self.stream = stream
        self.status_flags = linux.O_WRONLY if stream else linux.O_RDONLY
        self.inode = kernel.next_inode()
        self._input = bytearray()
        self._ended = True

    def feed(self, data: bytes, ended: bool = True) -> None:
        """Give standard input something to read; `ended` says whether the end of file follows."""
        self._input += data
        self._ended = ended
        self.queue.wake(linux.EPOLLIN)

    def poll(self) -> int:
        """Output never waits; input is readable when there is some, or at its end."""
        if self.stream:
            return linux.EPOLLOUT
        ready = linux.EPOLLIN if self._input else 0
        return ready | linux.EPOLLHUP if self._ended else ready

    def read(self, thread: "Thread", size: int) -> bytes | Blocked:
        """What was fed, then the end of file; EBADF on an output."""
        if self.stream:
            raise KernelError(linux.EBADF)
        if self._input or self._ended or not size:
            data = bytes(self._input[:size])
            del self._input[:size]
            return data
        if self.status_flags & linux.O_NONBLOCK:
            raise KernelError(linux.EAGAIN)
        return Blocked(((self.queue, linux.EPOLLIN),), lambda: self.read(thread, size))

    def write(self, thread: "Thread", data: bytes) -> int | Blocked:
        """Handed on at once, and traced; EBADF on the input."""
        if not self.stream:
            raise KernelError(linux.EBADF)
        writer = thread.process if thread.process in self.heirs else self.first
        tracer = self.kernel.environment.tracer
        if tracer.on:
            tracer.emit(Output(self.kernel.now_ns(), self.kernel.name, writer.name, self.stream, bytes(data)))
        if self.kernel.on_output is not None:
            self.kernel.on_output(writer, self.stream, bytes(data))
        return len(data)

    def ioctl(self, thread: "Thread", request: int, argument: bytes) -> bytes:
        """FIONREAD: the bytes that wait to be read."""
        if request == linux.FIONREAD:
            return len(self._input).to_bytes(4, "little")
        return super().ioctl(thread, request, argument)

    def stat(self) -> Stat:
        """As a pipe."""
        return Stat(linux.S_IFIFO | 0o600, self.inode, 1, *self.kernel.owner, 0, self.kernel.realtime_ns())
