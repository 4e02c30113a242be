"""From the command line's words to a network: hosts, links, names. Shared by `run` and `dig`."""

from collections.abc import Iterable, Mapping, Sequence

from farhost.cli.words import HostWords, LinkWords, WordError, check_known, parse_host, parse_link, parse_names
from farhost.network.conditions import Conditions
from farhost.network.network import Network
from farhost.trace.tracer import Tracer
from farhost.units import UnitError
from farhost.wire.addresses import AddressError, parse_address


def build_network(
    hosts: Sequence[str],
    seed: int,
    tracer: Tracer | None,
    host_words: Iterable[str] = (),
    links: Iterable[str] = (),
    names: Iterable[str] = (),
    networks: Mapping[str, str] | None = None,
) -> Network:
    """A network of these hosts on one segment; `networks`: its `v4` and `v6`, if they are not to be the usual ones.
    WordError, UnitError and AddressError name the word that is wrong."""
    described: dict[str, HostWords] = {}
    for text in host_words:
        words = parse_host(text, hosts)
        if words.host in described:
            raise WordError(f"{text!r}: host {words.host!r} is described twice: put its words together")
        described[words.host] = words
    network = Network(seed, tracer, None, **dict(networks or {}))
    for host in hosts:
        if host in described:
            network.host(host, byte_order=described[host].byte_order, user=described[host].user)
        else:
            network.host(host)
    add_words(network, links, names)
    return network


def add_words(network: Network, links: Iterable[str], names: Iterable[str]) -> None:
    """Say more of a network: its links and names. WordError and UnitError name the word that is wrong."""
    hosts = list(network.hosts)
    _add_links(network, [(text, parse_link(text, hosts)) for text in links])
    for text in names:
        _add_names(network, text, hosts)


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


def _add_names(network: Network, text: str, hosts: Sequence[str]) -> None:
    name, targets = parse_names(text)
    for target in targets:
        try:
            network.names.add(name, parse_address(target))
            continue
        except AddressError:
            check_known(target, hosts, text)
        for address in network.hosts[target].addresses():
            network.names.add(name, address)
