"""A recorded run as panels read it: its events, its samples, and the window around what matters."""

from collections.abc import Sequence
from ipaddress import ip_interface
from typing import NamedTuple

from farhost.report.recording.facts import RunFacts
from farhost.report.recording.store import RecordedRun
from farhost.report.story.journeys import Journey, journeys_of
from farhost.trace.events import SAMPLE_CLASSES, Event, FaultEvent, PacketEvent, ProcessEnded, Sample

MOST_SHOWN = 400
"""Events of the window that a page shows before anybody scrolls; a run with fewer is shown whole."""
_AFTER = 40
"""So many of them are after the moment that matters."""
_SAMPLES = frozenset(SAMPLE_CLASSES)


class Window(NamedTuple):
    """A part of the events, `events[first:end]`."""

    first: int
    end: int
    start_ns: int
    end_ns: int
    """The times of its first and of its last event."""
    hidden_before: int
    """Events that are not shown: before it, those that were never kept among them, and after it."""
    hidden_after: int


class Story(NamedTuple):
    """What panels are made of."""

    facts: RunFacts
    events: Sequence[Event]
    """Without samples."""
    samples: Sequence[Sample]
    window: Window
    journeys: Sequence[Journey]
    """The ways of all packets."""
    moment_ns: int
    """When it happened: the failure, or the last fault, or the end. The cursor stands there at first."""

    def hosts(self) -> list[str]:
        """`RecordedRun.hosts`."""
        return RecordedRun(self.facts, self.events).hosts()


def story_of(run: RecordedRun, most_shown: int = MOST_SHOWN) -> Story:
    """The story of a run."""
    events: list[Event] = []
    samples: list[Sample] = []
    for event in run.events:
        if type(event) in _SAMPLES:
            samples.append(event)  # type: ignore[arg-type]
        else:
            events.append(event)
    moment = _moment(run.facts, events)
    window = _window(events, moment, most_shown, run.facts.forgotten)
    journeys = journeys_of(events, *_addresses(run.facts))
    return Story(run.facts, events, samples, window, journeys, events[moment].time_ns if events else 0)


def _addresses(facts: RunFacts) -> tuple[dict[bytes, str], list[bytes]]:
    """Which host has each address, and the addresses of broadcasts."""
    hosts: dict[bytes, str] = {}
    groups = []
    for host in facts.hosts:
        for interface in host.interfaces:
            for address, length in interface.addresses:
                known = ip_interface(f"{address}/{length}")
                hosts[known.packed] = host.name
                if known.version == 4 and length < 31:
                    groups.append(known.network.broadcast_address.packed)
    return hosts, groups


def _moment(facts: RunFacts, events: Sequence[Event]) -> int:
    """Which event matters: the first end of a program that failed; else the last fault; else the last event."""
    if not facts.ok:
        asked = {(process.host, process.name) for process in facts.processes if process.ended_by}
        # Children end as they like: that is their parent's business.
        programs = {(process.host, process.name) for process in facts.processes}
        for number, event in enumerate(events):
            if type(event) is ProcessEnded and event.status:
                who = (event.host, event.process)
                if who not in asked and (who in programs or not programs):
                    return number
    for number in range(len(events) - 1, -1, -1):
        event = events[number]
        # A host that has no such socket refuses a packet in every run that tries IPv6 first.
        dropped = type(event) is PacketEvent and event.action == "dropped" and event.reason != "no-socket"
        if type(event) is FaultEvent or dropped:
            return number
    return max(0, len(events) - 1)


def _window(events: Sequence[Event], moment: int, most: int, forgotten: int) -> Window:
    count = len(events)
    if count <= most:
        first, end = 0, count
    else:
        end = min(count, moment + min(_AFTER, most // 2) + 1)
        first = max(0, end - most)
        end = min(count, first + most)
    if not count:
        return Window(0, 0, 0, 0, forgotten, 0)
    return Window(first, end, events[first].time_ns, events[end - 1].time_ns, first + forgotten, count - end)
