"""choose(): the one place where anything random is decided.

A decision is named by its kind and its *place*: what it is about (a connection's byte range and transmission, a
datagram's socket and call), never how many came before it. Its answer is a function of (seed, kind, place) alone,
so taking one decision away moves no other. Two sorts of answer:

- a *fault* has a default, option 0, "nothing unusual"; those that differ are kept in `taken`, a sparse list from
  which a run replays and which shrinks by removing entries;
- a *draw* is a number that any run needs (a port, an initial sequence number, entropy for a program); it always comes
  from the seed and is never listed.
"""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple


class Choice(NamedTuple):
    """The name of one decision."""

    kind: str
    place: str


_SPACE = 1 << 64


class Choices:
    """The decisions of one run."""

    __slots__ = ("_key", "_keyed", "_replay", "seed", "taken")

    def __init__(self, seed: int, replay: Mapping[Choice, int] | None = None) -> None:
        """With `replay`, a fault answers what the mapping says and 0 where it is silent; draws come from the seed."""
        self.seed = seed
        self.taken: dict[Choice, int] = {}
        self._replay = replay
        self._key = hashlib.blake2b(str(seed).encode(), digest_size=32).digest()
        self._keyed = hashlib.blake2b(digest_size=8, key=self._key)
        """Copied for each number: setting up the key costs more than the number."""

    def _number(self, kind: str, place: str) -> int:
        number = self._keyed.copy()
        number.update(f"{kind}\0{place}".encode())
        return int.from_bytes(number.digest(), "big")

    def chance(self, kind: str, place: str, numerator: int, denominator: int) -> bool:
        """A fault that happens with probability numerator/denominator; a zero never happens and costs nothing.

        >>> choices = Choices(seed=7)
        >>> choices.chance("loss", "a>b data 0+5 #1", 0, 100), choices.chance("loss", "a>b data 0+5 #1", 100, 100)
        (False, True)
        >>> choices.taken
        {Choice(kind='loss', place='a>b data 0+5 #1'): 1}
        """
        if numerator <= 0:
            return False
        if self._replay is not None:
            happens = self._replay.get(Choice(kind, place), 0) != 0
        else:
            happens = self._number(kind, place) * denominator < numerator * _SPACE
        if happens:
            self.taken[Choice(kind, place)] = 1
        return happens

    def amount(self, kind: str, place: str, limit: int) -> int:
        """A fault of a size: an integer from 0 (the default) up to and including `limit`, evenly spread."""
        if limit <= 0:
            return 0
        if self._replay is not None:
            value = min(self._replay.get(Choice(kind, place), 0), limit)
        else:
            value = self._number(kind, place) * (limit + 1) // _SPACE
        if value:
            self.taken[Choice(kind, place)] = value
        return value

    def draw(self, kind: str, place: str, bound: int) -> int:
        """A number from 0 up to but not including `bound`, from the seed alone; never a fault, never listed."""
        return self._number(kind, place) * bound // _SPACE

    def draw_bytes(self, kind: str, place: str, size: int) -> bytes:
        """`size` bytes from the seed alone: the entropy of a simulated process."""
        return hashlib.shake_256(self._key + f"\0{kind}\0{place}".encode()).digest(size)
