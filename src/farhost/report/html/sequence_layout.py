"""Where things are in a sequence diagram: columns of hosts, and a time axis with room for every label."""

from itertools import pairwise
from typing import NamedTuple

from farhost.report.html.sequence_parts import Label
from farhost.report.html.sequence_scene import Scene
from farhost.report.story.axis import AxisBuilder, TimeAxis

WIDTH = 1340
"""Of the picture."""
GUTTER = 84
"""At its left, for times."""
LINE = 13
"""From one label's baseline to the next one's."""
LETTER = 6.7
"""How wide one is."""
TOP = 18
_EDGES = (300, 300, 300, 236, 236)
_NARROW = 170
"""At either edge: room for the remarks of the outer hosts, by the number of hosts; of more than these."""
_FLIGHT = 46
"""How far down a packet of the middle sort arrives."""
_LARGEST = 90
"""A pause that needs more room is folded."""
_SMALLEST = 3
_LEAST_FLIGHT_NS = 20_000


class Layout(NamedTuple):
    """A scene's places."""

    xs: list[float]
    """Of the lifelines."""
    rooms: list[int]
    """How many letters fit beside each, on the side of its remarks."""
    places: dict[int, float]
    """Of each moment at which something begins, happens or ends."""
    axis: TimeAxis
    height: float
    flight_ns: int
    """How long a packet takes, as a rule."""


def layout_of(scene: Scene) -> Layout:
    """Find places for all; labels get theirs (`Label.y`)."""
    xs = _columns(len(scene.hosts))
    flight_ns = _flight(scene)
    labels, moments = _moments(scene)
    builder = AxisBuilder(
        scale_per_ms=_FLIGHT * 1_000_000 / flight_ns, smallest=_SMALLEST, largest=_LARGEST, start=TOP
    )
    free: dict[int, float] = {}
    places: dict[int, float] = {}
    place = float(TOP)
    for time_ns in moments:
        found = labels.get(time_ns)
        if found is None:
            places[time_ns] = place = builder.add(time_ns)
            continue
        if len(found) > 1:
            places[time_ns] = place = builder.add(time_ns, max([free.get(label.slot, 0.0) for label in found]))
        else:
            places[time_ns] = place = builder.add(time_ns, free.get(found[0].slot, 0.0))
        for label in found:
            used = free.get(label.slot, 0.0)
            label.y = used if used > place else place
            free[label.slot] = label.y + LINE
    height = max([place, *free.values()]) + TOP
    return Layout(xs, _rooms(xs), places, builder.axis(), height, flight_ns)


def _columns(count: int) -> list[float]:
    if count == 1:
        return [GUTTER + _EDGES[1] + 100.0]
    edge = _EDGES[count] if count < len(_EDGES) else _NARROW
    first, last = GUTTER + edge, WIDTH - edge
    return [first + number * (last - first) / (count - 1) for number in range(count)]


def _rooms(xs: list[float]) -> list[int]:
    rooms = [xs[0] - GUTTER - 12] + [right - left - 16 for left, right in pairwise(xs[1:])]
    if len(xs) > 1:
        rooms.append(WIDTH - xs[-1] - 12)
    return [max(4, int(room / LETTER)) for room in rooms]


def _flight(scene: Scene) -> int:
    """The middle one of the times that packets took between hosts."""
    flights = sorted(
        arrow.journey.arrived_ns - arrow.journey.sent_ns
        for arrow in scene.arrows
        if arrow.journey.arrived_ns is not None and arrow.source != arrow.target
    )
    return max(flights[len(flights) // 2] if flights else 0, _LEAST_FLIGHT_NS)


def _moments(scene: Scene) -> tuple[dict[int, list[Label]], list[int]]:
    """The labels of each moment, and all moments in order."""
    labels: dict[int, list[Label]] = {}
    times = {0}
    for arrow in scene.arrows:
        labels.setdefault(arrow.label.time_ns, []).append(arrow.label)
        if arrow.reason is not None:
            labels.setdefault(arrow.reason.time_ns, []).append(arrow.reason)
        elif arrow.journey.arrived_ns is not None:
            times.add(arrow.journey.arrived_ns)
    for remark in scene.remarks:
        labels.setdefault(remark.label.time_ns, []).append(remark.label)
        times.add(remark.start_ns)
    for span in scene.spans:
        times.update((span.start_ns, span.end_ns))
    times.update(labels)
    return labels, sorted(times)
