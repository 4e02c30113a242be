"""In which order Linux looks at ports when it has to choose one, and a memory of those that were found taken.

The order (inet_csk_find_open_port, __inet_hash_connect, udp_lib_get_port): from a drawn offset, bind(2) at the ports
of the other parity than the range's start and then at the rest, connect(2) the other way round; with a range of the
socket's own (IP_LOCAL_PORT_RANGE) connect takes them one by one. As in Linux a stream's bind(2) may miss one port of
a range of odd size. A datagram socket's choice has no order in Linux; it sees every port.

A search that has to look at many ports remembers which were taken, by who asked; the next of the same sort looks only
at the others. So to use up a range costs what its size is, not the square of that. Whoever changes what makes a port
taken says so (`PortSearch.forget`).
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from heapq import heappop, heappush
from itertools import chain

Draw = Callable[[int], int]
"""A number below the bound (`Chance.draw` with its kind and place filled in)."""

Verdict = Callable[[int], int]
"""A port -> from which virtual time in ns it is free: 0 for now, NEVER while nothing changes there."""

NEVER = 1 << 63
PATIENCE = 32
"""So many ports are looked at before anything is remembered."""
_ASKERS = 16
"""So many sorts of searches are remembered, the latest."""

_EVEN = int.from_bytes(b"\x55" * 8192, "little")
_ALTERNATE = (_EVEN, _EVEN << 1)
"""Bit n is set for every even, or odd, port n."""

Ranges = list[range]


def connect_order(low: int, high: int, draw: Draw, one_by_one: bool) -> Iterator[Ranges]:
    """The ports of [low, high] as connect(2) looks at them."""
    size = high + 1 - low
    if size <= 1:
        yield [range(low, high + 1)]
    elif one_by_one:
        yield _round(low + draw(size), high + 1, 1, size)
    else:
        even_size = size & ~1
        first = low + (draw(even_size) & ~1)
        yield [*_round(first, high + 1, 2, even_size), *_round(first + 1, high + 1, 2, even_size)]


def bind_order(low: int, high: int, draw: Draw, reuse: bool) -> Iterator[Ranges]:
    """The ports of [low, high] as bind(2) of a stream looks at them: with SO_REUSEADDR the lower half first."""
    size = high + 1 - low
    if reuse and size >= 4:
        middle = low + (size >> 2 << 1)
        yield from bind_order(low, middle - 1, draw, False)
        yield from bind_order(middle, high, draw, False)
    elif size <= 1:
        yield [range(low, high + 1)]
    else:
        even_size = size & ~1
        first = low + (draw(even_size) | 1)
        yield [*_round(first, high + 1, 2, even_size), *_round(first - 1, high + 1, 2, even_size)]


def datagram_order(low: int, high: int, draw: Draw, reuse: bool) -> Iterator[Ranges]:
    """The ports of [low, high] as bind(2) of a datagram socket looks at them here."""
    size = high + 1 - low
    if size <= 1:
        yield [range(low, high + 1)]
        return
    first = low + (draw(size & ~1) | 1)
    other = first - 1
    yield [
        range(first, high + 1, 2),
        range(low + 1, first, 2),
        range(other, high + 1, 2),
        range(low, other, 2),
    ]


def _round(first: int, end: int, step: int, size: int) -> Ranges:
    """Every step-th port of `size` from `first` on; after the end those that lie `size` lower.

    >>> _round(103, 105, 2, 4), _round(102, 105, 2, 4)
    ([range(103, 105, 2), range(101, 103, 2)], [range(102, 106, 2), range(102, 102, 2)])
    """
    count = -(-size // step)
    here = min(count, -(-(end - first) // step))
    over = first + here * step - size
    return [range(first, first + here * step, step), range(over, over + (count - here) * step, step)]


class Known:
    """What one sort of search found taken."""

    __slots__ = ("_later", "mask")

    def __init__(self) -> None:
        self.mask = 0
        """Bit n is set for port n."""
        self._later: list[tuple[int, int]] = []
        """A heap of (from when it is free, port)."""

    def add(self, port: int, free_ns: int) -> None:
        """A port is taken until then."""
        self.mask |= 1 << port
        if free_ns != NEVER:
            heappush(self._later, (free_ns, port))

    def discard(self, port: int) -> None:
        """Nothing is known of it any more."""
        self.mask &= ~(1 << port)

    def expire(self, now_ns: int) -> None:
        """Forget what was taken until now."""
        later = self._later
        while later and later[0][0] <= now_ns:
            self.discard(heappop(later)[1])

    def others(self, ports: range) -> int:
        """The ports of a range (of step 1 or 2) of which nothing is known, as bits."""
        if not ports:
            return 0
        below = (1 << ports[-1] + 1) - 1
        wanted = below if ports.step == 1 else _ALTERNATE[ports.start & 1] & below
        return wanted >> ports.start << ports.start & ~self.mask


class PortSearch:
    """The searches in one table of ports."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[Hashable, Known] = {}

    def find(self, order: Iterable[Ranges], verdict: Verdict, asker: Hashable, now_ns: int) -> int | None:
        """The first port that is free; None if there is none. `asker`: all that the verdict depends on, besides the
        table and the time."""
        for ranges in order:
            found = self._find(ranges, verdict, asker, now_ns)
            if found is not None:
                return found
        return None

    def _find(self, ranges: Ranges, verdict: Verdict, asker: Hashable, now_ns: int) -> int | None:
        known = self._known.get(asker)
        if known is None:
            known = Known()
            for count, port in enumerate(chain.from_iterable(ranges)):
                if count == PATIENCE:
                    break
                free_ns = verdict(port)
                if free_ns <= now_ns:
                    return port
                known.add(port, free_ns)
            else:
                return None
            self._remember(asker, known)
        known.expire(now_ns)
        for ports in ranges:
            bits = known.others(ports)
            while bits:
                port = (bits & -bits).bit_length() - 1
                free_ns = verdict(port)
                if free_ns <= now_ns:
                    return port
                known.add(port, free_ns)
                bits &= bits - 1
        return None

    def _remember(self, asker: Hashable, known: Known) -> None:
        if len(self._known) >= _ASKERS:
            del self._known[next(iter(self._known))]
        self._known[asker] = known

    def forget(self, port: int) -> None:
        """Something changed that may have freed a port."""
        for known in self._known.values():
            known.discard(port)
