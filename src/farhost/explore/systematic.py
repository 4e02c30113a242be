"""The systematic strategy: every single fault at every place, then pairs of them.

It starts from one run without faults that was recorded (`Verdict.asked`): each fault that could have happened there,
with its largest size. What it yields are replays, one for a run each, all with the seed of the recorded run. It finds
a failure that one fault causes for certain, if that fault is a choice of the recorded run; one that only comes where
another fault has changed the run before (a loss of a retransmission, say) is for the other strategies.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from math import isqrt

from farhost.sim.choices import Choice

Asked = Iterable[tuple[Choice, int]]
"""What could have happened, with its largest size, in the order in which it was asked."""
PAIRS = 1000


def systematic(asked: Asked, pairs: int = PAIRS) -> Iterator[Mapping[Choice, int]]:
    """The replays to try, the most promising first; at most so many pairs.

    First each fault with its largest size, then with smaller ones (`sizes`). Kinds take turns, and within a kind what
    was asked early comes early: so the first few hundred runs have seen something of every sort, and the beginning of
    a conversation before its thousandth packet. Pairs are of largest sizes, early ones with early ones.

    >>> loss, pause = Choice("loss", "a>b syn #1"), Choice("pause", "a at 1s")
    >>> for replay in systematic([(loss, 1), (pause, 9)]):
    ...     print({choice.kind: size for choice, size in replay.items()})
    {'loss': 1}
    {'pause': 9}
    {'pause': 1}
    {'pause': 3}
    {'pause': 5}
    {'loss': 1, 'pause': 9}
    """
    ordered = in_turns(asked)
    by_rank = [(choice, sizes(limit)) for choice, limit in ordered]
    for rank in range(max((len(found) for _, found in by_rank), default=0)):
        for choice, found in by_rank:
            if rank < len(found):
                yield {choice: found[rank]}
    yield from _pairs(ordered, pairs)


def how_many(asked: Asked, pairs: int = PAIRS) -> int:
    """How many replays `systematic` yields.

    >>> how_many([(Choice("loss", "a>b syn #1"), 1), (Choice("pause", "a at 1s"), 9)])
    6
    """
    limits = list(dict(asked).values())
    count = len(limits)
    return sum(len(sizes(limit)) for limit in limits) + min(max(0, pairs), count * (count - 1) // 2)


def sizes(limit: int) -> Sequence[int]:
    """Those to try of a fault that has sizes from 1 to `limit`: the largest, the smallest, and two in the middle, of
    the orders of magnitude and of the numbers.

    >>> sizes(1), sizes(2), sizes(10_000)
    ([1], [2, 1], [10000, 1, 100, 5000])
    """
    return list(dict.fromkeys(size for size in (limit, 1, isqrt(limit), (limit + 1) // 2) if size >= 1))


def in_turns(asked: Asked) -> list[tuple[Choice, int]]:
    """The same choices, each once, one of each kind in turn; within a kind in their order."""
    kinds: dict[str, list[tuple[Choice, int]]] = {}
    for choice, limit in dict(asked).items():
        kinds.setdefault(choice.kind, []).append((choice, limit))
    return [one for row in zip_longest(*kinds.values()) for one in row if one is not None]


def _pairs(ordered: Sequence[tuple[Choice, int]], most: int) -> Iterator[Mapping[Choice, int]]:
    """Two different choices, by the sum of their ranks."""
    left = most
    for total in range(1, 2 * len(ordered) - 2):
        for later in range(total // 2 + 1, min(total, len(ordered) - 1) + 1):
            if left <= 0:
                return
            left -= 1
            yield dict((ordered[total - later], ordered[later]))
