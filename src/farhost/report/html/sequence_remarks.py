"""What stands beside the lifelines of a sequence diagram: calls, faults that befell them, programs, signals."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from farhost.network.faults.table import FAULTS
from farhost.report.html.sequence_parts import Columns, Label, Remark
from farhost.report.html.sequence_spans import SPANS
from farhost.report.story.story import Story
from farhost.report.story.words import CALL_NS, short_call
from farhost.report.values import signal_name
from farhost.trace.events import Event, FaultEvent, ProcessEnded, ProcessStarted, SignalSent, SystemCall

_SHOWN = frozenset(
    ("connect", "accept4", "listen", "close", "shutdown", "kill")
    + ("sendto", "recvfrom", "sendmsg", "recvmsg", "read", "write", "readv", "writev")
)
"""Calls that are shown in any case; others where they failed or waited."""
_MERGED = frozenset(["sendto", "recvfrom", "sendmsg", "recvmsg", "read", "write"])
"""Calls of which several alike, one right behind the other, are one remark."""
_MOST_MERGED = 50
_UNSEEN_FAULTS = SPANS | {*FAULTS, "jitter"}
"""Faults that are told at their packets, or are spans."""


class _Calls:
    """Calls that may be one remark: a thread's, alike, with nothing between."""

    __slots__ = ("count", "first", "last", "size")

    def __init__(self, call: SystemCall, size: int) -> None:
        self.first = self.last = call
        self.count = 1
        self.size = size


def remarks_of(story: Story, columns: Columns) -> list[Remark]:
    maker = _RemarkMaker(story, columns)
    takers = maker.takers
    for event in story.events:
        taker = takers.get(type(event))
        if taker is not None:
            taker(event)
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
        self._crowded = _crowded(story) | set(columns.others)
        self.takers: dict[type[Event], Callable[[Any], None]] = {
            SystemCall: self._call,
            FaultEvent: self._fault,
            ProcessStarted: self._started,
            ProcessEnded: self._ended,
            SignalSent: self._signal,
        }

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
        host, time_ns = call.host, call.time_ns
        column = self._columns.of.get(host)
        if column is None:
            return
        if host in self._crowded:
            text = f"{call.process}: {text}"
        start_ns, lane = time_ns, 0
        if call.took_ns > CALL_NS:
            start_ns -= call.took_ns
            lanes = self._lanes.setdefault(host, {})
            lane = lanes.setdefault(call.thread, len(lanes))
        label = Label(time_ns, column, self._columns.side(column), text)
        self.remarks.append(Remark("call error" if call.error else "call", label, call, start_ns, lane))

    def _add(self, kind: str, time_ns: int, host: str, text: str, told: str) -> None:
        column = self._columns.of.get(host)
        if column is not None:
            label = Label(time_ns, column, self._columns.side(column), text)
            self.remarks.append(Remark(kind, label, told, time_ns, 0))

    def _fault(self, fault: FaultEvent) -> None:
        if fault.kind in _UNSEEN_FAULTS:
            return
        for key in [key for key in self._open if key[0] == fault.host]:
            self._tell(self._open.pop(key))
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


def _crowded(story: Story) -> set[str]:
    """Hosts on which more than one program runs at a time: calls there tell whose they are."""
    running: Counter[str] = Counter()
    found = set()
    for event in story.events:
        if type(event) is ProcessStarted:
            running[event.host] += 1
            if running[event.host] > 1:
                found.add(event.host)
        elif type(event) is ProcessEnded:
            running[event.host] -= 1
    return found


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
