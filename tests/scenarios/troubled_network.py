"""A network of a client and a server whose packets a test looks at."""

from itertools import pairwise

from farhost.network.conditions import Conditions
from farhost.network.network import Network
from farhost.trace.events import PacketEvent
from farhost.trace.sinks import ListSink
from farhost.trace.tracer import Tracer
from farhost.wire.packet import TcpSegment

SECOND_NS = 10**9


def build(link="delay=10ms", **settings):
    """A network of a client and a server, and the list of what happens in it."""
    sink = ListSink()
    network = Network(seed=1, tracer=Tracer(sink))
    for name in ("server", "client"):
        network.host(name, **settings)
    network.link_all(Conditions.parse(link))
    return network, sink.events


def sent(events, host):
    """(time in ns, segment) of each TCP packet that a host's interface sent."""
    return [
        (event.time_ns, event.packet.body)
        for event in events
        if isinstance(event, PacketEvent)
        and (event.host, event.action) == (host, "sent")
        and isinstance(event.packet.body, TcpSegment)
    ]


def gaps_in_seconds(times):
    """Seconds between one and the next."""
    return [round((later - earlier) / SECOND_NS, 1) for earlier, later in pairwise(times)]
