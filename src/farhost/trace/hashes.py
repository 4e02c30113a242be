"""The two hashes of a run: of its shape (who did what when, sizes, flags) and of its content (the bytes themselves).

Two runs with equal shape did the same things at the same times; with equal content also on the same bytes. Programs
with TLS or SSH are promised shape only, because their libraries' entropy cannot be seeded (DESIGN 5).

The hashes are BLAKE2b of one canonical encoding of the events. It depends on the events' values alone: `ascii()` of
tuples of int, str, bytes, bool and None, which CPython writes alike on every version (unlike `repr`, whose idea of a
printable character follows the Unicode tables). No `hash()`, `id()` or set order is used, so PYTHONHASHSEED and
addresses do not matter. A value of any other type is a bug of ours and raises TypeError.
"""

import hashlib
from typing import NamedTuple, Protocol

from farhost.trace.events import SCHEMA_VERSION, Event, Output, PacketEvent, SystemCall

CONTENT_FIELDS = frozenset({"data", "control", "payload"})
"""Named fields whose bytes are content. Bytes in other named fields (an address, a path) are shape; bytes that stand
alone among a call's arguments or as its result are content."""

_PLAIN = frozenset({int, str, bool, type(None)})
_BATCH = 256
_SMALL = 4096
_BYTES = (bytes, bytearray, memoryview)


class TraceHash(NamedTuple):
    """What a run hashes to: 32 hexadecimal digits each, and how many events that was."""

    shape: str
    content: str
    events: int


class LineReader(Protocol):
    """What wants to see each event's shape as well (`farhost.trace.trail`)."""

    def add(self, line: str, /) -> None:
        """The shape of one event, in ASCII."""


class HashSink:
    """Reads a trace and hashes it; `result` may be asked at any time.

    >>> sink = HashSink()
    >>> sink.take(Output(time_ns=5, host="a", process="p", stream=1, data=b"hello"))
    >>> sink.result()
    TraceHash(shape='9b6a37ea27750e1357a3786d6cf1486f', content='6a5d9279408c5ebd7664ca523b84a484', events=1)
    """

    __slots__ = ("_content", "_lines", "_reader", "_shape", "events")

    def __init__(self, reader: LineReader | None = None) -> None:
        """`reader` is given the shape of each event, so that it need not be written twice."""
        person = f"farhost{SCHEMA_VERSION}".encode()
        self._shape = hashlib.blake2b(digest_size=16, person=person)
        self._content = hashlib.blake2b(digest_size=16, person=person)
        self._lines: list[str] = []
        self._reader = reader
        self.events = 0
        """How many it has read."""

    def take(self, event: Event) -> None:
        """Hash one event."""
        self.events += 1
        kind = type(event)
        if kind is SystemCall:
            line = self._system_call(event)  # type: ignore[arg-type]
        elif kind is PacketEvent:
            line = self._packet(event)  # type: ignore[arg-type]
        elif kind is Output:
            *shape, data = event
            line = ascii((*shape, self._bytes(data)))  # type: ignore[arg-type]
        else:
            line = ascii(tuple([v if type(v) in _PLAIN else self._value(v, False) for v in event]))
        lines = self._lines
        lines.append(kind.__name__)
        lines.append(line)
        if self._reader is not None:
            self._reader.add(line)
        if len(lines) >= _BATCH:
            self._flush()

    def result(self) -> TraceHash:
        """The hashes of all that was read so far."""
        self._flush()
        return TraceHash(self._shape.hexdigest(), self._content.hexdigest(), self.events)

    def _flush(self) -> None:
        if self._lines:
            self._lines.append("")
            self._shape.update("\n".join(self._lines).encode("ascii"))
            self._lines.clear()

    def _system_call(self, call: SystemCall) -> str:
        time_ns, host, process, thread, name, arguments, result, error, took_ns = call
        shaped = [v if type(v) in _PLAIN else self._value(v, True) for v in arguments]
        shaped_result = result if type(result) in _PLAIN else self._value(result, True)
        return ascii((time_ns, host, process, thread, name, shaped, shaped_result, int(error), took_ns))

    def _packet(self, event: PacketEvent) -> str:
        time_ns, host, interface, action, reason, packet, pieces = event
        size = self._bytes(packet.content())
        return ascii((time_ns, host, interface, action, reason, packet.shape(), size, pieces))

    def _bytes(self, data: bytes | bytearray | memoryview) -> int:
        """Hash them as content; what stands for them in the shape is their size."""
        size = len(data)
        if size < _SMALL:
            self._content.update(b"%d:" % size + data)
        else:
            self._content.update(b"%d:" % size)
            self._content.update(data)
        return size

    def _value(self, value: object, content: bool) -> object:
        """A value as plain lists, tuples, ints and strings; `content`: bytes in it belong to the content hash."""
        if isinstance(value, _BYTES):
            return (self._bytes(value),) if content else bytes(value)
        if isinstance(value, (tuple, list)):
            fields = getattr(value, "_fields", None)
            if fields is None:
                return [v if type(v) in _PLAIN else self._value(v, content) for v in value]
            shaped: list[object] = [type(value).__name__]
            for name, field in zip(fields, value):
                shaped.append(field if type(field) in _PLAIN else self._value(field, name in CONTENT_FIELDS))
            return tuple(shaped)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return int(value)
        if isinstance(value, str):
            return str.__str__(value)
        raise TypeError(f"an event holds {value!r}, which has no canonical encoding")
