"""The sizes of faults: the simplest with which the failure still comes, and which others do as well.

Smaller is simpler, and a span of time is simpler where it has fewer digits. Whether sizes between two that fail also
fail, nobody knows without trying: what is said is said of those that were tried.
"""

from collections.abc import Callable, Mapping, Sequence
from math import isqrt
from typing import NamedTuple

Fails = Callable[[Sequence[int]], Sequence[bool]]
"""Whether the failure comes with each of these sizes of one fault."""

_ROUNDS = 5
_POINTS = 4
"""So many sizes are tried at once, so many times over."""
_FACTORS = (2, 3, 5, 10, 30, 100, 1000)
_FEW = 12
"""Where there are no more sizes than this, all are tried."""
MOST_DIGITS = 3
"""Of a span of time in words."""


class Neighbourhood(NamedTuple):
    """Which sizes of a fault fail as well, among those that were tried."""

    low: int
    high: int
    """Every size that was tried from the one to the other fails."""
    tried: int
    """How many in between, these included."""
    below: int | None
    """The next smaller one that was tried, with which the failure does not come; None: there is none."""
    above: int | None
    """The next larger one; None: there is none, or none was tried."""
    limit: int | None = None
    """The largest size that the fault may have here, if that is known."""
    elsewhere: tuple[int, ...] = ()
    """Sizes outside with which the failure comes again."""


def simplest(size: int, fails: Fails, is_time: bool) -> int:
    """The simplest size up to `size`, which fails; for a time also a rounder one that is a little larger.

    >>> simplest(900, lambda sizes: [300 <= size for size in sizes], False)
    300
    >>> simplest(287_331_123, lambda sizes: [200_000_123 <= size for size in sizes], True)
    300000000
    """
    if size == 1:
        return 1
    lowest, passing = size, 0
    for _ in range(_ROUNDS):
        points = _between(passing, lowest)
        if not points:
            break
        failed = [point for point, fail in zip(points, fails(points)) if fail]
        lowest = min(failed, default=lowest)
        passing = max((point for point in points if point < lowest), default=passing)
    if not is_time:
        return lowest
    rounded = (_rounded(lowest, digits) for digits in range(1, MOST_DIGITS + 1))
    rounder = [value for value in dict.fromkeys(rounded) if value != lowest]
    for value, fail in zip(rounder, fails(rounder) if rounder else ()):
        if fail:
            return value
    return lowest


def explore_around(size: int, limit: int | None, fails: Fails) -> Neighbourhood:
    """Which sizes around one that fails fail as well; `limit`: the largest that there is, if that is known."""
    if limit is not None and limit <= _FEW:
        points = [value for value in range(1, limit + 1) if value != size]
    else:
        points = sorted({max(1, size // factor) for factor in (*_FACTORS, size)} - {size})
        points += [size * factor for factor in _FACTORS if limit is None or size * factor < limit]
        if limit is not None and size < limit <= size * _FACTORS[-1]:
            points.append(limit)
    known = {size: True, **dict(zip(points, fails(points) if points else ()))}
    for _ in range(_ROUNDS):
        low, high, below, above = _edges(size, known)
        points = []
        if below is not None and low - below > 1 and low * 10 > below * 11:
            points.append(_middle(below, low))
        if above is not None and above - high > 1 and above * 10 > high * 11:
            points.append(_middle(high, above))
        if not points:
            break
        known.update(zip(points, fails(points)))
    low, high, below, above = _edges(size, known)
    tried = sum(low <= value <= high for value in known)
    elsewhere = tuple(sorted(value for value, fail in known.items() if fail and not low <= value <= high))
    return Neighbourhood(low, high, tried, below, above, limit, elsewhere)


def neighbourhood_words(found: Neighbourhood, size: int, text: Callable[[int], str]) -> str:
    """What a neighbourhood says to people; `text` writes a size with its unit.

    >>> neighbourhood_words(Neighbourhood(200, 900, 9, 180, 1000), 300, lambda size: f"{size}ms")
    '200ms to 900ms also fail (9 sizes tried); 180ms and 1000ms do not'
    """
    passing = [text(value) for value in (found.below, found.above) if value is not None]
    if found.low == found.high:
        if not passing:
            return ""
        words = f"of the sizes tried only {text(size)} fails"
    elif not passing and found.limit == found.high:
        words = f"every size fails: {found.tried} tried from {text(found.low)} to {text(found.high)}"
        return words if found.tried < found.high else f"every size from {text(found.low)} to {text(found.high)} fails"
    else:
        words = f"{text(found.low)} to {text(found.high)} also fail ({found.tried} sizes tried)"
    if passing:
        words += f"; {' and '.join(passing)} {'does' if len(passing) == 1 else 'do'} not"
    if found.elsewhere:
        words += f", but {', '.join(map(text, found.elsewhere[:3]))} again"
    return words


def _between(low: int, high: int) -> list[int]:
    """Some sizes above `low` and below `high`, evenly over the orders of magnitude; first of all 1."""
    if high - low - 1 <= _POINTS:
        return list(range(low + 1, high))
    if low == 0:
        return sorted({1, *(_step(1, high, part) for part in range(1, _POINTS))})
    if high * 50 < low * 51:
        return []
    return sorted({_step(low, high, part) for part in range(1, _POINTS + 1)} - {low, high})


def _step(low: int, high: int, part: int) -> int:
    """Integers alone, so that every machine tries the same sizes: halves of the geometric way."""
    middle = _middle(low, high)
    quarters = low, _middle(low, middle), middle, _middle(middle, high)
    return quarters[part] if part < len(quarters) else _middle(quarters[-1], high)


def _middle(low: int, high: int) -> int:
    return min(max(isqrt(low * high), low + 1), high - 1)


def _rounded(size: int, digits: int) -> int:
    """The next number that is no smaller and has so many digits before its zeros."""
    unit: int = 10 ** max(0, len(str(size)) - digits)
    return -(-size // unit) * unit


def _edges(size: int, known: Mapping[int, bool]) -> tuple[int, int, int | None, int | None]:
    """The sizes around one that fail without a gap among those known, and the next that does not on either side."""
    below = max((value for value, fail in known.items() if not fail and value < size), default=None)
    above = min((value for value, fail in known.items() if not fail and value > size), default=None)
    inside = [
        value
        for value, fail in known.items()
        if fail and (below is None or value > below) and (above is None or value < above)
    ]
    return min(inside), max(inside), below, above
