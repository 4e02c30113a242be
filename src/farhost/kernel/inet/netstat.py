"""What netstat(8) tells of a host, as values: the counters of its network stack, and of its interfaces."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from farhost.kernel.inet.internet import Internet


class InterfaceCounters(NamedTuple):
    """One interface (netstat -i): its MTU, and packets as they are on the wire."""

    mtu: int
    received: int
    sent: int
    """Given to the interface; what waits for a neighbour's address, or never finds one, too."""


def read_counters(internet: "Internet") -> dict[str, int]:
    """Every counter of `farhost.kernel.inet.counters`, as it stands, in that order."""
    counters = dict(internet.counters)
    counters["IpInReceives"] = sum(interface.received for interface in internet.interfaces.values())
    for name in ("IpInDelivers", "TcpInSegs"):
        counters[name] += internet.segments_in
    for name in ("IpOutRequests", "TcpOutSegs"):
        counters[name] += internet.segments_out
    counters["TcpCurrEstab"] = internet.tcp.count_current()
    return counters


def read_interfaces(internet: "Internet") -> dict[str, InterfaceCounters]:
    """Of each interface, by its name."""
    return {
        name: InterfaceCounters(interface.mtu, interface.received, interface.sent)
        for name, interface in internet.interfaces.items()
    }
