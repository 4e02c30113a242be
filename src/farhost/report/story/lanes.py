"""What each thread did, as lanes: its calls with the parts in which they waited, and what befell it and its process.

The trace says when a call returned, how long it took, and when its thread was woken. A wait of a thread outside its
system calls is one of Python's own: a lock, a join, a condition. When that began the trace does not say; it is drawn
from the end of what the thread did before, which is early by the time that the program computed: none, as a rule,
since computing takes no virtual time.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from farhost.network.faults.table import FAULTS
from farhost.programs.timed_faults.table import TIMED_FAULTS
from farhost.report.recording.facts import ProcessFacts
from farhost.report.story.story import Story
from farhost.report.values import signal_name
from farhost.trace.events import (
    Event,
    FaultEvent,
    Output,
    ProcessEnded,
    ProcessStarted,
    SignalSent,
    SystemCall,
    Wake,
)

NETWORK = "network"
OWN_WAIT = "waits for a lock or a thread"
_WAIT = re.compile(r" waits in (\w+)\(.* since (\d+)\.(\d{6}) s(?: at |, )")
"""`farhost.report.summary.waiting_words`; "at" stood in runs that were kept before."""
_THREAD = re.compile(r"([^/ ]+)/(.+?)(?: boot \d+)? thread (\d+) ")
"""The place of a fault of one thread (`farhost.programs.call_faults.striking`): the main thread is 1."""


class Span(NamedTuple):
    """A call, or a wait outside any call, or a call that never returned."""

    start_ns: int
    end_ns: int
    woken_ns: int
    """Until when it waited: the start if it did not."""
    wakes: tuple[tuple[int, str], ...]
    """When its thread was woken, and why."""
    call: SystemCall | None
    words: str = ""
    """What it was, where there is no call."""
    label: str = ""
    """The same, short."""


class Mark(NamedTuple):
    """Something at one moment of a lane."""

    time_ns: int
    kind: str
    """start, end, failed, signal, fault, stdout or stderr."""
    words: str
    data: bytes = b""
    """Of an output."""


class Lane:
    """One thread."""

    __slots__ = ("host", "is_main", "marks", "parent", "pid", "process", "seen_ns", "spans", "thread")

    def __init__(self, host: str, process: str, thread: int, pid: int, start_ns: int) -> None:
        self.host = host
        self.process = process
        self.thread = thread
        self.pid = pid
        self.is_main = thread == pid
        self.parent = ""
        """Whose child its process is; empty for a program of the run."""
        self.spans: list[Span] = []
        self.marks: list[Mark] = []
        self.seen_ns = start_ns
        """Until when it is known what it did."""

    @property
    def name(self) -> str:
        """Who it is, for people."""
        who = self.process if self.host in ("", self.process) else f"{self.process} on {self.host}"
        return who if self.is_main else f"{who}, thread {self.thread}"


class _Reader:
    """Takes the events in their order."""

    def __init__(self, story: Story) -> None:
        self._programs = {(process.host, process.name) for process in story.facts.processes}
        self._start_ns = story.events[0].time_ns if story.events else 0
        self._pids: dict[tuple[str, str], int] = {}
        self._wakes: dict[tuple[str, str, int], list[tuple[int, str]]] = {}
        self._faults: dict[str, list[FaultEvent]] = {}
        """Of calls, by host, whose thread is not said: they belong to the call that returns next."""
        self._thread_faults: list[FaultEvent] = []
        self._timed_faults: list[FaultEvent] = []
        self._last_lines = {
            (process.host, process.name): process.traceback.rstrip().rpartition("\n")[2]
            for process in story.facts.processes
            if process.traceback
        }
        self.lanes: dict[tuple[str, str, int], Lane] = {}
        self.common = Lane("", NETWORK, 0, 0, self._start_ns)
        """What befell no thread that is known."""

    def take(self, event: Event) -> None:
        match event:
            case SystemCall():
                self._call(event)
            case Wake():
                key = (event.host, event.process, event.thread)
                self._wakes.setdefault(key, []).append((event.time_ns, event.cause))
            case Output(time_ns, host, process, stream, data):
                mark = Mark(time_ns, "stdout" if stream == 1 else "stderr", "", data)
                self._main(host, process).marks.append(mark)
            case FaultEvent():
                if event.kind in FAULTS:
                    pass  # It befell a packet.
                elif event.kind in TIMED_FAULTS:
                    self._timed_faults.append(event)
                elif _THREAD.match(event.place):
                    self._thread_faults.append(event)
                else:
                    self._faults.setdefault(event.host, []).append(event)
            case ProcessStarted() | ProcessEnded() | SignalSent():
                self._process(event)

    def _call(self, call: SystemCall) -> None:
        key = (call.host, call.process, call.thread)
        lane = self._lane(key)
        start_ns = call.time_ns - call.took_ns
        wakes = self._wakes.pop(key, None)
        if wakes is None:
            lane.spans.append(Span(start_ns, call.time_ns, start_ns, (), call))
        else:
            self._waited(lane, [wake for wake in wakes if wake[0] < start_ns])
            own = tuple(wake for wake in wakes if wake[0] >= start_ns)
            lane.spans.append(Span(start_ns, call.time_ns, own[-1][0] if own else start_ns, own, call))
        lane.seen_ns = call.time_ns
        if call.host in self._faults:
            lane.marks += map(_fault_mark, self._faults.pop(call.host))

    def _waited(self, lane: Lane, wakes: Sequence[tuple[int, str]]) -> None:
        """Waits outside calls."""
        for wake in wakes:
            time_ns = wake[0]
            lane.spans.append(Span(lane.seen_ns, time_ns, time_ns, (wake,), None, OWN_WAIT, "lock or join"))
            lane.seen_ns = time_ns

    def _process(self, event: ProcessStarted | ProcessEnded | SignalSent) -> None:
        match event:
            case ProcessStarted(time_ns, host, process, pid, arguments):
                self._pids[host, process] = pid
                lane = self._lane((host, process, pid))
                lane.seen_ns = time_ns
                lane.marks.append(Mark(time_ns, "start", f"pid {pid}: {' '.join(arguments)}"))
                if self._programs and (host, process) not in self._programs:
                    own = [name for at, name in self._programs if at == host]
                    lane.parent = own[0] if len(own) == 1 else host
            case ProcessEnded(time_ns, host, process, pid, status):
                how = f"exited {status}" if status >= 0 else f"killed by {signal_name(-status)}"
                why = self._last_lines.get((host, process), "") if status else ""
                mark = Mark(time_ns, "failed" if status else "end", f"{how}: {why}" if why else how)
                self._main(host, process).marks.append(mark)
            case SignalSent(time_ns, host, process, signal, outcome):
                mark = Mark(time_ns, "signal", f"{signal_name(signal)} {outcome}")
                self._main(host, process).marks.append(mark)

    def finish(self, story: Story) -> None:
        """What was going on at the end."""
        for key, wakes in self._wakes.items():
            self._waited(self._lane(key), wakes)
        for host, faults in self._faults.items():
            lanes = [lane for lane in self.lanes.values() if lane.host == host]
            (lanes[0] if lanes else self.common).marks += map(_fault_mark, faults)
        for fault in self._thread_faults:
            self._mark_thread(fault)
        for fault in self._timed_faults:
            subject = fault.place.rpartition(" at ")[0]
            there = [lane for lane in self.lanes.values() if subject.partition("/")[0].partition(" ")[0] == lane.host]
            (there[0] if there else self.common).marks.append(_fault_mark(fault))
        for process in story.facts.processes:
            for wait in process.waits:
                self._still(process, wait, max(story.facts.virtual_ns, self._start_ns))
        for lane in self.lanes.values():
            lane.marks.sort(key=_time_of)

    def _mark_thread(self, fault: FaultEvent) -> None:
        """A fault of a thread that is named by its number in its process, which has threads in this order."""
        found = _THREAD.match(fault.place)
        assert found is not None, "those are kept apart"
        own = [lane for lane in self.lanes.values() if (lane.host, lane.process) == (found[1], found[2])]
        own.sort(key=lambda lane: lane.thread)
        number = int(found[3])
        (own[number - 1] if number <= len(own) else self.common).marks.append(_fault_mark(fault))

    def _still(self, process: ProcessFacts, wait: str, end_ns: int) -> None:
        """A call that never returned: of the thread that did nothing later."""
        found = _WAIT.search(wait)
        name = found[1] if found else "a call"
        since_ns = int(found[2]) * 1_000_000_000 + int(found[3]) * 1_000 if found else 0
        own = [lane for lane in self.lanes.values() if (lane.host, lane.process) == (process.host, process.name)]
        free = [lane for lane in own if lane.seen_ns < end_ns and lane.seen_ns <= since_ns + 1_000]
        if free:
            lane = max(free, key=lambda one: one.seen_ns)
            lane.spans.append(
                Span(
                    min(max(since_ns, lane.seen_ns), end_ns), end_ns, end_ns, (), None, wait, f"{name} never returned"
                )
            )
            lane.seen_ns = end_ns

    def _main(self, host: str, process: str) -> Lane:
        pid = self._pids.get((host, process))
        if pid is None:
            # Its start was not kept: its first thread that is known stands for it.
            for key, lane in self.lanes.items():
                if key[:2] == (host, process):
                    return lane
            pid = 0
        return self._lane((host, process, pid))

    def _lane(self, key: tuple[str, str, int]) -> Lane:
        lane = self.lanes.get(key)
        if lane is None:
            host, process, thread = key
            pid = self._pids.setdefault((host, process), thread)
            lane = self.lanes[key] = Lane(host, process, thread, pid, self._start_ns)
            main = self.lanes.get((host, process, pid))
            if main is not None and main is not lane:
                lane.parent = main.parent
        return lane


def lanes_of(story: Story) -> list[Lane]:
    """The lanes in the order of their hosts and processes, threads below their process, children below the programs;
    above them, if there is any, what befell none of them: the lane `NETWORK`."""
    reader = _Reader(story)
    for event in story.events:
        reader.take(event)
    reader.finish(story)
    hosts = {name: number for number, name in enumerate(story.hosts())}
    order = list(reader.lanes.values())
    place = {(lane.host, lane.process, lane.pid): number for number, lane in reversed(list(enumerate(order)))}
    order.sort(
        key=lambda lane: (
            hosts.get(lane.host, len(hosts)),
            bool(lane.parent),
            place[lane.host, lane.process, lane.pid],
            lane.thread,
        )
    )
    if reader.common.marks:
        reader.common.marks.sort(key=_time_of)
        order.insert(0, reader.common)
    return order


def _time_of(mark: Mark) -> int:
    return mark.time_ns


def _fault_mark(fault: FaultEvent) -> Mark:
    size = f" {fault.amount}" if fault.amount else ""
    return Mark(fault.time_ns, "fault", f"{fault.kind}{size}: {fault.place}")
