"""Routes that follow from who is attached to what: every host reaches every segment through the routers between.

A router is a host that forwards. Each host gets a route to each segment that it is not on, through the fewest
routers, and among equals through the one that was made first. Routes added by hand stand beside these, and lose
against them only where neither prefix nor metric is better.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from farhost.network.port import Port
from farhost.network.segment import Segment
from farhost.protocols.ip.routing import Route


class Attachment(NamedTuple):
    """A host is on a segment, by a port."""

    host: str
    segment: Segment
    port: Port


def routes_for(host: str, attachments: Sequence[Attachment], routers: Iterable[str]) -> list[Route]:
    """The routes of one host to the segments that it is not on."""
    forwarding = set(routers)
    first_hops: dict[str, tuple[Port, Port] | None] = {}
    ways: list[Segment] = []
    own = {}
    for attachment in attachments:
        if attachment.host == host:
            own[attachment.segment.name] = attachment.port
            first_hops[attachment.segment.name] = None
            ways.append(attachment.segment)
    routes: list[Route] = []
    for segment in ways:
        for router in attachments:
            if router.segment is not segment or router.host not in forwarding or router.host == host:
                continue
            hop = first_hops[segment.name] or (own[segment.name], router.port)
            for beyond in attachments:
                if beyond.host == router.host and beyond.segment.name not in first_hops:
                    first_hops[beyond.segment.name] = hop
                    ways.append(beyond.segment)
                    routes += _routes(beyond.segment, *hop)
    return routes


def _routes(segment: Segment, out: Port, gateway: Port) -> list[Route]:
    """To both networks of a segment, by an interface and a neighbour."""
    name = out.interface.name
    return [
        Route(segment.v4, segment.v4_length, name, gateway.address_like(segment.v4)),
        Route(segment.v6, segment.v6_length, name, gateway.address_like(segment.v6)),
    ]
