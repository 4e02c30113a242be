"""One fault that happened, in words; and the unit of its size.

The words are the fault's own (`FaultWord.describe`). A link's jitter is a condition and no fault, but it is decided
packet by packet as faults are, so it is in the list of what happened and has its words here.
"""

from farhost.network.faults.fault_words import duration_words
from farhost.network.faults.setting import Setting
from farhost.scenario.faults import every_fault
from farhost.sim.choices import Choice
from farhost.units import UnitError, parse_duration

JITTER = "jitter"
_ANY = 7
"""A size that is nobody's default, to see in which unit a fault writes it."""


def known_kinds() -> list[str]:
    """All kinds that a list of faults may have."""
    return [*every_fault(), JITTER]


def describe_fault(choice: Choice, size: int) -> str:
    """What happened, where. A place that is none of its kind (somebody wrote it by hand) is given as it is."""
    if choice.kind == JITTER:
        # As `farhost.network.channel` has it: odd sizes are later, even ones earlier.
        way = "later" if size & 1 else "earlier"
        return f"{choice.place} came {duration_words((size + 1) // 2)} {way} than the link's delay"
    try:
        return every_fault()[choice.kind].describe(choice.place, size)
    except (KeyError, ValueError):
        return f"{choice.kind} of size {size}: {choice.place}"


def unit_ns(kind: str) -> int | None:
    """Of a size that is a span of time, its unit in ns; None for a size of another sort, or none.

    A fault that has a size in its word (`spike=1%:300ms`) writes it with its unit.
    """
    word = every_fault().get(kind)
    if word is None:
        return None
    written = word.format(Setting((1, 1), _ANY)).partition(":")[2]
    try:
        found = parse_duration(written)
    except UnitError:
        return None
    return found // _ANY if found and not found % _ANY else None


def is_time(choice: Choice) -> bool:
    """Whether its size is a span of time."""
    return unit_ns(choice.kind) is not None


def size_words(kind: str, size: int) -> str:
    """A size with its unit, where it has one."""
    unit = unit_ns(kind)
    return str(size) if unit is None else duration_words(size * unit)
