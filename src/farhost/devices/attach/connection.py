"""One connection of the control socket: frames in, frames out, never waiting.

What reads too slowly is written later; what sends no frames is dropped.
"""

import os
import select
import socket
from collections import deque
from typing import Protocol

from farhost.devices.real_time import RealTime
from farhost.kernel.syscalls.encoding import BadMessage, Buffer
from farhost.kernel.syscalls.frames import Frame, FrameReader

CHUNK = 1 << 14
MOST_FILES = 253
"""SCM_MAX_FD of the machine."""
_GONE = (BrokenPipeError, ConnectionResetError)


class Owner(Protocol):
    """Who is told what comes on a connection."""

    def take(self, connection: "Connection", frame: Frame) -> None:
        """A frame; BadMessage ends the connection."""

    def gone(self, connection: "Connection") -> None:
        """The other side has closed it, or has died, or was dropped."""


class Connection:
    """The network's end."""

    __slots__ = ("_clock", "_number", "_out", "_reader", "_socket", "files", "owner")

    def __init__(self, clock: RealTime, sock: socket.socket, owner: Owner) -> None:
        """`sock` is connected; the connection owns it from now on."""
        sock.setblocking(False)
        self._clock = clock
        self._socket = sock
        self._number = sock.fileno()
        self._reader = FrameReader()
        self._out: deque[Buffer] = deque()
        """What the socket has not taken yet."""
        self.files: list[int] | None = None
        """Descriptors that came along, while some are expected."""
        self.owner = owner
        clock.watch(self._number, self._ready)

    @property
    def is_open(self) -> bool:
        """Whether anything can still come."""
        return self._number >= 0

    def _ready(self, events: int) -> None:
        if events & select.EPOLLOUT and self._out:
            self._write()
        if events & ~select.EPOLLOUT and self._number >= 0:
            try:
                self._read()
            except (BadMessage, *_GONE):
                self.drop()

    def _read(self) -> None:
        reader = self._reader
        try:
            wanted = reader.wanted
            if wanted is None:
                data = self._socket.recv(CHUNK) if self.files is None else self._receive_files(self.files)
                size = len(data)
                frames = reader.take(data)
            else:
                size = self._socket.recv_into(wanted)
                frames = reader.filled(size)
        except BlockingIOError:
            return
        if not size:
            self.drop()
            return
        for frame in frames:
            self.owner.take(self, frame)

    def _receive_files(self, files: list[int]) -> bytes:
        data, came, _, _ = socket.recv_fds(self._socket, CHUNK, MOST_FILES)
        files.extend(came)
        return data

    def expect_files(self) -> None:
        """Descriptors come with the next frame."""
        if self.files is None:
            self.files = []

    def take_files(self) -> list[int]:
        """The descriptors that came, which are the caller's to close; no more are expected."""
        files, self.files = self.files or [], None
        return files

    def send_with_files(self, data: bytes, numbers: list[int]) -> None:
        """Send a short frame on a connection that is not busy, with descriptors that are ours no longer."""
        try:
            socket.send_fds(self._socket, [data], numbers)
        except OSError:
            self.drop()
        finally:
            for number in numbers:
                os.close(number)

    def send(self, data: bytes, tail: Buffer = b"") -> None:
        """Send a frame; what does not fit waits."""
        if self._number < 0:
            return
        if self._out:
            self._out.extend((data, tail) if len(tail) else (data,))
            return
        try:
            sent = self._socket.sendmsg((data, tail)) if len(tail) else self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except _GONE:
            return
        self._keep(data, tail, sent)

    def _keep(self, data: bytes, tail: Buffer, sent: int) -> None:
        """Hold what was not sent until the socket takes more."""
        size = len(data)
        if sent < size:
            self._out.append(data[sent:])
            sent = size
        if sent - size < len(tail):
            self._out.append(memoryview(tail)[sent - size :])
        if self._out:
            self._clock.change(self._number, select.EPOLLIN | select.EPOLLOUT)

    def _write(self) -> None:
        out = self._out
        try:
            while out:
                piece = out[0]
                sent = self._socket.send(piece)
                if sent < len(piece):
                    out[0] = memoryview(piece)[sent:]
                    return
                out.popleft()
        except BlockingIOError:
            return
        except _GONE:
            out.clear()
        self._clock.change(self._number, select.EPOLLIN)

    def drop(self) -> None:
        """Close it, and tell the owner."""
        if self._number >= 0:
            self.close()
            self.owner.gone(self)

    def close(self) -> None:
        """Close it without a word to the owner."""
        if self._number >= 0:
            self._clock.forget(self._number)
            self._number = -1
            for number in self.take_files():
                os.close(number)
            self._socket.close()
