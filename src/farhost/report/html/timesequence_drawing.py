"""The picture of one time-sequence graph, in SVG.

Lines are in whole units of a plane of their own, `PLANE` wide and high at most, which is stretched to the picture
(`preserveAspectRatio="none"`, strokes that do not stretch): the page's script zooms by another `viewBox`, and draws
nothing itself. Ends of bars and ticks are strokes of no length with round or square caps, which keep their size.
Letters stand outside the plane, each with its moment and number, and are moved when the view changes.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from markupsafe import escape

from farhost.report.columns import format_time
from farhost.report.html import svg
from farhost.report.story.tcp_graphs import LOST, LOST_ACK, Mark, Sent, TcpGraph

PLANE = 1 << 23
"""Numbers of the plane are below that, so that differences of them are exact in the 24 bits of a browser's floats."""
WIDTH, HEIGHT = 1000, 300
"""Of the field that the plane is stretched to."""
LEFT, TOP, RIGHT, BOTTOM = 76, 12, 16, 30
_LEAST_NS, _LEAST_BYTES = 1000, 10
"""A picture has as much room, though there is less to show."""
_CAPS_FROM = 9
"""Ends of bars are drawn where the middle bar is so many units high."""
_TEXTS = {LOST: "×", LOST_ACK: "×", "S": "SYN", "F": "FIN"}
_SIDE = {
    "R": (0, -4),
    "S": (4, 4),
    "F": (4, -3),
    "O": (0, 14),
    "3": (0, 14),
    "Z": (0, -4),
    LOST: (0, 5),
    LOST_ACK: (0, 5),
}
"""How far a letter stands from its point."""


class Scale(NamedTuple):
    """What a unit of a graph's plane is."""

    start_ns: int
    unit_ns: int
    unit_bytes: int
    width: int
    """Of the plane, in units."""
    height: int
    base: int = 0
    """The number at the bottom."""

    def x(self, time_ns: int) -> int:
        """Where a time is, in units."""
        return (time_ns - self.start_ns) // self.unit_ns

    def y(self, number: int) -> int:
        """Where a number is, from the bottom, in units."""
        return (number - self.base) // self.unit_bytes


def scale_of(graph: TcpGraph, base: int = 0) -> Scale:
    """The scale for all of a graph: from `base` to its highest number, and a little more; the window may be above
    that."""
    end_ns = max([graph.end_ns, *(mark.time_ns for mark in graph.marks)])
    span_ns = max(end_ns - graph.start_ns, _LEAST_NS)
    unit_ns = -(-span_ns // PLANE)
    top = max([graph.top(), *(edge for _, edge in graph.windows)])
    unit_bytes = max(1, -(-(top - base) // PLANE))
    height = max(_LEAST_BYTES, graph.top() - base) // unit_bytes
    return Scale(graph.start_ns, unit_ns, unit_bytes, max(1, span_ns // unit_ns), max(1, height + height // 16), base)


def draw(graph: TcpGraph, window_ns: tuple[int, int] = (0, 0), thin: bool = False, base: int = 0) -> str:
    """The picture; `window_ns`: a time that is shaded; `thin`: without what cannot be told apart at its size; `base`:
    the number at the bottom."""
    scale = scale_of(graph, base)
    column = max(1, scale.width // WIDTH) if thin else 1
    parts = [
        _shade(scale, window_ns),
        _line(scale, graph.windows, "window", column, graph.end_ns),
        _line(scale, graph.acks, "acks", column, graph.end_ns),
        _path(_dots((scale.x(time_ns), scale.y(ack)) for time_ns, ack in graph.ticks), "ticks"),
        _path(_bars(_sack_bars(graph, scale)), "sacks"),
        *_segments(graph, scale, column if thin else 0),
    ]
    margin = scale.width // 100 + 1
    view = f"{-margin} {-scale.height} {scale.width + 2 * margin} {scale.height}"
    plane = (
        f'<svg class="plane" x="{LEFT}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" viewBox="{view}" '
        f'preserveAspectRatio="none">{"".join(parts)}</svg>'
    )
    letters = "".join(_letter(mark, scale, margin, not thin) for mark in graph.marks)
    content = (
        svg.rectangle(LEFT, TOP, WIDTH, HEIGHT, "field")
        + svg.group(_axes(scale, margin), "axes")
        + plane
        + svg.group(letters, "marks")
        + svg.line(0, TOP, 0, TOP + HEIGHT, "cursor", 'visibility="hidden"')
    )
    data = (
        f'data-start="{scale.start_ns}" data-unit-ns="{scale.unit_ns}" data-unit-bytes="{scale.unit_bytes}" '
        f'data-name="{escape(graph.name)}"'
    )
    label = f"Time-sequence graph of {graph.name}: {len(graph.sent)} segments, {graph.payload()} bytes"
    return svg.drawing(LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM, content, label, "tsg", data)


# In units of the plane, up being negative.


def _path(data: str, kind: str) -> str:
    return f'<path class="{kind}" d="{data}"/>' if data else ""


def _shade(scale: Scale, window_ns: tuple[int, int]) -> str:
    """The time that the page shows of the events, if it is not all of it."""
    start, end = (min(max(scale.x(time_ns), 0), scale.width) for time_ns in window_ns)
    if end <= start or (start == 0 and end == scale.width):
        return ""
    return f'<rect class="shade" x="{start}" y="{-PLANE}" width="{end - start}" height="{PLANE}"/>'


def _line(scale: Scale, points: Sequence[tuple[int, int]], kind: str, column: int, end_ns: int) -> str:
    """A staircase: what holds until it changes."""
    if not points:
        return ""
    places = [(scale.x(time_ns), scale.y(number)) for time_ns, number in points]
    kept = list(_thinned(places, column)) if column > 1 else places
    x, y = kept[0]
    steps = [f"M{x} {-y}"]
    for next_x, next_y in kept[1:]:
        steps.append(f"h{next_x - x}v{y - next_y}")
        x, y = next_x, next_y
    steps.append(f"h{max(0, scale.x(end_ns) - x)}")
    return _path("".join(steps), kind)


def _thinned(places: Iterable[tuple[int, int]], column: int) -> Iterator[tuple[int, int]]:
    """Of the points of one column of a picture the first, the lowest, the highest and the last."""
    bucket: list[tuple[int, int]] = []
    for place in places:
        if bucket and place[0] // column != bucket[0][0] // column:
            yield from _extremes(bucket)
            bucket = []
        bucket.append(place)
    yield from _extremes(bucket)


def _extremes(bucket: list[tuple[int, int]]) -> list[tuple[int, int]]:
    if len(bucket) <= 4:
        return bucket
    numbers = range(1, len(bucket) - 1)
    inner = {min(numbers, key=lambda n: bucket[n][1]), max(numbers, key=lambda n: bucket[n][1])}
    return [bucket[0], *(bucket[number] for number in sorted(inner)), bucket[-1]]


def _sack_bars(graph: TcpGraph, scale: Scale) -> Iterator[tuple[int, int, int]]:
    for time_ns, low, high in graph.sacks:
        yield scale.x(time_ns), scale.y(low), scale.y(high)


def _segments(graph: TcpGraph, scale: Scale, column: int) -> Iterator[str]:
    """Bars and their ends: of those sent first, and of those sent again."""
    for again, kind in ((False, "sent"), (True, "again")):
        segments = [segment for segment in graph.sent if segment.again is again]
        bars = [(scale.x(one.time_ns), scale.y(one.low), scale.y(one.high)) for one in segments]
        if column:
            bars = _merged(bars, column, scale.height // HEIGHT)
        yield _path(_bars(bars), kind)
        if segments and (not column or _has_room(segments, scale)):
            ends = ((scale.x(one.time_ns), scale.y(one.low)) for one in segments)
            tops = [(scale.x(one.time_ns), scale.y(one.high), one.pushed) for one in segments]
            plain = ((x, y) for x, y, pushed in tops if not pushed)
            yield _path(_dots(ends) + _dots(plain), f"{kind} ends")
            yield _path(_dots((x, y) for x, y, pushed in tops if pushed), f"{kind} ends pushed")


def _has_room(segments: Sequence[Sent], scale: Scale) -> bool:
    sizes = sorted(segment.high - segment.low for segment in segments)
    return sizes[len(sizes) // 2] // scale.unit_bytes * HEIGHT >= _CAPS_FROM * scale.height


def _merged(bars: Iterable[tuple[int, int, int]], column: int, gap: int) -> list[tuple[int, int, int]]:
    """Bars of one column of the picture that touch, or nearly so, as one."""
    columns: dict[int, list[tuple[int, int, int]]] = {}
    for bar in bars:
        columns.setdefault(bar[0] // column, []).append(bar)
    merged = []
    for one in columns.values():
        one.sort(key=lambda bar: bar[1])
        x, low, high = one[0]
        for next_x, next_low, next_high in one[1:]:
            if next_low <= high + gap:
                high = max(high, next_high)
            else:
                merged.append((x, low, high))
                x, low, high = next_x, next_low, next_high
        merged.append((x, low, high))
    return merged


def _bars(bars: Iterable[tuple[int, int, int]]) -> str:
    """Vertical lines; each begins where the one before ended, which is short where it follows it."""
    x, y = 0, 0
    steps = []
    for next_x, low, high in bars:
        steps.append(f"m{next_x - x} {y - low}v{low - high}")
        x, y = next_x, high
    return "M0 0" + "".join(steps) if steps else ""


def _dots(points: Iterable[tuple[int, int]]) -> str:
    """Strokes of no length."""
    x, y = 0, 0
    steps = []
    for next_x, next_y in points:
        steps.append(f"m{next_x - x} {y - next_y}h0")
        x, y = next_x, next_y
    return "M0 0" + "".join(steps) if steps else ""


# In units of the picture.


def _letter(mark: Mark, scale: Scale, margin: int, told: bool) -> str:
    """A letter; `told`: with its meaning, as a pointer over it shows it."""
    x = LEFT + (scale.x(mark.time_ns) + margin) * WIDTH / (scale.width + 2 * margin)
    y = TOP + HEIGHT - scale.y(mark.sequence) * HEIGHT / scale.height
    right, down = _SIDE.get(mark.letter, (0, -4))
    where = f'data-time="{mark.time_ns}" data-sequence="{mark.sequence}" dx="{right}" dy="{down}"'
    text = _TEXTS.get(mark.letter, mark.letter)
    title = f"{format_time(mark.time_ns).strip()} s: {mark.words}, at {mark.sequence}"
    meaning = f"<title>{escape(title)}</title>" if told else ""
    return f'<text class="mark {mark.letter}" x="{svg.number(x)}" y="{svg.number(y)}" {where}>{text}{meaning}</text>'


def _axes(scale: Scale, margin: int) -> str:
    """Lines at round numbers; the script draws the like for what it shows."""
    parts = []
    span = scale.width + 2 * margin
    start_s, unit_s = scale.start_ns / 1e9, scale.unit_ns / 1e9
    for value, text in ticks(start_s - margin * unit_s, start_s + (scale.width + margin) * unit_s, 8):
        x = LEFT + ((value - start_s) / unit_s + margin) * WIDTH / span
        parts.append(svg.line(x, TOP, x, TOP + HEIGHT, "grid"))
        parts.append(svg.text(x, TOP + HEIGHT + 16, f"{text} s", "dim", 'text-anchor="middle"'))
    for value, text in ticks(scale.base, scale.base + scale.height * scale.unit_bytes, 6):
        y = TOP + HEIGHT - (value - scale.base) / scale.unit_bytes * HEIGHT / scale.height
        parts.append(svg.line(LEFT, y, LEFT + WIDTH, y, "grid"))
        parts.append(svg.text(LEFT - 6, y + 4, text, "dim", 'text-anchor="end"'))
    return "".join(parts)


def ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """At most so many round values between two, as numbers and as text.

    >>> ticks(0, 1000, 5)
    [(0.0, '0'), (200.0, '200'), (400.0, '400'), (600.0, '600'), (800.0, '800'), (1000.0, '1000')]
    >>> [text for _, text in ticks(0.019, 0.0262, 5)]
    ['0.020', '0.022', '0.024', '0.026']
    """
    exponent = 0
    span = max(high - low, 1e-9)
    while span / 10**exponent > most:
        exponent += 1
    while span / 10**exponent * 10 <= most:
        exponent -= 1
    factor = next(factor for factor in (0.1, 0.2, 0.5, 1) if span / (10**exponent * factor) <= most)
    step = 10**exponent * factor
    digits = max(0, -exponent + (factor < 1))
    first = -int(-low // step)
    values = []
    while first * step <= high:
        values.append((round(first * step, 12), f"{first * step:.{digits}f}"))
        first += 1
    return values
