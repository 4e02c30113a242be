"""The picture of lanes in parts, side by side: which spans and marks are in which, and which lanes are shown."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from farhost.report.story.lanes import Lane, Mark, Span
from farhost.report.story.story import Story

MOST_LANES = 10
"""Which are shown at once; the rest can be opened."""


class Items(NamedTuple):
    """What is drawn of one lane in one part."""

    who: str
    spans: list[Span]
    marks: list[Mark]


class Part(NamedTuple):
    """A stretch of time, with what each lane has in it."""

    start_ns: int
    end_ns: int
    lanes: list[Items]


def choose(lanes: Sequence[Lane], story: Story) -> tuple[list[Lane], list[Lane]]:
    """The lanes that are shown and the rest, each in their order: the first are of processes that failed, then those
    that did something in the window."""
    if len(lanes) <= MOST_LANES:
        return list(lanes), []
    failed = {(lane.host, lane.process) for lane in lanes for mark in lane.marks if mark.kind == "failed"}
    start_ns, end_ns, moment_ns = story.window.start_ns, story.window.end_ns, story.moment_ns

    def rank(number: int) -> tuple[bool, bool, int, int]:
        lane = lanes[number]
        spans = lane.spans
        found = bisect_left(spans, moment_ns, key=_end_of)
        # A span near the moment on either side.
        distance = min(
            (abs(span.end_ns - moment_ns) for span in spans[max(0, found - 1) : found + 1]), default=1 << 62
        )
        busy = any(start_ns <= mark.time_ns <= end_ns for mark in lane.marks) or bool(
            spans and spans[0].start_ns <= end_ns and spans[-1].end_ns >= start_ns
        )
        return (lane.host, lane.process) not in failed, not busy, distance, number

    best = set(sorted(range(len(lanes)), key=rank)[:MOST_LANES])
    shown = [lane for number, lane in enumerate(lanes) if number in best]
    return shown, [lane for number, lane in enumerate(lanes) if number not in best]


def bounds_of(story: Story) -> tuple[list[int], int]:
    """Where parts begin, in ns, and which of them is the window. Each has as many events as the window, or fewer."""
    events, window = story.events, story.window
    size = max(1, window.end - window.first)
    firsts = [*range(window.first % size, window.first, size), window.first, *range(window.end, len(events), size)]
    if firsts[0]:
        firsts.insert(0, 0)
    bounds = [events[first].time_ns for first in firsts]
    if not story.facts.forgotten:
        # The first call began before its event.
        bounds[0] = 0
    return bounds, firsts.index(window.first)


def part_of(lanes: Sequence[Lane], start_ns: int, end_ns: int) -> Part:
    """One stretch of time."""
    found = []
    for lane in lanes:
        first = bisect_left(lane.spans, start_ns, key=_end_of)
        last = bisect_right(lane.spans, end_ns, key=_start_of)
        marks = [mark for mark in lane.marks if start_ns <= mark.time_ns <= end_ns]
        found.append(Items(lane.name, lane.spans[first:last], marks))
    return Part(start_ns, end_ns, found)


def parts_of(lanes: Sequence[Lane], bounds: Sequence[int], end_ns: int) -> list[Part]:
    """All parts. What is in two of them is in the lists of both."""
    ends = [*bounds[1:], end_ns]
    parts = [
        Part(start_ns, stop_ns, [Items(lane.name, [], []) for lane in lanes])
        for start_ns, stop_ns in zip(bounds, ends)
    ]
    last = len(parts) - 1
    for number, lane in enumerate(lanes):
        at = 0
        for span in lane.spans:
            # Spans of a thread follow one another.
            while at < last and span.start_ns >= ends[at]:
                at += 1
            parts[at].lanes[number].spans.append(span)
            more = at
            while more < last and span.end_ns > ends[more]:
                more += 1
                parts[more].lanes[number].spans.append(span)
        for mark in lane.marks:
            parts[min(last, max(0, bisect_right(bounds, mark.time_ns) - 1))].lanes[number].marks.append(mark)
    return parts


def _start_of(span: Span) -> int:
    return span.start_ns


def _end_of(span: Span) -> int:
    return span.end_ns
