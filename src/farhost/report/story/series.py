"""What can be plotted of a run over its time: TCP's variables, buffers, queues. Each value holds until the next.

A connection's end has a `Group` of plots, of the trace's samples; a host has one for its links, listeners and other
buffers. Values are whole numbers in `Plot.unit`; None is no value, as a slow-start threshold that was never set.
"""

import operator
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from typing import NamedTuple

from farhost.report.story.story import Story, Window
from farhost.report.story.tcp_graphs import LOSSES
from farhost.trace.events import BufferDepth, FaultEvent, PacketEvent, QueueDepth, TcpSample
from farhost.wire.packet import FIN, SYN, Packet, TcpSegment

MOST_POINTS = 2000
"""Of a series: longer ones are thinned out, so that what is lowest and highest stays."""
MOST_PLOTS = 24
"""Of a host."""
_PIECE = 4
"""So many points stay of each piece that a series is thinned out by: the first, the lowest, the highest, the last."""
BYTES, NANOSECONDS, PACKETS, CONNECTIONS = "bytes", "ns", "packets", "connections"


class Series(NamedTuple):
    """One line of a plot."""

    label: str
    times: list[int]
    values: list[int | None]
    holds: bool = True
    """Each value until the next; otherwise the trace tells values at some moments only, which are points."""


class Plot(NamedTuple):
    """Lines that share an axis."""

    title: str
    unit: str
    series: tuple[Series, ...]


class Group(NamedTuple):
    """Plots that belong together."""

    name: str
    """A connection, from this end, or a host."""
    plots: tuple[Plot, ...]
    marks: Mapping[str, list[int]]
    """Moments worth a mark on the axis of time: `R` retransmissions, `lost` packets, `fault` of any other sort."""
    left_out: int = 0
    """How many plots it has no room for: those of the queues that changed the least."""
    lasting: bool = False
    """Whether the last values hold to the end of the run; a connection's end where the connection does."""

    def points(self) -> int:
        """How many it has in all."""
        return sum(len(series.times) for plot in self.plots for series in plot.series)

    def span_ns(self) -> tuple[int, int]:
        """From its first point to its last."""
        times = [series.times for plot in self.plots for series in plot.series if series.times]
        return min((one[0] for one in times), default=0), max((one[-1] for one in times), default=0)


_TCP_PLOTS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Congestion",
        BYTES,
        (
            ("congestion window", "congestion_window"),
            ("slow-start threshold", "slow_start_threshold"),
            ("in flight", "in_flight"),
        ),
    ),
    ("Round trip", NANOSECONDS, (("smoothed RTT", "smoothed_rtt_ns"),)),
    ("Retransmission timeout", NANOSECONDS, (("RTO", "rto_ns"),)),
    (
        "Send buffer",
        BYTES,
        (("Send-Q", "send_queue"), ("limit", "send_limit"), ("peer's window", "send_window")),
    ),
    (
        "Receive buffer",
        BYTES,
        (("Recv-Q", "receive_queue"), ("limit", "receive_limit"), ("window told", "receive_window")),
    ),
)
_UNSET = {"slow_start_threshold": -1, "smoothed_rtt_ns": 0}
"""What stands for no value yet."""
KIB = 1024
_IN_SIGHT = 8
"""A limit that is more than so many times the highest depth would leave nothing to be seen of that."""
_GROWING = ("link ", "syn ")
"""Queues whose depth the trace tells when something joins them, and not when it leaves."""


def connection_groups(story: Story) -> list[Group]:
    """The ends of TCP connections: those with most trouble in the window first, of the like those with most samples,
    and last those that were never established."""
    samples: dict[str, list[TcpSample]] = {}
    for sample in story.samples:
        if type(sample) is TcpSample:
            samples.setdefault(sample.connection, []).append(sample)
    marks = _connection_marks(story)
    troubles = {name: _troubles(marks.get(name, {}), story.window) for name in samples}

    def rank(name: str) -> tuple[bool, int, int, str, int, str]:
        here, _, there = name.partition(">")
        other = f"{there}>{here}"
        trouble = troubles[name] + troubles.get(other, 0)
        count = len(samples[name]) + len(samples.get(other, ()))
        most_in_flight = max(sample.in_flight for sample in samples[name])
        established = samples[name][-1].smoothed_rtt_ns > 0
        return not established, -trouble, -count, min(name, other), -most_in_flight, name

    return [Group(name, _tcp_plots(samples[name]), marks.get(name, {})) for name in sorted(samples, key=rank)]


def _troubles(marks: Mapping[str, list[int]], window: Window) -> int:
    """How many there are in a window."""
    return sum(window.start_ns <= time_ns <= window.end_ns for times in marks.values() for time_ns in times)


def host_groups(story: Story) -> list[Group]:
    """The queues of each host that has some: links, listeners, and buffers of sockets that are not TCP's."""
    queues: dict[str, dict[str, list[QueueDepth | BufferDepth]]] = {}
    faults: list[int] = []
    for event in story.events:
        kind = type(event)
        if kind is QueueDepth:
            queues.setdefault(event.host, {}).setdefault(event.queue, []).append(event)  # type: ignore[union-attr, arg-type]
        elif kind is FaultEvent:
            faults.append(event.time_ns)
    for sample in story.samples:
        if type(sample) is BufferDepth:
            queues.setdefault(sample.host, {}).setdefault(sample.buffer, []).append(sample)
    order = [*story.hosts(), *queues]
    marks = {"fault": thinned_moments(faults)}
    return [_host_group(host, queues[host], marks) for host in sorted(queues, key=order.index)]


def _host_group(
    host: str, queues: Mapping[str, Sequence[QueueDepth | BufferDepth]], marks: Mapping[str, list[int]]
) -> Group:
    busy = sorted(queues, key=lambda name: len(queues[name]), reverse=True)[:MOST_PLOTS]
    plots = tuple(_queue_plot(name, queues[name]) for name in queues if name in busy)
    return Group(host, plots, marks, len(queues) - len(plots), lasting=True)


def thinned(series: Series, most: int = MOST_POINTS) -> Series:
    """At most so many of its points, the lowest and highest of each piece among them.

    >>> thinned(Series("x", list(range(10)), [0, 1, 9, 2, 3, 4, 5, -7, 6, 6]), 4)
    Series(label='x', times=[0, 2, 7, 9], values=[0, 9, -7, 6], holds=True)
    """
    label, times, values, holds = series
    if len(times) <= most:
        return series
    piece = -(-len(times) * _PIECE // most)
    kept: list[int] = []
    for start in range(0, len(times), piece):
        numbers = range(start, min(start + piece, len(times)))
        having = [number for number in numbers if values[number] is not None] or [start]
        low = min(having, key=lambda number: values[number] or 0)
        high = max(having, key=lambda number: values[number] or 0)
        kept += sorted({numbers[0], low, high, numbers[-1]})
    return Series(label, [times[number] for number in kept], [values[number] for number in kept], holds)


def thinned_moments(times: Sequence[int], most: int = MOST_POINTS) -> list[int]:
    """Moments in order, each once, and of those that lie close together one, if there are too many."""
    moments = sorted(set(times))
    if len(moments) <= most:
        return moments
    gap = (moments[-1] - moments[0]) // most
    kept = [moments[0]]
    for moment in moments:
        if moment - kept[-1] > gap:
            kept.append(moment)
    return kept


def _tcp_plots(samples: Sequence[TcpSample]) -> tuple[Plot, ...]:
    columns: dict[str, tuple[int, ...]] = dict(zip(TcpSample._fields, zip(*samples)))
    plots = []
    for title, unit, lines in _TCP_PLOTS:
        series = [_changes(label, columns["time_ns"], columns[field], _UNSET.get(field)) for label, field in lines]
        plots.append(Plot(title, unit, tuple(thinned(one) for one in series)))
    return tuple(plots)


def _changes(label: str, times: Sequence[int], values: Sequence[int], unset: int | None = None) -> Series:
    """Where it changed, and the last, which is where it ends; `unset`: what stands for no value."""
    moved = [True, *map(operator.ne, values[1:], values)]
    moved[-1] = True
    kept = [None if value == unset else value for value in compress(values, moved)]
    return Series(label, list(compress(times, moved)), kept)


def _queue_plot(name: str, depths: Sequence[QueueDepth | BufferDepth]) -> Plot:
    times, values = [one.time_ns for one in depths], [one.depth for one in depths]
    if type(depths[0]) is BufferDepth:
        return _buffer_plot(name, times, values, [one.limit for one in depths])
    unit = PACKETS if name.startswith("link ") else CONNECTIONS
    most = depths[-1].limit
    if name.startswith(_GROWING):
        series = Series("depth when one joins", times, list(values), holds=False)
    else:
        series = _changes("depth", times, values)
    return Plot(f"{name} (limit {most})", unit, (thinned(series),))


def _buffer_plot(name: str, times: Sequence[int], values: Sequence[int], limits: Sequence[int]) -> Plot:
    """With the limit as a line where it is in sight, and in words anyhow."""
    depth = thinned(_changes("depth", times, values))
    most = max(limits)
    title = f"{name} (limit {most / KIB:g} KiB)"
    if max(values) * _IN_SIGHT < most:
        return Plot(title, BYTES, (depth,))
    # A buffer that is gone has no limit any more.
    told = [(time_ns, limit) for time_ns, limit in zip(times, limits) if limit]
    limit = _changes("limit", [time_ns for time_ns, _ in told], [limit for _, limit in told])
    return Plot(title, BYTES, (depth, thinned(limit)))


def _connection_marks(story: Story) -> dict[str, dict[str, list[int]]]:
    """By connection's end: when it sent again, and when packets of its were lost."""
    found: dict[str, dict[str, list[int]]] = {}
    for event in story.events:
        if type(event) is not PacketEvent or type(event.packet) is not Packet:
            continue
        packet = event.packet
        if type(packet.body) is not TcpSegment:
            continue
        if event.action in LOSSES:
            found.setdefault(packet.flow.name, {}).setdefault("lost", []).append(event.time_ns)
        elif event.action == "sent" and packet.ordinal > 1 and _carries(packet.body):
            found.setdefault(packet.flow.name, {}).setdefault("R", []).append(event.time_ns)
    return {name: _in_order(kinds.items()) for name, kinds in found.items()}


def _in_order(kinds: Iterable[tuple[str, list[int]]]) -> dict[str, list[int]]:
    return {kind: thinned_moments(times) for kind, times in sorted(kinds)}


def _carries(segment: TcpSegment) -> bool:
    """Whether it is acknowledged, so that sending it again is a retransmission (nstat(8)'s RetransSegs)."""
    return bool(segment.payload or segment.flags & (SYN | FIN))
