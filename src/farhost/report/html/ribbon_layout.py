"""Where the rows of a ribbon are: those that have nothing take no room."""

from typing import NamedTuple

from farhost.report.html import svg
from farhost.report.html.ribbon_blocks import AGAIN, BUFFER, PEEK, READ, SEGMENT, WRITE, Ribbon

LABELS_WIDTH = 120
_FIRST_TOP = 22
"""Offsets stand above."""
_WORD_HEIGHT = 12
_HEIGHTS = {WRITE: 30, SEGMENT: 28, AGAIN: 16, BUFFER: 26, READ: 30, PEEK: 16}
_GAPS = {SEGMENT: 8, AGAIN: 2, BUFFER: 10, READ: 12, PEEK: 3}
"""Above a row."""
_NAMES = {
    WRITE: "writes",
    SEGMENT: "segments",
    AGAIN: "sent again",
    BUFFER: "receive buffer",
    READ: "reads",
    PEEK: "peeks",
}


class Layout(NamedTuple):
    """Heights and places, in pixels from above."""

    tops: dict[int, int]
    """By row, for those that are there."""
    words: dict[int, int]
    """By row, where the words of its cuts stand; those of merges are a line lower."""
    height: int

    def bottom(self, row: int) -> int:
        """The lower edge of a row."""
        return self.tops[row] + _HEIGHTS[row]


def layout_of(ribbon: Ribbon) -> Layout:
    """The layout for what a ribbon has: words under the writes and the reads, and above the segments."""
    rows = {block.row for block in ribbon.blocks} | {WRITE, READ}
    cut = {mark.row for mark in ribbon.marks}
    tops: dict[int, int] = {}
    words: dict[int, int] = {}
    y = _FIRST_TOP
    for row in sorted(rows):
        y += _GAPS.get(row, 0)
        if row == SEGMENT and row in cut:
            y += _WORD_HEIGHT
            words[row] = y - 4
        tops[row] = y
        y += _HEIGHTS[row]
        if row == WRITE and row in cut:
            y += _WORD_HEIGHT
            words[row] = y - 2
    words[READ] = y + _WORD_HEIGHT
    return Layout(tops, words, y + 2 * _WORD_HEIGHT + 4)


def height_of(row: int) -> int:
    """Of a row's blocks."""
    return _HEIGHTS[row]


def labels(ribbon: Ribbon) -> str:
    """The names of its rows, a picture that stands before the strip."""
    layout = layout_of(ribbon)
    words = []
    for row, top in layout.tops.items():
        name = "packets" if ribbon.unit == "Datagrams" and row == SEGMENT else _NAMES[row]
        words.append(svg.text(0, top + _HEIGHTS[row] / 2 + 4, name, "dim" if row in (AGAIN, PEEK) else ""))
    return svg.drawing(LABELS_WIDTH, layout.height, "".join(words), "The rows of the picture beside", "rows")
