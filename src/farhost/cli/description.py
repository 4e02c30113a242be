"""From the command line's words to a network: hosts, links, names. Shared by `run` and `dig`."""

from collections.abc import Iterable, Sequence

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
) -> Network:
    """A network of these hosts on one segment. WordError and UnitError name the word that is wrong."""
    described: dict[str, HostWords] = {}
    for text in host_words:
        words = parse_host(text, hosts)
        if words.host in described:
            raise WordError(f"{text!r}: host {words.host!r} is described twice: put its words together")
        described[words.host] = words
    network = Network(seed=seed, tracer=tracer)
    for host in hosts:
        if host in described:
            network.host(host, byte_order=described[host].byte_order, user=described[host].user)
        else:
            network.host(host)
    _add_links(network, links, hosts)
    for text in names:
        _add_names(network, text, hosts)
    return network


def _add_links(network: Network, links: Iterable[str], hosts: Sequence[str]) -> None:
    """What is said of all links first, then what is said of single ones; words said later win."""
    parsed = [(text, parse_link(text, hosts)) for text in links]
    everywhere = Conditions()
    for text, words in parsed:
        if not words.source:
            everywhere = _conditions(text, words, everywhere)
    network.link_all(everywhere)
    single: dict[tuple[str, str], Conditions] = {}
    for text, words in parsed:
        if words.source:
            ways = [(words.source, words.target)]
            if words.both:
                ways.append((words.target, words.source))
            for way in ways:
                single[way] = _conditions(text, words, single.get(way, everywhere))
    for (source, target), conditions in single.items():
        network.link(source, target, conditions, direction=f"{source}>{target}")


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
