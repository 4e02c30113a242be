"""Which way a packet goes: a route table with the longest prefix first, for both families.

Source address selection is in `farhost.protocols.ip.source`. Specification: RFC 1812 §5.2.4 (longest match, then the
lowest metric), ip-route(8). A table answers from a cache, since a host speaks to few addresses.
"""

from typing import NamedTuple

from farhost.wire.packet import IpAddress


class Route(NamedTuple):
    """One row: destinations whose first `length` bits are those of `prefix` leave by `interface`."""

    prefix: IpAddress
    """The network's address, host bits zero; 4 or 16 bytes."""
    length: int
    """Bits, 0 to 32 or 128."""
    interface: str
    gateway: IpAddress | None = None
    """The neighbour to hand packets to; None when the destination itself is on the link."""
    metric: int = 0
    """The lower one wins among equal lengths."""

    def next_hop(self, destination: IpAddress) -> IpAddress:
        """The neighbour that a packet to `destination` is handed to."""
        return destination if self.gateway is None else self.gateway


def mask_address(address: IpAddress, length: int) -> IpAddress:
    """The network of an address: its first `length` bits, the others zero.

    >>> mask_address(bytes([10, 1, 2, 3]), 20).hex()
    '0a010000'
    """
    bits = len(address) * 8
    assert 0 <= length <= bits, "a prefix is no longer than its address"
    shift = bits - length
    return (int.from_bytes(address, "big") >> shift << shift).to_bytes(len(address), "big")


def common_prefix(one: IpAddress, other: IpAddress) -> int:
    """How many leading bits two addresses of one family share."""
    difference = int.from_bytes(one, "big") ^ int.from_bytes(other, "big")
    return len(one) * 8 - difference.bit_length()


class RouteTable:
    """The routes of one host, both families."""

    __slots__ = ("_cache", "_routes")

    def __init__(self) -> None:
        self._routes: list[Route] = []
        self._cache: dict[tuple[IpAddress, str | None], Route | None] = {}

    def add(
        self, prefix: IpAddress, length: int, interface: str, gateway: IpAddress | None = None, metric: int = 0
    ) -> Route:
        """Add a row and return it; the host bits of `prefix` are cleared. One that is there already is kept once.

        Among equal length and metric the oldest row wins, so a run does not depend on anything but its description.
        """
        route = Route(mask_address(prefix, length), length, interface, gateway, metric)
        if route not in self._routes:
            self._routes.append(route)
            self._routes.sort(key=lambda row: (-row.length, row.metric))
            self._cache.clear()
        return route

    def remove(self, route: Route) -> None:
        """Forget a row; ValueError if it is not there."""
        self._routes.remove(route)
        self._cache.clear()

    def remove_interface(self, interface: str) -> None:
        """Forget every row that leaves by `interface`, as when it goes down."""
        self._routes = [route for route in self._routes if route.interface != interface]
        self._cache.clear()

    def lookup(self, destination: IpAddress, interface: str | None = None) -> Route | None:
        """The best row for a destination; with `interface` (SO_BINDTODEVICE, a scope id) only among its rows.

        None: the network is unreachable.
        """
        key = (destination, interface)
        try:
            return self._cache[key]
        except KeyError:
            route = self._cache[key] = self._search(destination, interface)
            return route

    def _search(self, destination: IpAddress, interface: str | None) -> Route | None:
        family = len(destination)
        for route in self._routes:
            if (
                len(route.prefix) == family
                and (interface is None or route.interface == interface)
                and common_prefix(route.prefix, destination) >= route.length
            ):
                return route
        return None

    def routes(self) -> tuple[Route, ...]:
        """All rows, the longest prefixes first."""
        return tuple(self._routes)
