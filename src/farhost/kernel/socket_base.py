"""What sockets of every family share: the values of the SOL_SOCKET options, pending errors, time limits of calls.

A family derives its socket from `SocketBase`, names its `option_table`, and looks at `options` where they matter.
"""

from typing import TYPE_CHECKING, ClassVar

from farhost.kernel.files import Socket, Stat
from farhost.kernel.options import OptionTable, OptionValue
from farhost.kernel.process import Credentials
from farhost.kernel.waiting import KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread

MINIMUM_SEND_BUFFER = 4608
MINIMUM_RECEIVE_BUFFER = 2304
"""SOCK_MIN_SNDBUF and SOCK_MIN_RCVBUF on 64-bit machines (include/net/sock.h)."""

NOBODY = Credentials(0, -1, -1)
"""What SO_PEERCRED says of a socket without a peer."""


class SocketOptions:
    """The values of the SOL_SOCKET options of one socket; plain values, defaults of socket(7)."""

    __slots__ = (
        "bound_device",
        "broadcast",
        "ignored",
        "keepalive",
        "linger",
        "oob_inline",
        "pass_credentials",
        "pass_rights",
        "pass_security",
        "receive_buffer",
        "receive_buffer_locked",
        "receive_low_water",
        "receive_timeout_ns",
        "reuse_address",
        "reuse_port",
        "select_error_queue",
        "send_buffer",
        "send_buffer_locked",
        "send_timeout_ns",
        "timestamp",
    )

    def __init__(self, send_buffer: int, receive_buffer: int) -> None:
        self.send_buffer = send_buffer
        """What getsockopt(2) says: doubled, with the kernel's own bookkeeping in mind."""
        self.receive_buffer = receive_buffer
        self.send_buffer_locked = False
        """SO_SNDBUF was set: no autotuning."""
        self.receive_buffer_locked = False
        self.send_timeout_ns = 0
        """0: no limit."""
        self.receive_timeout_ns = 0
        self.receive_low_water = 1
        self.linger = (0, 0)
        self.reuse_address = 0
        self.reuse_port = 0
        self.keepalive = 0
        self.broadcast = 0
        self.bound_device = ""
        """An interface's name, or nothing."""
        self.timestamp = 0
        """0, SO_TIMESTAMP or SO_TIMESTAMPNS."""
        self.pass_credentials = 0
        self.select_error_queue = 0
        """Whether an error also makes a datagram socket ready for what is exceptional."""
        self.oob_inline = 0
        self.pass_rights = 1
        """Whether messages with files are taken."""
        self.pass_security = 0
        self.ignored: dict[tuple[int, int], OptionValue] = {}
        """Values of options that are taken and given back without effect."""

    def copy(self) -> "SocketOptions":
        """What an accepted socket takes over from its listener (sk_clone)."""
        other = SocketOptions(self.send_buffer, self.receive_buffer)
        for name in SocketOptions.__slots__:
            setattr(other, name, getattr(self, name))
        other.ignored = dict(self.ignored)
        return other


class SocketBase(Socket):
    """A socket of any family: its kernel, its options, its pending error."""

    option_table: ClassVar[OptionTable]

    def __init__(self, kernel: "Kernel", domain: int, type: int, protocol: int) -> None:
        super().__init__(domain, type, protocol)
        self.kernel = kernel
        self.inode = kernel.next_inode()
        self.options = SocketOptions(kernel.sysctls["net.core.wmem_default"], kernel.sysctls["net.core.rmem_default"])
        self.error = 0
        """The pending error (SO_ERROR); the next call that looks takes it."""
        self.listening = False
        self.peer_credentials = NOBODY

    def take_error(self) -> int:
        """The pending error, which is pending no longer; 0 for none."""
        error, self.error = self.error, 0
        return error

    def raise_error(self) -> None:
        """Raise the pending error, if there is one."""
        if self.error:
            raise KernelError(self.take_error())

    def cannot_wait(self, flags: int) -> bool:
        """Whether a call with these MSG_ flags answers EAGAIN instead of waiting."""
        return bool(flags & linux.MSG_DONTWAIT or self.status_flags & linux.O_NONBLOCK)

    def receive_deadline_ns(self) -> int | None:
        """When a receive or accept that begins now gives up (SO_RCVTIMEO); None: never."""
        timeout_ns = self.options.receive_timeout_ns
        return self.kernel.deadline_ns(timeout_ns) if timeout_ns else None

    def send_deadline_ns(self) -> int | None:
        """When a send or connect that begins now gives up (SO_SNDTIMEO); None: never."""
        timeout_ns = self.options.send_timeout_ns
        return self.kernel.deadline_ns(timeout_ns) if timeout_ns else None

    def largest_low_water(self) -> int:
        """What SO_RCVLOWAT is cut to."""
        return 0x7FFFFFFF

    def options_changed(self, level: int, name: int) -> None:
        """An option was set; a family overrides this where a running protocol must hear of it."""

    def setsockopt(self, thread: "Thread", level: int, name: int, value: bytes) -> None:
        """setsockopt(2), by the table."""
        self.option_table.set(self, thread, level, name, value)
        self.options_changed(level, name)

    def getsockopt(self, thread: "Thread", level: int, name: int, size: int) -> bytes:
        """getsockopt(2), by the table."""
        return self.option_table.get(self, level, name, size)

    def stat(self) -> Stat:
        """fstat(2): a socket of the host's socket file system."""
        return Stat(linux.S_IFSOCK | 0o777, self.inode, 1, *self.kernel.owner, 0, self.kernel.realtime_ns())
