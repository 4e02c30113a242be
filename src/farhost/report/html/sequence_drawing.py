"""The SVG of a sequence diagram, in pieces, each with where it is from top to bottom."""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from math import atan2, hypot, pi

from farhost.network.faults.fault_words import duration_words
from farhost.report.html import svg
from farhost.report.html.sequence_layout import GUTTER, WIDTH, Layout
from farhost.report.html.sequence_parts import Arrow, Remark, Span
from farhost.report.html.sequence_scene import Scene
from farhost.report.story.words import PacketWords, fate_words
from farhost.report.strace import format_call

Drawn = tuple[float, float, str]
"""From where to where down the picture, and the SVG."""
_HEAD, _HALF = 8.0, 3.5
_CROSS = 5
_DEGREES = 180 / pi
_ARGUMENTS = re.compile(r"\([^)]*\)")
_END = ' class="end"'
_TICKS = 64
"""Between two times at the left, at least."""
_NEAR, _MOST_TOGETHER = 1500, 50
"""How long a batch of lines may be, and how many these may be."""
_LOOP = 16
_STUB = 40
_COPY = 5
"""How much lower the copy of a packet ends than the packet, so that there are two arrows."""


def draw(scene: Scene, layout: Layout, top: float, bottom: float) -> Iterator[Drawn]:
    """Everything, what lies behind first; between `top` and `bottom` with all that is known of it, and so packets
    that died or were late and calls that failed; the rest in the words that are to be seen."""
    for span in scene.spans:
        if span.kind == "partition":
            yield _band(span, layout)
    yield from _lifelines(scene, layout)
    yield from _folds(layout)
    yield from _ticks(layout)
    for span in scene.spans:
        if span.kind == "pause":
            yield _pause(span, layout)
    yield from _waits(scene, layout)
    for arrow in scene.arrows:
        journey = arrow.journey
        whole = journey.late or journey.fate != "arrived" or top - 20 <= arrow.label.y <= bottom
        yield _arrow(arrow, layout, scene.words if whole else None)
    for remark in scene.remarks:
        yield _remark(remark, layout, remark.kind != "call" or top - 20 <= remark.label.y <= bottom)


def _band(span: Span, layout: Layout) -> Drawn:
    top, bottom = layout.places[span.start_ns], layout.places[span.end_ns]
    left, right = layout.xs[span.first], layout.xs[span.last]
    extra = f'data-start="{span.start_ns}" data-end="{span.end_ns}"'
    box = svg.rectangle(left, top, right - left, max(bottom - top, 2), "", "", span.text)
    words = svg.text((left + right) / 2, top + 12, span.text, "middle")
    return top, bottom, svg.group(box + words, "band partition", extra)


def _lifelines(scene: Scene, layout: Layout) -> Iterator[Drawn]:
    """One for each host; a crash cuts it."""
    for column, x in enumerate(layout.xs):
        top = 0.0
        for span in scene.spans:
            if span.kind != "crash" or span.first != column:
                continue
            crash, boot = layout.places[span.start_ns], layout.places[span.end_ns]
            yield _lifeline(x, top, crash)
            extra = f'data-start="{span.start_ns}" data-end="{span.end_ns}"'
            side = -1 if column == 0 else 1
            words = svg.text(x - side * 9, crash + 4, f"crash: {span.text}", "" if side < 0 else "end")
            yield crash - 6, boot, svg.group(_cross(x, crash) + words, "crash", extra, span.text)
            top = boot
        yield _lifeline(x, top, layout.height)


def _lifeline(x: float, top: float, bottom: float) -> Drawn:
    return top, bottom, f'<path class="lifeline" d="M{x:.0f} {top:.0f}V{bottom:.0f}"/>'


def _folds(layout: Layout) -> Iterator[Drawn]:
    """A zigzag on every lifeline, and how long the pause was."""
    for fold in layout.axis.folds:
        middle = (fold.start + fold.end) / 2
        zigzag = "".join(f"M{x:.0f} {middle - 8:.0f}l-5 4 10 4-10 4 5 4" for x in layout.xs)
        words = duration_words(fold.end_ns - fold.start_ns)
        text = svg.text(GUTTER - 10, middle + 4, f"~{words}~", "end")
        extra = f'data-start="{fold.start_ns}" data-end="{fold.end_ns}"'
        content = f'{text}<path d="{zigzag}"/>'
        yield middle - 10, middle + 10, svg.group(content, "fold", extra, f"{words} are folded here")


def _ticks(layout: Layout) -> Iterator[Drawn]:
    """Times at the left, where there is room, and a line from each through the picture."""
    folds = [(fold.start + fold.end) / 2 for fold in layout.axis.folds]
    folded = 0
    free = 0.0
    lines = _Batch("grid")
    for time_ns, place in layout.places.items():
        if place < free:
            continue
        while folded < len(folds) and folds[folded] < place - 14:
            folded += 1
        if folded < len(folds) and abs(folds[folded] - place) < 14:
            continue
        free = place + _TICKS
        tick = f'<text class="tick" x="{GUTTER - 10}" y="{place + 4:.0f}">{time_ns / 1_000_000_000:.6f}</text>'
        yield place - 8, place + 4, tick
        yield from lines.add(place, place, f"M{GUTTER - 6} {place:.0f}H{WIDTH}")
    yield from lines.rest()


class _Batch:
    """Lines of one sort that are near each other, as one element."""

    __slots__ = ("_bottom", "_kind", "_lines", "_top")

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._top = self._bottom = 0.0
        self._lines: list[str] = []

    def add(self, top: float, bottom: float, line: str) -> Iterator[Drawn]:
        """One more; those before it if it is far from them."""
        if self._lines and (bottom - self._top > _NEAR or len(self._lines) == _MOST_TOGETHER):
            yield from self.rest()
        if not self._lines:
            self._top, self._bottom = top, bottom
        self._top, self._bottom = min(self._top, top), max(self._bottom, bottom)
        self._lines.append(line)

    def rest(self) -> Iterator[Drawn]:
        """Those that are left."""
        if self._lines:
            yield self._top, self._bottom, f'<path class="{self._kind}" d="{"".join(self._lines)}"/>'
            self._lines = []


def _pause(span: Span, layout: Layout) -> Drawn:
    top, bottom = layout.places[span.start_ns], layout.places[span.end_ns]
    x = layout.xs[span.first]
    extra = f'data-start="{span.start_ns}" data-end="{span.end_ns}"'
    return top, bottom, svg.rectangle(x - 5, top, 10, max(bottom - top, 3), "paused", extra, span.text)


def _waits(scene: Scene, layout: Layout) -> Iterator[Drawn]:
    """Calls that wait: thick pieces of the lifelines."""
    lines: dict[float, _Batch] = {}
    for remark in scene.remarks:
        label = remark.label
        if remark.start_ns < label.time_ns:
            top, bottom = layout.places[remark.start_ns], layout.places[label.time_ns]
            x = layout.xs[label.column] + label.side * 4 * min(remark.lane, 3)
            batch = lines.setdefault(x, _Batch("waits"))
            yield from batch.add(top, bottom, f"M{x:.0f} {top:.0f}v{bottom - top:.0f}")
    for batch in lines.values():
        yield from batch.rest()


def _remark(remark: Remark, layout: Layout, whole: bool) -> Drawn:
    label = remark.label
    x = layout.xs[label.column]
    y = layout.places[label.time_ns]
    text, room = label.text, layout.rooms[label.column]
    more = time = way = ""
    if whole or len(text) > room:
        told = remark.told
        words = told if isinstance(told, str) else f"{text}\n{told.process}: {format_call(told)}"
        more = f"<title>{escape(words, quote=False)}</title>"
    if whole:
        time = f' data-time="{label.time_ns}"'
    if len(text) > room:
        text = _ARGUMENTS.sub("", text)
    if len(text) > room:
        text = text[: room - 1] + "…"
    side = label.side
    classes = f"{remark.kind} left" if side < 0 else remark.kind
    if label.y - y > 3:
        way = f'<path d="M{x:.0f} {y:.0f}L{x + side * 7:.0f} {label.y:.0f}"/>'
    content = (
        f'<g class="{classes}"{time}>{more}{way}'
        f'<text x="{x + side * 9:.0f}" y="{label.y + 4:.0f}">{escape(text, quote=False)}</text></g>'
    )
    return y - 10, label.y + 5, content


def _arrow(arrow: Arrow, layout: Layout, words: PacketWords | None) -> Drawn:
    """Its parts are placed from where it begins. `words`: for all that is known of it."""
    journey, label = arrow.journey, arrow.label
    start = round(layout.places[journey.sent_ns])
    if journey.arrived_ns == journey.sent_ns:
        # Several at one moment are one below the other.
        start = round(label.y)
    x, side = round(layout.xs[label.column]), label.side
    end, marks, turn = _way(arrow, layout, start, x)
    classes = f"journey {arrow.kind}"
    if journey.fate != "arrived":
        classes += f" {journey.fate.replace(' ', '-')}"
    if journey.late:
        classes += " late"
    if journey.copy:
        classes += " copy"
    if journey.retransmission:
        classes += " again"
    # Beside a loop, and above a line.
    beside, under = (side * (_LOOP + 5), 4) if arrow.source == arrow.target else (side * 10, -2)
    more = data = ""
    if words is not None:
        data = f' data-kind="{arrow.kind}" data-sent="{journey.sent_ns}"'
        if journey.arrived_ns is not None:
            data += f' data-arrived="{journey.arrived_ns}"'
        told = f"{words.full(journey)}; {fate_words(journey)}"
        more = f"<title>{escape(told, quote=False)}</title>"
    content = (
        f'<g class="{classes}"{data} transform="translate({x} {start})">{more}{marks}'
        f'<text{"" if side > 0 else _END} transform="translate({beside} {label.y - start + under:.0f}){turn}">'
        f"{escape(label.text, quote=False)}</text></g>"
    )
    return start - 12, max(end + 8, label.y + 4), content


def _way(arrow: Arrow, layout: Layout, start: int, x: int) -> tuple[float, str, str]:
    """Where a packet's line ends; the line, with what is at its end; and how its words are turned, so that they lie
    along it."""
    journey = arrow.journey
    side = arrow.label.side
    if arrow.source == arrow.target:
        end = start if journey.arrived_ns is None else round(layout.places[journey.arrived_ns])
        down = max(end - start, 5)
        return start + down, f'<path d="M0 0h{side * _LOOP}v{down}h{-side * (_LOOP - 2)}"/>', ""
    if journey.fate == "unsent":
        return start, f'<path d="M0 0h{side * _STUB}"/>{_died(side * _STUB, 0, journey.reason, side)}', ""
    if arrow.source < 0:
        return start, f'<path d="M{side * _STUB} -8L0 0l{side * 6} -5m0 5l{-side * 6} 0"/>', ""
    across = round(layout.xs[arrow.target]) - x if arrow.target >= 0 else side * 4 * _STUB
    if journey.arrived_ns is None:
        down = max(round(layout.axis.at(journey.sent_ns + layout.flight_ns)) - start, 6)
        half, low = across // 2, down // 2
        line = f'<path d="M0 0L{half} {low}"/>'
        if journey.fate == "lost":
            line += _died(half, low, journey.reason, side)
        else:
            line += svg.text(half + side * 4, low + 4, "…", "" if side > 0 else "end")
        return start + down, line, _turn(across, down)
    down = max(round(layout.places[journey.arrived_ns]) - start, 0) + (_COPY if journey.copy else 0)
    line = _line(across, down)
    bottom = start + down
    if journey.fate == "refused":
        died = down
        if journey.ended_ns is not None and journey.ended_ns > journey.arrived_ns:
            died = round(layout.places[journey.ended_ns]) - start
        line += _cross_of(across, died)
        if arrow.reason is not None:
            y = max(arrow.reason.y - start, died)
            line += svg.text(across - side * 12, y - 3, journey.reason, "why end" if side > 0 else "why")
            bottom = max(bottom, start + round(y))
    if journey.late or journey.befell:
        # Parallel to those of its neighbours, which are not as late.
        down = min(down, round(layout.axis.at(journey.sent_ns + layout.flight_ns)) - start)
    return bottom, line, _turn(across, down)


@lru_cache(4096)
def _turn(across: int, down: int) -> str:
    if down < 1:
        return ""
    degrees = min(40.0, atan2(down, abs(across)) * _DEGREES)
    return f"rotate({degrees if across > 0 else -degrees:.0f})"


@lru_cache(4096)
def _line(across: int, down: int) -> str:
    """A line from 0, 0 with a head at its end."""
    length = hypot(across, down) or 1.0
    right, low = across / length, down / length
    back_x, back_y = across - _HEAD * right, down - _HEAD * low
    head = (
        f"M{back_x - _HALF * low:.0f} {back_y + _HALF * right:.0f}L{across} {down}"
        f"L{back_x + _HALF * low:.0f} {back_y - _HALF * right:.0f}"
    )
    return f'<path d="M0 0L{across} {down}{head}"/>'


def _died(x: float, y: float, reason: str, side: int) -> str:
    """The cross where a packet died, and why."""
    return _cross_of(x, y) + svg.text(x + side * 9, y + 4, reason, "why" if side > 0 else "why end")


def _cross_of(x: float, y: float) -> str:
    return f'<path class="died" d="{_cross_path(x, y)}"/>'


def _cross(x: float, y: float) -> str:
    return f'<path class="cross" d="{_cross_path(x, y)}"/>'


def _cross_path(x: float, y: float) -> str:
    size = _CROSS
    return f"M{x - size:.0f} {y - size:.0f}l{2 * size} {2 * size}m0 {-2 * size}l{-2 * size} {2 * size}"
