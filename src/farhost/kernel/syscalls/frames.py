"""How messages travel on a byte stream between a network and a program in another process: frames, one behind the
other.

A frame is a header of 12 bytes (kind, count of numbers, sizes of head and tail), the numbers, the head, the tail. A
CALL carries a system call (`encoding`) and the descriptor numbers that its result may use: a program in another
process has real descriptors too, so it is the program that chooses (`farhost.kernel.descriptors.GivenDescriptors`).
An ASK carries a question as JSON, for everything that is no system call; the answer to either comes in one frame. One
connection carries one call at a time.
"""

import json
import struct
from collections.abc import Iterator
from typing import NamedTuple

from farhost.kernel.syscalls.encoding import BadMessage, Buffer, Message

CALL, REPLY, ASK, ANSWER, PROBLEM, INTERRUPT = range(1, 7)
"""Kinds. PROBLEM answers a question that cannot be answered, with a text for people. INTERRUPT asks for the end of
the call that waits: it fails with EINTR, or what it had done by then is its result."""

_HEADER = struct.Struct(">BxHII")
HEADER_SIZE = _HEADER.size
NUMBER_SIZE = 4
FIRST_OUTSIDE = 1 << 22
"""From here up, a number in an SCM_RIGHTS message stands for a file of the machine that travels beside the call."""
LONGEST_HEAD = 1 << 22
LONGEST_TAIL = 1 << 26
"""More is no frame of ours."""


class Frame(NamedTuple):
    """One frame, without its header."""

    kind: int
    head: bytes
    tail: Buffer = b""
    numbers: tuple[int, ...] = ()


class Sizes(NamedTuple):
    """What a header says."""

    kind: int
    numbers: int
    head: int
    tail: int

    @property
    def before_tail(self) -> int:
        """Bytes of the frame in front of its tail, the header included."""
        return HEADER_SIZE + self.numbers * NUMBER_SIZE + self.head


def header(kind: int, message: Message, numbers: tuple[int, ...] = ()) -> bytes:
    """A frame's bytes up to its tail."""
    head, tail = message
    start = _HEADER.pack(kind, len(numbers), len(head), len(tail))
    return start + struct.pack(f">{len(numbers)}I", *numbers) + head if numbers else start + head


def read_header(data: Buffer, at: int = 0) -> Sizes:
    """The header that begins at `at`; BadMessage for one that is none of ours."""
    sizes = Sizes(*_HEADER.unpack_from(data, at))
    if not CALL <= sizes.kind <= INTERRUPT or sizes.head > LONGEST_HEAD or sizes.tail > LONGEST_TAIL:
        raise BadMessage("not a frame of this version: is the other side another version of farhost?")
    return sizes


class FrameReader:
    """Puts frames together from whatever pieces a stream brings."""

    __slots__ = ("_filled", "_pending", "_sizes", "_tail")

    def __init__(self) -> None:
        self._pending = b""
        """What came of the next frame, as long as its tail is not reached."""
        self._sizes: Sizes | None = None
        self._tail = bytearray()
        self._filled = 0

    @property
    def wanted(self) -> memoryview | None:
        """Where the next bytes belong, if they can only be the rest of a long tail: read right into it, and say so by
        `filled`."""
        return memoryview(self._tail)[self._filled :] if self._tail else None

    def filled(self, size: int) -> Iterator[Frame]:
        """So many bytes were put into `wanted`."""
        self._filled += size
        if self._filled == len(self._tail):
            yield self._finish()

    def take(self, data: bytes) -> Iterator[Frame]:
        """Bytes that came; the frames that are complete with them. BadMessage."""
        if self._tail:
            piece = data[: len(self._tail) - self._filled]
            self._tail[self._filled : self._filled + len(piece)] = piece
            yield from self.filled(len(piece))
            if self._tail:
                return
            data = data[len(piece) :]
        if self._pending:
            data = self._pending + data
        at = 0
        while len(data) - at >= HEADER_SIZE:
            sizes = read_header(data, at)
            end = at + sizes.before_tail
            if len(data) < end:
                break
            whole = end + sizes.tail
            if len(data) >= whole:
                yield _frame(sizes, data, at, data[end:whole])
                at = whole
                continue
            self._pending = data[at:end]
            self._sizes = sizes
            self._tail = bytearray(sizes.tail)
            self._filled = len(data) - end
            self._tail[: self._filled] = data[end:]
            return
        self._pending = data[at:]

    def _finish(self) -> Frame:
        sizes, data, tail = self._sizes, self._pending, self._tail
        assert sizes is not None
        self._sizes, self._pending, self._tail, self._filled = None, b"", bytearray(), 0
        return _frame(sizes, data, 0, memoryview(tail))


def _frame(sizes: Sizes, data: bytes, at: int, tail: Buffer) -> Frame:
    at += HEADER_SIZE
    numbers: tuple[int, ...] = ()
    if sizes.numbers:
        numbers = struct.unpack_from(f">{sizes.numbers}I", data, at)
        at += sizes.numbers * NUMBER_SIZE
    return Frame(sizes.kind, data[at : at + sizes.head], tail, numbers)


def ask(question: str, **arguments: object) -> bytes:
    """A question as a frame; its arguments are what JSON has."""
    return header(ASK, Message(json.dumps({"ask": question, **arguments}).encode()))


def answer(value: object) -> bytes:
    """The answer to a question as a frame."""
    return header(ANSWER, Message(json.dumps(value).encode()))


def problem(text: str) -> bytes:
    """Why a question cannot be answered, as a frame."""
    return header(PROBLEM, Message(text.encode()))


def read_json(frame: Frame) -> object:
    """What an ASK or an ANSWER says; BadMessage."""
    try:
        value: object = json.loads(frame.head)
    except ValueError as error:
        raise BadMessage(str(error)) from error
    return value
