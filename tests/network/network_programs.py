"""Processes of simulated hosts that make system calls which do not wait."""

from farhost.kernel.files import Received
from farhost.kernel.kernel import Kernel
from farhost.kernel.syscalls.table import FUNCTIONS
from farhost.kernel.waiting import Blocked, KernelError
from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6


def address(packed: bytes, port: int) -> SockaddrIn | SockaddrIn6:
    return SockaddrIn(port, packed) if len(packed) == 4 else SockaddrIn6(port, packed)


class Program:
    """A process, and a descriptor of it once `open` was called."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.thread = kernel.spawn_process("program").add_thread()
        self.fd = -1

    def open(self, family: int, type: int = linux.SOCK_DGRAM) -> "Program":
        fd = self.call("socket", family, type, 0)
        assert isinstance(fd, int)
        self.fd = fd
        return self

    def call(self, name: str, *arguments: object) -> object:
        """The result; None where the call would wait, KernelError where it fails."""
        try:
            result = FUNCTIONS[name](self.thread, *arguments)
        except KernelError as error:
            self.kernel.softirq()
            if error.errno in (linux.EAGAIN, linux.EINPROGRESS):
                return None
            raise
        self.kernel.softirq()
        assert not isinstance(result, Blocked)
        return result

    def receive(self) -> bytes | None:
        """The next datagram, None when there is none; KernelError for an error that waits on the socket."""
        received = self.call("recvfrom", self.fd, 65535, linux.MSG_DONTWAIT)
        return received.data if isinstance(received, Received) else None
