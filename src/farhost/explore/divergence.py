"""A replay that is not the run that was recorded: the first event that differs, in words, and what may be the reason.

What is known of the recorded run is its trail (`farhost.trace.trail`), so the event is told as this run has it, and
that the other one had another there. To tell it, the run is run once more with an `EventsSink`.
"""

import platform
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from farhost import __version__
from farhost.explore.causes import causes
from farhost.explore.fault_words import describe_fault
from farhost.explore.orders import Verdict
from farhost.explore.replay_file import Replay
from farhost.report.columns import describe, format_time
from farhost.report.summary import Line
from farhost.report.tcpdump import PacketFormatter
from farhost.trace.events import Event, Output, PacketEvent, QueueDepth, SystemCall, Wake
from farhost.trace.trail import first_difference

BEFORE = 5
"""How many events before the first that differs are shown."""
LONGEST = 200
"""Characters of an event."""
_STDERR = 2
_FILE = b'  File "'
"""What a traceback has before each file (the traceback module's format)."""
_MOST_SILENT = 3
"""How many faults are named that did not happen."""


class Versions(NamedTuple):
    """What runs."""

    farhost: str
    python: str

    @classmethod
    def here(cls) -> "Versions":
        """What runs here."""
        return cls(__version__, platform.python_version())

    """CPython's, as platform.python_version() has it."""


class EventsSink:
    """Reads a trace, and keeps some events and those right before them."""

    def __init__(self, wanted: range, before: int = BEFORE) -> None:
        """`wanted`: numbers of events, counted from 0."""
        self._wanted = wanted
        self._packets = PacketFormatter()
        self._number = 0
        self._kept: deque[tuple[int, Event]] = deque(maxlen=before + len(wanted))

    def take(self, event: Event) -> None:
        """One event."""
        if self._number < self._wanted.stop:
            self._kept.append((self._number, event))
            if self._number < self._wanted.start and isinstance(event, PacketEvent):
                # It remembers where a connection's numbers start.
                self._packets.line(event)
        self._number += 1

    def lines(self) -> list[tuple[int, str]]:
        """The events, by number, as people read them. To be asked once, at the end."""
        return [(number, describe_event(event, self._packets)) for number, event in self._kept]

    def of_places_alone(self) -> bool:
        """Whether all that may differ is a traceback on standard error: it names files by where they lie, which may
        be another folder than that of the recording."""
        wanted = [event for number, event in self._kept if number in self._wanted]
        return any(map(_is_traceback, wanted))


def _is_traceback(event: Event) -> bool:
    if isinstance(event, Output):
        return event.stream == _STDERR and _FILE in event.data
    if not isinstance(event, SystemCall) or event.name != "write":
        return False
    descriptor, data, *_ = event.arguments
    return descriptor == _STDERR and isinstance(data, bytes) and _FILE in data


def describe_event(event: Event, packets: PacketFormatter) -> str:
    """An event in one line: `0.230112 s: client recvfrom(3, ..., 64, 0, NULL, NULL) = 5`.

    >>> describe_event(Wake(5_000_000, "a", "p", 100, "ready"), PacketFormatter())
    '0.005000 s: a: p, thread 100, was woken (ready)'
    """
    match event:
        case Wake():
            text = f"{event.process}, thread {event.thread}, was woken ({event.cause})"
        case QueueDepth():
            text = f"{event.queue} has {event.depth} of at most {event.limit}"
        case SystemCall():
            described = describe(event, packets)
            who = "" if event.process == event.host else f"{event.process} "
            text = f"{who}{described[0] if described else event.name}"
        case _:
            described = describe(event, packets)
            text = described[0] if described else type(event).__name__
    text = f"{format_time(event.time_ns).strip()} s: {event.host or 'the network'}: {' '.join(text.splitlines())}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def ends_alike(replay: Replay, got: Verdict) -> bool:
    """Whether a run ends as the recorded one did."""
    return (got.kind, got.signature) == (replay.kind, replay.signature)


def is_reproduced(replay: Replay, got: Verdict) -> bool:
    """Whether a run is the recorded one: the same end and, where they were recorded, the same hashes."""
    if not ends_alike(replay, got):
        return False
    if not replay.shape:
        return True
    if (got.shape, got.events) != (replay.shape, replay.events):
        return False
    return not replay.content or got.content == replay.content


def first_divergence(replay: Replay, got: Verdict) -> range | None:
    """Among which events, counted from 0, the first is that differs; None if that cannot be told."""
    if not replay.trail or not got.trail:
        return None
    return first_difference(replay.trail, got.trail)


def divergence_lines(
    replay: Replay, got: Verdict, versions: Versions, where: range | None, events: Sequence[tuple[int, str]]
) -> list[Line]:
    """What to say of a run that is not the recorded one; `events`: of an `EventsSink`, at and before `where`."""
    lines = [("the replay diverged: this is not the run that was recorded", "bold red")]
    if where is not None:
        lines += _event_lines(replay, got, where, events)
    elif not replay.shape:
        lines.append(("  nothing was recorded to compare with but how the run ends", ""))
    elif (got.shape, got.events) == (replay.shape, replay.events):
        if got.content != replay.content and replay.content:
            lines.append(("  every event is as it was recorded, at the same time, but the bytes differ", ""))
            if _FILE.decode() in got.output:
                lines.append(("  (a traceback names files by their whole path: elsewhere its bytes differ)", ""))
    else:
        lines.append(("  no trail was recorded, so there is no telling where", ""))
    lines.append((f"  recorded: {_ended(replay.kind, replay.message)}", ""))
    why = (causes(got) or [""])[0]
    lines.append((f"  now: {_ended(got.kind, why)}{_compared(replay, got)}", "bold"))
    return lines + reason_lines(replay, got, versions)


def reason_lines(replay: Replay, got: Verdict, versions: Versions) -> list[Line]:
    """What may be the reason: other versions, faults that were never asked for; else the program."""
    lines: list[Line] = []
    recorded = Versions(replay.farhost, replay.python)
    if recorded != versions:
        text = f"  recorded with farhost {recorded.farhost} on CPython {recorded.python}; this is farhost"
        text += f" {versions.farhost} on CPython {versions.python}, on which the same run may go otherwise"
        lines.append((text, "yellow"))
    happened = dict(got.taken)
    silent = [fault for fault in replay.faults if fault.choice not in happened]
    for fault in silent[:_MOST_SILENT]:
        lines.append((f"  did not happen this time: {describe_fault(fault.choice, fault.size)}", "yellow"))
    if len(silent) > _MOST_SILENT:
        lines.append((f"  ... and {len(silent) - _MOST_SILENT} faults more", "yellow"))
    if not lines:
        lines.append(("  the versions are those of the recording: the programs or the scenario have changed", ""))
    return lines


def _event_lines(replay: Replay, got: Verdict, where: range, events: Sequence[tuple[int, str]]) -> list[Line]:
    """Where it diverged, and what came before."""
    texts = dict(events)
    lines: list[Line] = []
    if where.start >= got.events:
        more = replay.events - got.events
        lines.append((f"  this run ended after event {got.events}; the recorded one had {more} more", "red"))
    elif where.start >= replay.events:
        lines.append((f"  event {where.start + 1} at {texts.get(where.start, '')}", "red"))
        lines.append((f"  the recorded run had ended before it, after event {replay.events}", ""))
    elif len(where) == 1:
        lines.append((f"  event {where.start + 1} at {texts.get(where.start, '')}", "red"))
        lines.append(("  the recorded run had another event there", ""))
    else:
        lines.append((f"  one of the events {where.start + 1} to {where.stop} is the first that differs:", "red"))
        shown = [number for number in where if number in texts]
        lines += [(f"    {number + 1} at {texts[number]}", "") for number in shown[:BEFORE]]
        if len(shown) > BEFORE:
            lines.append((f"    ... and {len(shown) - BEFORE} more", ""))
    before = [number for number in texts if number < where.start]
    if before:
        lines.append(("  before it, as it was recorded:", ""))
        lines += [(f"    {number + 1} at {texts[number]}", "dim") for number in before[-BEFORE:]]
    return lines


def _compared(replay: Replay, got: Verdict) -> str:
    """What the new end means."""
    if ends_alike(replay, got):
        return " (the same end, by another way)"
    if got.ok and replay.kind != "passed":
        return ": it passes now; if the bug was fixed, `farhost replay --check` is what keeps it so"
    if replay.kind == "passed":
        return " (it passed when it was recorded)"
    return " (another failure than the recorded one)"


def _ended(kind: str, message: str) -> str:
    first = message.strip().partition("\n")[0]
    return f"{kind}: {first}" if first else kind
