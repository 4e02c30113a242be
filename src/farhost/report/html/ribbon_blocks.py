"""The blocks of a stream's ribbon: what was written, sent, arrived and read, each where its bytes are."""

from bisect import bisect_left, bisect_right
from typing import NamedTuple

from farhost.report.columns import format_time
from farhost.report.html.ribbon_pieces import Pieces, size_text
from farhost.report.story.byte_stream import ByteStream, Segment, Use
from farhost.report.story.cuts import EXPLANATIONS, Cause, Cut, cuts

WRITE, SEGMENT, AGAIN, BUFFER, READ, PEEK = range(6)
"""Rows from above. AGAIN: what was sent again, under the segments; PEEK: reads that left the bytes there."""


class Part(NamedTuple):
    """The part of a block that is of one write."""

    low: float
    high: float
    number: int
    """Which write, from 1; 0: not known."""


class Block(NamedTuple):
    """One block of a ribbon; `low` and `high` are where it is, in the ribbon's own measure (bytes, or datagrams)."""

    row: int
    low: float
    high: float
    start: int
    """Its first byte, in the stream."""
    size: int
    time_ns: int
    parts: tuple[Part, ...]
    kind: str
    """Further classes: lost, held."""
    mark: str
    """A word or sign on it, such as `✗ loss`; empty for none."""
    title: str
    """What a pointer over it shows: one line."""


class Mark(NamedTuple):
    """A cut, with its cause's word."""

    row: int
    place: float
    word: str
    title: str


class Ribbon(NamedTuple):
    """What is drawn of one stream, or of a part of it."""

    blocks: list[Block]
    """Those that reach into the part."""
    marks: list[Mark]
    low: float
    high: float
    unit: str = "Bytes"
    """What its measure counts."""
    unread: tuple[int, int] = (0, 0)
    """From where to where nobody read what was written."""


_CUT_ROWS = {"write": WRITE, "segment": SEGMENT, "read": READ, "merge": READ}


def pieces_of(stream: ByteStream) -> Pieces:
    """The pieces of its rows."""
    firsts = [(segment.start, segment.size) for segment in stream.segments if segment.ordinal == 1]
    again = [(segment.start, segment.size) for segment in stream.segments if segment.ordinal > 1]
    return Pieces(
        (
            ("write", [(use.start, use.size) for use in stream.writes]),
            ("segment", firsts),
            ("retransmission", again),
            ("arrival", [(piece.start, piece.size) for piece in stream.arrivals.pieces]),
            ("read", [(use.start, use.size) for use in stream.reads]),
        )
    )


def ribbon_of(stream: ByteStream, low: int | None = None, high: int | None = None) -> Ribbon:
    """The ribbon of a stream of bytes, or of the bytes from an offset to another."""
    begin = stream.first if low is None else low
    end = stream.end if high is None else high
    cutter = _Cutter(stream.writes)
    blocks = [_use(WRITE, "write", use, number, cutter) for number, use in _within(stream.writes, begin, end)]
    blocks += _segments(stream, begin, end, cutter)
    blocks += _buffer(stream, begin, end, cutter)
    blocks += [_use(READ, "read", use, number, cutter) for number, use in _within(stream.reads, begin, end)]
    blocks += [_use(PEEK, "peek", use, number, cutter) for number, use in _within(stream.peeks, begin, end)]
    refused = {use.start + use.size: use.asked - use.size for use in stream.writes if use.size < use.asked}
    marks = [
        _mark(cut, refused.get(cut.offset, 0)) for cut in cuts(stream, begin, end) if cut.cause is not Cause.NOT_READ
    ]
    return Ribbon(blocks, marks, begin, end, unread=stream.unread)


def _within(uses: list[Use], low: int, high: int) -> list[tuple[int, Use]]:
    """Those that reach into a range, with their numbers from 1."""
    first = max(0, bisect_right(uses, low, key=lambda use: use.start) - 1)
    end = bisect_left(uses, high, key=lambda use: use.start)
    return [
        (number + 1, uses[number]) for number in range(first, end) if uses[number].start + uses[number].size > low
    ]


class _Cutter:
    """Cuts ranges where writes end."""

    def __init__(self, writes: list[Use]) -> None:
        self._starts = [write.start for write in writes]
        self._end = writes[-1].start + writes[-1].size if writes else 0

    def parts(self, start: int, size: int) -> tuple[Part, ...]:
        """The parts of a range, by the write that each is of."""
        end = start + size
        starts = self._starts
        index = bisect_right(starts, start) - 1
        found = []
        while start < min(end, self._end):
            stop = starts[index + 1] if index + 1 < len(starts) else self._end
            found.append(Part(start, min(stop, end), index + 1))
            start = stop
            index += 1
        if start < end:
            found.append(Part(start, end, 0))
        return tuple(found)


def _use(row: int, kind: str, use: Use, number: int, cutter: _Cutter) -> Block:
    time_ns = use.time_ns - use.took_ns if row == WRITE else use.time_ns
    given = "given" if row == WRITE else "asked for"
    asked = f", {given} {use.asked}" if use.asked != use.size else ""
    title = f"{kind} {number}: {size_text(use.size)} at offset {use.start}{asked}, {use.call} of {use.process}"
    title += f" at {_when(use.time_ns)}"
    if use.took_ns > 1_000_000:
        title += f" after {use.took_ns / 1_000_000:.3f} ms"
    mark = size_text(use.size) if row == PEEK else ""
    parts = cutter.parts(use.start, use.size)
    return Block(row, use.start, use.start + use.size, use.start, use.size, time_ns, parts, "", mark, title)


def _segments(stream: ByteStream, low: int, high: int, cutter: _Cutter) -> list[Block]:
    fates = _Fates(stream)
    blocks = []
    for segment in stream.segments:
        if segment.start >= high or segment.start + segment.size <= low:
            continue
        fate = fates.of(segment)
        again = segment.ordinal > 1
        kind = "lost" if fate.startswith("✗") else ""
        mark = " ".join(word for word in (f"R{segment.ordinal - 1}" if again else "", fate) if word)
        told = f", sent again ({segment.ordinal - 1})" if again else ""
        told += f", {fate}" if fate else ""
        title = (
            f"segment: {size_text(segment.size)} at offset {segment.start}{told}, sent at {_when(segment.time_ns)}"
        )
        parts = cutter.parts(segment.start, segment.size)
        row = AGAIN if again else SEGMENT
        end = segment.start + segment.size
        blocks.append(
            Block(row, segment.start, end, segment.start, segment.size, segment.time_ns, parts, kind, mark, title)
        )
    return blocks


class _Fates:
    """What became of each segment on its way."""

    def __init__(self, stream: ByteStream) -> None:
        self._by_start: dict[int, list[tuple[int, int, str]]] = {}
        for loss in stream.losses:
            word = loss.reason if loss.reason in _SEEN else f"✗ {loss.reason}"
            self._by_start.setdefault(loss.start, []).append((loss.start + loss.size, loss.ordinal, word))
        self._starts = sorted(self._by_start)

    def of(self, segment: Segment) -> str:
        """In words; empty: it arrived."""
        index = bisect_right(self._starts, segment.start) - 1
        for start in self._starts[max(0, index - 1) : index + 1]:
            for end, ordinal, word in self._by_start[start]:
                if ordinal == segment.ordinal and start <= segment.start < end:
                    return word
        return ""


_SEEN = ("duplicated", "reordered", "corrupted", "delayed")


def _buffer(stream: ByteStream, low: int, high: int, cutter: _Cutter) -> list[Block]:
    blocks = []
    for piece in stream.arrivals.pieces:
        if piece.start >= high or piece.start + piece.size <= low:
            continue
        held = piece.readable_ns != piece.time_ns
        told = ""
        if piece.readable_ns < 0:
            told = ", held: what was before it never came"
        elif held:
            told = f", held until {_when(piece.readable_ns)} for what was missing before it"
        title = f"arrived: {size_text(piece.size)} at offset {piece.start} at {_when(piece.time_ns)}{told}"
        parts = cutter.parts(piece.start, piece.size)
        end = piece.start + piece.size
        kind = "held" if held else ""
        mark = "held" if held else ""
        blocks.append(
            Block(BUFFER, piece.start, end, piece.start, piece.size, piece.time_ns, parts, kind, mark, title)
        )
    return blocks


def _mark(cut: Cut, refused: int) -> Mark:
    """`refused`: how many bytes a write that ends there was given more than it took."""
    word = cut.cause.value
    told = EXPLANATIONS[cut.cause]
    if cut.row == "merge":
        title = f"write ends here inside a read: {told}"
    elif cut.row == "write":
        title = f"the write was cut here, {size_text(refused)} were not taken: {told}"
    else:
        title = f"{cut.row} ends here inside a write: {told}"
    return Mark(
        _CUT_ROWS[cut.row], cut.offset, ("+ " if cut.row == "merge" else "✂ ") + word, f"{title} ({cut.offset})"
    )


def _when(time_ns: int) -> str:
    return f"{format_time(time_ns).strip()} s"
