"""What a name server is like: its domain, and how slow, lossy or wrong it is; and its description in words.

domain=example.com ttl=60s delay=200ms slow=5%:3s drop=10% drop-next=1 servfail=5% nxdomain=5% wrong=5%
wrong-address=10.9.9.9 rotate=on
"""

from collections.abc import Mapping
from typing import NamedTuple

from farhost.network.dns.words import Words, read_domain, read_switch, read_words, split_words
from farhost.network.faults.setting import OFF, Ratio, Setting
from farhost.network.faults.span_fault import SpanFault
from farhost.units import UnitError, parse_count, parse_duration, parse_ratio
from farhost.wire.addresses import AddressError, parse_address
from farhost.wire.packet import IpAddress

_SECOND_NS = 10**9
_LONGEST_TTL_S = (1 << 31) - 1
"""RFC 2181 §8."""
NOWHERE = (parse_address("192.0.2.1"), parse_address("2001:db8::1"))
"""What a wrong answer says unless told otherwise: those of documentation, which nobody has (RFC 5737, RFC 3849)."""


class NameServerConditions(NamedTuple):
    """One name server."""

    domain: str = ""
    """What is behind the names of hosts; nothing: they are names right under the root."""
    ttl_s: int = 60
    delay_ns: int = 0
    """How long it thinks about each query."""
    drop: Ratio = (0, 1)
    """How many of the queries it never answers."""
    drop_next: int = 0
    """So many of the queries from now on it never answers."""
    servfail: Ratio = (0, 1)
    nxdomain: Ratio = (0, 1)
    wrong: Ratio = (0, 1)
    """How many of the answers with addresses have others than they should."""
    wrong_addresses: tuple[IpAddress, ...] = ()
    """Which, instead of `NOWHERE`'s of the same family."""
    slow: Setting = OFF
    """How many of the answers come late, and by how much at most, in ms, beside `delay_ns`."""
    rotate: bool = True
    """Several addresses of a name take turns in being the first, as with BIND's `rrset-order cyclic`."""

    @classmethod
    def parse(cls, text: str, base: "NameServerConditions | None" = None) -> "NameServerConditions":
        """What words describe, those left out as in `base`. UnitError names the word that is wrong.

        >>> NameServerConditions.parse("domain=example.com delay=40ms").delay_ns
        40000000
        >>> NameServerConditions.parse("dely=40ms")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        farhost.units.UnitError: no word 'dely' describes a name server: they are domain, ttl, delay, drop, ...
        """
        return cls.of(split_words(text), base)

    @classmethod
    def of(cls, words: Mapping[str, str], base: "NameServerConditions | None" = None) -> "NameServerConditions":
        """The same from words. UnitError."""
        return (cls() if base is None else base)._replace(**read_words(words, WORDS, "a name server"))


class Slow(SpanFault):
    """The value of the word `slow`."""

    default = "3s"


def _read_ttl(text: str) -> int:
    duration_ns = parse_duration(text)
    if duration_ns % _SECOND_NS or duration_ns // _SECOND_NS > _LONGEST_TTL_S:
        raise UnitError(f"{text!r} is no TTL: it is whole seconds, at most {_LONGEST_TTL_S}s")
    return duration_ns // _SECOND_NS


def _read_addresses(text: str) -> tuple[IpAddress, ...]:
    try:
        return tuple(map(parse_address, text.split(",")))
    except AddressError as error:
        raise UnitError(str(error)) from None


WORDS: Words = {
    "domain": ("domain", read_domain),
    "ttl": ("ttl_s", _read_ttl),
    "delay": ("delay_ns", parse_duration),
    "drop": ("drop", parse_ratio),
    "drop-next": ("drop_next", parse_count),
    "servfail": ("servfail", parse_ratio),
    "nxdomain": ("nxdomain", parse_ratio),
    "wrong": ("wrong", parse_ratio),
    "wrong-address": ("wrong_addresses", _read_addresses),
    "slow": ("slow", Slow().parse),
    "rotate": ("rotate", read_switch),
}
