"""TCP sequence numbers: integers modulo 2**32, and the only module that compares them. RFC 9293 §3.4.

Comparisons are by the signed distance, as Linux's `before` and `after` are: they mean something for numbers less than
2**31 apart. Who keeps unbounded positions instead (and compares them as plain integers) brings numbers from the wire
to them with `extend`.
"""

MODULUS = 1 << 32
_MASK = MODULUS - 1
_HALF = 1 << 31


def add(number: int, count: int) -> int:
    """`number` moved by `count`, which may be negative.

    >>> add(0xFFFFFFFF, 2)
    1
    """
    return (number + count) & _MASK


def distance(start: int, end: int) -> int:
    """How far `end` lies behind `start`, 0 to 2**32 - 1: the length of the range [start, end)."""
    return (end - start) & _MASK


def difference(one: int, other: int) -> int:
    """`one - other` as a signed number, -2**31 to 2**31 - 1.

    >>> difference(3, 0xFFFFFFFE)
    5
    """
    return ((one - other + _HALF) & _MASK) - _HALF


def before(one: int, other: int) -> bool:
    """Whether `one` is earlier than `other`."""
    return (one - other) & _MASK >= _HALF


def after(one: int, other: int) -> bool:
    """Whether `one` is later than `other`."""
    return (other - one) & _MASK >= _HALF


def at_or_before(one: int, other: int) -> bool:
    """Whether `one` is not later than `other`."""
    return (other - one) & _MASK < _HALF


def at_or_after(one: int, other: int) -> bool:
    """Whether `one` is not earlier than `other`."""
    return (one - other) & _MASK < _HALF


def within(number: int, start: int, size: int) -> bool:
    """Whether `number` is in the window [start, start + size). An empty window holds nothing."""
    return (number - start) & _MASK < size


def between(low: int, number: int, high: int) -> bool:
    """Whether low <= number <= high, for a range less than 2**32 long."""
    return (high - low) & _MASK >= (number - low) & _MASK


def latest(one: int, other: int) -> int:
    """The later of two."""
    return other if before(one, other) else one


def earliest(one: int, other: int) -> int:
    """The earlier of two."""
    return one if before(one, other) else other


def extend(number: int, near: int) -> int:
    """The unbounded position that reads `number` on the wire and is nearest to the unbounded position `near`.

    Within 2**31 of it: for `near` at 0 to 2**31 the answer may be negative, which says that the number is too old.

    >>> extend(5, 0x1_FFFF_FFF0) == 0x2_0000_0005
    True
    """
    return near + difference(number, near & _MASK)
