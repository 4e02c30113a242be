"""What a sequence diagram shows, before anybody knows where on the paper: arrows, remarks beside lifelines, spans."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from farhost.network.faults.fault_words import duration_words
from farhost.network.faults.table import FAULTS
from farhost.report.story.journeys import Journey
from farhost.report.story.story import Story
from farhost.report.story.words import CALL_NS, PacketWords, short_call
from farhost.report.values import signal_name
from farhost.trace.events import (
    Event,
    FaultEvent,
    ProcessEnded,
    ProcessStarted,
    SignalSent,
    SystemCall,
)

MOST_HOSTS = 8
"""Columns; where there are more hosts, the others share the last one."""
OTHERS = "other hosts"
_SHOWN = frozenset(
    ("connect", "accept4", "listen", "close", "shutdown", "kill")
    + ("sendto", "recvfrom", "sendmsg", "recvmsg", "read", "write", "readv", "writev")
)
"""Calls that are shown in any case; others where they failed or waited."""
_MERGED = frozenset(["sendto", "recvfrom", "sendmsg", "recvmsg", "read", "write"])
"""Calls of which several alike, one right behind the other, are one remark."""
_MOST_MERGED = 50
_UNSEEN_FAULTS = frozenset({*FAULTS, "jitter", "crash", "boot", "partition", "partition-one-way", "pause"})
"""Faults that are told at their packets, or are spans."""
_MILLISECOND_NS = 1_000_000


class Label:
    """Words that need a line of their own beside a lifeline."""

    __slots__ = ("column", "side", "text", "time_ns", "y")

    def __init__(self, time_ns: int, column: int, side: int, text: str) -> None:
        self.time_ns = time_ns
        self.column = column
        self.side = side
        """-1: to the left of the lifeline, 1: to the right."""
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


class Scene(NamedTuple):
    """All of it."""

    hosts: list[str]
    """The columns."""
    words: PacketWords
    others: list[str]
    """Hosts that share the last column."""
    arrows: list[Arrow]
    remarks: list[Remark]
    spans: list[Span]


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
        self.names = hosts + ([OTHERS] if self.others else [])
        self.of = {host: number for number, host in enumerate(hosts)}
        for host in self.others:
            self.of[host] = len(hosts)

    def side(self, column: int) -> int:
        """On which side of a lifeline its remarks stand: away from the others, where that can be."""
        return -1 if column == 0 else 1


def scene_of(story: Story) -> Scene:
    """What is to be drawn of a story."""
    columns = Columns(story)
    words = PacketWords(story.journeys)
    arrows = _arrows(story.journeys, columns, words)
    remarks = _remarks(story, columns)
    return Scene(columns.names, words, columns.others, arrows, remarks, _spans(story, columns))


def _arrows(journeys: Sequence[Journey], columns: Columns, words: PacketWords) -> list[Arrow]:
    find = columns.of.get
    arrows = []
    for journey in journeys:
        source, target = find(journey.source, -1), find(journey.target, -1)
        if source == target and (source < 0 or journey.source != journey.target):
            continue
        at = source if source >= 0 else target
        if source < 0:
            side = columns.side(at)
        elif target < 0 or target == source:
            side = 1 if source < len(columns.names) - 1 else -1
        else:
            side = 1 if target > source else -1
        label = Label(journey.sent_ns, at, side, words.short(journey))
        reason = None
        if journey.fate == "refused" and source != target and journey.ended_ns is not None:
            reason = Label(journey.ended_ns, target, -side, journey.reason)
        arrows.append(Arrow(journey, source, target, words.kind(journey.packet), label, reason))
    return arrows


class _Calls:
    """Calls that may be one remark: a thread's, alike, with nothing between."""

    __slots__ = ("count", "first", "last", "size")

    def __init__(self, call: SystemCall, size: int) -> None:
        self.first = self.last = call
        self.count = 1
        self.size = size


def _remarks(story: Story, columns: Columns) -> list[Remark]:
    maker = _RemarkMaker(story, columns)
    for event in story.events:
        maker.take(event)
    maker.finish()
    maker.remarks.sort(key=lambda remark: remark.label.time_ns)
    return maker.remarks


class _RemarkMaker:
    """Makes remarks of events."""

    def __init__(self, story: Story, columns: Columns) -> None:
        self.remarks: list[Remark] = []
        self._columns = columns
        self._open: dict[tuple[str, int], _Calls] = {}
        self._lanes: dict[str, dict[int, int]] = {}
        started = Counter(event.host for event in story.events if type(event) is ProcessStarted)
        self._crowded = {host for host, count in started.items() if count > 1} | set(columns.others)
        self._takers: dict[type[Event], Callable[[Any], None]] = {
            SystemCall: self._call,
            FaultEvent: self._fault,
            ProcessStarted: self._started,
            ProcessEnded: self._ended,
            SignalSent: self._signal,
        }

    def take(self, event: Event) -> None:
        """One event."""
        taker = self._takers.get(type(event))
        if taker is not None:
            taker(event)

    def finish(self) -> None:
        """There are no more."""
        for calls in self._open.values():
            self._tell(calls)
        self._open.clear()

    def _call(self, call: SystemCall) -> None:
        name = call.name
        waited = call.took_ns > CALL_NS
        if (name not in _SHOWN and not waited and not call.error) or name == "exit":
            return
        key = call.host, call.thread
        before = self._open.get(key)
        size = _size_of(call)
        if size and not waited and not call.error and name in _MERGED:
            if before is not None and _goes_on(before, call):
                before.last = call
                before.count += 1
                before.size += size
                return
            if before is not None:
                self._tell(before)
            self._open[key] = _Calls(call, size)
            return
        if before is not None:
            self._tell(before)
            del self._open[key]
        self._tell(_Calls(call, size))

    def _tell(self, calls: _Calls) -> None:
        call = calls.first
        text = short_call(call)
        if calls.count > 1:
            text = f"{text.partition(',')[0].partition(' =')[0].rstrip(')')}) ×{calls.count} = {calls.size} B"
        if call.host in self._crowded:
            text = f"{call.process}: {text}"
        lanes = self._lanes.setdefault(call.host, {})
        lane = lanes.setdefault(call.thread, len(lanes))
        kind = "call error" if call.error else "call"
        self._add(kind, call.time_ns, call.host, text, call, call.time_ns - call.took_ns, lane)

    def _add(
        self, kind: str, time_ns: int, host: str, text: str, told: str | SystemCall, start_ns: int = -1, lane: int = 0
    ) -> None:
        column = self._columns.of.get(host, -1)
        if column >= 0:
            label = Label(time_ns, column, self._columns.side(column), text)
            since_ns = start_ns if start_ns >= 0 and time_ns - start_ns > CALL_NS else time_ns
            self.remarks.append(Remark(kind, label, told, since_ns, lane))

    def _fault(self, fault: FaultEvent) -> None:
        if fault.kind in _UNSEEN_FAULTS:
            return
        size = f" {fault.amount}" if fault.amount > 1 else ""
        self._add("fault", fault.time_ns, fault.host, f"↯ {fault.kind}{size}", f"fault {fault.kind}: {fault.place}")

    def _started(self, event: ProcessStarted) -> None:
        title = f"{event.process} starts, pid {event.pid}: {' '.join(event.arguments)}"
        self._add("process", event.time_ns, event.host, f"▶ {event.process}", title)

    def _ended(self, event: ProcessEnded) -> None:
        status = event.status
        how = f"exits {status}" if status >= 0 else f"killed by {signal_name(-status)}"
        text = f"{'✗' if status else '■'} {event.process} {how}"
        self._add("process ended" if status else "process", event.time_ns, event.host, text, text[2:])

    def _signal(self, event: SignalSent) -> None:
        text = f"{signal_name(event.signal)} to {event.process}: {event.outcome}"
        self._add("signal", event.time_ns, event.host, text, text)


def _goes_on(before: _Calls, call: SystemCall) -> bool:
    """Whether a call is more of the same."""
    first = before.first
    return (
        before.count < _MOST_MERGED
        and first.name == call.name
        and first.arguments[0] == call.arguments[0]
        and call.time_ns - before.last.time_ns < 100 * CALL_NS
    )


def _size_of(call: SystemCall) -> int:
    """How many bytes a call moved; 0 if that is not what it is for."""
    result = call.result
    if type(result) is int:
        return result
    data = getattr(result, "data", None)
    return len(data) if type(data) is bytes else 0


def _spans(story: Story, columns: Columns) -> list[Span]:
    """What lasted: links that were cut, hosts without power, programs that were stopped."""
    end_ns = max((event.time_ns for event in story.events[-1:]), default=0)
    spans: list[Span] = []
    off: dict[str, int] = {}
    stopped: dict[tuple[str, str], int] = {}
    cut: dict[str, int] = {}
    for event in story.events:
        if type(event) is FaultEvent:
            if event.kind in ("partition", "partition-one-way"):
                ends_ns = event.time_ns + event.amount * _MILLISECOND_NS
                spans += _cut(columns, event.place.rpartition(" at ")[0], event.time_ns, min(ends_ns, end_ns))
            elif event.kind == "cut":
                cut.setdefault(event.place, event.time_ns)
            elif event.kind == "mend" and event.place in cut:
                spans += _cut(columns, event.place, cut.pop(event.place), event.time_ns)
            elif event.kind == "crash":
                off[event.host] = event.time_ns
            elif event.kind == "boot" and event.host in off:
                spans += _on_host(columns, "crash", event.host, off.pop(event.host), event.time_ns, "no power")
        elif type(event) is SignalSent:
            key = event.host, event.process
            if event.outcome == "stopped":
                stopped.setdefault(key, event.time_ns)
            elif key in stopped and signal_name(event.signal) in ("SIGCONT", "SIGKILL"):
                began_ns = stopped.pop(key)
                spans += _on_host(columns, "pause", event.host, began_ns, event.time_ns, f"{event.process} stopped")
    for place, began_ns in cut.items():
        spans += _cut(columns, place, began_ns, end_ns)
    for host, began_ns in off.items():
        spans += _on_host(columns, "crash", host, began_ns, end_ns, "no power")
    for (host, process), began_ns in stopped.items():
        spans += _on_host(columns, "pause", host, began_ns, end_ns, f"{process} stopped")
    return spans


def _cut(columns: Columns, link: str, start_ns: int, end_ns: int) -> Iterable[Span]:
    """A link without traffic: `a-b`, `a>b`, or with its segment before: `lan a-b`."""
    words = link.rpartition(" ")[2]
    for mark in (">", "-"):
        for place in range(len(words)):
            if words[place] == mark and words[:place] in columns.of and words[place + 1 :] in columns.of:
                one, other = columns.of[words[:place]], columns.of[words[place + 1 :]]
                span = duration_words(end_ns - start_ns)
                return [
                    Span("partition", start_ns, end_ns, min(one, other), max(one, other), f"{words} cut for {span}")
                ]
    return []


def _on_host(columns: Columns, kind: str, host: str, start_ns: int, end_ns: int, words: str) -> Iterable[Span]:
    column = columns.of.get(host)
    if column is None:
        return []
    return [Span(kind, start_ns, end_ns, column, column, f"{words} for {duration_words(end_ns - start_ns)}")]
