"""What Unix domain sockets of every type share: names, peers, buffers' accounts, shutdown, readiness (unix(7)).

A message is charged to its sender's SO_SNDBUF, with the overhead that Linux's buffers have, until it is read or
thrown away. `queue` is where a socket's own users wait; `room` is where those wait who want to put something into
this socket's receive queue (Linux's peer_wait).
"""

import struct
from collections import deque
from typing import TYPE_CHECKING

from farhost.kernel.inet.controls import interface_control
from farhost.kernel.socket_base import SocketBase
from farhost.kernel.unix.namespace import PATH_SIZE, SocketFile
from farhost.kernel.unix.options import UNIX_OPTIONS
from farhost.kernel.unix.urgent import has_marks, is_at_mark
from farhost.kernel.waiting import KernelError, WaitQueue
from farhost.wire import linux
from farhost.wire.sockaddr import Sockaddr, SockaddrUn

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Credentials, Thread
    from farhost.kernel.unix.transit import Parcel

IN, OUT, ERR, HUP, RDHUP = linux.EPOLLIN, linux.EPOLLOUT, linux.EPOLLERR, linux.EPOLLHUP, linux.EPOLLRDHUP
PRI = linux.EPOLLPRI

UNNAMED = SockaddrUn(b"")

_PAGE = 4096
_HEAD = 256
"""struct sk_buff."""
_TAIL = 320
"""struct skb_shared_info."""


def buffer_cost(linear: int, paged: int) -> int:
    """What Linux charges for a buffer with so many bytes in its head and in pages (skb->truesize).

    >>> buffer_cost(1, 0), buffer_cost(1000, 0), buffer_cost(3776, 32768)
    (768, 2304, 37120)
    """
    head = 1 << max(9, (linear + _TAIL - 1).bit_length())
    return _HEAD + head + -(-paged // _PAGE) * _PAGE


class Message:
    """One buffer in a receive queue: a datagram, or a run of a stream's bytes."""

    __slots__ = ("cost", "credentials", "data", "parcel", "sender", "start", "time_ns")

    def __init__(self, data: bytes, cost: int, sender: "UnixSocket", time_ns: int = 0) -> None:
        self.data = data
        self.start = 0
        """Bytes of a stream's run that were read."""
        self.cost = cost
        self.sender = sender
        self.time_ns = time_ns
        self.credentials: Credentials | None = None
        """Whose it is, if that was said or asked when it was sent."""
        self.parcel: Parcel | None = None
        """The files that it carries, until somebody took them."""


class UnixSocket(SocketBase):
    """A Unix domain socket of any type."""

    option_table = UNIX_OPTIONS

    def __init__(self, kernel: "Kernel", type: int, protocol: int) -> None:
        super().__init__(kernel, linux.AF_UNIX, type, protocol)
        self.name: SockaddrUn = UNNAMED
        self.source: SockaddrUn | None = None
        """What a receiver is told of the sender: its name, as soon and as long as it has one."""
        self.file: SocketFile | None = None
        self.peer: UnixSocket | None = None
        self.messages: deque[Message] = deque()
        self.urgent: Message | None = None
        """The newest urgent byte in the queue, if nobody has read it."""
        self.passed = 0
        """Urgent bytes that were passed over unread: Linux 6.18 goes on counting them (FIONREAD, unix_sk.inq_len)."""
        self.charged = 0
        """What its messages in other sockets' queues cost, against SO_SNDBUF."""
        self.room = WaitQueue()
        self.receive_shut = False
        self.send_shut = False
        self.dead = False
        """Closed; peers may still hold on to it."""
        self.listener: UnixSocket | None = None
        """Where it waits to be accepted."""
        self.asks = False
        """Whether what it sends and receives carries credentials unasked: SO_PASSCRED, or nobody accepted it yet."""
        self.wants_control = False
        """Whether every receive has something to say in a control message."""
        self.parcels = 0
        """Messages in its queue that carry files."""
        self.plain = True
        """Whether a receive has nothing to mind but data: no control messages, no urgent byte, no least amount
        (SO_RCVLOWAT)."""
        self.under_way = 0
        """How often it is itself in a message under way: so many of its references are no descriptors."""

    # Names.

    @staticmethod
    def check_address(address: Sockaddr) -> bytes:
        """The name in an address, a pathname cut at its first zero byte; EINVAL for another family or length."""
        if not isinstance(address, SockaddrUn) or len(address.path) > PATH_SIZE:
            raise KernelError(linux.EINVAL)
        name = address.path
        if name[:1] == b"\0" or not name:
            return name
        return name.split(b"\0", 1)[0]

    def bind(self, thread: "Thread", address: Sockaddr) -> None:
        """bind(2): a pathname makes a socket file, a leading zero byte an abstract name, nothing at all an autobind.

        EINVAL when it has a name already or the address is none of these; EADDRINUSE, ENOENT, ENOTDIR.
        """
        name = self.check_address(address)
        if not name:
            self.autobind()
            return
        if self.name is not UNNAMED:
            raise KernelError(linux.EINVAL)
        namespace = self.kernel.unix
        if name[:1] == b"\0":
            namespace.bind_abstract(name, self)
        else:
            self.file = namespace.bind_path(thread.process, name, self)
        self.take_name(name)

    def take_name(self, name: bytes) -> None:
        """It is called so from now on, also by those who receive what it has sent before (unix_copy_addr)."""
        self.name = self.source = SockaddrUn(name)

    def autobind(self) -> None:
        """Give it an abstract name of the kernel's choice, if it has none."""
        if self.name is UNNAMED:
            self.take_name(self.kernel.unix.autobind(self))

    def getsockname(self) -> Sockaddr:
        """getsockname(2): empty for an unnamed socket."""
        return self.name

    def getpeername(self) -> Sockaddr:
        """getpeername(2): the peer's name, also after the peer has closed; ENOTCONN."""
        if self.peer is None:
            raise KernelError(linux.ENOTCONN)
        return self.peer.name

    def find(self, thread: "Thread", name: bytes) -> "UnixSocket":
        """The living socket of the same type at a name; EINVAL for none, EPROTOTYPE for one of another type."""
        if not name:
            raise KernelError(linux.EINVAL)
        other = self.kernel.unix.find(thread.process, name, self.type)
        if other.type != self.type:
            raise KernelError(linux.EPROTOTYPE)
        return other

    def join(self, other: "UnixSocket") -> None:
        """Make the two, of one type, each other's peers."""
        self.peer, other.peer = other, self

    # Accounts.

    def charge(self, cost: int) -> None:
        """A message of this socket went into a queue."""
        self.charged += cost

    def uncharge(self, cost: int) -> None:
        """One was read or thrown away; writers are woken as sock_wfree and unix_write_space do."""
        self.charged -= cost
        if self.queue.waiters and self.charged * 4 <= self.options.send_buffer:
            self.queue.wake(OUT)

    def options_changed(self, level: int, name: int) -> None:
        """Setting SO_SNDBUF wakes writers, whatever it was before, as sock_setsockopt() does."""
        if name == linux.SO_SNDBUF and self.has_send_room():
            self.queue.wake(OUT)
        self.look_who_asks()

    def look_who_asks(self) -> None:
        """The options that concern receiving, or files or an urgent byte in the queue, are others than before."""
        options = self.options
        self.asks = bool(options.pass_credentials) or self.listener is not None
        self.wants_control = bool(options.pass_credentials or options.pass_security)
        self.plain = not (self.wants_control or self.parcels or options.receive_low_water != 1 or has_marks(self))

    def purge(self) -> None:
        """Throw away what was not read."""
        messages, self.messages = self.messages, deque()
        self.urgent = None
        transit = self.kernel.transit
        for message in messages:
            message.sender.uncharge(message.cost)
            if message.parcel is not None:
                transit.leave(message.parcel, self)
                transit.drop(message.parcel.files)

    def embryos(self) -> "tuple[UnixSocket, ...]":
        """The connections that nobody has accepted, where it has such."""
        return ()

    def dropped(self) -> None:
        """Only messages under way may be left that refer to it: then perhaps nobody can reach it any more."""
        if self.under_way == self.references:
            self.kernel.transit.collect_soon()

    # Both directions.

    def shutdown(self, thread: "Thread", how: int) -> None:
        """shutdown(2), which for this family needs no peer; a stream's or seqpacket's peer is shut the other way."""
        self.receive_shut = self.receive_shut or how != linux.SHUT_WR
        self.send_shut = self.send_shut or how != linux.SHUT_RD
        self.tell_shut()
        peer = self.peer
        if peer is not None and self.type != linux.SOCK_DGRAM:
            peer.receive_shut = peer.receive_shut or how != linux.SHUT_RD
            peer.send_shut = peer.send_shut or how != linux.SHUT_WR
            peer.tell_shut()

    def tell_shut(self) -> None:
        """Wake all who use this socket: a direction was shut. Those who wait for room in it sleep on, as in Linux."""
        self.queue.wake(IN | OUT | RDHUP | (HUP if self.receive_shut and self.send_shut else 0))

    def has_send_room(self) -> bool:
        """Whether poll(2) calls it writable: at most a quarter of SO_SNDBUF is in use (unix_writable)."""
        return not self.listening and self.charged * 4 <= self.options.send_buffer

    def poll_common(self) -> int:
        """The readiness bits that do not depend on the type."""
        ready = IN if self.messages else 0
        if self.urgent is not None:
            ready |= PRI
        if self.error:
            told = self.options.select_error_queue and self.type != linux.SOCK_STREAM
            ready |= ERR | linux.EPOLLPRI if told else ERR
        if self.receive_shut:
            ready |= IN | RDHUP
            if self.send_shut:
                ready |= HUP
        return ready

    def ioctl(self, thread: "Thread", request: int, argument: bytes) -> bytes:
        """FIONREAD: a stream's bytes, or the next datagram's; SIOCOUTQ: what is charged to SO_SNDBUF; SIOCATMARK."""
        if request == linux.FIONREAD:
            if self.listening:
                raise KernelError(linux.EINVAL)
            waiting = [len(message.data) - message.start for message in self.messages]
            stream = self.type != linux.SOCK_DGRAM
            return struct.pack("<i", sum(waiting) + self.passed if stream else waiting[0] if waiting else 0)
        if request == linux.SIOCOUTQ:
            return struct.pack("<i", self.charged)
        if request == linux.SIOCATMARK:
            return struct.pack("<i", is_at_mark(self))
        return interface_control(self.kernel.internet, request, argument)

    def leave_name(self) -> None:
        """The socket closes: an abstract name is free again, a file stays."""
        self.kernel.unix.forget(self, self.name.path, self.file)
