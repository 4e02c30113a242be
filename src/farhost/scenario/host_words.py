"""What `--host` says of a host. A mistake is a `WordError` with its remedy.

"server: user=root"                   one word
"server: byte-order=big user=root"    several words for one host
"client: ports=40000-40010"           the ports that its sockets get when they name none
"server: clock=+5s drift=100ppm"      its wall clock is wrong; all its clocks run too fast
"server: rmem=8KiB wmem=8KiB"         how much memory a socket has for what came, and for what is to go

A new word is one row of `HOST_WORDS`. Limits of one program (descriptors) are said of it: `farhost.scenario.plans`.
"""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from farhost.kernel.sysctl import Value
from farhost.kernel.sysctl_ranges import RANGES, check_integers
from farhost.scenario.words import WordError
from farhost.units import parse_drift, parse_size, parse_step


class HostWords(NamedTuple):
    """What was said of one host."""

    host: str
    byte_order: str = "little"
    user: str = "user"
    sysctls: Mapping[str, Value] = {}
    """Settings (sysctl(8)) that follow from words."""
    clock: str = ""
    drift: str = ""


class HostWord(NamedTuple):
    """One word that can be said of a host."""

    usage: str
    """How it is written, for a complaint about a word that there is not."""
    tell: Callable[[HostWords, str], HostWords]
    """Add what a value says. ValueError says what is wrong with it."""


def parse_host(text: str, hosts: Collection[str]) -> HostWords:
    """What `--host` says of a host. WordError.

    >>> parse_host("server: byte-order=big", ["server"])
    HostWords(host='server', byte_order='big', user='user', sysctls={}, clock='', drift='')
    """
    host, colon, words = text.partition(":")
    host = host.strip()
    if not colon or not words.split():
        raise WordError(f"{text!r}: write the host, a colon and what it is, such as 'server: user=root'")
    if host not in hosts:
        raise WordError(f"{text!r}: no host {host!r}: the hosts are {', '.join(hosts) or 'none'}")
    found = HostWords(host)
    said: set[str] = set()
    for word in words.split():
        key, equals, value = word.partition("=")
        if key not in HOST_WORDS or not equals:
            usages = ", ".join(row.usage for row in HOST_WORDS.values())
            raise WordError(f"{text!r}: no word {word!r}: a host has {usages}")
        if key in said:
            raise WordError(f"{text!r}: {key} is said twice: write it once")
        said.add(key)
        try:
            found = HOST_WORDS[key].tell(found, value)
        except ValueError as error:
            raise WordError(f"{text!r}: {error}") from None
    return found


def _byte_order(words: HostWords, value: str) -> HostWords:
    return words._replace(byte_order=_one_of("byte order", value, ("little", "big")))


def _user(words: HostWords, value: str) -> HostWords:
    return words._replace(user=_one_of("user", value, ("user", "root")))


def _one_of(what: str, value: str, values: Collection[str]) -> str:
    if value not in values:
        raise ValueError(f"no {what} {value!r}: it is {' or '.join(values)}")
    return value


def _ports(words: HostWords, value: str) -> HostWords:
    """Ephemeral ports, the first and the last (ip(7), ip_local_port_range)."""
    low, _, high = value.partition("-")
    if not (low.isdecimal() and high.isdecimal()):
        raise ValueError(f"ports={value}: it is the first and the last port, such as ports=40000-40010")
    name = "net.ipv4.ip_local_port_range"
    integers = int(low), int(high)
    check_integers(name, integers)
    return words._replace(sysctls={**words.sysctls, name: integers})


def _rmem(words: HostWords, value: str) -> HostWords:
    return _memory(words, value, "rmem")


def _wmem(words: HostWords, value: str) -> HostWords:
    return _memory(words, value, "wmem")


def _memory(words: HostWords, value: str, direction: str) -> HostWords:
    """The size of every socket's buffer of one direction, and the most that setsockopt may ask for: tcp(7) for TCP,
    which does not tune it then, socket(7) for the others, which Linux gives no less than `RANGES` says."""
    size = parse_size(value)
    tcp = f"net.ipv4.tcp_{direction}"
    integers = min(size, 4096), size, size
    check_integers(tcp, integers)
    found: dict[str, Value] = {**words.sysctls, tcp: integers}
    for name in (f"net.core.{direction}_default", f"net.core.{direction}_max"):
        found[name] = max(size, RANGES[name][0])
    return words._replace(sysctls=found)


def _clock(words: HostWords, value: str) -> HostWords:
    parse_step(value)
    return words._replace(clock=value)


def _drift(words: HostWords, value: str) -> HostWords:
    parse_drift(value)
    return words._replace(drift=value)


HOST_WORDS = {
    "byte-order": HostWord("byte-order=little or byte-order=big", _byte_order),
    "user": HostWord("user=user or user=root", _user),
    "ports": HostWord("ports=40000-40010", _ports),
    "rmem": HostWord("rmem=8KiB", _rmem),
    "wmem": HostWord("wmem=8KiB", _wmem),
    "clock": HostWord("clock=+5s", _clock),
    "drift": HostWord("drift=100ppm", _drift),
}
"""By word, in the order in which a complaint lists them."""
