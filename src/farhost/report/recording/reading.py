"""Events from JSON Lines: what `farhost.trace.sinks` writes, read back as the same values."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, cast

import msgspec

from farhost.kernel.files import Received, Stat
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


_CLASSES = {kind.__name__: _Value(kind, cast(Any, kind)._fields) for kind in EVENT_CLASSES}
_VALUES = {
    kind.__name__: _Value(kind, kind._fields)
    for kind in (SockaddrIn, SockaddrIn6, SockaddrUn, SockaddrOther, Received, Stat)
}


def trace_lines(events: Iterable[Event]) -> Iterator[bytes]:
    """A trace file's lines, each with its end."""
    encode = msgspec.json.Encoder().encode
    yield encode({"farhost_trace": TRACE_FILE_VERSION}) + b"\n"
    for event in events:
        yield encode(event_as_json(event)) + b"\n"


def read_events(lines: Iterable[bytes]) -> Iterator[Event]:
    """The events of a trace file. TraceFileError names the line."""
    decode = msgspec.json.Decoder().decode
    number = 0
    try:
        for number, line in enumerate(lines, 1):
            value: Any = decode(line)
            if number == 1:
                check_version(value)
            elif "verdict" not in value:
                # `farhost run --format json --trace` writes its result behind the events.
                yield _event(value)
    except TraceFileError as error:
        raise TraceFileError(f"line {number}: {error}") from None
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
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


def _event(value: dict[str, Any]) -> Event:
    found = _CLASSES.get(value["event"])
    if found is None:
        raise TraceFileError(f"there is no event {value['event']!r}")
    if found.make is PacketEvent:
        value["packet"] = _packet(value["packet"])
        return cast(Event, PacketEvent(**{field: value[field] for field in PacketEvent._fields}))
    values = [value[field] for field in found.fields]
    return cast(Event, found.make._make([_value(v) if type(v) in (dict, list) else v for v in values]))


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


def _packet(value: dict[str, Any]) -> Packet:
    head, kind, shape = _value(value["shape"])
    content = _value(value["content"])
    name, origin, ordinal = value["identity"]
    body = _BODIES[kind](shape, content)
    return Packet._make((*head[:3], body, *head[3:], Flow(name, origin), ordinal))


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
