"""Open files: what a descriptor refers to. Sockets, pipes, epoll instances and the console are open files.

The layering is xv6's: a system call checks its arguments and finds the `OpenFile`; the open file does the work. One
open file may have several descriptors (dup, inheritance); it is released when the last one goes. Methods return a
result, raise `KernelError`, or return `Blocked`. A file that does not have a call keeps this class's answer, which is
the errno that Linux gives for it.
"""

from typing import TYPE_CHECKING, NamedTuple, Protocol

from farhost.kernel.waiting import Blocked, KernelError, TurnQueue, Waiter, WaitQueue, mapped
from farhost.wire import linux
from farhost.wire.sockaddr import Sockaddr

if TYPE_CHECKING:
    from farhost.kernel.owners import Owner
    from farhost.kernel.process import Thread


_OF_PIPES = (linux.F_GETPIPE_SZ, linux.F_SETPIPE_SZ)

Control = tuple[tuple[int, int, bytes], ...]
"""Control messages: (level, type, data) of each (cmsg(3))."""


class Received(NamedTuple):
    """What recvmsg(2) returns."""

    data: bytes
    address: Sockaddr | None
    flags: int
    """MSG_TRUNC, MSG_CTRUNC, MSG_EOR, ..."""
    control: Control
    length: int | None = None
    """What the call returns where that is not len(data): a datagram's whole size, asked for with MSG_TRUNC."""


class Stat(NamedTuple):
    """The fields of stat(2) that a simulated file has."""

    mode: int
    inode: int
    links: int
    uid: int
    gid: int
    size: int
    modified_ns: int


class Watch(Protocol):
    """Somebody who watches a file without keeping it open: an epoll instance's entry for it."""

    def detach(self) -> None:
        """The file is about to be released: forget it."""


class OutsideFiles(Protocol):
    """The descriptors of a process that are not in its kernel's table: whoever runs its code keeps them.

    Ordinary files are such; the kernel meets them where they are passed to another process (SCM_RIGHTS).
    """

    def find(self, number: int) -> "OpenFile | None":
        """A new open file, of a kind with `outside` set, for what stands behind the number; None: it is not open."""

    def take(self, file: "OpenFile", close_on_exec: bool) -> int:
        """Give the process a number for a file that some `find` made; KernelError EMFILE."""


class OpenFile:
    """One open file description (open(2))."""

    kind = "anon"
    """sock, pipe, epoll, console: for reports."""
    is_socket = False
    """Whether this is a Socket; the system calls ask this instead of the slower isinstance."""
    can_poll = True
    """Whether epoll_ctl(2) takes it."""
    transfers = True
    """Whether it has read(2) and write(2) at all."""
    seeks = False
    """Whether lseek(2) succeeds, to no effect, as on anonymous files."""
    writes_each = False
    """Whether writev(2) writes each buffer by itself, rather than all of them together."""
    can_signal = False
    """Whether it takes O_ASYNC, to send SIGIO."""
    can_be_direct = False
    """Whether it takes O_DIRECT."""
    turns: TurnQueue | None = None
    """Those who are woken one at a time, once there is one."""
    outside = False
    """Whether the descriptors of a process that refer to it are kept by its `OutsideFiles`."""

    def __init__(self) -> None:
        self.status_flags = 0
        """O_NONBLOCK and the access mode."""
        self.references = 0
        """Descriptors (in any process), messages under way and attachments that refer to it."""
        self.queue = WaitQueue()
        """Everybody who waits for this file; woken with the readiness bits that changed."""
        self.watches: list[Watch] = []
        """Epoll entries for this file; gone when the last reference is."""
        self.owner: Owner | None = None
        """Who is sent this file's signals (F_SETOWN)."""

    def one_at_a_time(self) -> TurnQueue:
        """Where those sit who are woken one at a time: accept(2), EPOLLEXCLUSIVE. Its own place is on `queue`."""
        turns = self.turns
        if turns is None:
            turns = self.turns = TurnQueue()
            self.queue.add(Waiter(-1, turns.wake))
        return turns

    @property
    def nonblocking(self) -> bool:
        """Whether O_NONBLOCK is set."""
        return bool(self.status_flags & linux.O_NONBLOCK)

    def poll(self) -> int:
        """The readiness bits now: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP, EPOLLPRI."""
        return 0

    def read(self, thread: "Thread", size: int) -> bytes | Blocked:
        """read(2)."""
        raise KernelError(linux.EINVAL)

    def write(self, thread: "Thread", data: bytes) -> int | Blocked:
        """write(2)."""
        raise KernelError(linux.EINVAL)

    def sendmsg(
        self,
        thread: "Thread",
        data: bytes,
        address: Sockaddr | None,
        flags: int,
        control: Control = (),
    ) -> int | Blocked:
        """Only sockets have it; here so that the system call needs no check of its own."""
        raise KernelError(linux.ENOTSOCK)

    def recvmsg(self, thread: "Thread", size: int, flags: int, control_size: int = 0) -> Received | Blocked:
        """Only sockets have it."""
        raise KernelError(linux.ENOTSOCK)

    def ioctl(self, thread: "Thread", request: int, argument: bytes) -> bytes:
        """ioctl(2): the argument's bytes after the call."""
        raise KernelError(linux.ENOTTY)

    def fcntl(self, thread: "Thread", command: int, argument: int) -> int:
        """fcntl(2), the commands that only some files know."""
        raise KernelError(linux.EBADF if command in _OF_PIPES else linux.EINVAL)

    def stat(self) -> Stat:
        """fstat(2)."""
        raise KernelError(linux.EBADF)

    def dropped(self) -> None:
        """A reference went, and others are left."""

    def release(self, thread: "Thread | None") -> Blocked | None:
        """The last reference went (close(2), or the end of the process: then `thread` is None and nothing blocks)."""
        return None


def _data(received: object) -> object:
    assert isinstance(received, Received)
    return received.data


class Socket(OpenFile):
    """The calls that sockets of every family have (socket(7)); a family overrides what it supports."""

    kind = "sock"
    is_socket = True
    can_signal = True
    named = False
    """Whether a program gave it its address with bind(2): then others may know it and send to it unasked."""

    def __init__(self, domain: int, type: int, protocol: int) -> None:
        super().__init__()
        self.status_flags = linux.O_RDWR
        self.domain = domain
        self.type = type
        self.protocol = protocol

    def is_open_to_strangers(self) -> bool:
        """Whether messages may come that nobody asked for: it has a name that a program gave it, and no peer."""
        return self.named and not self.has_peer()

    def has_peer(self) -> bool:
        """Whether connect(2) has fixed who sends to it."""
        try:
            self.getpeername()
        except KernelError:
            return False
        return True

    def read(self, thread: "Thread", size: int) -> bytes | Blocked:
        """read(2): as recv(2) without flags; nothing at all for a size of 0."""
        if not size:
            return b""
        result = self.recvmsg(thread, size, 0)
        return mapped(result, _data) if isinstance(result, Blocked) else result.data

    def write(self, thread: "Thread", data: bytes) -> int | Blocked:
        """write(2): as send(2) without flags."""
        return self.sendmsg(thread, data, None, 0)

    def bind(self, thread: "Thread", address: Sockaddr) -> None:
        """bind(2)."""
        raise KernelError(linux.EOPNOTSUPP)

    def listen(self, thread: "Thread", backlog: int) -> None:
        """listen(2)."""
        raise KernelError(linux.EOPNOTSUPP)

    def accept(self, thread: "Thread") -> "tuple[Socket, Sockaddr] | Blocked":
        """accept(2): the new socket and the peer's address."""
        raise KernelError(linux.EOPNOTSUPP)

    def connect(self, thread: "Thread", address: Sockaddr) -> Blocked | None:
        """connect(2)."""
        raise KernelError(linux.EOPNOTSUPP)

    def getsockname(self) -> Sockaddr:
        """getsockname(2)."""
        raise KernelError(linux.EOPNOTSUPP)

    def getpeername(self) -> Sockaddr:
        """getpeername(2)."""
        raise KernelError(linux.ENOTCONN)

    def sendmsg(
        self,
        thread: "Thread",
        data: bytes,
        address: Sockaddr | None,
        flags: int,
        control: Control = (),
    ) -> int | Blocked:
        """send(2), sendto(2), sendmsg(2): the bytes taken. EPIPE is raised with `sigpipe` set unless MSG_NOSIGNAL."""
        raise KernelError(linux.EOPNOTSUPP)

    def recvmsg(self, thread: "Thread", size: int, flags: int, control_size: int = 0) -> Received | Blocked:
        """recv(2), recvfrom(2), recvmsg(2)."""
        raise KernelError(linux.EOPNOTSUPP)

    def shutdown(self, thread: "Thread", how: int) -> None:
        """shutdown(2)."""
        raise KernelError(linux.EOPNOTSUPP)

    def setsockopt(self, thread: "Thread", level: int, name: int, value: bytes) -> None:
        """setsockopt(2): the value as the C struct's bytes, little endian."""
        raise KernelError(linux.ENOPROTOOPT)

    def getsockopt(self, thread: "Thread", level: int, name: int, size: int) -> bytes:
        """getsockopt(2): at most `size` bytes."""
        raise KernelError(linux.ENOPROTOOPT)
