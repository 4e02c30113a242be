"""Which rows of a scene a diagram of a few lines shows: the faults, the end, and what is next to them."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from farhost.report.diagram.kept import Scene
from farhost.report.diagram.rows import CALL, END, FAULT, Row

_BEFORE_FIRST = (1, -1, 2, 3, -2, 4, -3, 5, 6)
"""Neighbours of a fault in the order of what they tell: what follows from it, then what led to it."""
_BEFORE_END = (-1, -2, -3, -4)


class Chosen(NamedTuple):
    """Rows, or how many were left out before the next one."""

    row: Row | None
    left_out: int = 0


def choose(scene: Scene, most: int, faults: Collection[tuple[str, str]] = (), host: str = "") -> list[Chosen]:
    """At most `most` rows, gaps among them. `faults`: the kinds and places that matter; `host`: which failed."""
    rows = scene.rows
    if not rows or most < 1:
        return []
    picked: set[int] = set()
    for index in _by_importance(rows, frozenset(faults), host):
        if index in picked or not 0 <= index < len(rows):
            continue
        if _lines(picked | {index}, scene) > most:
            continue
        picked.add(index)
        if len(picked) >= most:
            break
    return _with_gaps(sorted(picked), scene) if picked else []


def _by_importance(rows: Sequence[Row], faults: frozenset[tuple[str, str]], host: str) -> Iterator[int]:
    """Indices of rows, the most telling ones first; some more than once, some that are none."""
    end = _end(rows, host)
    struck = [number for number, row in enumerate(rows) if row.fault in faults] if faults else []
    if not struck:
        every = [number for number, row in enumerate(rows) if row.is_struck()]
        # What came after the end is not what led to it.
        struck = ([number for number in every if number <= end] or every)[-3:]
    seen_by = _seeing_call(rows, end, host)
    # A fault may strike many packets, such as a cut link: its first and its last one tell it.
    marks = list(dict.fromkeys([*struck[:2], *struck[-1:]]))
    yield from marks[:1]
    yield from (end, seen_by)
    yield from marks
    for offset in _BEFORE_FIRST:
        for mark in marks:
            yield mark + offset
        if -offset in _BEFORE_END or offset > 0:
            yield end - abs(offset)
    yield from range(end, -1, -1)
    yield from range(end + 1, len(rows))


def _end(rows: Sequence[Row], host: str) -> int:
    """The row that the run came to: the failing program's end, else the last row."""
    for number in range(len(rows) - 1, -1, -1):
        if rows[number].sort == END and rows[number].failed and host in ("", rows[number].host):
            return number
    return len(rows) - 1


def _seeing_call(rows: Sequence[Row], end: int, host: str) -> int:
    """The failing host's last call before its end that carried something, or that failed; -1 if none is known."""
    who = host or rows[end].host
    for number in range(end, -1, -1):
        row = rows[number]
        if row.host == who and row.sort in (CALL, FAULT) and not row.peer and not row.text.startswith("close("):
            return number
    return -1


def seeing_row(scene: Scene, host: str = "") -> Row | None:
    """The call that saw what went wrong, as far as that can be told from outside: the last one of the host that
    failed which transferred something, or failed."""
    if not scene.rows:
        return None
    number = _seeing_call(scene.rows, _end(scene.rows, host), host)
    return None if number < 0 else scene.rows[number]


def _lines(picked: set[int], scene: Scene) -> int:
    """Lines that these take, with a line for each gap."""
    return len(_with_gaps(sorted(picked), scene))


def _with_gaps(picked: Sequence[int], scene: Scene) -> list[Chosen]:
    """The rows, and what is left out before, between and after them. A gap of one row is that row."""
    rows = scene.rows
    found: list[Chosen] = []
    next_number = 0
    for index in picked:
        row = rows[index]
        gap = row.number - next_number
        if gap == 1 and index and rows[index - 1].number == row.number - 1:
            found.append(Chosen(rows[index - 1]))
        elif gap > 0 and (found or gap > 0):
            found.append(Chosen(None, gap))
        found.append(Chosen(row))
        next_number = row.number + 1
    if scene.total > next_number:
        found.append(Chosen(None, scene.total - next_number))
    return found
