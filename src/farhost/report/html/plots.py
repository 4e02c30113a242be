"""Panel 5: plots over time of what TCP, queues and buffers had come to.

Static are the plots of the connection with the most trouble and of each host, small, as SVG; the script draws those
that are chosen with uPlot, from data. What there is to plot is `farhost.report.story.series`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from farhost.report.html import svg
from farhost.report.html.panel import Panel
from farhost.report.html.timesequence_drawing import ticks
from farhost.report.story.series import (
    BYTES,
    CONNECTIONS,
    NANOSECONDS,
    PACKETS,
    Group,
    Plot,
    Series,
    connection_groups,
    host_groups,
    thinned,
)
from farhost.report.story.story import Story

TITLE = "Windows, round trips, queues and buffers"
UNITS = {
    BYTES: (1024, "KiB"),
    NANOSECONDS: (1_000_000, "ms"),
    PACKETS: (1, "packets"),
    CONNECTIONS: (1, "connections"),
}
"""What a unit is shown in: divided by, and its name."""
MOST_CARRIED = 150_000
"""Points that the page carries in all."""
MOST_STATIC = 16
"""Plots that are drawn where there is no script."""
_STATIC_POINTS = 300
_SIGNS = {"R": "v-7", "lost": "m-3 0l6 -6m0 6l-6 -6", "fault": "m-3 0l3 -6l3 6z"}
"""Marks on the axis of time, from their point on."""
WIDTH, HEIGHT, LEFT, BOTTOM = 560, 90, 70, 20
WITHOUT_SAMPLES = Markup(
    '<p class="note">The trace has no samples of connections and buffers. They are recorded when a run is asked for '
    "its report: <code>farhost run --report FILE.html ...</code>, or <code>farhost report</code> on a run that can "
    "be had again.</p>"
)
_HELP = (
    "Each value holds until the next; points are moments at which the trace tells one. A click sets the "
    "cursor; drag zooms, a double click shows all; a click on a name hides its line."
)


def panel(story: Story) -> Panel:
    """The panel."""
    connections = connection_groups(story)
    hosts = host_groups(story)
    parts = [] if story.samples else [WITHOUT_SAMPLES]
    if not connections and not hosts:
        if story.samples:
            parts.append(Markup('<p class="note">No TCP connection, queue or buffer was used in this run.</p>'))
        return Panel("plots", TITLE, Markup("").join(parts))
    kept_hosts = _carried(hosts, MOST_CARRIED // 2)
    kept = _carried(connections, MOST_CARRIED - sum(map(Group.points, kept_hosts)))
    left_out = len(hosts) + len(connections) - len(kept_hosts) - len(kept)
    count = sum(len(plot.series) for group in (*kept, *kept_hosts) for plot in group.plots)
    parts.append(_choosers(kept, kept_hosts, left_out))
    note = '<p class="needs-script note">On the axis of time: R sent again, × lost, ▲ fault.</p>'
    parts.append(Markup(note + '<div class="plots live" data-series="{}"></div>').format(count))
    parts.append(_static([*connections[:1], *_other_end(connections), *hosts]))
    data = {
        "units": {unit: list(shown) for unit, shown in UNITS.items()},
        "connections": [_group_data(group) for group in kept],
        "hosts": [_group_data(group) for group in kept_hosts],
    }
    return Panel("plots", TITLE, Markup("").join(parts), data, _HELP)


def _other_end(connections: Sequence[Group]) -> list[Group]:
    """Of the first connection."""
    if not connections:
        return []
    here, _, there = connections[0].name.partition(">")
    return [group for group in connections if group.name == f"{there}>{here}"]


def _carried(groups: Sequence[Group], room: int) -> list[Group]:
    """As many as so many points are room for."""
    carried = []
    for group in groups:
        room -= group.points()
        if room >= 0:
            carried.append(group)
    return carried


def _choosers(connections: Sequence[Group], hosts: Sequence[Group], left_out: int) -> Markup:
    parts = []
    for kind, label, groups in (("connection", "Connection", connections), ("host", "Host", hosts)):
        if groups:
            options = Markup("").join(
                Markup('<option value="{}">{}</option>').format(number, group.name)
                for number, group in enumerate(groups)
            )
            parts.append(
                Markup('<label>{} <select class="choose" data-kind="{}">{}</select></label> ').format(
                    label, kind, options
                )
            )
    for host in hosts:
        if host.left_out:
            parts.append(
                Markup("<small>{}: {} quieter queues are left out. </small>").format(host.name, host.left_out)
            )
    if left_out:
        parts.append(Markup("<small>{} quieter ones are left out</small>").format(left_out))
    return Markup('<p class="needs-script">{}</p>').format(Markup("").join(parts))


def _group_data(group: Group) -> dict[str, object]:
    """For the script; times as differences in ns."""
    return {
        "name": group.name,
        "lasting": group.lasting,
        "marks": {kind: _differences(times) for kind, times in group.marks.items()},
        "plots": [
            {
                "title": plot.title,
                "unit": plot.unit,
                "series": [[one.label, _differences(one.times), one.values, one.holds] for one in plot.series],
            }
            for plot in group.plots
        ],
    }


def _differences(times: Sequence[int]) -> list[int]:
    return [time_ns - before_ns for before_ns, time_ns in zip([0, *times], times)]


# Static.


class _Span(NamedTuple):
    """The axis of time."""

    start_ns: int
    end_ns: int

    def x(self, time_ns: int) -> float:
        """Where a time is on it."""
        return LEFT + (time_ns - self.start_ns) / (self.end_ns - self.start_ns) * WIDTH


def _static(groups: Sequence[Group]) -> Markup:
    """Small plots on one axis of time, as many as are worth it."""
    spans = [group.span_ns() for group in groups]
    start_ns, end_ns = min(start for start, _ in spans), max(end for _, end in spans)
    span = _Span(start_ns, max(end_ns, start_ns + 1000))
    figures: list[Markup] = []
    for group in groups:
        for plot in group.plots:
            if len(figures) < MOST_STATIC and any(series.times for series in plot.series):
                figures.append(_figure(group, plot, span))
    note = "On the axis of time: a bar: sent again; a cross: lost; a triangle: a fault."
    return Markup('<div class="plots static"><p class="note">{}</p>{}</div>').format(note, Markup("").join(figures))


def _figure(group: Group, plot: Plot, span: _Span) -> Markup:
    divisor, unit = UNITS[plot.unit]
    keys = Markup("").join(
        Markup(
            '<li><svg class="key" width="22" height="8" aria-hidden="true"><path class="line n{}" d="M0 4h22"/></svg>'
            " {}: {}</li>"
        ).format(number, series.label, summary(series, divisor, unit))
        for number, series in enumerate(plot.series)
    )
    return Markup(
        '<figure class="plot" data-plot="{}"><figcaption>{}: <b>{}</b> ({})</figcaption>{}<ul class="legend">{}</ul>'
        "</figure>"
    ).format(plot.title, group.name, plot.title, unit, Markup(_drawing(group, plot, span)), keys)


def summary(series: Series, divisor: int, unit: str) -> str:
    """The lowest, the highest and the last value.

    >>> summary(Series("x", [0, 5, 9], [1024, 4096, 2560]), 1024, "KiB")
    '1 to 4 KiB, last 2.5'
    """
    values = [value for value in series.values if value is not None]
    if not values:
        return "no value"
    low, high, last = (
        f"{value / divisor:.2f}".rstrip("0").rstrip(".") for value in (min(values), max(values), values[-1])
    )
    return f"{low} to {high} {unit}, last {last}"


def _drawing(group: Group, plot: Plot, span: _Span) -> str:
    divisor, unit = UNITS[plot.unit]
    values = [value for series in plot.series for value in series.values if value is not None]
    top = max([*values, divisor]) * 1.05
    parts = []
    for tick, text in ticks(0, top / divisor, 4):
        y = HEIGHT + 4 - tick * divisor / top * HEIGHT
        parts.append(svg.line(LEFT, y, LEFT + WIDTH, y, "grid"))
        parts.append(svg.text(LEFT - 5, y + 4, text, "dim", 'text-anchor="end"'))
    for tick, text in ticks(span.start_ns / 1e9, span.end_ns / 1e9, 6):
        parts.append(svg.text(span.x(round(tick * 1e9)), HEIGHT + BOTTOM, f"{text} s", "dim", 'text-anchor="middle"'))
    for number, series in enumerate(plot.series):
        small = thinned(series, _STATIC_POINTS)
        places = [
            (span.x(time_ns), None if value is None else HEIGHT + 4 - value / top * HEIGHT)
            for time_ns, value in zip(small.times, small.values)
        ]
        if group.lasting and series.holds and places:
            places.append((span.x(span.end_ns), places[-1][1]))
        kind = f"line n{number}" if series.holds else f"points n{number}"
        parts.append(f'<path class="{kind}" d="{_steps(places) if series.holds else _points(places)}"/>')
    for kind, times in group.marks.items():
        places_of_marks = dict.fromkeys(round(span.x(time_ns)) for time_ns in times)
        path = "".join(f"M{x} {HEIGHT + 4}{_SIGNS[kind]}" for x in places_of_marks if LEFT <= x <= LEFT + WIDTH)
        parts.append(f'<path class="moments {kind}" d="{path}"/>')
    label = f"{group.name}: {plot.title}, in {unit}, from {span.start_ns / 1e9:.6f} s to {span.end_ns / 1e9:.6f} s"
    data = f'data-series="{escape("|".join(series.label for series in plot.series))}"'
    return svg.drawing(LEFT + WIDTH + 10, HEIGHT + BOTTOM + 6, "".join(parts), label, "small-plot", data)


def _steps(places: Sequence[tuple[float, float | None]]) -> str:
    """A staircase, interrupted where there is no value."""
    steps: list[str] = []
    drawing = False
    for x, y in places:
        if y is None:
            steps.append(f"H{svg.number(x)}" if drawing else "")
            drawing = False
        else:
            steps.append(f"H{svg.number(x)}V{svg.number(y)}" if drawing else f"M{svg.number(x)} {svg.number(y)}")
            drawing = True
    return "".join(steps)


def _points(places: Sequence[tuple[float, float | None]]) -> str:
    return "".join(f"M{svg.number(x)} {svg.number(y)}h0" for x, y in places if y is not None)
