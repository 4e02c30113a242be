"""What stream and seqpacket sockets share: listen, connect, accept, and the end of a connection (unix(7)).

A connection is made by connect alone: the accepted end exists, joined to its peer, while it waits in the listener's
queue, and data may flow already. The queue takes one more than the backlog, as Linux's does.
"""

from collections import deque
from typing import TYPE_CHECKING

from farhost.kernel.files import Socket
from farhost.kernel.unix.base import ERR, HUP, IN, OUT, RDHUP, UnixSocket
from farhost.kernel.unix.urgent import is_empty
from farhost.kernel.waiting import Blocked, KernelError
from farhost.trace.events import QueueDepth
from farhost.wire import linux
from farhost.wire.sockaddr import Sockaddr, SockaddrUn

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread


class ConnectedSocket(UnixSocket):
    """A socket that connects before it talks."""

    def __init__(self, kernel: "Kernel", type: int, protocol: int) -> None:
        super().__init__(kernel, type, protocol)
        self.connected = False
        """It was joined to a peer once (TCP_ESTABLISHED); that stays so when the peer closes."""
        self.peer_source: SockaddrUn | None = None
        """What a receive on this socket tells of the sender, who can only be the peer."""
        self.backlog = 0
        self.pending: deque[ConnectedSocket] = deque()
        """A listener's connections that nobody has accepted."""

    def twin(self) -> "ConnectedSocket":
        """A new socket of the same sort, for the accepting side."""
        return type(self)(self.kernel, self.type, self.protocol)

    def join(self, other: UnixSocket) -> None:
        """Make the two each other's peers, connected for good."""
        assert isinstance(other, ConnectedSocket)
        super().join(other)
        self.connected = other.connected = True
        self.peer_source, other.peer_source = other.source, self.source

    def take_name(self, name: bytes) -> None:
        """It is called so from now on; its peer is told."""
        super().take_name(name)
        if isinstance(self.peer, ConnectedSocket):
            self.peer.peer_source = self.source

    def listen(self, thread: "Thread", backlog: int) -> None:
        """listen(2): EINVAL without a name or when connected. Again, with a longer backlog, lets waiting ones in."""
        if not self.name.path or self.connected:
            raise KernelError(linux.EINVAL)
        longer = backlog > self.backlog
        self.backlog = backlog
        self.listening = True
        self.peer_credentials = thread.process.credentials()
        if longer:
            self.room.wake(OUT)

    def connect(self, thread: "Thread", address: Sockaddr) -> Blocked | None:
        """connect(2): waits while the listener's queue is full (EAGAIN without waiting, or after SO_SNDTIMEO).

        ENOENT, EACCES, ECONNREFUSED, EPROTOTYPE, EISCONN, EINVAL on a listener.
        """
        name = self.check_address(address)
        if not name:
            raise KernelError(linux.EINVAL)
        return self._connect(thread, name, self.send_deadline_ns())

    def _connect(self, thread: "Thread", name: bytes, deadline_ns: int | None) -> Blocked | None:
        listener = self.find(thread, name)
        if not isinstance(listener, ConnectedSocket) or not listener.listening or listener.receive_shut:
            raise KernelError(linux.ECONNREFUSED)
        if len(listener.pending) > listener.backlog:
            if self.cannot_wait(0):
                raise KernelError(linux.EAGAIN)
            return Blocked(((listener.room, OUT),), lambda: self._connect(thread, name, deadline_ns), deadline_ns)
        if self.connected:
            raise KernelError(linux.EISCONN)
        if self.listening:
            raise KernelError(linux.EINVAL)
        if self.options.pass_credentials:
            self.autobind()
        accepted = listener.twin()
        accepted.name, accepted.source = listener.name, listener.source
        accepted.listener = listener
        accepted.inherit_passing(listener)
        accepted.peer_credentials = thread.process.credentials()
        self.peer_credentials = listener.peer_credentials
        self.join(accepted)
        listener.pending.append(accepted)
        listener.trace_backlog()
        listener.queue.wake(IN)
        self.queue.wake(OUT)
        return None

    def accept(self, thread: "Thread") -> tuple[Socket, Sockaddr] | Blocked:
        """accept(2): EINVAL when it does not listen, or was shut and would wait; EAGAIN."""
        if not self.listening:
            raise KernelError(linux.EINVAL)
        return self._accept(thread, self.receive_deadline_ns())

    def _accept(self, thread: "Thread", deadline_ns: int | None) -> tuple[Socket, Sockaddr] | Blocked:
        if self.pending:
            accepted = self.pending.popleft()
            self.trace_backlog()
            self.room.wake(OUT)
            accepted.listener = None
            accepted.look_who_asks()
            return accepted, accepted.getpeername()
        if self.cannot_wait(0):
            raise KernelError(linux.EAGAIN)
        if self.receive_shut:
            raise KernelError(linux.EINVAL)
        return Blocked(((self.one_at_a_time(), IN),), lambda: self._accept(thread, deadline_ns), deadline_ns)

    def inherit_passing(self, listener: UnixSocket) -> None:
        """Take over what the listener passes on, at the time of the connect (unix_stream_connect)."""
        ours, theirs = self.options, listener.options
        ours.pass_credentials = theirs.pass_credentials
        ours.pass_security = theirs.pass_security
        ours.pass_rights = theirs.pass_rights
        self.look_who_asks()

    def embryos(self) -> tuple[UnixSocket, ...]:
        """The connections that nobody has accepted."""
        return tuple(self.pending)

    def trace_backlog(self) -> None:
        """Trace how many connections wait to be accepted."""
        kernel = self.kernel
        tracer = kernel.environment.tracer
        if tracer.on:
            queue = f"unix backlog {self.name.path.decode('utf-8', 'replace')}"
            tracer.emit(QueueDepth(kernel.now_ns(), kernel.name, queue, len(self.pending), self.backlog + 1))

    def poll(self) -> int:
        """Readable, writable, hung up; one that was never connected is writable and hung up, as Linux says."""
        ready = self.poll_common()
        if self.pending:
            ready |= IN
        if not self.connected and not self.listening:
            ready |= HUP
        return ready | OUT if self.has_send_room() else ready

    def release(self, thread: "Thread | None") -> Blocked | None:
        """The end: the peer reads what is left and then the end, or ECONNRESET when we had not read everything.

        Connections that nobody accepted are reset; those who wait to connect are refused.
        """
        self._end(reset=False)
        self.kernel.transit.collect_soon()
        return None

    def _end(self, reset: bool) -> None:
        self.dead = True
        self.listening = False
        self.receive_shut = self.send_shut = True
        self.leave_name()
        peer, self.peer = self.peer, None
        if peer is not None and not peer.dead:
            peer.receive_shut = peer.send_shut = True
            if reset or self._has_unread():
                peer.error = linux.ECONNRESET
            peer.queue.wake(IN | OUT | HUP | RDHUP | (ERR if peer.error else 0))
        self.purge()
        for waiting in self.pending:
            waiting._end(reset=True)
        self.pending.clear()
        self.room.wake(OUT | HUP)

    def _has_unread(self) -> bool:
        """Whether closing resets the peer: something is unread; one empty run or packet in front does not count."""
        messages = self.messages
        return len(messages) > (1 if messages and is_empty(messages[0]) else 0)
