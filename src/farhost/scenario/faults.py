"""Faults in words, for all links, calls, hosts and name servers, or for some of them.

    "loss=2% short-read=5% crash=1%"       everywhere
    "client>server: spike=2%:300ms"        one direction of a link; client-server: both
    "server: short-read=10%"               a host, or one of its programs: box/server

Each word belongs to one table: a link's (`farhost.network.faults.table`), a call's
(`farhost.programs.call_faults.table`), one of those that happen at a time (`farhost.programs.timed_faults.table`), or
a name server's (`DNS_FAULTS`). UnitError and WordError name the word that is wrong.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from farhost.network.dns.conditions import Slow
from farhost.network.faults.fault_words import duration_words
from farhost.network.faults.setting import FaultWord, PlainFault
from farhost.network.faults.span_fault import MILLISECOND_NS
from farhost.network.faults.table import FAULTS
from farhost.network.network import Network
from farhost.programs.call_faults.table import CALL_FAULTS
from farhost.programs.run_faults import HORIZON_NS, PlacedSetting, RunFaults
from farhost.programs.timed_faults.table import TIMED_FAULTS
from farhost.scenario.words import WordError, parse_link_place
from farhost.units import UnitError


class DnsFault(PlainFault):
    """One of a name server's (`farhost.network.dns.conditions`)."""

    def __init__(self, word: str, help: str, described: str) -> None:
        self.kind = f"dns-{word}"
        self.word = word
        self.help = help
        self._described = described

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"{self._described}: {place}"


class DnsSlow(Slow):
    """An answer comes late."""

    kind = "dns-slow"
    word = "slow"
    help = "A name server answers late."

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"a query was answered {duration_words(size * MILLISECOND_NS)} late: {place}"


_OF_NAME_SERVERS: tuple[DnsFault | DnsSlow, ...] = (
    DnsSlow(),
    DnsFault("drop", "A name server never answers a query.", "no answer to a query"),
    DnsFault("servfail", "A name server says that it failed.", "a query was answered with SERVFAIL"),
    DnsFault("nxdomain", "A name server denies that a name exists.", "a query was answered with NXDOMAIN"),
    DnsFault("wrong", "A name server gives addresses that nobody has.", "a query was answered with wrong addresses"),
)
DNS_FAULTS: dict[str, DnsFault | DnsSlow] = {fault.kind: fault for fault in _OF_NAME_SERVERS}

Said = tuple[str, str, str]
"""(where, word, value)."""


def every_fault() -> Mapping[str, FaultWord]:
    """All faults that can be named, by word."""
    return {**FAULTS, **CALL_FAULTS, **TIMED_FAULTS, **DNS_FAULTS}


class Faults(NamedTuple):
    """Faults that were read."""

    said: tuple[Said, ...] = ()

    def words(self) -> list[str]:
        """What `parse_faults` reads."""
        return list(said_words(self.said))

    def check(self, network: Network, programs: Collection[str] | None = None) -> None:
        """WordError for one that has nothing in this network that it could befall, if somebody asked for it by name.
        (Of a profile's words those just do nothing.) `programs`: what the programs are called."""
        for where, word, _ in self.said:
            if "/" in where and programs is not None and where not in programs:
                raise WordError(f"'{where}: {word}': no program {where!r}: there are {', '.join(programs) or 'none'}")
            if word in DNS_FAULTS and not network.name_servers:
                raise WordError(
                    f"{word}: there is no name server that it could befall: add one, such as --name-server ns, "
                    "which hosts then ask over the network"
                )
            if word in DNS_FAULTS and where not in ("", *network.name_servers):
                raise WordError(
                    f"'{where}: {word}': {where!r} is no name server: they are {', '.join(network.name_servers)}"
                )
            if word in TIMED_FAULTS and where and where not in network.hosts:
                _check_sort(where, word, TIMED_FAULTS[word].befalls)

    def apply_to_network(self, network: Network) -> None:
        """Give links and name servers theirs, beside what they have."""
        for where, word, value in self.said:
            if word in FAULTS:
                _apply_to_links(network, where, word, value)
            elif word in DNS_FAULTS:
                for host, server in network.name_servers.items():
                    if where in ("", host):
                        server.change(server.conditions.of({DNS_FAULTS[word].word: value}, server.conditions))

    def for_run(self, horizon_ns: int = HORIZON_NS) -> RunFaults:
        """What `farhost.programs.run.run_programs` takes."""
        calls = [
            PlacedSetting(word, CALL_FAULTS[word].parse(v), w) for w, word, v in self.said if word in CALL_FAULTS
        ]
        timed = [
            PlacedSetting(word, TIMED_FAULTS[word].parse(v), w) for w, word, v in self.said if word in TIMED_FAULTS
        ]
        return RunFaults(tuple(calls), tuple(timed), horizon_ns)


def parse_faults(texts: Iterable[str], hosts: Collection[str] | None = None) -> Faults:
    """What texts say; one said later wins. `hosts`: those that there are, to check places against.

    >>> parse_faults(["loss=2% corrupt=1%", "a>b: loss=5%"]).said
    (('', 'loss', '2%'), ('', 'corrupt', '1%'), ('a>b', 'loss', '5%'))
    """
    found: dict[tuple[str, str], str] = {}
    for text in texts:
        where, words = _split_place(text)
        if where and hosts is not None:
            _check_place(where, hosts, text)
        for part in words.split():
            word, equals, value = part.partition("=")
            if not equals:
                raise UnitError(f"{text!r}: {part!r} is no word=value, such as loss=2%")
            fault = every_fault().get(word)
            if fault is None:
                raise UnitError(f"{text!r}: no fault {word!r}: there are {', '.join(every_fault())}")
            try:
                fault.parse(value)
            except UnitError as error:
                raise UnitError(f"{text!r}: {word}: {error}") from None
            found.pop((where, word), None)
            found[where, word] = value
    return Faults(tuple((where, word, value) for (where, word), value in found.items()))


def said_words(said: Iterable[Said]) -> tuple[str, ...]:
    """What `parse_faults` reads: one text for each place.

    >>> said_words([("", "loss", "2%"), ("", "corrupt", "1%"), ("a>b", "loss", "5%")])
    ('loss=2% corrupt=1%', 'a>b: loss=5%')
    """
    texts: dict[str, str] = {}
    for where, word, value in said:
        before = texts.get(where) or (f"{where}:" if where else "")
        texts[where] = f"{before} {word}={value}".strip()
    return tuple(texts.values())


def certain(faults: Faults) -> Faults:
    """The same faults, asked everywhere where they may happen: what a replay of any of them needs."""
    every = every_fault()
    found = []
    for where, word, value in faults.said:
        setting = every[word].parse(value)
        asked = every[word].format(setting._replace(ratio=(1, 1))) if setting.ratio[0] else value
        found.append((where, word, asked))
    return Faults(tuple(found))


def replayed(kinds: Iterable[str]) -> Faults:
    """What a replay needs: that these kinds are asked everywhere. KeyError for one that there is not."""
    every = every_fault()
    return Faults(tuple(("", kind, every[kind].replayed) for kind in kinds))


def _split_place(text: str) -> tuple[str, str]:
    """(where, words); a colon may also stand in a value."""
    first = text.split(maxsplit=1)[0] if text.split() else ""
    place, colon, words = text.partition(":")
    if not colon or "=" in place or (first.partition(":")[0] != place and "=" in first):
        return "", text
    return place.strip(), words


def _check_place(where: str, hosts: Collection[str], text: str) -> None:
    if ">" in where or (where not in hosts and "-" in where):
        parse_link_place(where, hosts, text)
    elif where.partition("/")[0] not in hosts:
        raise WordError(f"{text!r}: no host {where!r}: the hosts are {', '.join(hosts) or 'none'}")


def _check_sort(where: str, word: str, befalls: str) -> None:
    """WordError where a fault is for something else than it can befall; a host is right for any."""
    sort = "programs" if "/" in where else "links"
    if sort != befalls:
        raise WordError(f"'{where}: {word}': {word} befalls {befalls}: write it for a host, or for one of those")


def _apply_to_links(network: Network, where: str, word: str, value: str) -> None:
    ways: Sequence[tuple[str, str]] | None = None
    if where in network.hosts:
        ways = [way for other in network.hosts for way in ((where, other), (other, where))]
    elif where:
        words = parse_link_place(where, network.hosts)
        ends = words.source, words.target
        ways = (ends, ends[::-1]) if words.both else (ends,)
    for segment in network.segments.values():
        for channel in segment.channels():
            if ways is None or (channel.source.host, channel.target.host) in ways:
                segment.set_channel(channel, channel.conditions.of(channel.conditions, **{word: value}))
