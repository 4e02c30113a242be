"""Bytes that arrived before those in front of them (RFC 9293 §3.4): disjoint ranges in order of position."""

from bisect import bisect_right

Bytes = bytes | memoryview


class Reassembly:
    """Ranges held until the gap before them is filled. What came first is kept where ranges overlap."""

    __slots__ = ("_chunks", "_ends", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        """Where the ranges begin; empty when nothing is held."""
        self._ends: list[int] = []
        self._chunks: list[Bytes] = []

    def insert(self, start: int, data: Bytes) -> None:
        """Hold `data`, whose first byte has position `start`, where nothing is held yet."""
        starts, ends = self.starts, self._ends
        end = start + len(data)
        index = bisect_right(starts, start)
        if index and ends[index - 1] > start:
            overlap = ends[index - 1] - start
            if start + overlap >= end:
                return
            data = data[overlap:]
            start += overlap
        while start < end:
            if index == len(starts) or starts[index] >= end:
                self._put(index, start, end, data)
                return
            gap = starts[index] - start
            if gap:
                self._put(index, start, start + gap, data[:gap])
                index += 1
            covered = ends[index] - start
            data = data[covered:]
            start += covered
            index += 1

    def _put(self, index: int, start: int, end: int, data: Bytes) -> None:
        self.starts.insert(index, start)
        self._ends.insert(index, end)
        self._chunks.insert(index, data)

    def take(self, position: int) -> list[Bytes]:
        """Remove and return what follows on `position` without a gap, in order; older bytes are dropped."""
        starts, ends, chunks = self.starts, self._ends, self._chunks
        taken: list[Bytes] = []
        done = 0
        for start, end, chunk in zip(starts, ends, chunks):
            if start > position:
                break
            done += 1
            if end > position:
                taken.append(chunk[position - start :] if start < position else chunk)
                position = end
        del starts[:done], ends[:done], chunks[:done]
        return taken

    def ranges(self) -> list[tuple[int, int]]:
        """What is held, touching ranges joined: what SACK blocks would say (RFC 2018)."""
        joined: list[tuple[int, int]] = []
        for start, end in zip(self.starts, self._ends):
            if joined and joined[-1][1] == start:
                joined[-1] = (joined[-1][0], end)
            else:
                joined.append((start, end))
        return joined

    def check_invariants(self, position: int) -> None:
        """In order, disjoint, none empty, and all beyond a gap after `position`."""
        assert len(self.starts) == len(self._ends) == len(self._chunks)
        for start, end, chunk in zip(self.starts, self._ends, self._chunks):
            assert end - start == len(chunk) > 0
            assert start >= position
            position = end
