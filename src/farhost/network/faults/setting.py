"""How strong a fault is: its probability, and the largest size that it may have where it has one.

loss=2%   spike=1%:300ms   short-read=5%
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from farhost.units import UnitError, format_ratio, parse_ratio

Ratio = tuple[int, int]
"""(numerator, denominator) of a probability."""


class Setting(NamedTuple):
    """One fault, as a description has it."""

    ratio: Ratio
    size: int = 0
    """The largest size, in the fault's own unit; 0 for a fault that has none, or that knows a limit of its own."""
    details: tuple[tuple[str, int, int], ...] = ()
    """What else a fault's word says, as the fault's file has it; empty for most."""


OFF = Setting((0, 1))
"""A fault that never happens, as one that nobody named."""


class FaultWord(Protocol):
    """What every fault has that a description may name: a link's, a call's, a host's, a name server's."""

    @property
    def kind(self) -> str:
        """Its word in a description, in a choice's name and in the trace."""

    @property
    def help(self) -> str:
        """What it does, in one line."""

    @property
    def replayed(self) -> str:
        """The value with which it does whatever a replay says: it is asked everywhere, and may have any size."""

    def parse(self, text: str) -> Setting:
        """The value of its word. UnitError."""

    def format(self, setting: Setting) -> str:
        """The value of its word, as `parse` reads it."""

    def describe(self, place: str, size: int) -> str:
        """One fault that happened, for people: at which place, with which size."""


def parse_setting(text: str, size: int = 0, parse_size: Callable[[str], int] | None = None) -> Setting:
    """`2%`, or with `parse_size` `2%:300ms`; `size`: what holds where none is given. UnitError.

    >>> from farhost.units import parse_duration
    >>> parse_setting("2%", 1000, parse_duration) == parse_setting("2%:1us", 5, parse_duration) == ((1, 50), 1000, ())
    True
    """
    ratio, colon, given = text.partition(":")
    if not colon:
        return Setting(parse_ratio(ratio), size)
    if parse_size is None:
        raise UnitError(f"{text!r}: it is a probability and nothing more, such as 2%")
    found = parse_size(given)
    if found <= 0:
        raise UnitError(f"{text!r}: the size after the colon is the largest one, so it is more than 0")
    return Setting(parse_ratio(ratio), found)


def format_setting(setting: Setting, size: int = 0, format_size: Callable[[int], str] = str) -> str:
    """What `parse_setting` reads; a size that holds anyway is left out."""
    ratio = format_ratio(setting.ratio)
    return ratio if setting.size == size else f"{ratio}:{format_size(setting.size)}"


class PlainFault:
    """The words of a fault that has a probability and no size."""

    replayed = "100%"

    def parse(self, text: str) -> Setting:
        """`FaultWord.parse`."""
        return parse_setting(text)

    def format(self, setting: Setting) -> str:
        """`FaultWord.format`."""
        return format_setting(setting)
