"""What one direction of a link is like: delay, rate, queue, MTU and faults; and its description in words.

    delay=40ms jitter=5ms loss=2% reorder=10% duplicate=1% corrupt=0.1% rate=10mbit limit=100 mtu=1400

The words are netem's (tc-netem(8)), and those of the table of faults, which docs/faults.md lists. Where we differ
from netem: jitter never reorders, reordering is `reorder`'s business; the limit counts packets that wait for their
turn on the wire, not those on their way; a packet that is lost has taken its time on the wire all the same, so that
taking a loss away moves no other packet.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from farhost.network.faults.setting import OFF, Ratio, Setting
from farhost.network.faults.table import FAULTS
from farhost.units import (
    UnitError,
    format_count,
    format_duration,
    format_rate,
    parse_count,
    parse_duration,
    parse_rate,
)

DEFAULT_LIMIT = 1000
DEFAULT_MTU = 1500
LEAST_MTU = 68
"""RFC 791: what every link has to carry. Under 1280 bytes IPv6 works on, where Linux takes it off the interface."""


class Conditions(NamedTuple):
    """One direction of a link."""

    delay_ns: int = 0
    jitter_ns: int = 0
    """The delay varies evenly by so much up and down, for each burst anew, and never so that a later packet
    overtakes."""
    rate_bps: int = 0
    """Bits of IP packets per second; 0: no limit."""
    limit_packets: int = DEFAULT_LIMIT
    """How many packets may wait for their turn, the one on the wire among them; later ones are dropped. Only a link
    with a rate has a queue."""
    mtu: int = DEFAULT_MTU
    """Bytes of the largest IP packet."""
    bursts: bool = True
    """False: the pieces of a super-segment are held as packets of their own. Nothing that happens differs."""
    faults: tuple[tuple[str, Setting], ...] = ()
    """What may befall a packet, by word, in the order of the table; those that never happen are left out."""

    def setting(self, kind: str) -> Setting:
        """How strong a fault of the table is."""
        return next((setting for word, setting in self.faults if word == kind), OFF)

    def ratio(self, kind: str) -> Ratio:
        """The probability of a fault of the table."""
        return self.setting(kind).ratio

    def words(self) -> str:
        """The description that `parse` reads: what differs from a perfect link; nothing for a perfect one.

        >>> Conditions.parse("loss=2% delay=40ms mtu=1400").words()
        'delay=40ms mtu=1400 loss=2%'
        """
        found = [
            f"{word}={_FORMATS[word](getattr(self, field))}"
            for word, (field, _) in _WORDS.items()
            if getattr(self, field) != Conditions._field_defaults[field]
        ]
        return " ".join([*found, *(f"{kind}={FAULTS[kind].format(setting)}" for kind, setting in self.faults)])

    @classmethod
    def parse(cls, text: str, base: "Conditions | None" = None) -> "Conditions":
        """The conditions that words describe, those left out as in `base` (default: a perfect link).

        UnitError names the word that is wrong, given twice, or unknown.

        >>> Conditions.parse("delay=40ms loss=2%").ratio("loss")
        (1, 50)
        >>> Conditions.parse("dely=40ms")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        farhost.units.UnitError: no word 'dely' describes a link: they are delay, jitter, rate, limit, mtu, ...
        """
        words: dict[str, str] = {}
        for part in text.split():
            word, equals, value = part.partition("=")
            if not equals:
                raise UnitError(f"{part!r} is no word=value, such as delay=40ms")
            if word in words:
                raise UnitError(f"{word!r} is given twice")
            words[word] = value
        return cls.of(base, **words)

    @classmethod
    def of(cls, base: "Conditions | None" = None, **words: str) -> "Conditions":
        """The same from keywords: `Conditions.of(delay="40ms", loss="2%")`. UnitError."""
        result = cls() if base is None else base
        for word, value in words.items():
            try:
                result = _set(result, word, value)
            except UnitError as error:
                raise error if word not in known_words() else UnitError(f"{word}: {error}") from None
        return result


def known_words() -> tuple[str, ...]:
    """All words of a description."""
    return (*_WORDS, *FAULTS)


def _parse_mtu(text: str) -> int:
    mtu = parse_count(text)
    if not LEAST_MTU <= mtu <= 65535:
        raise UnitError(f"{text!r} is no MTU: it is {LEAST_MTU} to 65535, in bytes, such as 1400")
    return mtu


def _parse_limit(text: str) -> int:
    limit = parse_count(text)
    if limit == 0:
        raise UnitError("a queue of 0 packets would never send anything: a limit is at least 1")
    return limit


def _parse_switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise UnitError(f"{text!r} is neither on nor off")
    return text == "on"


_WORDS: dict[str, tuple[str, Callable[[str], int]]] = {
    "delay": ("delay_ns", parse_duration),
    "jitter": ("jitter_ns", parse_duration),
    "rate": ("rate_bps", parse_rate),
    "limit": ("limit_packets", _parse_limit),
    "mtu": ("mtu", _parse_mtu),
    "bursts": ("bursts", _parse_switch),
}
"""Word -> field and reader; a fault's word is in the table of faults instead."""

_FORMATS: dict[str, Callable[[Any], str]] = {
    "delay": format_duration,
    "jitter": format_duration,
    "rate": format_rate,
    "limit": format_count,
    "mtu": format_count,
    "bursts": lambda on: "on" if on else "off",
}


def _set(conditions: Conditions, word: str, value: str) -> Conditions:
    if word in _WORDS:
        field, parse = _WORDS[word]
        change: dict[str, Any] = {field: parse(value)}
        return conditions._replace(**change)
    if word not in FAULTS:
        raise UnitError(f"no word {word!r} describes a link: they are {', '.join(known_words())}")
    settings = {**dict(conditions.faults), word: FAULTS[word].parse(value)}
    there_are = [(kind, settings[kind]) for kind in FAULTS if kind in settings]
    return conditions._replace(faults=tuple((kind, setting) for kind, setting in there_are if setting.ratio[0]))
