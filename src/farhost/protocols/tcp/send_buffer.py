"""What the application has written and the peer has not acknowledged, by stream position.

Chunks are kept as they were written, never copied; a segment is a view of one chunk, and joined only where it spans
several. Positions are unbounded integers: position mod 2**32 is the sequence number.
"""

from bisect import bisect_right

SMALL = 4096
"""Up to here a copy of a slice is cheaper than a view that keeps the whole chunk alive."""

Bytes = bytes | memoryview


class SendBuffer:
    """A queue of bytes from `start` (the oldest unacknowledged) up to `end`."""

    __slots__ = ("_chunks", "_head", "_starts", "end", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = start
        self._chunks: list[Bytes] = []
        self._starts: list[int] = []
        self._head = 0

    def append(self, data: Bytes) -> None:
        """Queue `data`, which must not change from now on."""
        self._chunks.append(data)
        self._starts.append(self.end)
        self.end += len(data)

    def slice(self, start: int, end: int) -> Bytes:
        """The bytes from position `start` up to `end`, both inside of the buffer."""
        starts = self._starts
        chunks = self._chunks
        index = len(starts) - 1
        if start < starts[index]:
            index = bisect_right(starts, start, self._head) - 1
        chunk = chunks[index]
        offset = start - starts[index]
        size = end - start
        if len(chunk) - offset >= size:
            if size == len(chunk):
                return chunk
            if size <= SMALL:
                return chunk[offset : offset + size]
            return memoryview(chunk)[offset : offset + size]
        parts: list[Bytes] = [memoryview(chunk)[offset:]]
        size -= len(chunk) - offset
        while size:
            index += 1
            chunk = chunks[index]
            if len(chunk) > size:
                chunk = memoryview(chunk)[:size]
            parts.append(chunk)
            size -= len(chunk)
        return b"".join(parts)

    def release(self, position: int) -> None:
        """Everything before `position` has been acknowledged."""
        self.start = position
        if position == self.end:
            self._chunks.clear()
            self._starts.clear()
            self._head = 0
            return
        starts = self._starts
        chunks = self._chunks
        head = self._head
        while starts[head] + len(chunks[head]) <= position:
            chunks[head] = b""
            head += 1
        if head > 64 and head * 2 > len(chunks):
            del starts[:head], chunks[:head]
            head = 0
        self._head = head

    def clear(self) -> None:
        """Forget everything: nobody will acknowledge it."""
        self.release(self.end)

    def check_invariants(self) -> None:
        """Chunks follow one another and end at `end`."""
        assert self.start <= self.end
        position = None
        for start, chunk in list(zip(self._starts, self._chunks))[self._head :]:
            assert position is None or start == position
            position = start + len(chunk)
        assert position is None or position == self.end
        assert (position is None) == (self.start == self.end)
