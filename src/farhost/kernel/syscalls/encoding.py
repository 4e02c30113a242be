"""System calls as messages, so that a program in another process can make them: requests and replies as bytes.

A message is a version byte, the call's number (request) or errno (reply) as two bytes, and the values one after the
other. The row of the call says what they are (`signatures`), so the bytes do not; encoding checks the values against
the row and decoding the bytes, and what does not fit is `BadMessage`. Integers are a byte 0 and 8 bytes, or 1 and 16
for the rare larger one, signed, big endian; lengths and counts 4 bytes.

A message has two parts: the head, and the tail, in which the one long value of a call travels (what is sent, what was
received) so that it is never copied together with the rest.
"""

import struct
from collections.abc import Callable
from typing import NamedTuple, cast

from farhost.kernel.files import Received, Stat
from farhost.kernel.syscalls.signatures import CALLS, CALLS_BY_NUMBER, ArgType
from farhost.wire.sockaddr import Sockaddr, SockaddrIn, SockaddrIn6, SockaddrOther, SockaddrUn

VERSION = 2
"""Raised when a message of the same call gets another meaning."""

LONG = 2048
"""From so many bytes on a value travels in the tail."""

_LONGEST = 126
"""Bytes of a struct sockaddr_storage after its family."""
_SIGPIPE = 0x8000
_IN_TAIL = 0xFFFFFFFF

Buffer = bytes | bytearray | memoryview
Put = Callable[[bytearray, object], None]
Get = Callable[[bytes, int], tuple[object, int]]


class BadMessage(ValueError):
    """Bytes that are no message of this version, or values that a call does not take."""


class Message(NamedTuple):
    """The two parts of a message."""

    head: bytes
    tail: Buffer = b""


class Reply(NamedTuple):
    """How a call ended."""

    result: object
    """None when it failed."""
    errno: int = 0
    """0 when it did not."""
    sigpipe: bool = False
    """Whether the caller gets SIGPIPE besides (pipe(7))."""


class _Tail:
    """Stands for a value that is in the tail until the tail is there."""


_TAIL = _Tail()


def encode_request(name: str, arguments: tuple[object, ...]) -> Message:
    """A call as a message; BadMessage for an unknown call or arguments that are not of its types."""
    row = _REQUESTS.get(name)
    if row is None or len(row.puts) != len(arguments):
        raise BadMessage(f"{name}{arguments!r}")
    out = bytearray(row.start)
    tail: Buffer = b""
    try:
        for put, value in zip(row.puts, arguments):
            if put is _put_bytes and len(value) >= LONG and not tail:  # type: ignore[arg-type]
                tail = cast(Buffer, value)
                out += _IN_TAIL_BYTES
            else:
                put(out, value)
    except (TypeError, ValueError, struct.error, AttributeError) as error:
        raise BadMessage(f"{name}{arguments!r}") from error
    return Message(bytes(out), tail)


def decode_request(head: bytes, tail: Buffer = b"") -> tuple[str, tuple[object, ...]]:
    """The name and arguments in a request; a value that came in the tail is that very buffer. BadMessage."""
    number = _open(head)
    row = _REQUESTS_BY_NUMBER.get(number)
    if row is None:
        raise BadMessage(f"no call has the number {number}")
    values = []
    at = 3
    try:
        for get in row.gets:
            value, at = get(head, at)
            values.append(tail if value is _TAIL else value)
    except (IndexError, TypeError, ValueError, struct.error) as error:
        raise BadMessage(f"{row.name}: {error}") from error
    _close(head, at, tail, any(value is tail for value in values))
    return row.name, tuple(values)


def encode_reply(name: str, reply: Reply) -> Message:
    """What became of a call; BadMessage."""
    result, errno, sigpipe = reply
    if errno:
        if result is not None:
            raise BadMessage(f"{name} -> {reply!r}")
        return Message(_START.pack(VERSION, errno | (_SIGPIPE if sigpipe else 0)))
    out = bytearray(_OK)
    put = _RESULT_PUTS[name]
    tail: Buffer = b""
    try:
        if put is _put_received:
            tail = _put_received_parts(out, result)
        elif put is _put_bytes and len(result) >= LONG:  # type: ignore[arg-type]
            tail = cast(Buffer, result)
            out += _IN_TAIL_BYTES
        else:
            put(out, result)
    except (TypeError, ValueError, struct.error, AttributeError) as error:
        raise BadMessage(f"{name} -> {result!r}") from error
    return Message(bytes(out), tail)


def decode_reply(name: str, head: bytes, tail: Buffer = b"") -> Reply:
    """What became of a call; data that came in the tail is that very buffer. BadMessage."""
    errno = _open(head)
    if errno:
        _close(head, 3, tail, False)
        return Reply(None, errno & ~_SIGPIPE, bool(errno & _SIGPIPE))
    try:
        result, at = _RESULT_GETS[name](head, 3)
    except (IndexError, TypeError, ValueError, struct.error) as error:
        raise BadMessage(f"{name}: {error}") from error
    used = False
    if result is _TAIL:
        result, used = tail, True
    elif isinstance(result, Received) and cast(object, result.data) is _TAIL:
        result, used = result._replace(data=cast(bytes, tail)), True
    _close(head, at, tail, used)
    return Reply(result)


def _open(head: bytes) -> int:
    if len(head) < 3 or head[0] != VERSION:
        raise BadMessage("not a message of this version")
    return head[1] << 8 | head[2]


def _close(head: bytes, at: int, tail: Buffer, used: bool) -> None:
    if at != len(head):
        raise BadMessage("bytes after the end" if at < len(head) else "cut short")
    if len(tail) > 0 and not used:
        raise BadMessage("a tail that no value refers to")


# Values: how each sort is put behind a message, and taken from the place where it stands.

_START = struct.Struct(">BH")
_OK = _START.pack(VERSION, 0)
_IN_TAIL_BYTES = _IN_TAIL.to_bytes(4, "big")
_SMALL = struct.Struct(">Bq")
_put_small = _SMALL.pack
_get_small = struct.Struct(">q").unpack_from
_put_count = struct.Struct(">I").pack
_get_count = struct.Struct(">I").unpack_from


def _put_int(out: bytearray, value: object) -> None:
    if not isinstance(value, int):
        raise TypeError
    try:
        out += _put_small(0, value)
    except struct.error:
        try:
            out += b"\1" + value.to_bytes(16, "big", signed=True)
        except OverflowError:
            raise BadMessage("an integer of more than 16 bytes") from None


def _get_int(head: bytes, at: int) -> tuple[object, int]:
    if not head[at]:
        return _get_small(head, at + 1)[0], at + 9
    if head[at] != 1 or len(head) < at + 17:
        raise BadMessage("no integer")
    return int.from_bytes(head[at + 1 : at + 17], "big", signed=True), at + 17


def _put_bytes(out: bytearray, value: object) -> None:
    if not isinstance(value, bytes | bytearray | memoryview):
        raise TypeError
    out += _put_count(len(value))
    out += value


def _get_bytes(head: bytes, at: int) -> tuple[object, int]:
    (size,) = _get_count(head, at)
    at += 4
    if size == _IN_TAIL:
        return _TAIL, at
    if at + size > len(head):
        raise BadMessage("cut short")
    return head[at : at + size], at + size


def _put_str(out: bytearray, value: object) -> None:
    if not isinstance(value, str):
        raise TypeError
    _put_bytes(out, value.encode("utf-8", "surrogateescape"))


def _get_str(head: bytes, at: int) -> tuple[object, int]:
    data, at = _get_inline(head, at)
    return data.decode("utf-8", "surrogateescape"), at


def _get_inline(head: bytes, at: int) -> tuple[bytes, int]:
    """Bytes where no tail can be meant."""
    data, at = _get_bytes(head, at)
    if not isinstance(data, bytes):
        raise BadMessage("a tail where none can be")
    return data, at


def _put_nothing(out: bytearray, value: object) -> None:
    if value is not None:
        raise TypeError


def _get_nothing(head: bytes, at: int) -> tuple[object, int]:
    return None, at


def _put_optional(put: Put) -> Put:
    def put_optional(out: bytearray, value: object) -> None:
        out.append(value is not None)
        if value is not None:
            put(out, value)

    return put_optional


def _get_optional(get: Get) -> Get:
    def get_optional(head: bytes, at: int) -> tuple[object, int]:
        if head[at] > 1:
            raise BadMessage("neither a value nor none")
        return get(head, at + 1) if head[at] else (None, at + 1)

    return get_optional


def _put_several(*puts: Put) -> Put:
    """A tuple of so many values, each of a sort of its own."""

    def put_several(out: bytearray, value: object) -> None:
        if not isinstance(value, tuple) or len(value) != len(puts):
            raise TypeError
        for put, item in zip(puts, value):
            put(out, item)

    return put_several


def _get_several(*gets: Get) -> Get:
    def get_several(head: bytes, at: int) -> tuple[object, int]:
        items = []
        for get in gets:
            item, at = get(head, at)
            if item is _TAIL:
                raise BadMessage("a tail where none can be")
            items.append(item)
        return tuple(items), at

    return get_several


def _put_list(put: Put) -> Put:
    """A tuple of any length, of values of one sort."""

    def put_list(out: bytearray, value: object) -> None:
        if type(value) is not tuple:
            raise TypeError
        out += _put_count(len(value))
        for item in value:
            put(out, item)

    return put_list


def _get_list(get: Get) -> Get:
    get_items = _get_several(get)

    def get_list(head: bytes, at: int) -> tuple[object, int]:
        (count,) = _get_count(head, at)
        at += 4
        if count > len(head):
            raise BadMessage("more values than bytes")
        items = []
        for _ in range(count):
            item, at = get_items(head, at)
            items.append(cast("tuple[object]", item)[0])
        return tuple(items), at

    return get_list


def _record(make: Callable[..., object], *sorts: tuple[Put, Get]) -> tuple[Put, Get]:
    get_fields = _get_several(*(get for _, get in sorts))

    def get_record(head: bytes, at: int) -> tuple[object, int]:
        fields, at = get_fields(head, at)
        return make(*cast("tuple[object, ...]", fields)), at

    return _put_several(*(put for put, _ in sorts)), get_record


_INT, _BYTES = (_put_int, _get_int), (_put_bytes, _get_bytes)
_ADDRESSES: tuple[tuple[type, Put, Get], ...] = (
    (SockaddrIn, *_record(SockaddrIn, _INT, _BYTES)),
    (SockaddrIn6, *_record(SockaddrIn6, _INT, _BYTES, _INT, _INT)),
    (SockaddrUn, *_record(SockaddrUn, _BYTES)),
    (SockaddrOther, *_record(SockaddrOther, _INT, _BYTES)),
)
_ADDRESS_NUMBERS = {kind: number for number, (kind, _, _) in enumerate(_ADDRESSES)}


def _put_address(out: bytearray, value: object) -> None:
    number = _ADDRESS_NUMBERS.get(type(value))
    if number is None:
        raise TypeError
    out.append(number)
    _ADDRESSES[number][1](out, value)


def _get_address(head: bytes, at: int) -> tuple[object, int]:
    address, at = _ADDRESSES[head[at]][2](head, at + 1)
    if not _is_possible(cast(Sockaddr, address)):
        raise BadMessage(f"no struct holds {address!r}")
    return address, at


def _is_possible(address: Sockaddr) -> bool:
    """Whether an address could have come out of a C struct (`farhost.wire.sockaddr_codec`)."""
    match address:
        case SockaddrIn(port, host):
            return 0 <= port <= 0xFFFF and len(host) == 4
        case SockaddrIn6(port, host, flow_info, scope_id):
            words = 0 <= flow_info <= 0xFFFFFFFF and 0 <= scope_id <= 0xFFFFFFFF
            return 0 <= port <= 0xFFFF and len(host) == 16 and words
        case SockaddrUn(path):
            return len(path) <= _LONGEST
        case SockaddrOther(family, data):
            return 0 <= family <= 0xFFFF and len(data) <= _LONGEST


_put_optional_int, _get_optional_int = _put_optional(_put_int), _get_optional(_get_int)
_put_optional_address, _get_optional_address = _put_optional(_put_address), _get_optional(_get_address)
_CONTROL_ITEM = (_put_several(_put_int, _put_int, _put_bytes), _get_several(_get_int, _get_int, _get_bytes))
_put_control, _get_control = _put_list(_CONTROL_ITEM[0]), _get_list(_CONTROL_ITEM[1])


def _put_received(out: bytearray, value: object) -> None:
    raise AssertionError("a Received is put by _put_received_parts")


def _put_received_parts(out: bytearray, value: object) -> Buffer:
    """A Received; returns its data where that travels in the tail."""
    data, address, flags, control, length = cast(Received, value)
    if address is None and not control and length is None:
        out.append(0)
        out += _put_small(0, flags)
    else:
        out.append(1)
        _put_int(out, flags)
        _put_optional_address(out, address)
        _put_control(out, control)
        _put_optional_int(out, length)
    if len(data) >= LONG:
        out += _IN_TAIL_BYTES
        return data
    _put_bytes(out, data)
    return b""


def _get_received(head: bytes, at: int) -> tuple[object, int]:
    address: object = None
    control: object = ()
    length: object = None
    full = head[at]
    flags, at = _get_int(head, at + 1)
    if full:
        address, at = _get_optional_address(head, at)
        control, at = _get_control(head, at)
        length, at = _get_optional_int(head, at)
    data, at = _get_bytes(head, at)
    return Received(
        cast(bytes, data),
        cast("Sockaddr | None", address),
        cast(int, flags),
        cast("tuple[()]", control),
        cast("int | None", length),
    ), at


_INTS = (_put_list(_put_int), _get_list(_get_int))
_PAIR = (_put_several(_put_int, _put_int), _get_several(_get_int, _get_int))
_SORTS: dict[ArgType, tuple[Put, Get]] = {
    ArgType.INT: _INT,
    ArgType.BYTES: _BYTES,
    ArgType.ADDRESS: (_put_address, _get_address),
    ArgType.OPTIONAL_INT: (_put_optional_int, _get_optional_int),
    ArgType.OPTIONAL_ADDRESS: (_put_optional_address, _get_optional_address),
    ArgType.CHUNKS: (_put_list(_put_bytes), _get_list(_get_bytes)),
    ArgType.INTS: _INTS,
    ArgType.PAIRS: (_put_list(_PAIR[0]), _get_list(_PAIR[1])),
    ArgType.CONTROL: (_put_control, _get_control),
    ArgType.SETS: (_put_several(*[_INTS[0]] * 3), _get_several(*[_INTS[1]] * 3)),
    ArgType.ACCEPTED: (_put_several(_put_int, _put_address), _get_several(_get_int, _get_address)),
    ArgType.NAMES: (_put_list(_put_str), _get_list(_get_str)),
    ArgType.RECEIVED: (_put_received, _get_received),
    ArgType.STAT: _record(Stat, *[_INT] * len(Stat._fields)),
    ArgType.NOTHING: (_put_nothing, _get_nothing),
}


class _Request(NamedTuple):
    """How the arguments of one call are put and taken."""

    name: str
    start: bytes
    puts: tuple[Put, ...]
    gets: tuple[Get, ...]


_REQUESTS: dict[str, _Request] = {
    row.name: _Request(
        row.name,
        _START.pack(VERSION, row.number),
        tuple(_SORTS[wanted][0] for wanted in row.arguments),
        tuple(_SORTS[wanted][1] for wanted in row.arguments),
    )
    for row in CALLS.values()
}
_REQUESTS_BY_NUMBER: dict[int, _Request] = {number: _REQUESTS[row.name] for number, row in CALLS_BY_NUMBER.items()}
_RESULT_PUTS: dict[str, Put] = {name: _SORTS[row.result][0] for name, row in CALLS.items()}
_RESULT_GETS: dict[str, Get] = {name: _SORTS[row.result][1] for name, row in CALLS.items()}
