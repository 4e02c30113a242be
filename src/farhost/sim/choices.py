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
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Choice(NamedTuple):
    """The name of one decision."""

    kind: str
    place: str


_SPACE = 1 << 64


class Choices:
    """The decisions of one run."""

    __slots__ = ("_key", "_keyed", "_replay", "asked", "drawn", "seed", "taken")

    def __init__(self, seed: int, replay: Mapping[Choice, int] | None = None, record: bool = False) -> None:
        """With `replay`, a fault answers what the mapping says and 0 where it is silent; draws come from the seed.
        `record`: keep what was asked."""
        self.taken: dict[Choice, int] = {}
        """The faults that happened, in the order in which they did, with their sizes."""
        self.drawn = False
        """Whether the seed was used."""
        self.asked: dict[Choice, int] | None = None
        """The faults that could have happened, each with its largest size, if that is kept."""
        self.restart(seed, replay, record)

    def restart(self, seed: int, replay: Mapping[Choice, int] | None = None, record: bool = False) -> None:
        """Become what `Choices(seed, replay, record)` would be: for a run that was made ready before its seed was
        known. Nothing may have been decided yet."""
        assert not self.taken and not self.drawn, "a run under way cannot get another seed"
        self.seed = seed
        self.asked = {} if record else None
        self._replay = replay
        self._key = hashlib.blake2b(str(seed).encode(), digest_size=32).digest()
        self._keyed = hashlib.blake2b(digest_size=8, key=self._key)
        """Copied for each number: setting up the key costs more than the number."""

    def _number(self, kind: str, place: str) -> int:
        self.drawn = True
        number = self._keyed.copy()
        number.update(f"{kind}\0{place}".encode())
        return int.from_bytes(number.digest(), "big")

    def fault(
        self,
        kind: str,
        place: str,
        ratio: tuple[int, int],
        limit: int = 1,
        rather_small: bool = False,
        one_more: tuple[int, int] | None = None,
    ) -> int:
        """A fault that happens with the probability `ratio` and then has a size from 1 up to and including `limit`:
        that size, or 0. A probability of zero never happens and costs nothing.

        Sizes are evenly spread, or with `rather_small` evenly over the orders of magnitude: 1 to 10 is as frequent as
        100 to 1,000; or with `one_more` geometrically: each time the size is one more with that probability.

        >>> choices = Choices(seed=7)
        >>> choices.fault("spike", "a>b data 0+5 #1", (0, 1), 1000), choices.fault("loss", "a>b fin 5+0 #1", (1, 1))
        (0, 1)
        >>> 1 <= choices.fault("spike", "a>b data 0+5 #1", (1, 1), 1000) <= 1000
        True
        """
        numerator, denominator = ratio
        if numerator <= 0 or limit <= 0:
            return 0
        if self.asked is not None:
            self.asked[Choice(kind, place)] = limit
        if self._replay is not None:
            size = min(self._replay.get(Choice(kind, place), 0), limit)
        elif self._number(kind, place) * denominator < numerator * _SPACE:
            size = 1 if limit == 1 else 1 + self._size(kind, place, limit, rather_small, one_more)
        else:
            return 0
        if size:
            self.taken[Choice(kind, place)] = size
        return size

    def fault_at_one(
        self,
        kind: str,
        subject: str,
        places: Callable[[int], str],
        count: int,
        ratio: tuple[int, int],
        limit: int = 1,
        rather_small: bool = False,
    ) -> list[tuple[int, int]]:
        """A fault that happens to `subject` with the probability `ratio`, at one of `count` places, each as likely:
        which place, and its size, from 1 to `limit`. A replay may have it at any of the places, and at several.

        >>> choices = Choices(seed=7)
        >>> [(which, size)] = choices.fault_at_one("crash", "server", "server #{}".format, 5, (1, 1), 1000)
        >>> choices.taken == {Choice("crash", f"server #{which}"): size}
        True
        """
        numerator, denominator = ratio
        if numerator <= 0 or limit <= 0:
            return []
        if self.asked is not None:
            self.asked.update((Choice(kind, places(number)), limit) for number in range(count))
        numbers = range(count)
        if self._replay is None:
            if self._number(kind, subject) * denominator >= numerator * _SPACE:
                return []
            which = self.draw(f"{kind} which", subject, count)
            numbers = range(which, which + 1)
        sizes = [(number, self.fault(kind, places(number), (1, 1), limit, rather_small)) for number in numbers]
        return [(number, size) for number, size in sizes if size]

    def decided(self, kind: str, place: str, size: int) -> int:
        """A fault whose size somebody has worked out, by draws: it happens, unless a replay says otherwise.

        >>> choices = Choices(seed=7)
        >>> choices.decided("wake", "a/a thread 1 wait 1", 300), choices.taken
        (300, {Choice(kind='wake', place='a/a thread 1 wait 1'): 300})
        """
        name = Choice(kind, place)
        if self.asked is not None:
            self.asked[name] = size
        if self._replay is not None:
            size = min(self._replay.get(name, 0), size)
        if size:
            self.taken[name] = size
        return size

    def _size(self, kind: str, place: str, limit: int, rather_small: bool, one_more: tuple[int, int] | None) -> int:
        """From 0 up to but not including `limit`."""
        number = self._number(f"{kind} size", place)
        if one_more is not None:
            return _geometric(number, limit - 1, *one_more)
        if rather_small:
            limit = min(limit, 1 << number % limit.bit_length() + 1)
            number = self._number(f"{kind} size in it", place)
        return number * limit // _SPACE

    def chance(self, kind: str, place: str, numerator: int, denominator: int) -> bool:
        """A fault without a size that happens with probability numerator/denominator.

        >>> choices = Choices(seed=7)
        >>> choices.chance("loss", "a>b data 0+5 #1", 0, 100), choices.chance("loss", "a>b data 0+5 #1", 100, 100)
        (False, True)
        >>> choices.taken
        {Choice(kind='loss', place='a>b data 0+5 #1'): 1}
        """
        return self.fault(kind, place, (numerator, denominator)) != 0

    def amount(self, kind: str, place: str, limit: int) -> int:
        """A fault of a size: an integer from 0 (the default) up to and including `limit`, evenly spread."""
        if limit <= 0:
            return 0
        if self.asked is not None:
            self.asked[Choice(kind, place)] = limit
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
        self.drawn = True
        return hashlib.shake_256(self._key + f"\0{kind}\0{place}".encode()).digest(size)


def _geometric(number: int, limit: int, numerator: int, denominator: int) -> int:
    """How often something with a probability happens before it does not, at most `limit` times, from a number of
    the space."""
    count, reached = 0, _SPACE
    while count < limit:
        reached = reached * numerator // denominator
        if number >= reached:
            break
        count += 1
    return count
