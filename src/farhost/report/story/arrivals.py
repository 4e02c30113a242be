"""What of a stream arrived when, and when it could be read: pieces that came early wait behind a gap."""

from bisect import bisect_right
from typing import NamedTuple


class Arrival(NamedTuple):
    """Bytes that were new where they arrived."""

    time_ns: int
    start: int
    size: int
    readable_ns: int
    """When all before it was there as well; -1: that never came."""
    ordinal: int
    """2 and more: it was sent again."""
    filled: bool
    """Later bytes were there before it."""


class Arrivals:
    """The receive buffer of one stream, by its packets.

    >>> buffer = Arrivals()
    >>> buffer.arrive(5, 0, 10, 1)
    >>> buffer.arrive(6, 20, 10, 1)
    >>> buffer.arrive(9, 10, 10, 2)
    >>> buffer.finish()
    >>> [(piece.start, piece.time_ns, piece.readable_ns) for piece in buffer.pieces]
    [(0, 5, 5), (10, 9, 9), (20, 6, 9)]
    """

    __slots__ = ("_held", "_pending", "duplicates", "end", "next", "pieces")

    def __init__(self) -> None:
        self.pieces: list[Arrival] = []
        """By their place in the stream, once it is finished."""
        self.duplicates: list[Arrival] = []
        """What had nothing new."""
        self.next = 0
        """The first byte that is missing."""
        self.end = 0
        self._held: list[Arrival] = []
        """Behind a gap, in the stream's order."""
        self._pending: tuple[int, int, int, int] | None = None
        """The last packet, of which the next event may say that it was refused."""

    def arrive(self, time_ns: int, start: int, size: int, ordinal: int) -> None:
        """A packet with these bytes came to the reader's host."""
        if self._pending is not None:
            self._keep(*self._pending)
        self._pending = time_ns, start, size, ordinal
        self.end = max(self.end, start + size)

    def refuse(self, start: int, size: int) -> None:
        """The packet that came last was not taken."""
        if self._pending is not None and self._pending[1:3] == (start, size):
            self._pending = None

    def reset(self, time_ns: int) -> None:
        """The reader's host answers with a reset: what came at this very moment was not taken."""
        if self._pending is not None and self._pending[0] == time_ns:
            self._pending = None

    def finish(self) -> None:
        """There is no more."""
        if self._pending is not None:
            self._keep(*self._pending)
            self._pending = None
        self.pieces += self._held
        self._held = []
        self.end = max((piece.start + piece.size for piece in self.pieces), default=0)

    def find(self, offset: int) -> Arrival | None:
        """The arrival of one byte; None: it never came. For a finished one."""
        index = bisect_right(self.pieces, offset, key=lambda piece: piece.start) - 1
        if index < 0:
            return None
        piece = self.pieces[index]
        return piece if offset < piece.start + piece.size else None

    def _keep(self, time_ns: int, start: int, size: int, ordinal: int) -> None:
        end = start + size
        if start == self.next and not self._held:
            self.next = end
            self.pieces.append(Arrival(time_ns, start, size, time_ns, ordinal, False))
            return
        fresh = self._fresh(max(start, self.next), end)
        if not fresh:
            self.duplicates.append(Arrival(time_ns, start, size, time_ns, ordinal, False))
            return
        for low, high in fresh:
            filled = bool(self._held) and self._held[-1].start > low
            self._held.append(Arrival(time_ns, low, high - low, -1, ordinal, filled))
        self._held.sort(key=lambda piece: piece.start)
        ready = 0
        for piece in self._held:
            if piece.start > self.next:
                break
            self.pieces.append(piece._replace(readable_ns=time_ns))
            self.next = piece.start + piece.size
            ready += 1
        del self._held[:ready]

    def _fresh(self, start: int, end: int) -> list[tuple[int, int]]:
        """The parts of a range that are not held."""
        found = []
        for piece in self._held:
            if piece.start >= end or start >= end:
                break
            if piece.start + piece.size <= start:
                continue
            if piece.start > start:
                found.append((start, piece.start))
            start = piece.start + piece.size
        if start < end:
            found.append((start, end))
        return found
