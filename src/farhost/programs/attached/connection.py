"""A connection to the network's control socket: questions, and the calls of one thread, one at a time."""

import errno
import struct
from functools import partial
from typing import NoReturn

from farhost.kernel.syscalls.encoding import BadMessage, Buffer, Message, Reply, decode_reply, encode_request
from farhost.kernel.syscalls.frames import (
    ANSWER,
    CALL,
    HEADER_SIZE,
    INTERRUPT,
    PROBLEM,
    REPLY,
    Frame,
    ask,
    header,
    read_header,
    read_json,
)
from farhost.kernel.syscalls.spin import Spin
from farhost.programs.attached import real

_FIRST = 4096
"""Where a reply is short, all of it comes with the first read."""
_FIRST_OF_LONG = HEADER_SIZE + 17
"""What stands in front of the data of a long receive on a stream."""
LONG_RECEIVE = 2048
_INT = 4
_socket = real._socket


class ProblemError(Exception):
    """The network cannot do what was asked, in words for people."""


class Connection:
    """One connection."""

    __slots__ = ("_path", "_pid", "_socket", "_spin")

    def __init__(self, path: str) -> None:
        """OSError ENETDOWN if nobody is there."""
        self._path = path
        self._pid = real.posix.getpid()
        sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            sock.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            sock.close()
            self._gone()
        self._socket = _socket.socket(fileno=real.lift(sock.detach()))
        poll = real.SELECT["poll"]()
        poll.register(self._socket.fileno(), real.select.POLLIN)
        self._spin = Spin(partial(poll.poll, 0), real.OS["sched_yield"], real.CLOCK_NS)

    def __del__(self) -> None:
        if hasattr(self, "_socket"):
            self.close()

    @property
    def number(self) -> int:
        """The real descriptor; -1 once it is closed."""
        return self._socket.fileno()

    def close(self) -> None:
        """Give it up, with the call that may be under way. In a child that inherited it, it is not this process's to
        close (see `Attachment.start_again`)."""
        number = self._socket.detach()
        if number >= 0 and self._pid == real.posix.getpid():
            real.close_own(number)

    def _gone(self) -> NoReturn:
        raise OSError(errno.ENETDOWN, f"the farhost network at {self._path} has ended")

    def ask(self, question: str, **arguments: object) -> object:
        """Ask, and return the answer. ProblemError; OSError ENETDOWN."""
        self._send(ask(question, **arguments))
        frame = self._receive(_FIRST, None)
        if frame.kind == PROBLEM:
            raise ProblemError(frame.head.decode())
        if frame.kind != ANSWER:
            raise BadMessage("no answer")
        return read_json(frame)

    def lend(self, numbers: list[int]) -> list[int]:
        """Hand descriptors of the machine to the network, for the next call; the numbers that stand for them there.
        OSError EBADF."""
        self.ask("expect")
        data = ask("lend")
        self._socket.sendmsg(
            [data], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack(f"{len(numbers)}i", *numbers))]
        )
        found = read_json(self._receive(_FIRST, None))
        assert isinstance(found, list)
        return found

    def fetch(self, numbers: list[int]) -> list[int]:
        """Descriptors of the machine that came for this process; fewer where the limit leaves no more (EMFILE)."""
        self._send(ask("fetch", numbers=numbers))
        room = _socket.CMSG_LEN(_INT * len(numbers))
        data, control, _, _ = self._socket.recvmsg(_FIRST, room, _socket.MSG_CMSG_CLOEXEC)
        if not data:
            self._gone()
        found = [part for level, kind, part in control if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS)]
        return [number for part in found for (number,) in struct.iter_unpack("i", part[: len(part) // _INT * _INT])]

    def begin(self, name: str, arguments: tuple[object, ...], numbers: tuple[int, ...] = ()) -> None:
        """Send a call; `finish` has its result. BadMessage for arguments that no call takes."""
        message = encode_request(name, arguments)
        self._send(header(CALL, message, numbers), message.tail)

    def finish(self, name: str, size: int = 0, into: memoryview | None = None) -> Reply:
        """Wait for the reply to the call under way. `size`: how much data may come. Long data is read right `into` a
        buffer if one is given, and then stands in the result as a part of that."""
        frame = self._receive(_FIRST if size < LONG_RECEIVE else _FIRST_OF_LONG, into)
        if frame.kind != REPLY:
            raise BadMessage("no reply")
        return decode_reply(name, frame.head, frame.tail)

    def interrupt(self) -> None:
        """Ask for the end of the call under way; its reply comes all the same."""
        self._send(header(INTERRUPT, Message(b"")))

    def _send(self, data: bytes, tail: Buffer = b"") -> None:
        sock = self._socket
        try:
            if not len(tail):
                sent = sock.send(data)
                if sent < len(data):
                    sock.sendall(data[sent:])
                return
            sent = sock.sendmsg((data, tail))
            if sent < len(data):
                sock.sendall(data[sent:])
                sent = len(data)
            if sent - len(data) < len(tail):
                sock.sendall(memoryview(tail)[sent - len(data) :])
        except (BrokenPipeError, ConnectionResetError):
            self._gone()

    def _receive(self, first: int, into: memoryview | None) -> Frame:
        self._spin()
        data = self._read(first)
        while len(data) < HEADER_SIZE:
            data += self._read(HEADER_SIZE - len(data))
        sizes = read_header(data)
        end = sizes.before_tail
        while len(data) < end:
            data += self._read(end - len(data))
        tail = self._read_tail(sizes.tail, data[end:], into) if sizes.tail else b""
        return Frame(sizes.kind, data[HEADER_SIZE:end], tail)

    def _read_tail(self, size: int, begun: bytes, into: memoryview | None) -> Buffer:
        if into is None and not begun:
            data = self._read(size, _socket.MSG_WAITALL)
            if len(data) == size:
                return data
            begun = data
        view = memoryview(bytearray(size)) if into is None else into[:size]
        filled = len(begun)
        view[:filled] = begun
        while filled < size:
            try:
                count = self._socket.recv_into(view[filled:])
            except ConnectionResetError:
                self._gone()
            if not count:
                self._gone()
            filled += count
        return bytes(view) if into is None else view

    def _read(self, size: int, flags: int = 0) -> bytes:
        try:
            data = self._socket.recv(size, flags)
        except ConnectionResetError:
            self._gone()
        if not data:
            self._gone()
        return data
