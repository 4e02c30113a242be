"""The pictures of a ribbon: chunks of a strip, each of so many places: a page shows one and keeps the rest."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from farhost.report.columns import format_time
from farhost.report.html import svg
from farhost.report.html.ribbon_blocks import AGAIN, BUFFER, READ, SEGMENT, WRITE, Block, Mark, Part, Ribbon
from farhost.report.story.axis import TimeAxis

PLACES = 48
"""So many places where a block begins or ends a chunk has."""
HEIGHT = 232
LABELS_WIDTH = 120
_TOPS = {WRITE: 22, SEGMENT: 72, AGAIN: 102, BUFFER: 126, READ: 168}
_HEIGHTS = {WRITE: 30, SEGMENT: 28, AGAIN: 16, BUFFER: 26, READ: 30}
_NAMES = {WRITE: "write", SEGMENT: "segment", AGAIN: "segment again", BUFFER: "buffer", READ: "read"}
_MARK_TOPS = {WRITE: 62, SEGMENT: 68, READ: 210}
_LABELS = (
    (WRITE, "writes"),
    (SEGMENT, "segments"),
    (AGAIN, "sent again"),
    (BUFFER, "receive buffer"),
    (READ, "reads"),
)
_LETTER_WIDTH = 6.6
_UNITS = 1_000_000
"""`TimeAxis` takes its scale for so many units."""


class Chunk(NamedTuple):
    """A part of the strip."""

    low: float
    high: float
    start: int
    """The first byte of its first block."""
    first_ns: int
    last_ns: int
    width: float
    blocks: int
    svg: str


class Strip:
    """A ribbon cut into chunks, which are drawn when they are asked for."""

    def __init__(self, ribbon: Ribbon) -> None:
        places = {block.low: None for block in ribbon.blocks} | {block.high: None for block in ribbon.blocks}
        self._places = sorted(places)
        self._ribbon = ribbon
        self.edges = [*self._places[:-1:PLACES], *self._places[-1:]]
        """Where chunks begin and end."""
        gaps = sorted(high - low for low, high in zip(self._places, self._places[1:]))
        self._scale = _scale(gaps)
        self._blocks = _sorted_into(ribbon.blocks, self.edges)
        self._marks = _marks_sorted_into(ribbon.marks, self.edges)

    def __len__(self) -> int:
        return max(0, len(self.edges) - 1)

    def find(self, place: float) -> int:
        """The chunk that has a place."""
        for number in range(len(self)):
            if place < self.edges[number + 1]:
                return number
        return max(0, len(self) - 1)

    def count(self, number: int) -> int:
        """How many blocks a chunk has."""
        return len(self._blocks[number])

    def draw(self, number: int) -> Chunk:
        """One chunk."""
        low, high = self.edges[number], self.edges[number + 1]
        blocks = self._blocks[number]
        inside = [low, high]
        for block in blocks:
            inside += [min(max(block.low, low), high), min(max(block.high, low), high)]
        axis = TimeAxis.of(
            [round(place * 1000) for place in inside],
            scale_per_ms=self._scale / 1000,
            smallest=15,
            largest=190,
        )
        frame = _Frame(low, high, axis)
        shapes = _ticks(frame, inside)
        shapes += [_block(frame, block) for block in blocks]
        shapes += _draw_marks(frame, self._marks[number])
        shapes += _unread(frame, self._ribbon)
        times = [block.time_ns for block in blocks]
        width = axis.size + 1
        picture = svg.drawing(
            width,
            HEIGHT,
            "".join(shapes),
            f"{self._ribbon.unit} {_place_text(low)} to {_place_text(high)}: writes, segments, receive buffer, reads",
            "chunk",
            f'data-low="{_place_text(low)}" data-high="{_place_text(high)}"',
        )
        return Chunk(
            low,
            high,
            min((block.start for block in blocks), default=0),
            min(times, default=0),
            max(times, default=0),
            width,
            len(blocks),
            picture,
        )


def _scale(gaps: Sequence[float]) -> float:
    """Pixels for `_UNITS`: most blocks have room for their words, and a short ribbon fills the page."""
    if not gaps:
        return 1.0
    room = max(52.0, min(110.0, 1150 / len(gaps)))
    return room * _UNITS / max(gaps[len(gaps) // 2], 0.001)


class _Frame(NamedTuple):
    low: float
    high: float
    axis: TimeAxis

    def at(self, place: float) -> float:
        """Where on the picture."""
        return self.axis.at(round(min(max(place, self.low), self.high) * 1000))


def _sorted_into(blocks: Sequence[Block], edges: Sequence[float]) -> list[list[Block]]:
    """The blocks of each chunk, in all of those that they reach into."""
    sorted_blocks = sorted(blocks, key=lambda block: (block.low, block.row))
    found: list[list[Block]] = [[] for _ in range(max(1, len(edges) - 1))]
    number = 0
    for block in sorted_blocks:
        while number + 2 < len(edges) and block.low >= edges[number + 1]:
            number += 1
        at = number
        while at < len(found) and block.high > edges[at]:
            found[at].append(block)
            at += 1
    return found


def _marks_sorted_into(marks: Sequence[Mark], edges: Sequence[float]) -> list[list[Mark]]:
    found: list[list[Mark]] = [[] for _ in range(max(1, len(edges) - 1))]
    number = 0
    for mark in sorted(marks, key=lambda mark: (mark.place, mark.row)):
        while number + 2 < len(edges) and mark.place > edges[number + 1]:
            number += 1
        found[number].append(mark)
    return found


def _ticks(frame: _Frame, places: Sequence[float]) -> list[str]:
    """Offsets above, as many as have room."""
    shapes = []
    free = -1.0
    for place in sorted(set(places)):
        if place == frame.high:
            break
        x = frame.at(place)
        text = _place_text(place)
        if x >= free and x + len(text) * 7.6 < frame.axis.size + 1:
            shapes.append(svg.text(x + 1, 12, text, "dim"))
            free = x + len(text) * 7.6 + 6
    return shapes


def _block(frame: _Frame, block: Block) -> str:
    top, height = _TOPS[block.row], _HEIGHTS[block.row]
    left, right = frame.at(block.low), frame.at(block.high)
    shapes = []
    for part in block.parts:
        if part.high <= frame.low or part.low >= frame.high:
            continue
        shapes.append(_part(frame, part, top, height))
    shapes.append(svg.rectangle(left, top, max(1, right - left), height, "edge"))
    shapes.append(_label(block, left, right, top, height))
    kind = f"block {_NAMES[block.row]}" + (f" {block.kind}" if block.kind else "")
    extra = f'data-start="{block.start}" data-size="{block.size}" data-time="{block.time_ns}"'
    return svg.group("".join(shapes), kind, extra, block.title)


def _part(frame: _Frame, part: Part, top: float, height: float) -> str:
    left, right = frame.at(part.low), frame.at(part.high)
    colour = f"c{(part.number - 1) % 8}" if part.number else "unknown"
    shapes = svg.rectangle(left, top, max(1, right - left), height, colour)
    name = str(part.number)
    if part.number and len(name) * _LETTER_WIDTH < right - left - 2:
        shapes += svg.text(left + 3, top + 11, name, "number")
    return shapes


def _label(block: Block, left: float, right: float, top: float, height: float) -> str:
    """The block's size and moment, and what is to be said of it, where there is room."""
    if height < 20:
        numbers = sum(len(str(part.number)) + 1 for part in block.parts) * _LETTER_WIDTH
        if not _fits(block.mark, left + numbers, right):
            return ""
        return svg.text(right - 3, top + 12, block.mark, "size", 'text-anchor="end"')
    size = f"{block.size} B"
    if block.mark:
        choices = [f"{size} {block.mark}", block.mark, block.mark[:1]]
    else:
        choices = [f"{size} at {format_time(block.time_ns).strip()}", size, str(block.size)]
    for words in choices:
        if _fits(words, left, right):
            return svg.text(left + 3, top + height - 4, words, "size")
    return ""


def _unread(frame: _Frame, ribbon: Ribbon) -> list[str]:
    """What nobody read, where reads would be."""
    low, high = max(ribbon.unread[0], frame.low), min(ribbon.unread[1], frame.high)
    if low >= high:
        return []
    left, right, top = frame.at(low), frame.at(high), _TOPS[READ]
    size = ribbon.unread[1] - ribbon.unread[0]
    words = f"{size} bytes never read" if size != 1 else "1 byte never read"
    shapes = svg.rectangle(left, top, right - left, _HEIGHTS[READ], "none")
    if _fits(words, left, right):
        shapes += svg.text(left + 4, top + 19, words, "dim")
    return [svg.group(shapes, "unread", title=words)]


def _fits(words: str, left: float, right: float) -> bool:
    return len(words) * _LETTER_WIDTH + 5 < right - left


def _draw_marks(frame: _Frame, marks: Sequence[Mark]) -> list[str]:
    """A line through the row at each cut, with the cause's word where there is room, its first letter elsewhere."""
    shapes = []
    for row in (WRITE, SEGMENT, READ):
        for sort in "✂+":
            own = [mark for mark in marks if mark.row == row and mark.word[0] == sort]
            xs = [frame.at(mark.place) for mark in own]
            for number, mark in enumerate(own):
                end = xs[number + 1] if number + 1 < len(xs) else frame.axis.size
                shapes.append(_draw_mark(mark, xs[number], end - xs[number]))
    return shapes


def _draw_mark(mark: Mark, x: float, room: float) -> str:
    top, height = _TOPS[mark.row], _HEIGHTS[mark.row]
    word = mark.word
    if len(word) * 5.8 > room:
        word = word[:1] + word[2:3].upper()
    if len(word) * 5.8 > room:
        word = word[:1]
    merge = mark.word[0] == "+"
    content = svg.line(x, top - 4, x, top + height + (14 if merge else 4))
    content += svg.text(x - 3, _MARK_TOPS[mark.row] + (11 if merge else 0), word)
    extra = f'data-cause="{escape(mark.word[2:])}"'
    return svg.group(content, "cut", extra, mark.title)


def _place_text(place: float) -> str:
    return f"{place:,.0f}" if place == int(place) else f"{place:,.1f}"


def labels(unit: str) -> str:
    """The rows' names, a picture that stands before the strip."""
    words = []
    for row, name in _LABELS:
        if unit == "Datagrams" and row in (SEGMENT, AGAIN):
            name = "packets" if row == SEGMENT else ""
        words.append(svg.text(0, _TOPS[row] + _HEIGHTS[row] / 2 + 4, name, "dim" if row == AGAIN else ""))
    return svg.drawing(LABELS_WIDTH, HEIGHT, "".join(words), "The rows of the picture beside", "rows")
