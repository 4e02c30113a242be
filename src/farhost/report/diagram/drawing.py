"""Rows drawn: hosts as columns with their lines of life, packets as arrows between them, lost ones broken.

        server                          client
    0.040012 │                               │ connect(3, server:5000) = 0 <20 ms>
    0.060011 │── seq 1:5067, 5066 bytes ────▶│
    0.060015 │                               │ * short-read: recvfrom(3, 65536) = 1 "{"

Box-drawing characters where the output can show them, else `|`, `-`, `>` and `x`.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from farhost.report.columns import format_time
from farhost.report.diagram.choosing import Chosen
from farhost.report.diagram.rows import END, FAULT, LOST, Row

Line = tuple[str, str]
"""Text, and a style of rich's for a terminal."""

NARROWEST = 24
"""Characters between two lines of life below which a column is given up."""
WIDEST = 60
MOST_HOSTS = 4
_STYLES = {LOST: "bold red", FAULT: "bold magenta", END: "bold"}


class Signs(NamedTuple):
    """What things are drawn with."""

    life: str
    line: str
    right: str
    left: str
    cross: str
    more: str
    gap: str


UNICODE = Signs("│", "─", "▶", "◀", "✗", "…", "⋮")
ASCII = Signs("|", "-", ">", "<", "x", "..", ":")


def draw(chosen: Sequence[Chosen], hosts: Sequence[str], width: int, signs: Signs = UNICODE) -> list[Line]:
    """The diagram, its heading first; nothing if there is nothing to show. No line is longer than `width`.

    `hosts`: all that there are, in their order; those that the rows are about have a column, at most four, the
    busiest ones.
    """
    if all(row is None for row, _ in chosen):
        return []
    shown = _columns(chosen, hosts, width)
    if not shown:
        return []
    margin = _time_width(chosen)
    step = min(WIDEST, (width - margin - 1) // len(shown))
    places = {host: margin + 1 + number * step for number, host in enumerate(shown)}
    heading = _put(" " * width, [(place, _cut(host, step - 1, signs)) for host, place in places.items()])
    lines: list[Line] = [(heading.rstrip(), "bold")]
    canvas = _Canvas(places, width, margin, step, signs)
    left_out = 0
    for row, gap in chosen:
        if row is None:
            left_out += gap
        elif not canvas.can_show(row):
            left_out += 1
        else:
            if left_out:
                lines.append((canvas.gap(left_out), "dim"))
                left_out = 0
            lines.append((canvas.row(row), _style(row)))
    if left_out:
        lines.append((canvas.gap(left_out), "dim"))
    return lines


def _style(row: Row) -> str:
    if row.failed and row.sort != FAULT:
        return "bold red" if row.sort == END else "yellow"
    return _STYLES.get(row.sort, "")


def _columns(chosen: Sequence[Chosen], hosts: Sequence[str], width: int) -> list[str]:
    """Whose columns there are room and use for."""
    busy: Counter[str] = Counter()
    for row, _ in chosen:
        if row is not None:
            # Who fails or is struck stays, however little else it does.
            busy[row.host] += 3 if row.fault[0] or row.failed else 1
            busy[row.peer] += 1
    room = max(1, min(MOST_HOSTS, (width - _time_width(chosen) - 1) // NARROWEST))
    known = [host for host in hosts if busy[host]]
    kept = sorted(known, key=lambda host: -busy[host])[:room]
    return [host for host in known if host in kept]


def _time_width(chosen: Sequence[Chosen]) -> int:
    """Characters that the times take."""
    return max(len(_time(row)) for row, _ in chosen if row is not None)


def _time(row: Row) -> str:
    return format_time(row.time_ns).strip()


class _Canvas:
    """Draws one row after the other."""

    def __init__(self, places: dict[str, int], width: int, margin: int, step: int, signs: Signs) -> None:
        self._places = places
        self._margin = margin
        self._width = width
        self._step = step
        self._signs = signs
        self._lives = _put(" " * width, [(place, signs.life) for place in places.values()])

    def can_show(self, row: Row) -> bool:
        """Whether its ends have columns; one of no host in particular stands across."""
        return not row.host or row.host in self._places or row.peer in self._places

    def gap(self, count: int) -> str:
        """So many rows are left out."""
        signs = self._signs
        lives = self._lives.replace(signs.life, signs.gap)
        number = f"{signs.more} {count}".rjust(self._margin)
        return _put(lives, [(0, number), (self._margin + 3, f"event{'s' if count > 1 else ''}")]).rstrip()

    def row(self, row: Row) -> str:
        """One row, with its time."""
        time = _time(row).rjust(self._margin)
        line = _put(self._lives, [(0, time)])
        if row.peer and row.host in self._places and row.peer in self._places and row.host != row.peer:
            return self._arrow(line, row).rstrip()
        host = row.host if row.host in self._places else row.peer
        place = self._places.get(host, self._margin - 1)
        text = row.text
        if row.peer or row.sort == LOST:
            text = self._beside(row, host)
        room = (self._step if host in self._places else self._width - place) - 3
        if place + self._step + self._step > self._width:
            room = self._width - place - 2
        return _put(line, [(place + 2, _cut(text, room, self._signs))]).rstrip()

    def _beside(self, row: Row, host: str) -> str:
        """A packet whose other end has no column."""
        signs = self._signs
        if row.sort == LOST:
            return f"{signs.cross} " + (f"lost ({row.reason}): " if row.peer else "") + row.text
        return f"{row.text} to {row.peer}" if host == row.host else f"{row.text} from {row.host or '?'}"

    def _arrow(self, line: str, row: Row) -> str:
        signs = self._signs
        start, end = self._places[row.host], self._places[row.peer]
        rightward = start < end
        left, right = min(start, end) + 1, max(start, end)
        length = right - left
        if row.sort == LOST:
            note = f" lost ({row.reason})" if row.reason else " lost"
            text = _cut(row.text, length - len(note) - 8, signs)
            shaft = f"{signs.line * 2} {text} {signs.line * 2}{signs.cross}"
            broken = f"{shaft}{note}" if rightward else f"{note[1:]} {_mirrored(shaft)}"
            return _put(line, [(left, broken if rightward else broken.rjust(length))])
        text = f" {_cut(row.text, length - 6, signs)} "
        shaft = text.center(length - 1, signs.line)
        return _put(line, [(left, shaft + signs.right if rightward else signs.left + shaft)])


def _mirrored(shaft: str) -> str:
    """A broken arrow to the left: its cross is in front."""
    return shaft[-1] + shaft[-3:-1] + shaft[2:-3] + shaft[:2]


def _put(line: str, parts: Sequence[tuple[int, str]]) -> str:
    """Texts at their places in a line, over what is there."""
    for place, text in parts:
        line = line[:place] + text + line[place + len(text) :]
    return line


def _cut(text: str, room: int, signs: Signs) -> str:
    """At most so many characters."""
    if len(text) <= room:
        return text
    return text[: max(0, room - len(signs.more))] + signs.more[: max(0, room)]
