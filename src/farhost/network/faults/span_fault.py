"""The words of a fault whose size is a span of time, in whole ms: `pause=10%:2s`."""

from farhost.network.faults.setting import Setting, format_setting, parse_setting
from farhost.units import UnitError, format_duration, parse_duration

MILLISECOND_NS = 1_000_000
_LONGEST = "86400s"


class SpanFault:
    """A probability, and the largest span."""

    replayed = f"100%:{_LONGEST}"
    default = "1s"
    """The largest span where none is given."""

    def parse(self, text: str) -> Setting:
        """`FaultWord.parse`."""
        return parse_setting(text, parse_milliseconds(self.default), parse_milliseconds)

    def format(self, setting: Setting) -> str:
        """`FaultWord.format`."""
        return format_setting(setting, parse_milliseconds(self.default), format_milliseconds)


def parse_milliseconds(text: str) -> int:
    """A span in whole ms. UnitError.

    >>> parse_milliseconds("2s")
    2000
    >>> parse_milliseconds("2us")
    Traceback (most recent call last):
    farhost.units.UnitError: '2us' is not a whole number of ms
    """
    duration_ns = parse_duration(text)
    if duration_ns % MILLISECOND_NS:
        raise UnitError(f"{text!r} is not a whole number of ms")
    return duration_ns // MILLISECOND_NS


def format_milliseconds(size: int) -> str:
    """The inverse of `parse_milliseconds`."""
    return format_duration(size * MILLISECOND_NS)
