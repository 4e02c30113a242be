"""The pictures of a ribbon: chunks of a strip, each of so many places: a page shows one and keeps the rest.

Coordinates are whole pixels, and shapes are written here rather than by `farhost.report.html.svg`: a page has
thousands of them.
"""

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from farhost.report.columns import format_time
from farhost.report.html import svg
from farhost.report.html.ribbon_blocks import AGAIN, BUFFER, PEEK, READ, SEGMENT, WRITE, Block, Mark, Part, Ribbon
from farhost.report.html.ribbon_layout import Layout, height_of, layout_of
from farhost.report.html.ribbon_pieces import size_text
from farhost.report.story.axis import TimeAxis

PLACES = 48
"""So many places where a block begins or ends a chunk has."""
_LOW = 20
"""A row that is lower than that has room for one line."""
_NAMES = {WRITE: "write", SEGMENT: "segment", AGAIN: "segment again", BUFFER: "buffer", READ: "read", PEEK: "peek"}
_LETTER_WIDTH = 6.7
_MARK_LETTER_WIDTH = 5.8
_SMALLEST, _LARGEST = 15, 190
"""How much room is between two neighbouring places."""
_STEPS = 1000
"""Places are measured in thousandths: datagrams that came twice share one."""


class Chunk(NamedTuple):
    """A part of the strip."""

    low: float
    high: float
    start: int
    """The first byte of its first block."""
    first_ns: int
    last_ns: int
    """When its first and its last block happened."""
    width: int
    svg: str


class Strip:
    """A ribbon cut into chunks."""

    def __init__(self, ribbon: Ribbon) -> None:
        low, high = ribbon.low, ribbon.high
        places = {block.low for block in ribbon.blocks} | {block.high for block in ribbon.blocks}
        inside = sorted({low, high, *(place for place in places if low < place < high)})
        self._ribbon = ribbon
        self._layout = layout_of(ribbon)
        self._edges = [*inside[:-1:PLACES], *inside[-1:]]
        """Where chunks begin and end."""
        self._places = [inside[number * PLACES : (number + 1) * PLACES + 1] for number in range(len(self._edges) - 1)]
        self._scale = _scale(sorted(after - before for before, after in pairwise(inside)))
        self._blocks = _blocks_of(ribbon.blocks, self._edges)
        self._marks = _marks_of(ribbon.marks, self._edges)

    def find(self, place: float) -> int:
        """The number of the chunk that has a place."""
        for number, edge in enumerate(self._edges[1:]):
            if place < edge:
                return number
        return max(0, len(self._edges) - 2)

    def chunks(self) -> list[Chunk]:
        """All of them, drawn."""
        return [self._draw(number) for number in range(len(self._edges) - 1)]

    def _draw(self, number: int) -> Chunk:
        places, blocks = self._places[number], self._blocks[number]
        low, high = places[0], places[-1]
        axis = TimeAxis.of(
            [round(place * _STEPS) for place in places],
            scale_per_ms=self._scale * 1_000_000 / _STEPS,
            smallest=_SMALLEST,
            largest=_LARGEST,
        )
        at = {place: round(axis.at(round(place * _STEPS))) for place in places}
        frame = _Frame(low, high, at, self._layout)
        width = at[high] + 1
        shapes = _ticks(frame, places, width) if self._ribbon.unit == "Bytes" else []
        shapes += [svg.text((fold.start + fold.end) / 2, 12, "≈", "dim") for fold in axis.folds]
        shapes += [_block(frame, block) for block in blocks]
        shapes += _draw_marks(frame, self._marks[number], width)
        shapes += _unread(frame, self._ribbon)
        what = (
            f"{self._ribbon.unit} {_place_text(low)} to {_place_text(high)}: writes, segments, receive buffer, reads"
        )
        extra = f'data-low="{low}" data-high="{high}"'
        picture = svg.drawing(width, self._layout.height, "".join(shapes), what, "chunk", extra)
        times = [block.time_ns for block in blocks]
        start = min((block.start for block in blocks), default=0)
        return Chunk(low, high, start, min(times, default=0), max(times, default=0), width, picture)


def _scale(gaps: Sequence[float]) -> float:
    """Pixels for a byte, or a datagram: most blocks have room for their words, and a short ribbon fills the page."""
    if not gaps:
        return 1.0
    room = max(52.0, min(132.0, 1230 / len(gaps)))
    return room / max(gaps[len(gaps) // 2], 1 / _STEPS)


class _Frame(NamedTuple):
    """Where places are on the picture of a chunk."""

    low: float
    high: float
    known: dict[float, int]
    layout: Layout

    def at(self, place: float) -> int:
        """In pixels; of places before or behind the chunk: its edge."""
        known = self.known.get(place)
        if known is not None:
            return known
        return self.known[self.low if place < self.low else self.high]


def _blocks_of(blocks: Sequence[Block], edges: Sequence[float]) -> list[list[Block]]:
    """The blocks of each chunk, in all of those that they reach into."""
    found: list[list[Block]] = [[] for _ in edges[1:]]
    number = 0
    for block in sorted(blocks, key=lambda block: (block.low, block.row)):
        while number + 1 < len(found) and block.low >= edges[number + 1]:
            number += 1
        at = number
        while at < len(found) and (block.high > edges[at] or block.low == edges[at]):
            found[at].append(block)
            at += 1
    return found


def _marks_of(marks: Sequence[Mark], edges: Sequence[float]) -> list[list[Mark]]:
    found: list[list[Mark]] = [[] for _ in edges[1:]]
    number = 0
    for mark in sorted(marks, key=lambda mark: (mark.place, mark.row)):
        while number + 1 < len(found) and mark.place > edges[number + 1]:
            number += 1
        if found:
            found[number].append(mark)
    return found


def _ticks(frame: _Frame, places: Sequence[float], width: int) -> list[str]:
    """Offsets above, as many as have room."""
    shapes = []
    free = -1.0
    for place in places[:-1]:
        if place != int(place):
            continue
        x, text = frame.at(place), _place_text(place)
        if free <= x < width - len(text) * 7.6:
            shapes.append(svg.text(x + 1, 12, text, "dim"))
            free = x + len(text) * 7.6 + 6
    return shapes


def _block(frame: _Frame, block: Block) -> str:
    row = block.row
    top, height = frame.layout.tops[row], height_of(row)
    left, right = frame.at(block.low), frame.at(block.high)
    shapes = [
        _part(frame, part, top, height) for part in block.parts if part.high > frame.low or part.high == part.low
    ]
    shapes.append(f'<rect x="{left}" y="{top}" width="{max(1, right - left)}" height="{height}" class="edge"/>')
    low = height < _LOW
    shapes.append(_low_label(frame, block, top) if low else _label(block, left, right, top, height))
    kind = f"{_NAMES[row]} {block.kind}" if block.kind else _NAMES[row]
    title = escape(block.title, quote=False)
    return (
        f'<g class="block {kind}" data-start="{block.start}" data-size="{block.size}" data-time="{block.time_ns}">'
        f"<title>{title}</title>{''.join(shapes)}</g>"
    )


def _part(frame: _Frame, part: Part, top: int, height: int) -> str:
    """The part of a block that is of one write: its colour, and its number."""
    left, right = frame.at(part.low), frame.at(part.high)
    if left == right and part.low >= frame.high:
        return ""
    number = part.number
    colour = f"c{(number - 1) % 8}" if number else "unknown"
    shape = f'<rect x="{left}" y="{top}" width="{max(1, right - left)}" height="{height}" class="{colour}"/>'
    if number and len(str(number)) * _LETTER_WIDTH < right - left - 2:
        shape += f'<text x="{left + 3}" y="{top + 11}" class="number">{number}</text>'
    return shape


def _label(block: Block, left: int, right: int, top: int, height: int) -> str:
    """The block's size and moment, and what is to be said of it, where there is room."""
    mark = block.mark
    size = f"{block.size} B"
    if mark:
        choices = [f"{size} {mark}", mark, mark[:1]]
    else:
        choices = [f"{size} at {format_time(block.time_ns).strip()}", size, str(block.size)]
    for words in choices:
        if _fits(words, left, right):
            return f'<text x="{left + 3}" y="{top + height - 4}">{escape(words)}</text>'
    return ""


def _low_label(frame: _Frame, block: Block, top: int) -> str:
    """Of a block with one line: what is to be said of it, behind the number of its widest part."""
    widest = max(block.parts, key=lambda part: frame.at(part.high) - frame.at(part.low), default=None)
    if widest is None or not block.mark:
        return ""
    left, right = frame.at(widest.low) + (len(str(widest.number)) + 1) * _LETTER_WIDTH, frame.at(widest.high)
    if not _fits(block.mark, left, right):
        return ""
    return f'<text x="{right - 3}" y="{top + 12}" text-anchor="end">{escape(block.mark)}</text>'


def _fits(words: str, left: float, right: float) -> bool:
    return len(words) * _LETTER_WIDTH + 4 < right - left


def _draw_marks(frame: _Frame, marks: Sequence[Mark], width: int) -> list[str]:
    """A line through the row at each cut, with the cause's word where there is room, its first letter elsewhere."""
    shapes = []
    for row in (WRITE, SEGMENT, READ):
        for sort in "✂+":
            own = [mark for mark in marks if mark.row == row and mark.word[0] == sort]
            xs = [frame.at(mark.place) for mark in own]
            for mark, x, end in zip(own, xs, [*xs[1:], width]):
                shapes.append(_draw_mark(frame.layout, mark, min(x, width - 8), end - x))
    return shapes


def _draw_mark(layout: Layout, mark: Mark, x: int, room: float) -> str:
    top, bottom = layout.tops[mark.row] - 4, layout.bottom(mark.row) + 4
    word = mark.word
    for shorter in (word[0] + word[2:3].upper(), word[0]):
        if len(word) * _MARK_LETTER_WIDTH > room:
            word = shorter
    y = layout.words[mark.row]
    if mark.word[0] == "+":
        bottom, y = y, y + 11
    return (
        f'<g class="cut" data-cause="{escape(mark.word[2:])}"><title>{escape(mark.title, quote=False)}</title>'
        f'<line x1="{x}" y1="{top}" x2="{x}" y2="{bottom}"/><text x="{x - 3}" y="{y}">{word}</text></g>'
    )


def _unread(frame: _Frame, ribbon: Ribbon) -> list[str]:
    """What nobody read, where reads would be."""
    low, high = ribbon.unread
    if min(high, frame.high) <= max(low, frame.low):
        return []
    left, right, top = frame.at(low), frame.at(high), frame.layout.tops[READ]
    words = f"{size_text(high - low)} never read"
    shapes = f'<rect x="{left}" y="{top}" width="{max(1, right - left)}" height="{height_of(READ)}"/>'
    if _fits(words, left, right):
        shapes += f'<text x="{left + 4}" y="{top + 19}" class="dim">{words}</text>'
    return [svg.group(shapes, "unread", title=words)]


def _place_text(place: float) -> str:
    return f"{place:,.0f}" if place == int(place) else f"{place:,.1f}"
