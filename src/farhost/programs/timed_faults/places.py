"""To whom a fault of times may happen: the hosts, programs and links of a run that settings are for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from farhost.network.channel import Channel
from farhost.network.faults.setting import Setting
from farhost.network.segment import Segment
from farhost.programs.timed_faults.protocol import Placed

if TYPE_CHECKING:
    from farhost.network.network import Network
    from farhost.programs.control import Control


class LinkPlace(NamedTuple):
    """Some directions of a link."""

    name: str
    """`client-server`, or `client>server`; on another segment than `net`: `lan client-server`."""
    segment: Segment
    channels: tuple[Channel, ...]


def hosts_of(control: "Control", settings: Sequence[Placed]) -> Sequence[tuple[str, Setting]]:
    """The simulated hosts that are meant, in building order, each with its setting."""
    hosts = control.runtime.network.hosts
    simulated = [name for name, host in hosts.items() if not any(port.divert is not None for _, port in host.ports)]
    return [(name, setting) for name in simulated if (setting := _setting_for(settings, (name,)))]


def programs_of(control: "Control", settings: Sequence[Placed]) -> Sequence[tuple[int, str, Setting]]:
    """The programs that are meant: their numbers, names that no two of them share, and settings."""
    names: dict[str, int] = {}
    found = []
    for number, program in enumerate(control.programs):
        name = program.host if program.name in (None, program.host) else f"{program.host}/{program.name}"
        count = names[name] = names.get(name, 0) + 1
        setting = _setting_for(settings, (program.host,), (name,))
        if setting:
            found.append((number, name if count == 1 else f"{name} #{count}", setting))
    return found


def directions_of(network: "Network", settings: Sequence[Placed]) -> Sequence[tuple[LinkPlace, Setting]]:
    """The directions of links that are meant, each alone."""
    return [
        (LinkPlace(channel.name, segment, (channel,)), setting)
        for segment in network.segments.values()
        for channel in segment.channels()
        if (setting := _setting_for(settings, *_places(channel)))
    ]


def links_of(network: "Network", settings: Sequence[Placed]) -> Sequence[tuple[LinkPlace, Setting]]:
    """The links that are meant, both directions as one where the same is said of them."""
    found: dict[object, tuple[LinkPlace, Setting]] = {}
    for link, setting in directions_of(network, settings):
        (channel,) = link.channels
        ends = frozenset((channel.source, channel.target))
        if ends in found and found[ends][1] == setting:
            before = found[ends][0]
            both = LinkPlace(before.name.replace(">", "-"), link.segment, (*before.channels, channel))
            found[ends] = both, setting
        else:
            found[channel if ends in found else ends] = link, setting
    return list(found.values())


def _places(channel: Channel) -> tuple[tuple[str, ...], ...]:
    """What a direction of a link may be called, the most general first."""
    source, target = channel.source.host, channel.target.host
    return (source, target), (f"{source}-{target}", f"{target}-{source}"), (f"{source}>{target}",)


def _setting_for(settings: Sequence[Placed], *levels: tuple[str, ...]) -> Setting | None:
    """What holds for something that has these names, the most general first: what is said of a more particular one
    counts before the rest, and what is said later before what is said earlier. None if it never happens."""
    found: Setting | None = None
    for names in (("",), *levels):
        for where, setting in settings:
            if where in names:
                found = setting
    return found if found is not None and found.ratio[0] > 0 else None
