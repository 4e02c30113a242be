"""Hypothesis strategies for networks that misbehave: `@given` shrinks faults together with a program's inputs.

    from hypothesis import given, settings, strategies as st
    from farhost import Network
    from farhost.strategies import fault_lists

    @given(st.binary(min_size=1), fault_lists(["client", "server"]))
    @settings(deadline=None)
    def test_delivers(message, faults):
        net = Network()
        ...
        net.add_faults(faults)
        net.run(until="60s")

What they make has no chance of its own: the same example is the same run. It needs `pip install farhost[hypothesis]`.
"""

from collections.abc import Sequence
from itertools import permutations
from typing import NamedTuple

from farhost.facade.host import Host
from farhost.facade.network import Network
from farhost.network.network import DEFAULT_SEGMENT
from farhost.units import UnitError, parse_duration, parse_ratio

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError(
        "farhost.strategies needs Hypothesis, which is not installed: pip install 'farhost[hypothesis]'"
    ) from error

_MS = 1_000_000
PACKETS = ("DATA", "UDP", "SYN", "SYNACK", "ACK", "FIN")
"""Which sorts of packets are lost, in the order in which they are preferred."""
KINDS = ("drop", "delay", "cut", "pause", "crash")
"""What may happen, the simplest first."""


def link_conditions(
    *, max_delay: str = "500ms", max_loss: str = "20%", rates: Sequence[str] = ("10mbit", "1mbit", "100kbit")
) -> st.SearchStrategy[dict[str, str]]:
    """Words for `Network.link` and `Network.link_all`: delay, jitter, loss, reorder, duplicate and rate, or some of
    them. They shrink to none, a perfect link. UnitError.

    >>> link_conditions().map(lambda words: words.get("delay")) is not None
    True
    """
    percents = st.integers(1, max(1, _percent(max_loss))).map(lambda share: f"{share}%")
    spans = st.integers(1, _ms(max_delay)).map(lambda ms: f"{ms}ms")
    words: dict[str, st.SearchStrategy[str]] = {
        "delay": spans,
        "jitter": spans,
        "loss": percents,
        "reorder": percents,
        "duplicate": percents,
        "rate": st.sampled_from(list(rates)),
    }
    # A word that is missing is a choice of its own, so that it shrinks whatever the others are.
    return st.fixed_dictionaries({word: st.none() | values for word, values in words.items()}).map(_said)


def link_texts(
    *, max_delay: str = "500ms", max_loss: str = "20%", rates: Sequence[str] = ("10mbit", "1mbit", "100kbit")
) -> st.SearchStrategy[str]:
    """The same as one text, for `farhost.run(link=...)` and `farhost run --link`; the empty one is a perfect link."""
    found = link_conditions(max_delay=max_delay, max_loss=max_loss, rates=rates)
    return found.map(lambda words: " ".join(f"{word}={value}" for word, value in words.items()))


def fault_lists(
    hosts: Sequence[str],
    *,
    kinds: Sequence[str] = KINDS,
    max_size: int = 4,
    packets: int = 10,
    horizon: str = "10s",
    max_delay: str = "500ms",
) -> st.SearchStrategy[list[str]]:
    """Lists of faults for `Network.add_faults`: they shrink to the empty list, then to fewer, then to smaller ones.

    `kinds`: drop (one of the first `packets` packets of a sort in a direction), delay (of a link), cut (a link for a
    while), pause (a host's programs), crash (a host, which comes up again). Times are up to `horizon`. ValueError.
    """
    if len(hosts) < 2 or len(set(hosts)) != len(hosts):
        raise ValueError(f"faults happen between hosts: give at least two different names, not {list(hosts)}")
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise ValueError(f"no kind of fault {unknown or list(kinds)}: there are {', '.join(KINDS)}")
    ways = st.sampled_from([f"{a}>{b}" for a, b in permutations(hosts, 2)])
    links = st.sampled_from([f"{a}-{b}" for i, a in enumerate(hosts) for b in hosts[i + 1 :]])
    names = st.sampled_from(list(hosts))
    spans = st.tuples(st.integers(0, _ms(horizon)), st.integers(1, _ms(horizon)))
    made: dict[str, st.SearchStrategy[str]] = {
        "drop": st.builds(_drop, ways, st.sampled_from(PACKETS), st.integers(1, packets)),
        "delay": st.builds(_delay, links, st.integers(1, _ms(max_delay))),
        "cut": st.builds(_span, st.just("link {} down"), st.just("link {} up"), links, spans),
        "pause": st.builds(_span, st.just("pause {}"), st.just("resume {}"), names, spans),
        "crash": st.builds(_span, st.just("crash {}"), st.just("restart {}"), names, spans),
    }
    return st.lists(st.one_of([made[kind] for kind in KINDS if kind in kinds]), max_size=max_size, unique=True)


class Shape(NamedTuple):
    """A network's shape: segments in a row, a router between neighbours, hosts on segments."""

    segments: int
    hosts: tuple[tuple[str, int], ...]
    """Each with the number of its segment, from 0."""

    def build(self, network: Network) -> dict[str, Host]:
        """Make it; the hosts by name, without the routers."""
        names = [DEFAULT_SEGMENT]
        names += [network.segment(f"{DEFAULT_SEGMENT}{number}") for number in range(2, self.segments + 1)]
        for number in range(self.segments - 1):
            network.router(f"router{number + 1}", names[number : number + 2])
        return {name: network.host(name, segments=[names[number]]) for name, number in self.hosts}


def networks(
    hosts: Sequence[str] = ("client", "server"), *, max_hosts: int = 4, max_segments: int = 3
) -> st.SearchStrategy[Shape]:
    """Shapes of networks with these hosts and perhaps further ones (host3, host4, ...): they shrink to these alone,
    on one segment. ValueError."""
    if len(hosts) > max_hosts or max_segments < 1:
        raise ValueError(f"{len(hosts)} hosts on at most {max_hosts}, and {max_segments} segments: there is no such")

    def shaped(count: int, segments: int) -> st.SearchStrategy[Shape]:
        names = [*hosts, *(f"host{number + 1}" for number in range(len(hosts), count))]
        places = st.lists(st.integers(0, segments - 1), min_size=count, max_size=count)
        return places.map(lambda numbers: Shape(segments, tuple(zip(names, numbers))))

    sizes = st.tuples(st.integers(len(hosts), max_hosts), st.integers(1, max_segments))
    return sizes.flatmap(lambda size: shaped(*size))


def _drop(way: str, sort: str, number: int) -> str:
    return f"{way}: drop={sort}#{number}"


def _delay(link: str, ms: int) -> str:
    return f"{link}: delay={ms}ms"


def _span(begin: str, end: str, where: str, span: tuple[int, int]) -> str:
    start_ms, length_ms = span
    return f"{start_ms}ms {begin.format(where)}; {start_ms + length_ms}ms {end.format(where)}"


def _said(words: dict[str, str | None]) -> dict[str, str]:
    """Those that are said; a jitter larger than the delay is not."""
    found = {word: value for word, value in words.items() if value is not None}
    if "jitter" in found and _ms(found["jitter"]) > _ms(found.get("delay", "0ms")):
        del found["jitter"]
    return found


def _ms(text: str) -> int:
    return parse_duration(text) // _MS


def _percent(text: str) -> int:
    numerator, denominator = parse_ratio(text)
    if not numerator:
        raise UnitError(f"{text!r} leaves nothing to lose: give a share from 1% up")
    return numerator * 100 // denominator
