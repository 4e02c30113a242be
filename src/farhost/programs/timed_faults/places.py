"""To whom a fault of times may happen: the hosts, programs and links of a run that a setting is for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from farhost.network.channel import Channel
from farhost.network.segment import Segment

if TYPE_CHECKING:
    from farhost.network.network import Network
    from farhost.programs.control import Control


class LinkPlace(NamedTuple):
    """Some directions of a link."""

    name: str
    """`client-server`, or `client>server`; on another segment than `net`: `lan client-server`."""
    segment: Segment
    channels: tuple[Channel, ...]


def hosts_of(control: "Control", where: str) -> Sequence[str]:
    """The simulated hosts that are meant, in building order."""
    hosts = control.runtime.network.hosts
    found = [name for name, host in hosts.items() if not any(port.divert is not None for _, port in host.ports)]
    return [name for name in found if where in ("", name)]


def programs_of(control: "Control", where: str) -> Sequence[tuple[int, str]]:
    """The programs that are meant: their numbers, and names that no two of them share."""
    found: dict[str, int] = {}
    for number, program in enumerate(control.programs):
        whole = name = program.host if program.name in (None, program.host) else f"{program.host}/{program.name}"
        count = 1
        while whole in found:
            count += 1
            whole = f"{name} #{count}"
        found[whole] = number
    programs = control.programs
    return [(number, whole) for whole, number in found.items() if where in ("", programs[number].host, whole)]


def directions_of(network: "Network", where: str) -> Sequence[LinkPlace]:
    """The directions of links that are meant, each alone: those of one host, of two (`a-b`), one (`a>b`), or all."""
    return [
        LinkPlace(channel.name, segment, (channel,))
        for segment in network.segments.values()
        for channel in segment.channels()
        if _is_meant(channel, where)
    ]


def links_of(network: "Network", where: str) -> Sequence[LinkPlace]:
    """The links that are meant, each with both directions; where one direction is meant, only that."""
    found: dict[frozenset[object], LinkPlace] = {}
    for name, segment, (channel,) in directions_of(network, where):
        ends = frozenset((channel.source, channel.target))
        if ends in found:
            before = found[ends]
            found[ends] = LinkPlace(before.name.replace(">", "-"), segment, (*before.channels, channel))
        else:
            found[ends] = LinkPlace(name, segment, (channel,))
    return list(found.values())


def _is_meant(channel: Channel, where: str) -> bool:
    source, target = channel.source.host, channel.target.host
    return where in ("", source, target, f"{source}>{target}", f"{source}-{target}", f"{target}-{source}")
