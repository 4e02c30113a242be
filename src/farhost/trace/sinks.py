"""Readers of the trace that keep it: in a list, as JSON Lines, or only the part that a filter lets through.

The JSON Lines schema (version `TRACE_FILE_VERSION`). The first line is `{"farhost_trace": VERSION}`; each further
line is one event, an object whose `event` is the class's name and whose other keys are the class's fields, in order.
Values:

- integers, strings and null as JSON has them;
- bytes as `{"bytes": "..."}`, latin-1: each character is one byte, U+0000 to U+00FF. A text protocol stays legible,
  which base64 would not let it be, and binary data survives;
- tuples as arrays; values with named fields (addresses, messages) as objects with `type` and their fields;
- a packet as `{"summary": one line as tcpdump has it, "shape": [...], "content": {"bytes": ...}, "identity": [...]}`:
  the shape is `farhost.wire.packet.Packet.shape()`, the identity `Packet.identity()`.
"""

import json
from collections.abc import Callable
from typing import Protocol

from farhost.trace.events import Event, PacketEvent
from farhost.trace.tracer import Sink

TRACE_FILE_VERSION = 2
"""1 had neither samples nor a packet's identity."""

Keep = Callable[[Event], bool]


class TextOutput(Protocol):
    """What a sink writes lines to: an open text file."""

    def write(self, text: str, /) -> object:
        """Write it."""


class ListSink:
    """Keeps every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        """In the order in which they happened."""

    def take(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)


class JsonlSink:
    """Writes every event as one line of JSON, flushed when the owner of the file flushes it.

    >>> import sys
    >>> from farhost.trace.events import Output
    >>> JsonlSink(sys.stdout).take(Output(time_ns=5, host="a", process="p", stream=1, data=b"hi\\n"))
    {"farhost_trace": 2}
    {"event": "Output", "time_ns": 5, "host": "a", "process": "p", "stream": 1, "data": {"bytes": "hi\\n"}}
    """

    def __init__(self, output: TextOutput) -> None:
        """Write the header line to `output`, an open text file, and the events after it."""
        self._output = output
        output.write(json.dumps({"farhost_trace": TRACE_FILE_VERSION}) + "\n")

    def take(self, event: Event) -> None:
        """Write it."""
        self._output.write(json.dumps(event_as_json(event)) + "\n")


class FilterSink:
    """Hands on those events for which `keep` holds.

    >>> from farhost.trace.events import QueueDepth
    >>> kept = ListSink()
    >>> sink = FilterSink(kept, on_hosts("server"))
    >>> for host in ("client", "server"):
    ...     sink.take(QueueDepth(0, host, "backlog", 1, 3))
    >>> [event.host for event in kept.events]
    ['server']
    """

    def __init__(self, sink: Sink, keep: Keep) -> None:
        self._sink = sink
        self._keep = keep

    def take(self, event: Event) -> None:
        """Hand it on, or not."""
        if self._keep(event):
            self._sink.take(event)


def on_hosts(*hosts: str) -> Keep:
    """A filter: events on these hosts."""
    return lambda event: event.host in hosts


def of_kinds(*kinds: type[Event]) -> Keep:
    """A filter: events of these classes (`SystemCall`, `PacketEvent`, ...)."""
    return lambda event: type(event) in kinds


def between(start_ns: int, end_ns: int) -> Keep:
    """A filter: events from virtual time `start_ns` up to, but not including, `end_ns`."""
    return lambda event: start_ns <= event.time_ns < end_ns


def event_as_json(event: Event) -> dict[str, object]:
    """One event as a JSON object; the schema is this module's."""
    fields: dict[str, object] = {"event": type(event).__name__}
    for name, value in zip(event._fields, event):
        fields[name] = value_as_json(value) if name != "packet" else None
    if isinstance(event, PacketEvent):
        packet = event.packet
        fields["packet"] = {
            "summary": packet.summary(),
            "shape": value_as_json(packet.shape()),
            "content": value_as_json(packet.content()),
            "identity": list(packet.identity()),
        }
    return fields


def value_as_json(value: object) -> object:
    """A plain value as JSON has it; TypeError for any other."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"bytes": bytes(value).decode("latin-1")}
    if isinstance(value, (tuple, list)):
        fields = getattr(value, "_fields", None)
        if fields is None:
            return [value_as_json(item) for item in value]
        named = {name: value_as_json(item) for name, item in zip(fields, value)}
        return {"type": type(value).__name__, **named}
    raise TypeError(f"an event holds {value!r}, which has no JSON form")
