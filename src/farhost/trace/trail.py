"""A run's trail: one byte for each event, small enough for a file, by which two runs' first difference is found.

Two runs of one thing have equal hashes or they do not; where they do not, the trail says from which event on. A byte
is a digest of the event's shape (as `farhost.trace.hashes` writes it, so content does not count), and two different
events have the same byte once in 256 times: then the difference is found at the next event, which after a divergence
differs as well, if only in its time.

A run of many events has one byte for every 2, 4, 8, ... of them, so that a trail has at most `MOST_BYTES`. The bytes
of fewer are folded into that of more in pairs, whatever the run's length, so trails of unequal steps can be compared.

A trail as bytes: the step's power of two (1 byte), the number of events (6 bytes, big-endian), then the bytes; the
last may stand for fewer events than the others.
"""

from itertools import zip_longest
from typing import NamedTuple
from zlib import crc32

from farhost.trace.events import Event
from farhost.trace.hashes import HashSink, TraceHash

MOST_BYTES = 4096
"""Bytes of a trail, its head of 7 not counted."""
_HEAD = 7


class TrailError(ValueError):
    """Bytes that are no trail."""


class TrailSink:
    """Reads a trace, and keeps its trail and its hashes: they are made of the same lines.

    >>> from farhost.trace.events import Wake
    >>> sink = TrailSink()
    >>> for time_ns in (5, 6, 7):
    ...     sink.take(Wake(time_ns, "a", "p", 100, "ready"))
    >>> sink.trail().hex(), sink.result().events
    ('00000000000003669e09', 3)
    """

    __slots__ = ("_bytes", "_hashes", "_pending", "_power")

    def __init__(self) -> None:
        self._hashes = HashSink(self)
        self._bytes = bytearray()
        self._power = 0
        self._pending: list[int | None] = []
        """Of a step that is not full yet: a byte for 1 event, one for 2, for 4, ..., where there is one."""

    def take(self, event: Event) -> None:
        """One event."""
        self._hashes.take(event)

    def add(self, line: str) -> None:
        """The shape of one event (`farhost.trace.hashes.LineReader`)."""
        digest = crc32(line.encode("ascii")) & 0xFF
        for power, waiting in enumerate(self._pending):
            if waiting is None:
                self._pending[power] = digest
                return
            self._pending[power] = None
            digest = _fold(waiting, digest)
        self._bytes.append(digest)
        if len(self._bytes) >= MOST_BYTES:
            self._bytes = _halved(self._bytes)
            self._power += 1
            self._pending.append(None)

    def result(self) -> TraceHash:
        """The hashes of all that was read so far."""
        return self._hashes.result()

    def trail(self) -> bytes:
        """The trail of all that was read so far."""
        head = bytes([self._power]) + self._hashes.events.to_bytes(_HEAD - 1, "big")
        return head + bytes(self._bytes) + _partial(self._pending)


def first_difference(one: bytes, other: bytes) -> range | None:
    """Among which events, counted from 0, the first is on which two trails differ; None if they are equal.

    With a byte for each event the range has one number. Where one run is the other's beginning, it is the event that
    the longer has more. TrailError for what is no trail.
    """
    first, second = _read(one), _read(other)
    while first.power < second.power:
        first = first.folded()
    while second.power < first.power:
        second = second.folded()
    step = 1 << first.power
    fewer, more = sorted((first.events, second.events))
    for number, (a, b) in enumerate(zip_longest(first.digests, second.digests)):
        if a != b:
            start = number * step
            return range(min(start, fewer), max(min(start + step, more), min(start, fewer) + 1))
    return None if fewer == more else range(fewer, fewer + 1)


def check_trail(data: bytes, events: int) -> None:
    """TrailError for what is no trail of so many events."""
    found = _read(data).events
    if found != events:
        raise TrailError(f"a trail of {found} events is none of {events}")


class _Trail(NamedTuple):
    """A trail, read."""

    power: int
    events: int
    digests: bytes

    def folded(self) -> "_Trail":
        """With a byte for twice as many events."""
        full, rest = divmod(self.events, 2 << self.power)
        digests = bytes(_halved(bytearray(self.digests[: 2 * full])))
        left = self.digests[2 * full :]
        if rest:
            # A full half and a part of the other, or a part of the first half alone.
            digests += bytes([left[0] if len(left) == 1 else _fold(left[0], left[1])])
        return _Trail(self.power + 1, self.events, digests)


def _read(data: bytes) -> _Trail:
    if len(data) < _HEAD:
        raise TrailError(f"a trail has at least {_HEAD} bytes; here are {len(data)}")
    power, events, digests = data[0], int.from_bytes(data[1:_HEAD], "big"), data[_HEAD:]
    if power > 40 or len(digests) != -(-events // (1 << power)):
        raise TrailError(f"a trail of {events} events with a byte for every 2**{power} has not {len(digests)} bytes")
    return _Trail(power, events, digests)


def _fold(one: int, other: int) -> int:
    return crc32(bytes((one, other))) & 0xFF


def _halved(digests: bytearray) -> bytearray:
    return bytearray(map(_fold, digests[::2], digests[1::2]))


def _partial(pending: list[int | None]) -> bytes:
    """The byte of a step that is not full: what there is, the earliest first."""
    found: int | None = None
    for digest in pending:
        if digest is not None:
            found = digest if found is None else _fold(digest, found)
    return b"" if found is None else bytes([found])
