"""From the command line's words to a network: hosts, links, names. Shared by `run` and `dig`."""

from collections.abc import Iterable, Mapping, Sequence

from farhost.cli.words import HostWords, LinkWords, WordError, parse_host, parse_link, parse_names
from farhost.network.conditions import Conditions
from farhost.network.network import Network
from farhost.trace.tracer import Tracer
from farhost.units import UnitError


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
        words = described.get(host, HostWords(host))
        try:
            network.host(host, byte_order=words.byte_order, user=words.user)
        except ValueError as error:
            raise WordError(f"host {host!r}: {error}") from None
    add_words(network, links, names)
    return network


def check_once(hosts: Sequence[str]) -> None:
    """WordError for a host that is given twice."""
    for place, host in enumerate(hosts):
        if host in hosts[:place]:
            raise WordError(f"--host {host!r} is given twice: name it once, with all its words")


def add_words(network: Network, links: Iterable[str], names: Iterable[str]) -> None:
    """Say more of a network: its links and names. WordError and UnitError name the word that is wrong."""
    hosts = list(network.hosts)
    _add_links(network, [(text, parse_link(text, hosts)) for text in links])
    for text in names:
        _add_names(network, text)


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
