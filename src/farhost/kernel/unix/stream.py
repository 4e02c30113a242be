"""Unix domain streams: bytes in order, without boundaries, never lost (unix(7), unix_stream_sendmsg).

Bytes lie in the receiver's queue in runs as they were written (at most 36544 bytes each), charged to the sender's
SO_SNDBUF with their overhead. A receive takes from as many runs as it has room for.
"""

from typing import TYPE_CHECKING, cast

from farhost.kernel.files import Control, Received
from farhost.kernel.owners import send_sigurg
from farhost.kernel.unix.base import IN, OUT, PRI, Message, buffer_cost
from farhost.kernel.unix.connected import ConnectedSocket
from farhost.kernel.unix.control import received_control, refuse_control
from farhost.kernel.unix.urgent import has_marks, receive_urgent, take
from farhost.kernel.waiting import Blocked, GiveUp, KernelError, interrupted, mapped
from farhost.wire import linux
from farhost.wire.sockaddr import Sockaddr

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread

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


class StreamSocket(ConnectedSocket):
    """SOCK_STREAM in the Unix domain."""

    def __init__(self, kernel: "Kernel", type: int, protocol: int) -> None:
        super().__init__(kernel, type, protocol)
        self.simple_reads = True
        """A receive may take all that is there: no urgent data is about, and SO_RCVLOWAT is 1."""

    def look_simple(self) -> None:
        """Something changed that `simple_reads` depends on."""
        self.simple_reads = self.options.receive_low_water == 1 and not has_marks(self)

    def options_changed(self, level: int, name: int) -> None:
        """SO_RCVLOWAT matters to every receive."""
        super().options_changed(level, name)
        self.look_simple()

    def sendmsg(
        self, thread: "Thread", data: bytes, address: Sockaddr | None, flags: int, control: Control = ()
    ) -> int | Blocked:
        """send(2): waits until everything is in the peer's queue; without waiting, what fits, or EAGAIN.

        EPIPE with SIGPIPE when either side shut this direction or the peer is gone; ENOTCONN, EISCONN, EOPNOTSUPP.
        """
        if flags & linux.MSG_OOB and not data:
            raise KernelError(linux.EOPNOTSUPP)
        if control:
            refuse_control(control)
        if address is not None:
            raise KernelError(linux.EISCONN if self.connected else linux.EOPNOTSUPP)
        if self.peer is None:
            raise KernelError(linux.ENOTCONN)
        if self.send_shut:
            raise KernelError(linux.EPIPE, sigpipe=not flags & linux.MSG_NOSIGNAL)
        if flags & linux.MSG_OOB:
            return self._send_urgent(thread, bytes(data), flags)
        return self._send(thread, bytes(data), 0, flags, None)

    def _send_urgent(self, thread: "Thread", data: bytes, flags: int) -> int | Blocked:
        """All but the last byte as ever, and that one as urgent data (queue_oob)."""
        most = len(data) - 1
        due_ns = self.send_deadline_ns()

        def finish(sent: object) -> object:
            return sent if sent != most else self._queue_urgent(thread, data, flags, due_ns)

        result = self._send(thread, data[:most], 0, flags, due_ns)
        if isinstance(result, Blocked):
            return mapped(result, finish)
        return cast("int | Blocked", finish(result))

    def _queue_urgent(self, thread: "Thread", data: bytes, flags: int, due_ns: int | None) -> int | Blocked:
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
                lambda: self._queue_urgent(thread, data, flags, due_ns),
                due_ns,
                lambda why: done or interrupted(why),
            )
        assert isinstance(other, StreamSocket)
        self.charged += _SMALLEST_COST
        other.urgent = Message(data[done:], _SMALLEST_COST, self, thread.process, 0)
        other.messages.append(other.urgent)
        other.simple_reads = False
        send_sigurg(self.kernel, other)
        other.queue.wake(IN | PRI)
        return done + 1

    def _send(self, thread: "Thread", data: bytes, done: int, flags: int, deadline_ns: int | None) -> int | Blocked:
        total = len(data)
        options = self.options
        most = min(options.send_buffer // 2 - 64, _MOST_RUN)
        while done < total:
            other = self.peer
            if self.error or self.send_shut or other is None or other.dead or other.receive_shut:
                return self._broken(done, flags)
            if self.charged >= options.send_buffer:
                return self._wait_room(thread, data, done, flags, deadline_ns)
            piece = data if total <= most else data[done : done + most]
            cost = _SMALLEST_COST if len(piece) <= _SMALLEST else run_cost(len(piece))
            self.charged += cost
            other.messages.append(Message(piece, cost, self, thread.process, 0))
            done += len(piece)
            other.queue.wake(IN | PRI)
        return total

    def _broken(self, done: int, flags: int) -> int:
        if done:
            return done
        self.raise_error()
        raise KernelError(linux.EPIPE, sigpipe=not flags & linux.MSG_NOSIGNAL)

    def _wait_room(
        self, thread: "Thread", data: bytes, done: int, flags: int, deadline_ns: int | None
    ) -> int | Blocked:
        if self.cannot_wait(flags):
            if done:
                return done
            raise KernelError(linux.EAGAIN)
        due_ns = self.send_deadline_ns() if deadline_ns is None else deadline_ns

        def stop(why: GiveUp) -> object:
            return done or interrupted(why)

        return Blocked(((self.queue, OUT),), lambda: self._send(thread, data, done, flags, due_ns), due_ns, stop)

    def recvmsg(self, thread: "Thread", size: int, flags: int, control_size: int = 0) -> Received | Blocked:
        """recv(2): what is there; MSG_WAITALL and SO_RCVLOWAT wait for more; nothing at the end. EINVAL."""
        if (
            self.messages
            and not flags & _UNUSUAL
            and size
            and self.simple_reads
            and not self.options.pass_credentials
        ):
            return Received(self._take(size, False), None, 0, ())
        if not self.connected:
            raise KernelError(linux.EINVAL)
        if flags & linux.MSG_OOB:
            return receive_urgent(self, size, flags)
        return self._receive(thread, size, flags, control_size, (), None)

    def _receive(
        self,
        thread: "Thread",
        size: int,
        flags: int,
        control_size: int,
        pieces: tuple[bytes, ...],
        deadline_ns: int | None,
    ) -> Received | Blocked:
        have = sum(map(len, pieces)) if pieces else 0
        control: Control = ()
        cut = 0
        ends = False
        if self.messages:
            if self.options.pass_credentials:
                control, cut = received_control(self, self.messages[0], control_size)
            if self.simple_reads:
                data = self._take(size - have, bool(flags & linux.MSG_PEEK))
            else:
                data, ends = take(self, size - have, have, bool(flags & linux.MSG_PEEK))
                self.look_simple()
            if data or not size:
                have += len(data)
                pieces = (*pieces, data)
        low_water = self.options.receive_low_water
        target = (size if flags & linux.MSG_WAITALL else min(low_water, size)) or 1
        if have >= target or ends or (pieces and not size) or (have and flags & linux.MSG_PEEK):
            data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            return Received(data, None, cut, control)
        error = self.take_error()
        if error and not have:
            raise KernelError(error)
        if error or self.receive_shut:
            return Received(b"".join(pieces), None, cut, control)
        if self.cannot_wait(flags):
            if have:
                return Received(b"".join(pieces), None, cut, control)
            raise KernelError(linux.EAGAIN)
        due_ns = self.receive_deadline_ns() if deadline_ns is None else deadline_ns

        def stop(why: GiveUp) -> object:
            return Received(b"".join(pieces), None, 0, ()) if pieces else interrupted(why)

        return Blocked(
            ((self.queue, IN),),
            lambda: self._receive(thread, size, flags, control_size, pieces, due_ns),
            due_ns,
            stop,
        )

    def _take(self, size: int, peek: bool) -> bytes:
        """Up to `size` bytes from the front; a run that was read whole is charged no longer."""
        messages = self.messages
        if len(messages) == 1 and not peek:
            message = messages[0]
            if not message.start and len(message.data) <= size:
                messages.clear()
                message.sender.uncharge(message.cost)
                return message.data
        pieces = []
        for message in tuple(messages):
            if size <= 0:
                break
            piece = message.data[message.start : message.start + size]
            pieces.append(piece)
            size -= len(piece)
            if not peek:
                message.start += len(piece)
                if message.start == len(message.data):
                    messages.popleft()
                    message.sender.uncharge(message.cost)
        return b"".join(pieces)
