"""The SVG of a sequence diagram, in pieces, each with where it is from top to bottom."""

from collections.abc import Iterator
from html import escape
from math import atan2, hypot, pi

from farhost.network.faults.fault_words import duration_words
from farhost.report.html import svg
from farhost.report.html.sequence_layout import GUTTER, WIDTH, Layout
from farhost.report.html.sequence_scene import Arrow, Remark, Scene, Span
from farhost.report.story.words import PacketWords, fate_words
from farhost.report.strace import format_call

Drawn = tuple[float, float, str]
"""From where to where down the picture, and the SVG."""
_HEAD, _HALF = 8.0, 3.5
_CROSS = 5
_DEGREES = 180 / pi
_END = ' class="end"'
_TICKS = 42
"""Between two times at the left, at least."""
_LOOP = 16
_STUB = 40
_COPY = 5
"""How much lower the copy of a packet ends than the packet, so that there are two arrows."""


def draw(scene: Scene, layout: Layout, top: float, bottom: float) -> Iterator[Drawn]:
    """Everything, what lies behind first; between `top` and `bottom` with all that is known of it, elsewhere in the
    words that are to be seen."""
    for span in scene.spans:
        if span.kind == "partition":
            yield _band(span, layout)
    yield from _lifelines(scene, layout)
    yield from _folds(layout)
    yield from _ticks(layout)
    for span in scene.spans:
        if span.kind == "pause":
            yield _pause(span, layout)
    for remark in scene.remarks:
        if remark.start_ns < remark.label.time_ns:
            yield _busy(remark, layout)
    for arrow in scene.arrows:
        whole = top - 20 <= arrow.label.y <= bottom
        yield _arrow(arrow, layout, scene.words if whole else None)
    for remark in scene.remarks:
        yield _remark(remark, layout, top - 20 <= remark.label.y <= bottom)


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
    """Times at the left, where there is room."""
    folds = [(fold.start + fold.end) / 2 for fold in layout.axis.folds]
    folded = 0
    free = 0.0
    for time_ns, place in layout.places.items():
        while folded < len(folds) and folds[folded] < place - 14:
            folded += 1
        is_near_fold = folded < len(folds) and abs(folds[folded] - place) < 14
        if place < free or is_near_fold:
            continue
        free = place + _TICKS
        tick = svg.text(GUTTER - 10, place + 4, f"{time_ns / 1_000_000_000:.6f}", "tick")
        yield place - 8, place + 4, f'{tick}<path class="grid" d="M{GUTTER - 6} {place:.0f}H{WIDTH}"/>'


def _pause(span: Span, layout: Layout) -> Drawn:
    top, bottom = layout.places[span.start_ns], layout.places[span.end_ns]
    x = layout.xs[span.first]
    extra = f'data-start="{span.start_ns}" data-end="{span.end_ns}"'
    return top, bottom, svg.rectangle(x - 5, top, 10, max(bottom - top, 3), "paused", extra, span.text)


def _busy(remark: Remark, layout: Layout) -> Drawn:
    """A call that waits: a thick piece of the lifeline."""
    label = remark.label
    top, bottom = layout.places[remark.start_ns], layout.places[label.time_ns]
    x = layout.xs[label.column] + label.side * 4 * min(remark.lane, 3)
    return top, bottom, f'<path class="waits" d="M{x:.0f} {top:.0f}V{bottom:.0f}"/>'


def _remark(remark: Remark, layout: Layout, whole: bool) -> Drawn:
    label = remark.label
    x = layout.xs[label.column]
    y = layout.places[label.time_ns]
    text, room = label.text, layout.rooms[label.column]
    title = ""
    if whole or len(text) > room:
        told = remark.told
        words = told if isinstance(told, str) else f"{text}\n{told.process}: {format_call(told)}"
        title = f"<title>{escape(words, quote=False)}</title>"
    if len(text) > room:
        text = text[: room - 1] + "…"
    side = label.side
    classes = f"{remark.kind} left" if side < 0 else remark.kind
    way = f'<path d="M{x:.0f} {y:.0f}L{x + side * 7:.0f} {label.y:.0f}"/>' if label.y - y > 3 else ""
    content = (
        f'<g class="{classes}" data-time="{label.time_ns}">{title}{way}'
        f'<text x="{x + side * 9:.0f}" y="{label.y + 4:.0f}">{escape(text, quote=False)}</text></g>'
    )
    return y - 10, label.y + 5, content


def _arrow(arrow: Arrow, layout: Layout, words: PacketWords | None) -> Drawn:
    journey, label = arrow.journey, arrow.label
    start = layout.places[journey.sent_ns]
    end, marks = _way(arrow, layout, start)
    classes = f"journey {arrow.kind}"
    if journey.fate != "arrived":
        classes += f" {journey.fate.replace(' ', '-')}"
    if journey.late:
        classes += " late"
    if journey.copy:
        classes += " copy"
    if journey.retransmission:
        classes += " again"
    title = data = ""
    if words is not None:
        data = f' data-kind="{arrow.kind}"'
        if journey.arrived_ns is not None:
            data += f' data-arrived="{journey.arrived_ns}"'
        told = f"{words.full(journey.packet)}; {fate_words(journey)}"
        title = f"<title>{escape(told, quote=False)}</title>"
    side = label.side
    x, y = layout.xs[label.column] + side * 10, label.y - 2
    content = (
        f'<g class="{classes}" data-sent="{journey.sent_ns}"{data}>{title}{marks}'
        f"<text{'' if side > 0 else _END}{_place(arrow, layout, start, end, x, y)}>"
        f"{escape(label.text, quote=False)}</text></g>"
    )
    return start - 12, max(end + 8, label.y + 4), content


def _way(arrow: Arrow, layout: Layout, start: float) -> tuple[float, str]:
    """Where a packet's line ends, and the line with what is at its end."""
    journey, xs, places = arrow.journey, layout.xs, layout.places
    side = arrow.label.side
    x = xs[arrow.label.column]
    if arrow.source == arrow.target:
        end = start if journey.arrived_ns is None else places[journey.arrived_ns]
        down = max(end - start, 6.0)
        return start + down, f'<path d="M{x:.0f} {start:.0f}h{side * _LOOP}v{down:.0f}h{-side * (_LOOP - 2)}"/>'
    if journey.fate == "unsent":
        return (
            start,
            f'<path d="M{x:.0f} {start:.0f}h{side * _STUB}"/>{_died(x + side * _STUB, start, journey.reason, side)}',
        )
    if arrow.source < 0:
        return start, _line(x + side * _STUB, start - 8, x, start)
    target = xs[arrow.target] if arrow.target >= 0 else x + side * 4 * _STUB
    if journey.arrived_ns is None:
        end = max(layout.axis.at(journey.sent_ns + layout.flight_ns), start + 6)
        middle = (x + target) / 2, (start + end) / 2
        line = f'<path d="M{x:.0f} {start:.0f}L{middle[0]:.0f} {middle[1]:.0f}"/>'
        if journey.fate == "lost":
            return end, line + _died(*middle, journey.reason, side)
        return end, line + svg.text(middle[0] + side * 4, middle[1] + 4, "…", "" if side > 0 else "end")
    end = places[journey.arrived_ns] + (_COPY if journey.copy else 0)
    marks = _line(x, start, target, end)
    if journey.fate == "refused":
        marks += _cross_of(target, end)
        if arrow.reason is not None:
            y = max(arrow.reason.y, end)
            marks += svg.text(target - side * 12, y - 3, journey.reason, "why end" if side > 0 else "why")
            return y, marks
    return end, marks


def _place(arrow: Arrow, layout: Layout, start: float, end: float, x: float, y: float) -> str:
    """Words lie along their arrow, so that those of others do not go through them."""
    if arrow.source < 0 or arrow.target < 0 or arrow.source == arrow.target or end - start < 1:
        return f' x="{x:.0f}" y="{y:.0f}"'
    across = layout.xs[arrow.target] - layout.xs[arrow.source]
    degrees = min(40.0, atan2(end - start, abs(across)) * _DEGREES)
    return f' transform="translate({x:.0f} {y:.0f})rotate({degrees if across > 0 else -degrees:.0f})"'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    """With a head at its end."""
    across, down = x2 - x1, y2 - y1
    length = hypot(across, down) or 1.0
    across, down = across / length, down / length
    back_x, back_y = x2 - _HEAD * across, y2 - _HEAD * down
    head = (
        f"M{back_x - _HALF * down:.1f} {back_y + _HALF * across:.1f}L{x2:.0f} {y2:.0f}"
        f"L{back_x + _HALF * down:.1f} {back_y - _HALF * across:.1f}"
    )
    return f'<path d="M{x1:.0f} {y1:.0f}L{x2:.0f} {y2:.0f}{head}"/>'


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
