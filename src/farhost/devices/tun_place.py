"""The machine's place on a segment, and whether the segment's networks hide any of the machine's own.

What needs no TUN device; the device is `tun.py`, and what has to be set up of it `tun_setup.py`.
"""

from typing import NamedTuple

from farhost.network.network import DEFAULT_SEGMENT, Network
from farhost.network.port import Port
from farhost.wire.addresses import in_network, inet_ntop, is_link_local, masked
from farhost.wire.packet import IpAddress

OUTSIDE = "outside"
"""The name of the machine among the hosts."""
_HOST_NUMBER = 0xFE
"""The machine's number on its segment."""


class TunError(Exception):
    """Why there can be no device, with the remedy."""


class Place(NamedTuple):
    """The machine on a segment."""

    port: Port
    v4: IpAddress
    v4_length: int
    v6: IpAddress
    v6_length: int


def add_outside(network: Network, segment_name: str = DEFAULT_SEGMENT) -> Place:
    """Make the machine a host of a segment: number 254, or the highest that a small network has. TunError."""
    segment = network.segments.get(segment_name)
    if segment is None:
        raise TunError(f"no segment {segment_name!r}: there are {', '.join(network.segments)}")
    if OUTSIDE in network.hosts:
        raise TunError(f"a host is called {OUTSIDE!r}, which is the machine's name: give it another")
    number = min(_HOST_NUMBER, segment.capacity)
    try:
        port = network.attach(network.host(OUTSIDE, segments=()), segment, number=number)
    except ValueError as error:
        raise TunError(f"the machine cannot be a host of {segment_name!r}: {error}") from error
    v4, v6 = (address for address, _ in port.interface.addresses if not is_link_local(address))
    return Place(port, v4, segment.v4_length, v6, segment.v6_length)


def check_free(place: Place, name: str) -> None:
    """TunError if the machine has another route to an address of the segment: its own network must not vanish behind
    the device. Routes by the device itself are those of the segment."""
    for destination, length, device in machine_routes():
        if device == name:
            continue
        prefix, prefix_length = (place.v4, place.v4_length) if len(destination) == 4 else (place.v6, place.v6_length)
        shorter = min(length, prefix_length)
        if length and in_network(destination, masked(prefix, shorter), shorter):
            raise TunError(
                f"the machine has a route to {inet_ntop(destination)}/{length} by {device}, which the segment's "
                "network would hide: choose another with --ipv4 or --ipv6, such as --ipv4 10.77.0.0/24"
            )


def machine_routes() -> list[tuple[IpAddress, int, str]]:
    """(destination, prefix length, device) of the machine's routes, those of addresses of its own left out."""
    found = []
    try:
        with open("/proc/net/route", encoding="ascii") as file:
            for line in file.readlines()[1:]:
                device, hexadecimal, _, _, _, _, _, mask = line.split()[:8]
                address = bytes.fromhex(hexadecimal)[::-1]
                found.append((address, int(mask, 16).bit_count(), device))
        with open("/proc/net/ipv6_route", encoding="ascii") as file:
            for line in file:
                fields = line.split()
                address, device = bytes.fromhex(fields[0]), fields[9]
                if device != "lo" and address[0] not in (0xFE, 0xFF):
                    found.append((address, int(fields[1], 16), device))
    except OSError:
        return found
    return found
