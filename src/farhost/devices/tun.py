"""A TUN device (Linux, networking/tuntap): the machine itself as a host of a simulated segment.

The machine's own programs reach the simulated hosts and are reached, by IPv4 and IPv6, over the very links that the
simulated hosts have, with their faults. What the machine's kernel sends into the device comes out of the machine's
port on the segment, and what arrives at that port is written to the device. Packets are whole here and checksummed;
there is no offload.

The device belongs to this process and goes with it. Making it takes CAP_NET_ADMIN; one that was made before for this
user is used as it is.
"""

import errno
import fcntl
import os
import socket
import struct
from typing import NamedTuple

from farhost.devices.real_time import RealTime
from farhost.network.damage import Damaged
from farhost.network.network import DEFAULT_SEGMENT, Network
from farhost.network.port import Port
from farhost.wire.addresses import in_network, inet_ntop, is_link_local, masked
from farhost.wire.codec import MalformedPacket, decode, encode
from farhost.wire.packet import Flow, IpAddress, Packet

OUTSIDE = "outside"
"""The name of the machine among the hosts."""
_PATH = "/dev/net/tun"
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCGIFINDEX = 0x8913, 0x8914, 0x8933
_SIOCGIFADDR, _SIOCSIFADDR, _SIOCSIFNETMASK, _SIOCSIFMTU = 0x8915, 0x8916, 0x891C, 0x8922
_SIOCSIFTXQLEN = 0x8943
_NAME = 16
_LARGEST = 65536
_QUEUE = 5000
"""Packets that wait in the device for us: what is lost should be lost by the simulated link, and be in its trace."""
_BATCH = 64
"""Packets that are read in one go, so that nobody else waits long."""
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


class TunDevice:
    """One device, and the port that it stands behind."""

    def __init__(self, name: str, clock: RealTime, place: Place) -> None:
        """Make the device, give it the machine's addresses, and let it carry packets. TunError."""
        self.name = name
        self.dropped: dict[str, int] = {}
        """What could not be carried, by reason."""
        self._clock = clock
        self._port = place.port
        self._internet = place.port.kernel.internet
        self._flow = Flow(OUTSIDE)
        self._ordinal = 0
        check_name(name)
        check_free(place)
        self._number = open_device(name)
        try:
            configure(name, place, place.port.interface.mtu)
        except OSError as error:
            os.close(self._number)
            raise TunError(f"cannot set up the device {name}: {error.strerror or error}") from error
        place.port.divert = self
        clock.watch(self._number, self._ready)

    def _ready(self, events: int) -> None:
        """The machine has sent packets."""
        for _ in range(_BATCH):
            try:
                data = os.read(self._number, _LARGEST)
            except BlockingIOError:
                return
            except OSError:
                self._clock.forget(self._number)
                return
            self._send(data)

    def _send(self, data: bytes) -> None:
        """Put one of the machine's packets on the segment."""
        try:
            packet = decode(data)
        except MalformedPacket as error:
            self._count(error.reason)
            return
        self._ordinal += 1
        packet = packet._replace(flow=self._flow, ordinal=self._ordinal)
        internet = self._internet
        destination = packet.destination
        route = internet.routes.lookup(destination, None)
        next_hop = destination if route is None else route.next_hop(destination)
        internet.transmit(packet, self._port.interface, next_hop)

    def take(self, packets: list[Packet]) -> None:
        """Packets have arrived at the machine's port."""
        internet = self._internet
        for packet in packets:
            if internet.tracer.on:
                internet.trace(self._port.interface, "received", packet)
            for data in encode(packet):
                self._write(data)

    def take_damaged(self, damaged: Damaged) -> None:
        """A packet has arrived whose header makes no sense: the machine's kernel is to see that itself."""
        self._write(damaged.data)

    def _write(self, data: bytes) -> None:
        try:
            os.write(self._number, data)
        except OSError as error:
            self._count(errno.errorcode.get(error.errno or 0, "error"))

    def _count(self, reason: str) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1

    def close(self) -> None:
        """The device goes."""
        self._port.divert = None
        self._clock.forget(self._number)
        os.close(self._number)


def check_name(name: str) -> None:
    """TunError for what cannot be the name of a device."""
    if not 0 < len(name) < _NAME or not name.isascii() or any(c in "/: %" or not c.isprintable() for c in name):
        raise TunError(f"{name!r} is no name of a device: at most 15 letters, digits, - _ and .")


def open_device(name: str) -> int:
    """The descriptor of a TUN device of that name, which is made if it is not there. TunError."""
    try:
        number = os.open(_PATH, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise TunError(f"cannot open {_PATH}: {error.strerror}; the kernel's module `tun` makes it") from error
    try:
        fcntl.ioctl(number, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    except OSError as error:
        os.close(number)
        if error.errno == errno.EBUSY:
            raise TunError(f"the device {name} is in use by another process") from error
        if error.errno == errno.EPERM:
            raise TunError(
                f"making the device {name} takes CAP_NET_ADMIN: run as root, or have root make it for you:\n"
                f"  ip tuntap add dev {name} mode tun user {os.getuid()}"
            ) from error
        raise TunError(f"cannot make the device {name}: {error.strerror}") from error
    return number


def configure(name: str, place: Place, mtu: int) -> None:
    """Give the device its MTU and addresses, and set it up; the kernel adds the routes. OSError.

    One that has the addresses already (root made it for this user) is left as it is.
    """
    request = name.encode().ljust(_NAME, b"\0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        if _address_of(sock, request) == place.v4:
            return
        fcntl.ioctl(sock, _SIOCSIFMTU, request + struct.pack("i20x", mtu))
        fcntl.ioctl(sock, _SIOCSIFTXQLEN, request + struct.pack("i20x", _QUEUE))
        fcntl.ioctl(sock, _SIOCSIFADDR, request + _sockaddr(place.v4))
        mask = (0xFFFFFFFF << (32 - place.v4_length) & 0xFFFFFFFF).to_bytes(4, "big")
        fcntl.ioctl(sock, _SIOCSIFNETMASK, request + _sockaddr(mask))
        (flags,) = struct.unpack_from("H", fcntl.ioctl(sock, _SIOCGIFFLAGS, request + bytes(24)), _NAME)
        up = flags | _IFF_UP | _IFF_RUNNING
        fcntl.ioctl(sock, _SIOCSIFFLAGS, request + struct.pack("H22x", up))
        (index,) = struct.unpack_from("i", fcntl.ioctl(sock, _SIOCGIFINDEX, request + bytes(24)), _NAME)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, _SIOCSIFADDR, struct.pack("16sIi", place.v6, place.v6_length, index))


def _address_of(sock: socket.socket, request: bytes) -> IpAddress | None:
    try:
        return bytes(fcntl.ioctl(sock, _SIOCGIFADDR, request + bytes(24)))[_NAME + 4 : _NAME + 8]
    except OSError:
        return None


def _sockaddr(address: IpAddress) -> bytes:
    return struct.pack("HH4s16x", socket.AF_INET, 0, address)


def check_free(place: Place) -> None:
    """TunError if the machine has another route to an address of the segment: its own network must not vanish behind
    the device."""
    for destination, length, device in machine_routes():
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
