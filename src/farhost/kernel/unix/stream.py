"""Unix domain streams: bytes in order, without boundaries, never lost (unix(7), unix_stream_sendmsg).

Bytes lie in the receiver's queue in runs as they were written (at most 36544 bytes each), charged to the sender's
SO_SNDBUF with their overhead. A receive takes from as many runs as it has room for, but it ends with one that carries
files, and with SO_PASSCRED before one whose credentials are others (unix_stream_read_generic).
"""

from functools import partial
from typing import TYPE_CHECKING, cast

from farhost.kernel.files import Control, Received
from farhost.kernel.owners import send_sigurg
from farhost.kernel.unix.base import IN, OUT, PRI, Message, UnixSocket, buffer_cost
from farhost.kernel.unix.connected import ConnectedSocket
from farhost.kernel.unix.control import NOTHING_READ, UNSAID, Outgoing, attach, detach, received_control, sending
from farhost.kernel.unix.urgent import drop_run, has_marks, next_run, receive_urgent
from farhost.kernel.waiting import Blocked, GiveUp, KernelError, interrupted, mapped
from farhost.wire import linux
from farhost.wire.sockaddr import Sockaddr

if TYPE_CHECKING:
    from farhost.kernel.process import Credentials, Thread
    from farhost.kernel.unix.transit import Parcel

_MOST_LINEAR = 4096 - 320
"""SKB_MAX_HEAD(0)."""
_MOST_RUN = _MOST_LINEAR + 32768
_UNUSUAL = linux.MSG_PEEK | linux.MSG_WAITALL | linux.MSG_OOB
"""Flags that keep a receive from being done in one step."""

_SMALLEST, _SMALLEST_COST = 192, 768
"""Up to so many bytes have this cost."""


def run_cost(size: int) -> int:
    """What a run of so many bytes is charged.

    >>> run_cost(1), run_cost(3777), run_cost(5000), run_cost(36544)
    (768, 4864, 6400, 37120)
    """
    paged = 0
    if size > _MOST_LINEAR:
        paged = min(size, -(-(size - _MOST_LINEAR) // 4096) * 4096)
    return buffer_cost(size - paged, paged)


class Gathered:
    """What a receive has taken so far, over all its waits."""

    __slots__ = ("credentials", "parcel", "pieces", "size")

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = 0
        self.credentials: Credentials | None = None
        """Whose the first run was; None while there is none."""
        self.parcel: Parcel | None = None
        """The files of the last run: a receive ends with a run that has some."""

    def data(self) -> bytes:
        """All bytes."""
        return self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)


class StreamSocket(ConnectedSocket):
    """SOCK_STREAM in the Unix domain."""

    def sendmsg(
        self,
        thread: "Thread",
        data: bytes,
        address: Sockaddr | None,
        flags: int,
        control: Control = (),
        outgoing: Outgoing | None = None,
    ) -> int | Blocked:
        """send(2): waits until everything is in the peer's queue; without waiting, what fits, or EAGAIN.

        EPIPE with SIGPIPE when either side shut this direction or the peer is gone; ENOTCONN, EISCONN, EOPNOTSUPP.
        Control messages come first, with errors of their own; `outgoing` is what was in them.
        """
        if control:
            return sending(thread, control, partial(self.sendmsg, thread, data, address, flags, ()))
        if flags & linux.MSG_OOB and not data:
            raise KernelError(linux.EOPNOTSUPP)
        if address is not None:
            raise KernelError(linux.EISCONN if self.connected else linux.EOPNOTSUPP)
        if self.peer is None:
            raise KernelError(linux.ENOTCONN)
        if self.send_shut:
            raise KernelError(linux.EPIPE, sigpipe=not flags & linux.MSG_NOSIGNAL)
        if flags & linux.MSG_OOB:
            return self._send_urgent(thread, bytes(data), flags, outgoing)
        return self._send(thread, bytes(data), 0, flags, None, outgoing)

    def _send_urgent(self, thread: "Thread", data: bytes, flags: int, outgoing: Outgoing | None) -> int | Blocked:
        """All but the last byte as ever, and that one as urgent data (queue_oob)."""
        most = len(data) - 1
        due_ns = self.send_deadline_ns()

        def finish(sent: object) -> object:
            return sent if sent != most else self._queue_urgent(thread, data, flags, due_ns, outgoing)

        result = self._send(thread, data[:most], 0, flags, due_ns, outgoing)
        if isinstance(result, Blocked):
            return mapped(result, finish)
        return cast("int | Blocked", finish(result))

    def _queue_urgent(
        self, thread: "Thread", data: bytes, flags: int, due_ns: int | None, outgoing: Outgoing | None
    ) -> int | Blocked:
        done = len(data) - 1
        other = self.peer
        if self.error or self.send_shut or other is None or other.dead or other.receive_shut:
            if done:
                return done
            self.raise_error()
            raise KernelError(linux.EPIPE)
        if self.charged >= self.options.send_buffer:
            if self.cannot_wait(flags):
                if done:
                    return done
                raise KernelError(linux.EAGAIN)
            return Blocked(
                ((self.queue, OUT),),
                lambda: self._queue_urgent(thread, data, flags, due_ns, outgoing),
                due_ns,
                lambda why: done or interrupted(why),
            )
        message = Message(data[done:], _SMALLEST_COST, self)
        if outgoing is not None or self.asks or other.asks:
            self._attach(message, thread, other, outgoing)
        self.charged += _SMALLEST_COST
        other.urgent = message
        other.messages.append(message)
        other.plain = False
        send_sigurg(self.kernel, other)
        other.queue.wake(IN | PRI)
        return done + 1

    def _send(
        self,
        thread: "Thread",
        data: bytes,
        done: int,
        flags: int,
        deadline_ns: int | None,
        outgoing: Outgoing | None,
    ) -> int | Blocked:
        total = len(data)
        options = self.options
        most = min(options.send_buffer // 2 - 64, _MOST_RUN)
        while done < total:
            other = self.peer
            if self.error or self.send_shut or other is None or other.dead or other.receive_shut:
                return self._broken(done, flags)
            if self.charged >= options.send_buffer:
                return self._wait_room(thread, data, done, flags, deadline_ns, outgoing)
            piece = data if total <= most else data[done : done + most]
            cost = _SMALLEST_COST if len(piece) <= _SMALLEST else run_cost(len(piece))
            message = Message(piece, cost, self)
            if outgoing is not None or self.asks or other.asks:
                self._attach(message, thread, other, outgoing)
            self.charged += cost
            other.messages.append(message)
            done += len(piece)
            other.queue.wake(IN | PRI)
        return total

    def _attach(self, message: Message, thread: "Thread", other: UnixSocket, outgoing: Outgoing | None) -> None:
        """Give a run its credentials, and the first one the files; ETOOMANYREFS, EPERM."""
        if outgoing is not None:
            try:
                outgoing.admit()
                outgoing.check_welcome(other)
            except KernelError:
                self.uncharge(0)  # the buffer that was made goes, which wakes writers
                raise
        attach(message, thread, other, outgoing)

    def _broken(self, done: int, flags: int) -> int:
        if done:
            return done
        self.raise_error()
        raise KernelError(linux.EPIPE, sigpipe=not flags & linux.MSG_NOSIGNAL)

    def _wait_room(
        self,
        thread: "Thread",
        data: bytes,
        done: int,
        flags: int,
        deadline_ns: int | None,
        outgoing: Outgoing | None,
    ) -> int | Blocked:
        if self.cannot_wait(flags):
            if done:
                return done
            raise KernelError(linux.EAGAIN)
        due_ns = self.send_deadline_ns() if deadline_ns is None else deadline_ns

        def stop(why: GiveUp) -> object:
            return done or interrupted(why)

        return Blocked(
            ((self.queue, OUT),), lambda: self._send(thread, data, done, flags, due_ns, outgoing), due_ns, stop
        )

    def recvmsg(self, thread: "Thread", size: int, flags: int, control_size: int = 0) -> Received | Blocked:
        """recv(2): what is there; MSG_WAITALL and SO_RCVLOWAT wait for more; nothing at the end. EINVAL."""
        if self.plain and size and self.messages and not flags & _UNUSUAL:
            return Received(self._take(size), self.peer_source, 0, ())
        if not self.connected:
            raise KernelError(linux.EINVAL)
        if flags & linux.MSG_OOB:
            return receive_urgent(self, size, flags)
        return self._receive(thread, size, flags, control_size, Gathered(), None)

    def _receive(
        self, thread: "Thread", size: int, flags: int, control_size: int, so_far: Gathered, deadline_ns: int | None
    ) -> Received | Blocked:
        peek = bool(flags & linux.MSG_PEEK)
        if self.messages and self._gather(size - so_far.size, peek, so_far):
            return self._received(thread, so_far, flags, control_size)
        low_water = self.options.receive_low_water
        target = (size if flags & linux.MSG_WAITALL else min(low_water, size)) or 1
        if so_far.size >= target:
            return self._received(thread, so_far, flags, control_size)
        error = self.take_error()
        if error and not so_far.size:
            raise KernelError(error)
        if error or self.receive_shut:
            return self._received(thread, so_far, flags, control_size)
        if self.cannot_wait(flags):
            if so_far.size:
                return self._received(thread, so_far, flags, control_size)
            raise KernelError(linux.EAGAIN)
        due_ns = self.receive_deadline_ns() if deadline_ns is None else deadline_ns

        def stop(why: GiveUp) -> object:
            if not so_far.size:
                return interrupted(why)
            if why is GiveUp.TIMED_OUT:
                return self._received(thread, so_far, flags, control_size)
            return Received(so_far.data(), self.peer_source, 0, ())

        return Blocked(
            ((self.queue, IN),),
            lambda: self._receive(thread, size, flags, control_size, so_far, due_ns),
            due_ns,
            stop,
        )

    def _received(self, thread: "Thread", so_far: Gathered, flags: int, control_size: int) -> Received:
        control: Control = ()
        cut = 0
        if self.wants_control or so_far.parcel is not None:
            credentials = NOTHING_READ if so_far.credentials is None else so_far.credentials
            control, cut = received_control(self, thread, credentials, so_far.parcel, control_size, flags)
        source = self.peer_source if so_far.pieces else None
        return Received(so_far.data(), source, cut, control)

    def _gather(self, room: int, peek: bool, so_far: Gathered) -> bool:
        """Up to `room` more bytes from the front; whether the receive ends here, whatever else is there.

        One who only looks is shown the next files too, also behind the bytes for which there was room, as by Linux.
        """
        messages = self.messages
        marked = has_marks(self)
        place = 0
        ends = False
        while place < len(messages) and not ends:
            if marked:
                found = next_run(self, place, so_far.size, peek)
                if found is None:
                    ends = so_far.size > 0
                    break
                place = found
            message = messages[place]
            credentials = message.credentials or UNSAID
            if so_far.credentials is None:
                so_far.credentials = credentials
            elif self.options.pass_credentials and credentials != so_far.credentials:
                ends = True
                break
            piece = message.data[message.start : message.start + room]
            so_far.pieces.append(piece)
            so_far.size += len(piece)
            room -= len(piece)
            so_far.parcel = detach(message, self, peek)
            if peek:
                place += 1
            else:
                message.start += len(piece)
                if message.start == len(message.data):
                    drop_run(self, place)
            ends = so_far.parcel is not None or not (room or peek)
        if marked:
            self.look_who_asks()
        return ends or (peek and bool(so_far.pieces))

    def _take(self, size: int) -> bytes:
        """Up to `size` bytes from the front, none of which carry files or credentials that anybody wants to see; a
        run that was read whole is charged no longer."""
        messages = self.messages
        if len(messages) == 1:
            message = messages[0]
            if not message.start and len(message.data) <= size:
                messages.clear()
                message.sender.uncharge(message.cost)
                return message.data
        pieces = []
        while size and messages:
            message = messages[0]
            piece = message.data[message.start : message.start + size]
            pieces.append(piece)
            size -= len(piece)
            message.start += len(piece)
            if message.start == len(message.data):
                messages.popleft()
                message.sender.uncharge(message.cost)
        return b"".join(pieces)
