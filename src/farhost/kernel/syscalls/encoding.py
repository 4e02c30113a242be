"""System calls as messages, so that a program in another process can make them: requests and replies as bytes.

A message is a version byte, then the call's number (request) or errno (reply) as two bytes, then values. Each value
is a tag byte and what the tag says; integers are signed, of 8 bytes, big endian, or 16 for the rare larger one. What
a row of `CALLS` says of its arguments is checked on both sides; anything else is `BadMessage`.
"""

from collections.abc import Callable
from typing import cast

from farhost.kernel.files import Received, Stat
from farhost.kernel.syscalls.table import CALLS, CALLS_BY_NUMBER, ArgType
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6, SockaddrOther, SockaddrUn

VERSION = 1
"""Raised when a message of the same call gets another meaning."""


class BadMessage(ValueError):
    """Bytes that are no message of this version, or values that a call does not take."""


_NONE, _INT, _LONG, _BYTES, _STR, _TUPLE, _IN, _IN6, _UN, _OTHER, _RECEIVED, _STAT = range(12)
_RECORDS: dict[int, Callable[..., object]] = {
    _IN: SockaddrIn,
    _IN6: SockaddrIn6,
    _UN: SockaddrUn,
    _OTHER: SockaddrOther,
    _RECEIVED: Received,
    _STAT: Stat,
}
_TAGS: dict[type, int] = {
    SockaddrIn: _IN,
    SockaddrIn6: _IN6,
    SockaddrUn: _UN,
    SockaddrOther: _OTHER,
    Received: _RECEIVED,
    Stat: _STAT,
    tuple: _TUPLE,
}
_ADDRESSES = (SockaddrIn, SockaddrIn6, SockaddrUn, SockaddrOther)


def encode_request(name: str, arguments: tuple[object, ...]) -> bytes:
    """A call as bytes; BadMessage for an unknown call or arguments that are not of its types."""
    call = CALLS.get(name)
    if call is None or not _all_fit(arguments, call.arguments):
        raise BadMessage(f"{name}{arguments!r}")
    out = bytearray((VERSION,))
    out += call.number.to_bytes(2, "big")
    _put(out, arguments)
    return bytes(out)


def decode_request(message: bytes) -> tuple[str, tuple[object, ...]]:
    """The name and arguments in a request; BadMessage."""
    number, arguments = _open(message)
    call = CALLS_BY_NUMBER.get(number)
    if call is None or type(arguments) is not tuple or not _all_fit(arguments, call.arguments):
        raise BadMessage(f"call {number}: {arguments!r}")
    return call.name, arguments


def encode_reply(name: str, result: object, errno: int = 0) -> bytes:
    """What a call returned, or its errno (then the result is None); BadMessage."""
    if not (result is None if errno else _fits(result, CALLS[name].result)):
        raise BadMessage(f"{name} -> {result!r}")
    out = bytearray((VERSION,))
    out += errno.to_bytes(2, "big")
    _put(out, result)
    return bytes(out)


def decode_reply(name: str, message: bytes) -> tuple[object, int]:
    """The result (None when it failed) and the errno (0 when it did not); BadMessage."""
    errno, result = _open(message)
    if not (result is None if errno else _fits(result, CALLS[name].result)):
        raise BadMessage(f"{name} -> {result!r}")
    return result, errno


def _put(out: bytearray, value: object) -> None:
    if value is None:
        out.append(_NONE)
    elif isinstance(value, int):
        small = -(1 << 63) <= value < 1 << 63
        out.append(_INT if small else _LONG)
        try:
            out += value.to_bytes(8 if small else 16, "big", signed=True)
        except OverflowError:
            raise BadMessage("an integer of more than 16 bytes") from None
    elif isinstance(value, bytes | bytearray | memoryview):
        out.append(_BYTES)
        out += len(value).to_bytes(4, "big")
        out += value
    elif isinstance(value, str):
        text = value.encode()
        out.append(_STR)
        out += len(text).to_bytes(4, "big")
        out += text
    elif isinstance(value, tuple) and type(value) in _TAGS:
        out.append(_TAGS[type(value)])
        out += len(value).to_bytes(4, "big")
        for item in value:
            _put(out, item)
    else:
        raise BadMessage(f"{type(value).__name__} is not in any message")


def _open(message: bytes) -> tuple[int, object]:
    if len(message) < 3 or message[0] != VERSION:
        raise BadMessage("not a message of this version")
    try:
        value, end = _get(message, 3)
    except (IndexError, TypeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(str(error)) from error
    if end != len(message):
        raise BadMessage("bytes after the end")
    return int.from_bytes(message[1:3], "big"), value


def _get(message: bytes, at: int) -> tuple[object, int]:
    tag = message[at]
    at += 1
    match tag:
        case 0:
            return None, at
        case 1 | 2:
            end = at + (8 if tag == _INT else 16)
            return int.from_bytes(_cut(message, at, end), "big", signed=True), end
        case 3 | 4:
            end = at + 4 + int.from_bytes(_cut(message, at, at + 4), "big")
            data = _cut(message, at + 4, end)
            return (data if tag == _BYTES else data.decode()), end
    count = int.from_bytes(_cut(message, at, at + 4), "big")
    at += 4
    items = []
    for _ in range(count):
        item, at = _get(message, at)
        items.append(item)
    if tag == _TUPLE:
        return tuple(items), at
    if tag not in _RECORDS:
        raise BadMessage(f"tag {tag}")
    return _RECORDS[tag](*items), at


def _cut(message: bytes, start: int, end: int) -> bytes:
    if end > len(message):
        raise BadMessage("cut short")
    return message[start:end]


def _all_fit(values: tuple[object, ...], types: tuple[ArgType, ...]) -> bool:
    return len(values) == len(types) and all(map(_fits, values, types))


def _is_bytes(value: object) -> bool:
    return isinstance(value, bytes | bytearray | memoryview)


def _is_integers(value: object) -> bool:
    return type(value) is tuple and all(isinstance(item, int) for item in value)


def _is_pairs(value: object) -> bool:
    return type(value) is tuple and all(_is_integers(item) and len(item) == 2 for item in value)


def _is_control(value: object) -> bool:
    return type(value) is tuple and all(
        type(item) is tuple and len(item) == 3 and _is_integers(item[:2]) and _is_bytes(item[2]) for item in value
    )


def _is_address(value: object) -> bool:
    if not isinstance(value, _ADDRESSES):
        return False
    first, *rest = cast("tuple[object, ...]", value)
    if isinstance(value, SockaddrUn):
        return _is_bytes(first)
    return isinstance(first, int) and _is_bytes(rest[0]) and all(isinstance(item, int) for item in rest[1:])


def _is_received(value: object) -> bool:
    return (
        isinstance(value, Received)
        and _is_bytes(value.data)
        and (value.address is None or _is_address(value.address))
        and isinstance(value.flags, int)
        and _is_control(value.control)
        and (value.length is None or isinstance(value.length, int))
    )


_CHECKS: dict[ArgType, Callable[[object], bool]] = {
    ArgType.INT: lambda value: isinstance(value, int),
    ArgType.BYTES: _is_bytes,
    ArgType.ADDRESS: _is_address,
    ArgType.OPTIONAL_INT: lambda value: value is None or isinstance(value, int),
    ArgType.OPTIONAL_ADDRESS: lambda value: value is None or _is_address(value),
    ArgType.CHUNKS: lambda value: type(value) is tuple and all(map(_is_bytes, value)),
    ArgType.INTS: _is_integers,
    ArgType.PAIRS: _is_pairs,
    ArgType.CONTROL: _is_control,
    ArgType.SETS: lambda value: type(value) is tuple and len(value) == 3 and all(map(_is_integers, value)),
    ArgType.ACCEPTED: lambda value: (
        type(value) is tuple and len(value) == 2 and isinstance(value[0], int) and _is_address(value[1])
    ),
    ArgType.NAMES: lambda value: type(value) is tuple and all(isinstance(item, str) for item in value),
    ArgType.RECEIVED: _is_received,
    ArgType.STAT: lambda value: isinstance(value, Stat) and all(isinstance(item, int) for item in value),
    ArgType.NOTHING: lambda value: value is None,
}


def _fits(value: object, wanted: ArgType) -> bool:
    return _CHECKS[wanted](value)
