"""Events from JSON Lines: what `farhost.trace.sinks` writes, read back as the same values."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, cast, get_origin, get_type_hints

import msgspec

from farhost.kernel.files import Received, Stat
from farhost.report.json_text import json_bytes
from farhost.trace.events import EVENT_CLASSES, Event, PacketEvent
from farhost.trace.sinks import TRACE_FILE_VERSION, event_as_json
from farhost.wire.packet import Body, Flow, IcmpMessage, Packet, RawBody, TcpOptions, TcpSegment, UdpDatagram
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6, SockaddrOther, SockaddrUn


class TraceFileError(ValueError):
    """Lines that are no trace; which, and why."""


class _Value(NamedTuple):
    """How a class's values are made of a JSON object's."""

    make: Any
    fields: tuple[str, ...]
    kinds: tuple[type | None, ...] = ()
    """Of each field's value: int, str, bytes, tuple; None: any."""


_NAMED_KINDS: dict[object, str] = {int: "a number", str: "a text", bytes: "bytes", tuple: "an array"}


def _kinds(event_class: Any) -> tuple[type | None, ...]:
    """What an event's fields hold, of its annotations."""
    hints = get_type_hints(event_class)
    found = [get_origin(hints[field]) or hints[field] for field in event_class._fields]
    return tuple(kind if kind in _NAMED_KINDS else None for kind in found)


_CLASSES = {kind.__name__: _Value(kind, cast(Any, kind)._fields, _kinds(kind)) for kind in EVENT_CLASSES}
_VALUES = {
    kind.__name__: _Value(kind, kind._fields)
    for kind in (SockaddrIn, SockaddrIn6, SockaddrUn, SockaddrOther, Received, Stat)
}


def trace_lines(events: Iterable[Event]) -> Iterator[bytes]:
    """A trace file's lines, each with its end."""
    yield json_bytes({"farhost_trace": TRACE_FILE_VERSION}) + b"\n"
    for event in events:
        yield json_bytes(event_as_json(event)) + b"\n"


def read_events(lines: Iterable[bytes]) -> Iterator[Event]:
    """The events of a trace file. TraceFileError names the line."""
    decode = msgspec.json.Decoder().decode
    reader = _Reader()
    number = 0
    try:
        for number, line in enumerate(lines, 1):
            value: Any = decode(line)
            if number == 1:
                check_version(value)
            elif "verdict" not in value:
                # `farhost run --format json --trace` writes its result behind the events.
                yield reader.event(value)
    except TraceFileError as error:
        raise TraceFileError(f"line {number}: {error}") from None
    except KeyError as error:
        raise TraceFileError(f"line {number}: it is no event: there is no {error} in it") from None
    except (msgspec.DecodeError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise TraceFileError(f"line {number}: it is no event: {error}") from None
    if not number:
        raise TraceFileError("it is empty")


def check_version(value: object) -> None:
    """TraceFileError for a first line that is none of ours."""
    version = value.get("farhost_trace") if isinstance(value, dict) else None
    if version is None:
        raise TraceFileError('it does not begin with {"farhost_trace": ...}: it is no trace of farhost\'s')
    if version != TRACE_FILE_VERSION:
        raise TraceFileError(f"it is a trace of version {version}; this farhost reads version {TRACE_FILE_VERSION}")


class _Reader:
    """Makes events, and each name and payload once: a trace repeats them."""

    def __init__(self) -> None:
        self._once: dict[Any, Any] = {}
        self._addresses: dict[str, bytes] = {}
        self._flows: dict[tuple[str, int], Flow] = {}

    def event(self, value: dict[str, Any]) -> Event:
        """The event that a line says."""
        found = _CLASSES.get(value["event"])
        if found is None:
            raise TraceFileError(f"there is no event {value['event']!r}")
        if found.make is PacketEvent:
            value["packet"] = self._packet(value["packet"])
        once = self._once
        values = []
        for field, wanted in zip(found.fields, found.kinds):
            given = value[field]
            kind = type(given)
            if kind is str:
                given = once.setdefault(given, given)
            elif kind is dict or kind is list:
                given = _value(given)
                kind = type(given)
            if kind is not wanted and wanted is not None:
                raise TraceFileError(f"{field!r} of {value['event']} is {_NAMED_KINDS[wanted]}")
            values.append(given)
        return cast(Event, found.make._make(values))

    def _packet(self, value: dict[str, Any]) -> Packet:
        (source, destination, *rest), kind, shape = value["shape"]
        content = value["content"]["bytes"].encode("latin-1")
        name, origin, ordinal = value["identity"]
        flow = self._flows.get((name, origin))
        if flow is None:
            flow = self._flows[name, origin] = Flow(name, origin)
        body = _BODIES[kind](_value(shape), self._once.setdefault(content, content))
        ends = self._address(source["bytes"]), self._address(destination["bytes"])
        return Packet._make((*ends, rest[0], body, *rest[1:], flow, ordinal))

    def _address(self, text: str) -> bytes:
        address = self._addresses.get(text)
        if address is None:
            address = self._addresses[text] = text.encode("latin-1")
        return address


def _value(value: Any) -> Any:
    """A plain value, of JSON's."""
    if type(value) is list:
        return tuple([_value(each) if type(each) in (dict, list) else each for each in value])
    if type(value) is not dict:
        return value
    if "bytes" in value and len(value) == 1:
        return value["bytes"].encode("latin-1")
    found = _VALUES.get(value["type"])
    if found is None:
        return tuple(_value(each) for name, each in value.items() if name != "type")
    return found.make(*[_value(value[name]) for name in found.fields])


def _tcp(shape: Any, content: bytes) -> TcpSegment:
    options, _, segment_size, urgent = shape[6:]
    return TcpSegment._make((*shape[:6], TcpOptions(*options), content, segment_size, urgent))


def _udp(shape: Any, content: bytes) -> UdpDatagram:
    source, destination, _, *coverage = shape
    return UdpDatagram(source, destination, content, *coverage)


def _icmp(shape: Any, content: bytes) -> IcmpMessage:
    kind, code, rest, _ = shape
    return IcmpMessage(kind, code, rest, content)


def _raw(shape: Any, content: bytes) -> RawBody:
    _, *options = shape
    return RawBody(content, *options)


_BODIES: dict[str, Callable[[Any, bytes], Body]] = {
    "TcpSegment": _tcp,
    "UdpDatagram": _udp,
    "IcmpMessage": _icmp,
    "RawBody": _raw,
}
