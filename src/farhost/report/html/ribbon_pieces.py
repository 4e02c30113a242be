"""How many pieces each row of a ribbon has where: to choose what a page carries, and to say what it does not."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """One row's pieces, in the ribbon's order."""

    name: str
    """Of one of them: write, segment, retransmission, read."""
    starts: Sequence[int]
    sizes: Sequence[int]


class Pieces:
    """All rows of one ribbon."""

    def __init__(self, rows: Iterable[tuple[str, list[tuple[int, int]]]]) -> None:
        """Of each row its name, and where each piece begins and how many bytes it has."""
        self.rows = []
        for name, pairs in rows:
            pairs.sort()
            self.rows.append(Row(name, [start for start, _ in pairs], [size for _, size in pairs]))

    def around(self, place: int, most: int) -> tuple[int | None, int | None]:
        """A range around a place with at most so many pieces, roughly; None: from the beginning, to the end.

        >>> Pieces([("write", [(start, 10) for start in range(0, 100, 10)])]).around(50, 4)
        (30, 70)
        """
        starts = sorted(start for row in self.rows for start in row.starts)
        if len(starts) <= most:
            return None, None
        first = max(0, bisect_left(starts, place) - most // 2)
        end = min(len(starts), first + most)
        first = max(0, end - most)
        return (starts[first] if first else None), (starts[end] if end < len(starts) else None)

    def summary(self, low: int, high: int | None) -> str:
        """What begins in a range, in words; empty: nothing.

        >>> Pieces([("write", [(0, 10), (10, 10)]), ("read", [(0, 7), (7, 13)])]).summary(0, None)
        '2 writes of 10 bytes, 2 reads'
        """
        parts = []
        for name, starts, sizes in self.rows:
            first = bisect_left(starts, low)
            end = len(starts) if high is None else bisect_left(starts, high)
            if first < end:
                inside = sizes[first:end]
                alike = f" of {size_text(inside[0])}" if min(inside) == max(inside) else ""
                parts.append(f"{count_text(end - first, name)}{alike}")
        return ", ".join(parts)


def count_text(number: int, name: str) -> str:
    """`1 write`, `94 writes`."""
    return f"{number} {name}{'' if number == 1 else 's'}"


def size_text(size: int) -> str:
    """`1 byte`, `1448 bytes`."""
    return count_text(size, "byte")
