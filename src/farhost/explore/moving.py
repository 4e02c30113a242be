"""A fault whose size is part of another fault's place: changing the one moves the other.

A segment that is cut in two after 5 bytes has a second piece of which it may be said that it came late; cut after 6
bytes, that is another piece, with another place. To ask whether the size matters, the fault that befell the piece has
to go with it.
"""

import re
from collections.abc import Mapping

from farhost.sim.choices import Choice

SPLIT = "split"
_RANGE = re.compile(r"(?P<flow>.*) (?P<word>data|fin) (?P<start>[0-9]+)\+(?P<length>[0-9]+) (?P<ordinal>#[0-9]+)")


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
    found: dict[Choice, int] = {}
    for name, its_size in faults.items():
        if name == choice:
            found[name] = size
        else:
            place = moved(name.place, choice.place, old, size) if choice.kind == SPLIT else name.place
            found[Choice(name.kind, place)] = its_size
    return found


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
