"""Panel 6: what each process and thread did: a lane of its system calls, its output, and the traceback."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from farhost.report.columns import describe, format_time
from farhost.report.html.lane_drawing import AXIS_HEIGHT, Drawn, Rows, axis_of, draw, rows_of
from farhost.report.html.lane_parts import Part, bounds_of, choose, part_of, parts_of
from farhost.report.html.lane_thinning import thinned
from farhost.report.html.panel import Panel
from farhost.report.html.verdict import ended
from farhost.report.story.lanes import Lane, Span, lanes_of
from farhost.report.story.story import Story
from farhost.report.strace import format_call
from farhost.report.tcpdump import PacketFormatter
from farhost.trace.events import SystemCall

_HELP = (
    "Time goes from left to right, one scale for all lanes; moments are kept apart, and long pauses are folded: a "
    "zigzag with their length. A bar is a call, hatched while it waited; a long tick is when its thread was woken. "
    "Click a bar for the whole call. Far from the window several calls are one bar."
)
_DEFS = (
    '<defs><pattern id="lanes-hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><path class="hatch" d="M0 0V6"/></pattern></defs>'
)
MOST_WHOLE = 5_000
"""Bars around the window that are drawn one by one; farther away calls in a row are one bar."""
MOST_THINNED = 5_000
"""Such bars; still farther away calls that waited are joined as well."""
_MOST_REST = 60
_MOST_TRACEBACKS = 3
_LIBRARY = re.compile(r"/lib/python3[^/]*/|/site-packages/|^<frozen ")
_FRAME = re.compile(r'^  File "(.*)", line (\d+), in (.*)$')


def panel(story: Story) -> Panel:
    """The panel."""
    if not story.events:
        return Panel("lanes", "What each process did", Markup("<p>There are no events.</p>"), None, _HELP)
    lanes = lanes_of(story)
    shown, rest = choose(lanes, story)
    bounds, window = bounds_of(story)
    end_ns = max(story.events[-1].time_ns, *(span.end_ns for lane in lanes for span in lane.spans[-1:]), 0)
    parts = parts_of(shown, bounds, end_ns)
    here = parts[window]
    others = part_of(rest, here.start_ns, here.end_ns)
    axis = axis_of(here, others.lanes)
    rows = rows_of(here, axis, [any(mark.data for mark in lane.marks) for lane in shown])
    first = draw(here, axis, rows, story.moment_ns, _DEFS)
    drawn = _drawn(parts, window, rows, first)
    body = Markup("").join(
        (
            Markup('<p class="lanes-now" aria-live="polite">{}</p>').format(now_words(shown, story.moment_ns)),
            Markup('<p class="no-script-only"><a href="#lanes-moment">Scroll to that moment</a></p>'),
            _strip(shown, rows, first, axis.at(story.moment_ns)),
            Markup('<p class="lanes-line mono" aria-live="polite"></p>'),
            _tracebacks(story),
            _rest(rest, others),
            all_events(story),
        )
    )
    carried = [
        [part.start_ns, part.end_ns, round(one.width, 1), _steps(one), "" if one is first else one.svg]
        for part, one in zip(parts, drawn)
    ]
    return Panel("lanes", "What each process did", body, {"window": window, "parts": carried}, _HELP)


def _drawn(parts: Sequence[Part], window: int, rows: Sequence[Rows], first: Drawn) -> list[Drawn]:
    """All parts; those far from the window, or with too many bars between, with fewer bars."""
    drawn = {window: first}
    whole, thin = MOST_WHOLE, MOST_THINNED
    for number in sorted(range(len(parts)), key=lambda number: abs(number - window)):
        if number == window:
            continue
        part = parts[number]
        whole -= _bars(part)
        if whole < 0:
            part = thinned(part)
            thin -= _bars(part)
            if thin < 0:
                part = thinned(parts[number], with_waits=True)
        drawn[number] = draw(part, axis_of(part), rows)
    return [drawn[number] for number in range(len(parts))]


def _bars(part: Part) -> int:
    return sum(len(items.spans) for items in part.lanes)


def _steps(drawn: Drawn) -> list[list[float]]:
    """The axis as differences, which are shorter: times in ns, places."""
    times, places = drawn.breakpoints
    between = [after - before for before, after in pairwise(times)]
    return [[times[0], *between], [places[0], *(round(b - a, 1) for a, b in pairwise(places))]]


def _strip(lanes: Sequence[Lane], rows: Sequence[Rows], drawn: Drawn, moment: float) -> Markup:
    """The names, and beside them the picture, which scrolls; `moment`: where in it a link leads."""
    names = []
    for lane, row in zip(lanes, rows):
        style = f"top:{row.top:g}px;height:{row.height - 2:g}px"
        names.append(
            Markup('<div class="lane-name{}" style="{}" title="{}"><b>{}</b><br><small>{}</small></div>').format(
                "" if lane.is_main else " thread", style, lane.name, *_names(lane)
            )
        )
    height = rows[-1].top + rows[-1].height if rows else AXIS_HEIGHT
    return Markup(
        '<div class="lanes-scroll" tabindex="0" role="region" aria-label="Lanes, which scroll sideways">'
        '<div class="lanes-strip"><div class="lanes-names" style="height:{}px">{}</div>'
        '<div class="lanes-part"><span id="lanes-moment" style="left:{}px"></span>{}</div></div></div>'
    ).format(f"{height:g}", Markup("").join(names), f"{moment:g}", Markup(drawn.svg))


def _names(lane: Lane) -> tuple[str, str]:
    """What a lane is called, and what it is."""
    if not lane.host:
        return lane.process, "and hosts"
    if not lane.is_main:
        return f"thread {lane.thread}", f"of {lane.process}"
    where = "" if lane.process == lane.host else f" on {lane.host}"
    child = f", child of {lane.parent}" if lane.parent else ""
    return lane.process, f"pid {lane.pid}{where}{child}"


def now_words(lanes: Sequence[Lane], time_ns: int) -> str:
    """Which calls are going on at a moment, in words."""
    going = []
    for lane in lanes:
        at = bisect_right(lane.spans, time_ns, key=_start_of) - 1
        if at >= 0 and lane.spans[at].end_ns >= time_ns:
            span = lane.spans[at]
            what = span.words if span.wakes else f"in {span.label},"
            if span.call is not None:
                first = span.call.arguments[0] if span.call.arguments else ""
                what = f"in {span.call.name}({first if type(first) is int and first >= 0 else ''}...)"
            going.append(f"{lane.name} {what} since {format_time(span.start_ns).strip()} s")
    return f"At {format_time(time_ns).strip()} s: {'; '.join(going) or 'no thread is in a call'}"


def _tracebacks(story: Story) -> Markup:
    """What ended programs, with the line that failed: the first few at once."""
    found = []
    for process in story.facts.processes:
        if process.traceback:
            who = process.name if process.name == process.host else f"{process.name} on {process.host}"
            head = f"{who}: {ended(process)}"
            found.append(
                Markup('<figure class="traceback"><figcaption>{}</figcaption><pre>{}</pre></figure>').format(
                    head, _marked(process.traceback)
                )
            )
    shown, rest = found[:_MOST_TRACEBACKS], found[_MOST_TRACEBACKS:]
    if not rest:
        return Markup("").join(shown)
    more = Markup("<details><summary>{} more tracebacks</summary>{}</details>")
    return Markup("").join((*shown, more.format(len(rest), Markup("").join(rest))))


def _marked(traceback: str) -> Markup:
    """A traceback whose exception stands out, and the last frame that is no library's."""
    lines = traceback.rstrip().splitlines()
    frames = [(number, found[1]) for number, line in enumerate(lines) if (found := _FRAME.match(line))]
    own = [number for number, file in frames if not _LIBRARY.search(file)] or [number for number, _ in frames]
    last = own[-1] if own else -2
    out = []
    for number, line in enumerate(lines):
        # The frame, and the line of the program below it; the exception is last.
        if number in (last, last + 1) or number == len(lines) - 1:
            out.append(Markup('<mark class="failing">{}</mark>').format(line))
        else:
            out.append(Markup("{}").format(line))
    return Markup("\n").join(out)


def _rest(lanes: Sequence[Lane], items: Part) -> Markup:
    """The lanes that are not drawn, as text."""
    if not lanes:
        return Markup("")
    rows = []
    for lane, (_, spans, marks) in list(zip(lanes, items.lanes))[:_MOST_REST]:
        calls = [f"{format_time(span.end_ns).strip()} {_line(span)}" for span in spans]
        what = "\n".join([*(f"{format_time(mark.time_ns).strip()} {mark.words}" for mark in marks), *calls])
        rows.append(
            Markup("<details><summary>{} ({} calls)</summary><pre>{}</pre></details>").format(
                lane.name, len(lane.spans), what or "nothing in this window"
            )
        )
    more = len(lanes) - len(rows)
    note = Markup('<p class="note">{} more threads are not listed.</p>').format(more) if more > 0 else Markup("")
    return Markup(
        '<details class="lanes-rest"><summary>{} more threads, farther from what matters</summary>{}{}</details>'
    ).format(len(lanes), Markup("").join(rows), note)


def _line(span: Span) -> str:
    return span.words if span.call is None else format_call(span.call)


def all_events(story: Story) -> Markup:
    """The window as text, for those who have no pictures."""
    packets = PacketFormatter()
    lines = []
    for event in story.events[story.window.first : story.window.end]:
        described = describe(event, packets)
        if described is not None:
            who = f"[{event.thread}] " if isinstance(event, SystemCall) else ""
            lines.append(f"{format_time(event.time_ns)} {event.host or '-'}: {who}{described[0]}")
    return Markup(
        '<details class="all-events"><summary>All events of the window as text ({} lines)</summary>'
        "<pre>{}</pre></details>"
    ).format(len(lines), "\n".join(lines))


def _start_of(span: Span) -> int:
    return span.start_ns
