"""The pictures of a ribbon: chunks of a strip, each of so many places: a page shows one and keeps the rest."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from farhost.report.html import svg
from farhost.report.html.ribbon_blocks import AGAIN, BUFFER, READ, SEGMENT, WRITE, Block, Mark, Part, Ribbon
from farhost.report.story.axis import TimeAxis

PLACES = 48
"""So many places where a block begins or ends a chunk has."""
HEIGHT = 222
_TOPS = {WRITE: 22, SEGMENT: 72, AGAIN: 102, BUFFER: 126, READ: 168}
_HEIGHTS = {WRITE: 30, SEGMENT: 28, AGAIN: 16, BUFFER: 26, READ: 30}
_NAMES = {WRITE: "write", SEGMENT: "segment", AGAIN: "segment again", BUFFER: "buffer", READ: "read"}
_MARK_TOPS = {WRITE: 62, SEGMENT: 68, READ: 210}
LABELS = (
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
        self._scale = 38 * _UNITS / max(gaps[len(gaps) // 2], 0.001) if gaps else 1.0
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
            largest=130,
        )
        frame = _Frame(low, high, axis)
        shapes = _ticks(frame, inside)
        shapes += [_block(frame, block) for block in blocks]
        shapes += _draw_marks(frame, self._marks[number])
        times = [block.time_ns for block in blocks]
        width = axis.size + 1
        picture = svg.drawing(
            width,
            HEIGHT,
            "".join(shapes),
            f"Bytes {_place_text(low)} to {_place_text(high)} as they were written, sent, received and read",
            "chunk",
            f'data-low="{_place_text(low)}" data-high="{_place_text(high)}"',
        )
        return Chunk(low, high, min(times, default=0), max(times, default=0), width, len(blocks), picture)


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
        if x >= free:
            text = _place_text(place)
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
    """The block's size, and what is to be said of it, where there is room."""
    if height < 20:
        words = block.mark or ""
        return (
            svg.text(left + 3 + 2 * _LETTER_WIDTH, top + 12, words, "size") if _fits(words, left + 14, right) else ""
        )
    size = str(block.size)
    for words in (f"{size} B {block.mark}".strip(), block.mark or size, block.mark[:1]):
        if words and _fits(words, left, right):
            return svg.text(left + 3, top + height - 4, words, "size")
    return ""


def _fits(words: str, left: float, right: float) -> bool:
    return len(words) * _LETTER_WIDTH + 5 < right - left


def _draw_marks(frame: _Frame, marks: Sequence[Mark]) -> list[str]:
    """A line through the row at each cut, with the cause's word where there is room, its first letter elsewhere."""
    shapes = []
    for row in (WRITE, SEGMENT, READ):
        own = [mark for mark in marks if mark.row == row]
        xs = [frame.at(mark.place) for mark in own]
        for number, mark in enumerate(own):
            room = (xs[number + 1] if number + 1 < len(xs) else frame.axis.size + 60) - xs[number]
            shapes.append(_draw_mark(mark, xs[number], room))
    return shapes


def _draw_mark(mark: Mark, x: float, room: float) -> str:
    top, height = _TOPS[mark.row], _HEIGHTS[mark.row]
    word = mark.word
    if len(word) * 5.8 > room:
        word = word[:1] + word[2:3].upper()
    if len(word) * 5.8 > room:
        word = word[:1]
    content = svg.line(x, top - 4, x, top + height + 4) + svg.text(x - 3, _MARK_TOPS[mark.row], word)
    extra = f'data-cause="{escape(mark.word[2:])}"'
    return svg.group(content, "cut", extra, mark.title)


def _place_text(place: float) -> str:
    return f"{place:,.0f}" if place == int(place) else f"{place:,.1f}"


def row_middle(row: int) -> float:
    """The height of a row's name."""
    return _TOPS[row] + _HEIGHTS[row] / 2 + 4
