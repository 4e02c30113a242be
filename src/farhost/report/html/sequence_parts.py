"""The parts of a sequence diagram, before anybody knows where on the paper they are."""

from collections import Counter
from typing import NamedTuple

from farhost.report.story.journeys import Journey
from farhost.report.story.story import Story
from farhost.trace.events import SystemCall

MOST_HOSTS = 8
"""Columns; where there are more hosts, those with the most events in the window have one, and the others share the
last."""
OTHERS = "other hosts"


class Label:
    """Words that need a line of their own beside a lifeline."""

    __slots__ = ("column", "side", "slot", "text", "time_ns", "y")

    def __init__(self, time_ns: int, column: int, side: int, text: str) -> None:
        self.time_ns = time_ns
        self.column = column
        self.side = side
        """-1: to the left of the lifeline, 1: to the right."""
        self.slot = 2 * column + (side > 0)
        """Labels of one slot stand one below the other."""
        self.text = text
        self.y = 0.0


class Arrow(NamedTuple):
    """A packet's way."""

    journey: Journey
    source: int
    """Columns; -1: nowhere."""
    target: int
    kind: str
    label: Label
    reason: Label | None
    """Why its receiver refused it."""


class Remark(NamedTuple):
    """Something that a host did."""

    kind: str
    """Classes: `call`, `call error`, `fault`, `process`, `signal`."""
    label: Label
    told: str | SystemCall
    """All of it: in words, or the call."""
    start_ns: int
    """Of a call that waited: since when; else the label's time."""
    lane: int
    """Which of the threads of its host it was."""


class Span(NamedTuple):
    """Something that lasted."""

    kind: str
    """partition, crash, pause."""
    start_ns: int
    end_ns: int
    first: int
    last: int
    """Between which columns, or the same twice."""
    text: str


class Columns:
    """Which host has which column."""

    def __init__(self, story: Story) -> None:
        hosts = story.hosts()
        self.others: list[str] = []
        if len(hosts) > MOST_HOSTS:
            window = story.events[story.window.first : story.window.end]
            busy = Counter(event.host for event in window)
            rank = {host: number for number, host in enumerate(hosts)}
            chosen = sorted(hosts, key=lambda host: (-busy[host], rank[host]))[: MOST_HOSTS - 1]
            self.others = [host for host in hosts if host not in chosen]
            hosts = [host for host in hosts if host in chosen]
        hosts = _neighbours(hosts, story)
        self.names = hosts + ([OTHERS] if self.others else [])
        self.of = {host: number for number, host in enumerate(hosts)}
        for host in self.others:
            self.of[host] = len(hosts)

    def side(self, column: int) -> int:
        """On which side of a lifeline its remarks stand: away from the others, where that can be."""
        return -1 if column == 0 else 1


def _neighbours(hosts: list[str], story: Story) -> list[str]:
    """The hosts in another order, if arrows become shorter: a router stands between those that it joins."""
    if len(hosts) < 3:
        return hosts
    pairs = Counter((journey.source, journey.target) for journey in story.journeys)
    known = set(hosts)
    weights = [(one, other, count) for (one, other), count in pairs.items() if one in known and other in known]
    best, least = hosts, _length(hosts, weights)
    improved = True
    while improved:
        improved = False
        for number in reversed(range(len(hosts))):
            rest = best[:number] + best[number + 1 :]
            for place in range(len(hosts)):
                tried = [*rest[:place], best[number], *rest[place:]]
                length = _length(tried, weights)
                if length < least:
                    best, least, improved = tried, length, True
                    break
    return best


def _length(hosts: list[str], weights: list[tuple[str, str, int]]) -> int:
    """Of all arrows together, in columns."""
    column = {host: number for number, host in enumerate(hosts)}
    return sum(count * abs(column[one] - column[other]) for one, other, count in weights)
