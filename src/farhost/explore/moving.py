"""A fault whose size is part of another fault's place: changing the one moves the other.

A segment that is cut in two after 5 bytes has a second piece of which it may be said that it came late; cut after 6
bytes, that is another piece, with another place. And where a read that gets 5 bytes is followed by one that gets 7,
the second is at another offset as soon as the first gets 6. To ask whether a size matters, what depends on it goes
with it.
"""

import re
from collections.abc import Mapping

from farhost.sim.choices import Choice

SPLIT = "split"
IN_A_ROW = ("short-read", "short-write")
"""Kinds whose size is how far the stream gets, to where the next one may be."""
_RANGE = re.compile(r"(?P<flow>.*) (?P<word>data|fin) (?P<start>[0-9]+)\+(?P<length>[0-9]+) (?P<ordinal>#[0-9]+)")
_OFFSET = re.compile(r"(?P<flow>.*) at (?P<offset>[0-9]+)")


def with_size(faults: Mapping[Choice, int], choice: Choice, size: int) -> dict[Choice, int]:
    """The faults, one of them with another size, and those moved whose place depends on it.

    >>> cut = Choice("split", "s>c s:1>c:2 data 0+12 #1")
    >>> late = Choice("spike", "s>c s:1>c:2 data 5+7 #1")
    >>> for name, size in with_size({cut: 5, late: 300}, cut, 1).items():
    ...     print(name.place, size)
    s>c s:1>c:2 data 0+12 #1 1
    s>c s:1>c:2 data 1+11 #1 300
    """
    old = faults[choice]
    moves = _moves(faults, choice, size)
    found: dict[Choice, int] = {}
    for name, its_size in faults.items():
        if name == choice:
            found[name] = size
        else:
            place = moved(name.place, choice.place, old, size) if choice.kind == SPLIT else name.place
            found[moves.get(name, Choice(name.kind, place))] = its_size
    return found


def joined(faults: Mapping[Choice, int], choice: Choice) -> dict[Choice, int] | None:
    """The faults with this one and the next one in a row made one, as large as both; None if it has no next one."""
    following = _following(faults, choice)
    if following is None:
        return None
    whole = {name: size for name, size in faults.items() if name != following}
    whole[choice] = faults[choice] + faults[following]
    return whole


def moved(place: str, cut: str, old: int, new: int) -> str:
    """The place of the same piece, when the segment `cut` is cut after `new` bytes rather than after `old`."""
    whole, piece = _RANGE.fullmatch(cut), _RANGE.fullmatch(place)
    if whole is None or piece is None or piece["flow"] != whole["flow"]:
        return place
    start, length = int(whole["start"]), int(whole["length"])
    pieces = {(start, old): (start, new), (start + old, length - old): (start + new, length - new)}
    found = pieces.get((int(piece["start"]), int(piece["length"])))
    if found is None:
        return place
    return f"{piece['flow']} {piece['word']} {found[0]}+{found[1]} {piece['ordinal']}"


def _moves(faults: Mapping[Choice, int], choice: Choice, size: int) -> dict[Choice, Choice]:
    """Where those go that follow in a row, each right behind the one before it."""
    found: dict[Choice, Choice] = {}
    by = size - faults[choice]
    following = _following(faults, choice)
    while following is not None:
        match = _OFFSET.fullmatch(following.place)
        assert match is not None, following
        found[following] = Choice(following.kind, f"{match['flow']} at {int(match['offset']) + by}")
        following = _following(faults, following)
    return found


def _following(faults: Mapping[Choice, int], choice: Choice) -> Choice | None:
    """The fault of the same kind that is right behind this one in its stream."""
    match = _OFFSET.fullmatch(choice.place)
    if choice.kind not in IN_A_ROW or match is None:
        return None
    following = Choice(choice.kind, f"{match['flow']} at {int(match['offset']) + faults[choice]}")
    return following if following in faults else None
