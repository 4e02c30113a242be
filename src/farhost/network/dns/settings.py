"""How a host's programs ask name servers: the words of resolv.conf(5), and what they mean to glibc.

nameservers=ns,10.0.0.9 search=example.com,example.net ndots=1 timeout=5s attempts=2 rotate=off
"""

from collections.abc import Mapping
from typing import NamedTuple

from farhost.network.dns.words import Words, read_domain, read_switch, read_words, split_words
from farhost.units import UnitError, parse_count, parse_duration

MOST_SERVERS = 3
"""MAXNS."""
MOST_NDOTS, MOST_ATTEMPTS, LONGEST_TIMEOUT_NS = 15, 5, 30 * 10**9
"""RES_MAXNDOTS, RES_MAXRETRY, RES_MAXRETRANS: glibc cuts what is more; here it is refused."""
_SECOND_NS = 10**9


class ResolverSettings(NamedTuple):
    """What a host's /etc/resolv.conf says."""

    nameservers: tuple[str, ...] | None = None
    """Hosts and addresses in order, at most three; None: the network's name servers."""
    search: tuple[str, ...] | None = None
    """Domains; None: those of the network's name servers."""
    ndots: int = 1
    """A name with so many dots is tried as it is before domains are put behind it."""
    timeout_ns: int = 5 * _SECOND_NS
    attempts: int = 2
    rotate: bool = False
    """Whether not every lookup begins with the first server."""

    @classmethod
    def parse(cls, text: str) -> "ResolverSettings":
        """What words describe. UnitError names the word that is wrong.

        >>> ResolverSettings.parse("search=example.com timeout=1s").search
        ('example.com',)
        """
        return cls.of(split_words(text))

    @classmethod
    def of(cls, words: Mapping[str, str]) -> "ResolverSettings":
        """The same from words. UnitError."""
        return cls(**read_words(words, WORDS, "a resolver"))


def server_timeout_ns(settings: ResolverSettings, number: int, count: int) -> int:
    """How long to wait for the server at place `number` of `count`: glibc doubles it from one to the next, shares it
    among them from the second on, and counts in whole seconds, at least one (res_send.c, send_dg).

    >>> [server_timeout_ns(ResolverSettings(), number, 3) // 10**9 for number in range(3)]
    [5, 3, 6]
    """
    seconds = settings.timeout_ns // _SECOND_NS << number
    if number:
        seconds //= count
    return max(seconds, 1) * _SECOND_NS


def _read_list(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


def _read_servers(text: str) -> tuple[str, ...]:
    found = _read_list(text)
    if len(found) > MOST_SERVERS:
        raise UnitError(f"{text!r} are {len(found)} name servers: a resolver asks {MOST_SERVERS} at most")
    return found


def _read_search(text: str) -> tuple[str, ...]:
    return tuple(read_domain(part) for part in _read_list(text))


def _read_timeout(text: str) -> int:
    duration_ns = parse_duration(text)
    if duration_ns % _SECOND_NS or not _SECOND_NS <= duration_ns <= LONGEST_TIMEOUT_NS:
        raise UnitError(f"{text!r} is not 1s to {LONGEST_TIMEOUT_NS // _SECOND_NS}s in whole seconds")
    return duration_ns


def _read_attempts(text: str) -> int:
    count = parse_count(text)
    if not 1 <= count <= MOST_ATTEMPTS:
        raise UnitError(f"{text!r} is not 1 to {MOST_ATTEMPTS}")
    return count


def _read_ndots(text: str) -> int:
    count = parse_count(text)
    if count > MOST_NDOTS:
        raise UnitError(f"{text!r} is not 0 to {MOST_NDOTS}")
    return count


WORDS: Words = {
    "nameservers": ("nameservers", _read_servers),
    "search": ("search", _read_search),
    "ndots": ("ndots", _read_ndots),
    "timeout": ("timeout_ns", _read_timeout),
    "attempts": ("attempts", _read_attempts),
    "rotate": ("rotate", read_switch),
}
