"""Unix domain datagrams: whole messages, in order, never lost; the sender waits when the receiver's queue is full.

The queue takes net.unix.max_dgram_qlen messages and one more, except between sockets that are connected to each
other, where SO_SNDBUF alone limits (unix(7), unix_dgram_sendmsg). `MessageSocket` is the part that seqpacket shares.
"""

from functools import partial
from typing import TYPE_CHECKING

from farhost.kernel.files import Control, Received
from farhost.kernel.unix.base import ERR, IN, OUT, Message, UnixSocket, buffer_cost
from farhost.kernel.unix.control import Outgoing, attach, detach, received_control, sending
from farhost.kernel.waiting import Blocked, KernelError
from farhost.wire import linux
from farhost.wire.sockaddr import Sockaddr, SockaddrOther

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread

_MOST_LINEAR = 16384 - 320
"""SKB_MAX_ALLOC."""
_MOST_PAGED = 17 * 4096
_OVERHEAD = 32
"""What a message may not use of SO_SNDBUF."""

_SENDABLE = linux.MSG_DONTWAIT | linux.MSG_NOSIGNAL


def message_cost(size: int) -> int:
    """What a datagram of so many bytes is charged (unix_dgram_sendmsg).

    >>> message_cost(3777), message_cost(36545)
    (8448, 41216)
    """
    paged = min(max(size - _MOST_LINEAR, 0), _MOST_PAGED)
    paged = -(-paged // 4096) * 4096
    return buffer_cost(size - paged, paged)


class MessageSocket(UnixSocket):
    """Sending and receiving whole messages."""

    def __init__(self, kernel: "Kernel", type: int, protocol: int) -> None:
        super().__init__(kernel, type, protocol)
        self.relays: dict[MessageSocket, None] = {}
        """Sockets connected to this one that found no room here and did not wait: told once, at the next chance."""

    def send_message(
        self, thread: "Thread", data: bytes, address: Sockaddr | None, flags: int, outgoing: Outgoing | None
    ) -> int | Blocked:
        """Put a message into the peer's queue, or into the queue of who is bound at `address`.

        EMSGSIZE, EPIPE, ECONNREFUSED, ENOTCONN, EPERM, ETOOMANYREFS, EAGAIN and what finding the name says.
        """
        if flags & linux.MSG_OOB:
            raise KernelError(linux.EOPNOTSUPP)
        name = None if address is None else self.check_address(address)
        if self.options.pass_credentials:
            self.autobind()
        if len(data) > self.options.send_buffer - _OVERHEAD:
            raise KernelError(linux.EMSGSIZE)
        return self._send(thread, bytes(data), name, self.cannot_wait(flags), self.send_deadline_ns(), outgoing)

    def _send(
        self,
        thread: "Thread",
        data: bytes,
        name: bytes | None,
        cannot_wait: bool,
        deadline_ns: int | None,
        outgoing: Outgoing | None,
    ) -> int | Blocked:
        """A send that fails after its buffer was made wakes writers as the buffer goes: hence `uncharge(0)`."""
        self.raise_error()
        if self.send_shut:
            raise KernelError(linux.EPIPE)
        if self.charged >= self.options.send_buffer:
            wait = self.queue
        else:
            try:
                if outgoing is not None:
                    outgoing.admit()
                other = self._target(thread, name, outgoing)
            except KernelError:
                self.uncharge(0)
                raise
            if other is self or other.peer is self or not other.is_full():
                return self._put(thread, data, other, outgoing)
            wait = other.room
            if cannot_wait:
                if name is None:
                    other.relays.setdefault(self)
                self.uncharge(0)
        if cannot_wait:
            raise KernelError(linux.EAGAIN)
        return Blocked(
            ((wait, OUT),),
            lambda: self._send(thread, data, name, cannot_wait, deadline_ns, outgoing),
            deadline_ns,
        )

    def _target(self, thread: "Thread", name: bytes | None, outgoing: Outgoing | None) -> "MessageSocket":
        other = self.peer if name is None else self.find(thread, name)
        if other is None:
            raise KernelError(linux.ENOTCONN)
        assert isinstance(other, MessageSocket)
        if other.peer is not None and other.peer is not self and not other.dead:
            raise KernelError(linux.EPERM)
        if other.dead:
            self.lose_peer()
            raise KernelError(linux.EPIPE if self.type == linux.SOCK_SEQPACKET else linux.ECONNREFUSED)
        if other.receive_shut:
            raise KernelError(linux.EPIPE)
        if outgoing is not None:
            outgoing.check_welcome(other)
        return other

    def _put(self, thread: "Thread", data: bytes, other: "MessageSocket", outgoing: Outgoing | None) -> int:
        cost = message_cost(len(data))
        self.charge(cost)
        message = Message(data, cost, self, self.kernel.realtime_ns())
        if outgoing is not None or self.asks or other.asks:
            attach(message, thread, other, outgoing)
        other.messages.append(message)
        other.queue.wake(IN)
        return len(data)

    def lose_peer(self) -> None:
        """The peer was found dead."""

    def tell_room(self) -> None:
        """A message left the queue: those who wait for room here are told, and those who found none (`relays`)."""
        self.room.wake(OUT)
        relays = self.relays
        if relays:
            self.relays = {}
            for sender in relays:
                sender.queue.wake(OUT)

    def is_full(self) -> bool:
        """Whether senders that are not its peer have to wait."""
        return len(self.messages) > self.kernel.sysctls["net.unix.max_dgram_qlen"]

    def receive_message(
        self, thread: "Thread", size: int, flags: int, control_size: int, deadline_ns: int | None
    ) -> Received | Blocked:
        """Take (MSG_PEEK: look at) the oldest message; what does not fit is lost and MSG_TRUNC says so.

        After a shutdown there is nothing, where the call may wait or the type has an end of file; else EAGAIN.
        """
        self.raise_error()
        if not self.messages:
            if self.cannot_wait(flags) and not (self.receive_shut and self.type == linux.SOCK_SEQPACKET):
                raise KernelError(linux.EAGAIN)
            if self.receive_shut:
                return Received(b"", None, 0, ())
            return Blocked(
                ((self.queue, IN),),
                lambda: self.receive_message(thread, size, flags, control_size, deadline_ns),
                deadline_ns,
            )
        peek = bool(flags & linux.MSG_PEEK)
        if peek:
            message = self.messages[0]
        else:
            message = self.messages.popleft()
            message.sender.uncharge(message.cost)
            self.tell_room()
        data = message.data
        truncated = linux.MSG_TRUNC if len(data) > size else 0
        length = len(data) if truncated and flags & linux.MSG_TRUNC else None
        control: Control = ()
        cut = 0
        if self.wants_control or message.parcel is not None or self.options.timestamp:
            parcel = detach(message, self, peek)
            control, cut = received_control(
                self, thread, message.credentials, parcel, control_size, flags, message.time_ns
            )
        return Received(data[:size] if truncated else data, message.sender.source, truncated | cut, control, length)


class DatagramSocket(MessageSocket):
    """SOCK_DGRAM in the Unix domain."""

    def __init__(self, kernel: "Kernel", protocol: int) -> None:
        super().__init__(kernel, linux.SOCK_DGRAM, protocol)

    def connect(self, thread: "Thread", address: Sockaddr) -> Blocked | None:
        """connect(2): where send goes from now on, and the only one who may send here. AF_UNSPEC undoes it."""
        if isinstance(address, SockaddrOther) and address.family == linux.AF_UNSPEC:
            self._change_peer(None)
            return None
        other = self.find(thread, self.check_address(address))
        if other.peer is not None and other.peer is not self:
            raise KernelError(linux.EPERM)
        if self.options.pass_credentials:
            self.autobind()
        self._change_peer(other)
        return None

    def _change_peer(self, other: UnixSocket | None) -> None:
        old, self.peer = self.peer, other
        if not isinstance(old, DatagramSocket) or old is other:
            return
        if self in old.relays:
            del old.relays[self]
            self.queue.wake(OUT)
        lost = bool(self.messages)
        self.purge()
        self.tell_room()
        if lost and old.peer is self and not old.dead:
            old.error = linux.ECONNRESET
            old.queue.wake(ERR)

    def lose_peer(self) -> None:
        """A send found the peer closed: the socket is not connected any more, and what it had not read is lost."""
        self._change_peer(None)

    def sendmsg(
        self, thread: "Thread", data: bytes, address: Sockaddr | None, flags: int, control: Control = ()
    ) -> int | Blocked:
        """send(2), sendto(2): all of it or nothing."""
        if control:
            return sending(thread, control, partial(self.send_message, thread, data, address, flags))
        return self.send_message(thread, data, address, flags, None)

    def recvmsg(self, thread: "Thread", size: int, flags: int, control_size: int = 0) -> Received | Blocked:
        """recv(2): one message."""
        if flags & linux.MSG_OOB:
            raise KernelError(linux.EOPNOTSUPP)
        return self.receive_message(thread, size, flags, control_size, self.receive_deadline_ns())

    def poll(self) -> int:
        """Writable also asks whether the connected receiver has room, unless the two are each other's peers."""
        ready = self.poll_common()
        if self.has_send_room():
            peer = self.peer
            assert peer is None or isinstance(peer, MessageSocket)
            if peer is None or peer.peer is self or peer.dead or not peer.is_full():
                ready |= OUT
            else:
                peer.relays.setdefault(self)
        return ready

    def release(self, thread: "Thread | None") -> Blocked | None:
        """Unread messages are thrown away; a connected sender finds out at its next send."""
        self.dead = True
        self.receive_shut = self.send_shut = True
        self.leave_name()
        peer, self.peer = self.peer, None
        if isinstance(peer, DatagramSocket):
            peer.relays.pop(self, None)
        self.purge()
        self.tell_room()
        self.kernel.transit.collect_soon()
        return None
