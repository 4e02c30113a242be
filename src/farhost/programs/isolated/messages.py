"""What a run and the child of an isolated program say to each other, one message in turn.

The run sends *commands*, each for one thread (0: for none, between events), and the child answers with *operations*
of the thread that it let run, until one of them says that the command is done. Every command brings the time along,
and what else may have changed while the child did nothing; every operation what the child has charged its thread on
its own account, which it does while nothing else is due.
"""

import json
import os
import select
import socket
import struct
import time
from functools import partial
from typing import NamedTuple

from farhost.kernel.syscalls.encoding import Buffer
from farhost.kernel.syscalls.spin import Spin

(CALL, CALL_NOW, CLOCK, PAUSE, PARK, WAKE, SPAWN, ASK, DONE, AGAIN, FAILED, END, EXIT, DEFECT) = range(1, 15)
"""Operations. DONE, AGAIN, FAILED, END: the command is carried out; of a wait it is over, goes on, or has failed.
EXIT: the process ends. DEFECT: farhost itself has failed."""
(RUN, REPLY, ANSWER, RAISED, HANDLE, RETRY, GIVE_UP, NOTIFY, COLLECT, OVER, WHERE, GIVE_FILE, TAKE_FILE) = range(
    33, 46
)
CLOCKS = 46
"""Commands. REPLY and ANSWER are results of operations; RAISED says that a signal's handler raised in the middle of
one."""
RESULTS = frozenset({RUN, REPLY, ANSWER, RAISED, FAILED, RETRY, GIVE_UP, OVER})
"""What a waiting thread waits for; other commands are carried out where it waits."""
ENDINGS = frozenset({DONE, AGAIN, FAILED, END, EXIT, DEFECT})

QUIET, AS_C = 1, 2
"""Flags of an operation: handlers of signals wait for the next call (`ProgramProcess.call_quietly`); it is a C
program's (`ProgramProcess.call_as_c`)."""
ATTENTION, SOCKET_FILES, NUMBERS = 1, 2, 4
"""Flags of a command: something waits for the thread (`ProgramProcess.attention`); the host has socket files; the
numbers that follow are the process's descriptors, which are others than before."""
NEVER_NS = (1 << 64) - 1

_HEADER = struct.Struct(">BBIQQHHII")
_CHUNK = 1 << 16


class LineClosed(Exception):
    """Nobody is at the other end any more."""


class Clocks(NamedTuple):
    """A host's clocks (`farhost.kernel.kernel.Kernel`)."""

    boot_ns: int
    realtime_offset_ns: int
    numerator: int
    """Of its drift."""
    denominator: int

    def monotonic_ns(self, now_ns: int) -> int:
        """CLOCK_MONOTONIC."""
        return (now_ns - self.boot_ns) * self.numerator // self.denominator

    def realtime_ns(self, now_ns: int) -> int:
        """CLOCK_REALTIME."""
        return self.realtime_offset_ns + now_ns * self.numerator // self.denominator

    def deadline_ns(self, now_ns: int, timeout_ns: int) -> int:
        """The virtual time at which so much has passed on them."""
        return now_ns - (-timeout_ns * self.denominator // self.numerator)


class Message(NamedTuple):
    """One message."""

    kind: int
    thread: int = 0
    """The number by which both know the thread; 0: none."""
    numbers: tuple[int, ...] = ()
    head: bytes = b""
    tail: Buffer = b""
    first: int = 0
    """A command's: the time now in ns. An operation's: ns charged since the last."""
    second: int = 0
    """A command's: when the next event is due. An operation's: calls made since the last."""
    flags: int = 0
    files: tuple[int, ...] = ()
    """With the flag NUMBERS."""

    def json(self) -> object:
        """What the head says."""
        value: object = json.loads(self.head)
        return value


def as_json(value: object) -> bytes:
    """A head that says something that JSON has."""
    return json.dumps(value).encode()


class Line:
    """One end of a stream of messages."""

    def __init__(self, sock: socket.socket) -> None:
        """`sock` is connected, and blocks."""
        self._socket = sock
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        self._spin = Spin(partial(poll.poll, 0), os.sched_yield, time.monotonic_ns)

    def send(self, message: Message) -> None:
        """Say something. LineClosed."""
        kind, thread, numbers, head, tail, first, second, flags, files = message
        count = len(numbers) + len(files)
        data = _HEADER.pack(kind, flags, thread, first, second, len(numbers), len(files), len(head), len(tail))
        if count:
            data += struct.pack(f">{count}q", *numbers, *files)
        try:
            self._socket.sendall(data + head)
            if len(tail):
                self._socket.sendall(tail)
        except (BrokenPipeError, ConnectionResetError):
            raise LineClosed from None

    def receive(self) -> Message:
        """What the other says next. LineClosed."""
        self._spin()
        data = self._read(_CHUNK)
        while len(data) < _HEADER.size:
            data += self._read(_HEADER.size - len(data))
        kind, flags, thread, first, second, own, files, head, tail = _HEADER.unpack_from(data)
        at = _HEADER.size
        whole = at + 8 * (own + files) + head + tail
        if len(data) < whole:
            parts = [data]
            missing = whole - len(data)
            while missing:
                parts.append(self._read(missing))
                missing -= len(parts[-1])
            data = b"".join(parts)
        numbers: tuple[int, ...] = ()
        if own + files:
            numbers = struct.unpack_from(f">{own + files}q", data, at)
            at += 8 * (own + files)
        middle = at + head
        return Message(
            kind, thread, numbers[:own], data[at:middle], data[middle:], first, second, flags, numbers[own:]
        )

    def _read(self, most: int) -> bytes:
        try:
            data = self._socket.recv(most)
        except ConnectionResetError:
            data = b""
        if not data:
            raise LineClosed
        return data

    # Descriptors of the machine travel beside a message that announces them.

    def send_file(self, number: int) -> None:
        """Hand a descriptor over. LineClosed."""
        try:
            socket.send_fds(self._socket, [b"\0"], [number])
        except (BrokenPipeError, ConnectionResetError):
            raise LineClosed from None

    def receive_file(self) -> int:
        """The descriptor that was announced; -1 if there was no room for it. LineClosed."""
        data, numbers, _, _ = socket.recv_fds(self._socket, 1, 1)
        if not data:
            raise LineClosed
        return numbers[0] if numbers else -1

    def close(self) -> None:
        """The other finds nobody there."""
        self._socket.close()
