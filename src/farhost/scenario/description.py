"""From the command line's words to a network: hosts, links, names. Shared by `run` and `dig`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from farhost.network.conditions import Conditions
from farhost.network.dns.words import split_words
from farhost.network.network import Network
from farhost.scenario.host_words import HostWords, parse_host
from farhost.scenario.words import (
    LinkWords,
    WordError,
    parse_link,
    parse_name_server,
    parse_names,
    parse_resolver,
)
from farhost.trace.tracer import Tracer
from farhost.units import UnitError


class NameWords(NamedTuple):
    """What is said of name servers and of who asks them."""

    servers: Sequence[str] = ()
    records: Sequence[str] = ()
    resolvers: Sequence[str] = ()


NOTHING = NameWords()


def build_network(
    hosts: Sequence[str],
    seed: int,
    tracer: Tracer | None,
    host_words: Iterable[str] = (),
    links: Iterable[str] = (),
    names: Iterable[str] = (),
    networks: Mapping[str, str] | None = None,
    name_words: NameWords = NOTHING,
) -> Network:
    """A network of these hosts on one segment, and of those that are name servers; `networks`: its `v4` and `v6`, if
    they are not to be the usual ones. WordError, UnitError and AddressError name the word that is wrong."""
    described: dict[str, HostWords] = {}
    servers = [parse_name_server(text)[0] for text in name_words.servers]
    hosts = list(dict.fromkeys((*hosts, *servers)))
    for text in host_words:
        words = parse_host(text, hosts)
        if words.host in described:
            raise WordError(f"{text!r}: host {words.host!r} is described twice: put its words together")
        described[words.host] = words
    network = Network(seed, tracer, None, **dict(networks or {}))
    for host in hosts:
        words = described.get(host, HostWords(host))
        try:
            network.host(
                host,
                byte_order=words.byte_order,
                user=words.user,
                sysctls=words.sysctls,
                clock=words.clock,
                drift=words.drift,
            )
        except ValueError as error:
            raise WordError(f"host {host!r}: {error}") from None
    add_words(network, links, names, name_words)
    return network


def check_once(hosts: Sequence[str]) -> None:
    """WordError for a host that is given twice."""
    for place, host in enumerate(hosts):
        if host in hosts[:place]:
            raise WordError(f"--host {host!r} is given twice: name it once, with all its words")


def add_words(network: Network, links: Iterable[str], names: Iterable[str], name_words: NameWords = NOTHING) -> None:
    """Say more of a network: links, names, name servers. WordError and UnitError name the word that is wrong."""
    hosts = list(network.hosts)
    _add_links(network, [(text, parse_link(text, hosts)) for text in links])
    for text in names:
        _add_names(network, text)
    _add_name_servers(network, name_words)


def _add_links(network: Network, parsed: Sequence[tuple[str, LinkWords]]) -> None:
    """What is said of all links first, then what is said of single ones; words said later win."""
    for text, words in parsed:
        if not words.source:
            for segment in network.segments.values():
                segment.set_conditions(_conditions(text, words, segment.conditions))
    for text, words in parsed:
        if words.source:
            ends = words.source, words.target
            for way in (ends, ends[::-1]) if words.both else (ends,):
                found = network.channels_between(*way)
                if not found:
                    raise WordError(f"{text!r}: {way[0]} and {way[1]} have no link: no segment in common")
                segment, channel = found[0]
                segment.set_channel(channel, _conditions(text, words, channel.conditions))


def _conditions(text: str, words: LinkWords, base: Conditions) -> Conditions:
    if not words.conditions.split():
        raise WordError(f"{text!r} says nothing of a link: write words such as delay=40ms loss=2%")
    try:
        return Conditions.parse(words.conditions, base)
    except UnitError as error:
        raise WordError(f"{text!r}: {error}") from None


def _add_names(network: Network, text: str) -> None:
    try:
        network.name(*parse_names(text))
    except WordError:
        raise
    except ValueError as error:
        raise WordError(f"{text!r}: {error}") from None


def _add_name_servers(network: Network, words: NameWords) -> None:
    """Name servers, all with the same further records; and who asks whom."""
    if words.records and not words.servers:
        raise WordError(f"{words.records[0]!r}: a record is for a name server: name its host with --name-server")
    for text in words.servers:
        host, about = parse_name_server(text)
        try:
            network.name_server(host, split_words(about), words.records)
        except ValueError as error:
            raise WordError(f"{text!r}: {error}") from None
    for text in words.resolvers:
        host, about = parse_resolver(text, list(network.hosts))
        if not about:
            raise WordError(f"{text!r} says nothing of a resolver: write words such as search=example.com timeout=1s")
        try:
            if host:
                network.hosts[host].names.tell(about)
            else:
                network.tell_resolvers(about)
        except ValueError as error:
            raise WordError(f"{text!r}: {error}") from None
    try:
        network.check_resolvers()
    except ValueError as error:
        raise WordError(f"--resolver: {error}") from None
