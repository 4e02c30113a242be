"""One part of the lanes as SVG: bars of calls with their labels, marks, outputs, and the time axis above."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from farhost.report.columns import format_time
from farhost.report.html.lane_parts import Items, Part
from farhost.report.html.svg import number
from farhost.report.story.axis import TimeAxis
from farhost.report.story.lanes import Mark, Span
from farhost.report.strace import format_call
from farhost.report.terminal import visible
from farhost.report.values import error_name

AXIS_HEIGHT = 34
LABEL_ROWS = 4
MARK_ROWS = 3
OUTPUT_ROWS = 4
_ROW = 13
"""Between two lines of text."""
_BAR = 14
_CHARACTER = 6.63
"""The width of one, at 11 px."""
_READS = frozenset({"read", "readv", "recvfrom", "recvmsg"})
"""Of which 0 says that the other side has closed."""
_LEFT, _RIGHT = 8.0, 24.0
_MOST_CHARACTERS = 60
_TICK_ROOM = 84
_SHORT_NS = 10_000
"""A call that took longer says for how long, as strace -T does (`farhost.report.columns`)."""


class Rows(NamedTuple):
    """Which rows a lane has, and where it is."""

    top: float
    marks: int
    labels: int
    outputs: int

    @property
    def bar(self) -> float:
        """Where its bars are."""
        return self.top + 4 + self.marks * _ROW

    @property
    def height(self) -> float:
        """Of all of them."""
        return 12 + (self.marks + self.labels + self.outputs) * _ROW + _BAR


class Drawn(NamedTuple):
    """A part's picture."""

    svg: str
    width: float
    breakpoints: tuple[list[int], list[float]]


class _Packer:
    """Puts texts of a lane in as few rows as they fit in."""

    __slots__ = ("ends", "most")

    def __init__(self, most: int) -> None:
        self.ends: list[float] = []
        self.most = most

    def place(self, x: float, characters: int) -> int:
        """A row in which a text has room from x on; -1: there is none."""
        end = x + (characters + 1) * _CHARACTER
        ends = self.ends
        for row, before in enumerate(ends):
            if before <= x:
                ends[row] = end
                return row
        if len(ends) < self.most:
            ends.append(end)
            return len(ends) - 1
        return -1


def axis_of(part: Part, others: Sequence[Items] = ()) -> TimeAxis:
    """The part's axis: of all moments at which something is drawn."""
    start_ns, end_ns = part.start_ns, part.end_ns
    times = {start_ns, end_ns}
    for items in (*part.lanes, *others):
        for span in items.spans:
            times.add(span.start_ns)
            times.add(span.end_ns)
            times.add(span.woken_ns)
            for time_ns, _ in span.wakes:
                times.add(time_ns)
        for mark in items.marks:
            times.add(mark.time_ns)
    inside = [time_ns for time_ns in times if start_ns <= time_ns <= end_ns]
    return TimeAxis.of(inside, scale_per_ms=4, smallest=22, largest=120, start=_LEFT)


def rows_of(part: Part, axis: TimeAxis, has_outputs: Sequence[bool], top: float = AXIS_HEIGHT) -> list[Rows]:
    """The rows that the lanes need for what a part has in them."""
    found = []
    for items, outputs in zip(part.lanes, has_outputs):
        marks, labels, written = _Packer(MARK_ROWS), _Packer(LABEL_ROWS), _Packer(OUTPUT_ROWS)
        for mark in items.marks:
            shown = _mark_text(mark)
            packer = written if mark.kind in ("stdout", "stderr") else marks
            packer.place(axis.at(mark.time_ns), len(shown))
        for span in items.spans:
            labels.place(axis.at(max(span.start_ns, part.start_ns)), len(_label(span, "")))
        # Other parts may have more: there is room for some.
        rows = Rows(top, max(1, len(marks.ends)), max(1, len(labels.ends)), max(int(outputs), len(written.ends)))
        found.append(rows)
        top += rows.height
    return found


def draw(part: Part, axis: TimeAxis, rows: Sequence[Rows], moment_ns: int = -1, defs: str = "") -> Drawn:
    """The picture; `moment_ns`: which is marked in it."""
    times, places = axis.breakpoints()
    at = dict(zip(times, places))
    height = rows[-1].top + rows[-1].height if rows else AXIS_HEIGHT
    packers = [(_Packer(row.marks), _Packer(row.labels), _Packer(row.outputs)) for row in rows]
    lanes: list[str] = []
    for items, row, (above, labels, below) in zip(part.lanes, rows, packers):
        lanes.append(f'<g data-who="{escape(items.who)}">')
        _draw_spans(lanes, items.spans, part, at, row, labels)
        _draw_marks(lanes, items.marks, at, row, above, below)
        lanes.append("</g>")
    # Texts at the end need room; a bar that goes on in the next part fills it.
    width = max(places[-1] + _RIGHT, *(end for three in packers for packer in three for end in packer.ends), 0)
    out = [defs]
    _draw_axis(out, axis, times, places, height)
    for row in rows:
        out.append(f'<path class="lane" d="M0 {row.top + row.height - 2:g}H{number(width)}"/>')
    for items, row in zip(part.lanes, rows):
        out += _going_on(items, part, row, places[-1], width)
    out += lanes
    if part.start_ns <= moment_ns <= part.end_ns:
        out.append(f'<path class="moment" d="M{number(axis.at(moment_ns))} {AXIS_HEIGHT - 6}V{number(height)}"/>')
    label = f"System calls from {_seconds(part.start_ns)} s to {_seconds(part.end_ns)} s of virtual time"
    head = f'<svg role="img" aria-label="{label}" width="{number(width)}" height="{number(height)}">'
    return Drawn(f"{head}{''.join(out)}</svg>", width, (times, places))


def _going_on(items: Items, part: Part, row: Rows, end: float, width: float) -> list[str]:
    """The bars that come from the part before, or go on in the next one, up to the edges."""
    edges = []
    for span in items.spans[:1]:
        if span.start_ns < part.start_ns:
            edges.append((0.0, _LEFT))
    for span in items.spans[-1:]:
        if span.end_ns > part.end_ns:
            edges.append((end, width))
    return [
        f'<path class="going-on" d="M{number(start)} {row.bar:g}H{number(stop)}M{number(start)} {row.bar + _BAR:g}'
        f'H{number(stop)}"/>'
        for start, stop in edges
    ]


def _seconds(time_ns: int) -> str:
    return format_time(time_ns).strip()


def _draw_axis(out: list[str], axis: TimeAxis, times: Sequence[int], places: Sequence[float], height: float) -> None:
    free = 0.0
    for time_ns, x in zip(times, places):
        if x >= free:
            out.append(f'<path class="tick" d="M{x:g} 14V{number(height)}"/><text x="{x:g}" y="11">')
            out.append(f"{_seconds(time_ns)}</text>")
            free = x + _TICK_ROOM
    for fold in axis.folds:
        middle = (fold.start + fold.end) / 2
        out.append(
            f'<path class="fold" d="M{number(middle - 5)} 18l4 4 -4 4 4 4M{number(middle + 1)} 18l4 4 -4 4 4 4"/>'
            f'<text class="dim fold-time" text-anchor="end" x="{number(middle - 8)}" y="27">'
            f"{_duration(fold.end_ns - fold.start_ns)}</text>"
        )


def _duration(span_ns: int) -> str:
    """A pause, short: `40 ms`, `1.2 s`.

    >>> _duration(39_990_000), _duration(1_200_000_000)
    ('40 ms', '1.2 s')
    """
    for unit_ns, unit in ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")):
        if span_ns >= unit_ns:
            return f"{span_ns / unit_ns:.3g} {unit}"
    return f"{span_ns} ns"


def _draw_spans(
    out: list[str], spans: Sequence[Span], part: Part, at: dict[int, float], row: Rows, packer: _Packer
) -> None:
    start_ns, end_ns = part.start_ns, part.end_ns
    bar = number(row.bar)
    for span in spans:
        call = span.call
        line = span.words if call is None else format_call(call)
        # A span that is in two parts ends, or begins, at the edge of this one.
        x = at[max(span.start_ns, start_ns)]
        width = at[min(span.end_ns, end_ns)] - x
        kind = "call" if call is not None else f'call other" data-label="{escape(span.label)}'
        if call is not None and call.error:
            kind = "call error"
        out.append(f'<g class="{kind}" data-start="{span.start_ns}" data-end="{span.end_ns}"><title>')
        took_ns = span.end_ns - span.start_ns
        out.append(escape(f"{line} <{took_ns / 1e9:.6f}>" if took_ns > _SHORT_NS else line, False) + "</title>")
        out.append(f'<rect x="{x:g}" y="{bar}" width="{width:.4g}" height="{_BAR}"/>')
        if span.woken_ns > span.start_ns and span.woken_ns > start_ns:
            waited = at[min(span.woken_ns, end_ns)] - x
            out.append(f'<rect class="wait" x="{x:g}" y="{bar}" width="{waited:.4g}" height="{_BAR}"/>')
            for time_ns, cause in span.wakes:
                if start_ns <= time_ns <= end_ns:
                    out.append(_wake(at[time_ns], row.bar, cause))
        text = _label(span, line)
        line_number = packer.place(x, len(text))
        if line_number >= 0 and span.start_ns >= start_ns:
            below = row.bar + _BAR
            if line_number:
                out.append(f'<path class="lead" d="M{x:g} {below:g}v{line_number * _ROW + 4}"/>')
            out.append(f'<text x="{x + 2:g}" y="{below + 11 + line_number * _ROW:g}">{escape(text, False)}</text>')
        out.append("</g>")


def _wake(x: float, bar: float, cause: str) -> str:
    """A tick at which a thread was woken; a letter says why if it was not that what it waited for had come."""
    letter = "" if cause == "ready" else f'<text x="{number(x + 3)}" y="{number(bar + 11)}">{escape(cause[0])}</text>'
    return (
        f'<g class="wake"><title>woken: {escape(cause)}</title><path d="M{x:g} {bar - 3:g}v{_BAR + 6}"/>{letter}</g>'
    )


def _label(span: Span, line: str) -> str:
    """A few words beside a bar: the call's name, and its result if it says something.

    >>> from farhost.trace.events import SystemCall
    >>> call = SystemCall(9, "a", "a", 100, "close", (9,), None, 9, 1000)
    >>> _label(Span(0, 9, 0, (), call), "")
    'close ! EBADF'
    """
    call = span.call
    if call is None:
        return span.label
    if call.error:
        return f"{call.name} ! {error_name(call.error)}"
    if not line:
        line = format_call(call)
    result = line.rpartition(" = ")[2]
    if "(Timeout)" in result:
        return f"{call.name} timeout"
    result = result.partition(" ")[0].strip("[(,)]")
    if result == "0":
        return f"{call.name} 0 (end)" if call.name in _READS else call.name
    return f"{call.name} {result}"


def _mark_text(mark: Mark) -> str:
    if mark.kind in ("stdout", "stderr"):
        text = _in_a_line(mark.data)
        sign = "|" if mark.kind == "stdout" else "!"
    else:
        # Where a fault struck is in its title.
        text = mark.words.partition(":")[0] if mark.kind == "fault" else mark.words
        sign = SIGNS[mark.kind]
    text = text or "(nothing)"
    if len(text) > _MOST_CHARACTERS:
        text = text[: _MOST_CHARACTERS - 1] + "…"
    return f"{sign} {text}"


def _in_a_line(data: bytes) -> str:
    """What was written, in a line: the first, or of a traceback the last, and how many there are.

    >>> _in_a_line(b"one\\ntwo\\n"), _in_a_line(b"Traceback (most recent call last):\\n  ...\\nOSError: it\\n")
    ('one (and 1 more line)', 'OSError: it (the last of 3 lines)')
    """
    lines = data.rstrip().splitlines() or [b""]
    if len(lines) == 1:
        return visible(lines[0])
    if lines[0].startswith(b"Traceback"):
        return f"{visible(lines[-1])} (the last of {len(lines)} lines)"
    return f"{visible(lines[0])} (and {len(lines) - 1} more line{'s' if len(lines) > 2 else ''})"


SIGNS = {"start": "▸", "end": "■", "failed": "✗", "signal": "⚑", "fault": "⚡"}
"""In front of marks: legend.html says what they mean."""


def _draw_marks(
    out: list[str], marks: Sequence[Mark], at: dict[int, float], row: Rows, above: _Packer, below: _Packer
) -> None:
    under = row.bar + _BAR + row.labels * _ROW
    for mark in marks:
        x = at[mark.time_ns]
        text = _mark_text(mark)
        written = mark.kind in ("stdout", "stderr")
        line_number = (below if written else above).place(x, len(text))
        whole = visible(mark.data) if written else mark.words
        title = f"<title>{_seconds(mark.time_ns)} s: {mark.kind}: {escape(whole, False)}</title>"
        kind = f"output {mark.kind}" if written else f"mark {mark.kind}"
        y = under + 10 + line_number * _ROW if written else row.top + 11 + line_number * _ROW
        if line_number < 0:
            text, y = _mark_text(mark)[0], (under + 10 if written else row.top + 11)
        stem = f"M{x:g} {row.bar + _BAR:g}V{y:g}" if written else f"M{x:g} {y - 9:g}V{row.bar + _BAR:g}"
        out.append(f'<g class="{kind}" data-time="{mark.time_ns}">{title}<path d="{stem}"/>')
        out.append(f'<text x="{x + 3:g}" y="{y:g}">{escape(text, False)}</text></g>')
