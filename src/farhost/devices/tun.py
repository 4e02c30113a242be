"""A TUN device (Linux, networking/tuntap): the machine itself as a host of a simulated segment.

The machine's own programs reach the simulated hosts and are reached, by IPv4 and IPv6, over the very links that the
simulated hosts have, with their faults. What the machine's kernel sends into the device comes out of the machine's
port on the segment, and what arrives at that port is written to the device. Packets are whole here and checksummed;
there is no offload.

The device belongs to this process and goes with it. Making it takes CAP_NET_ADMIN; one that root has made and set up
for this user is used as it is, and stays (`tun_setup.py`).
"""

import errno
import os
from collections.abc import Callable

from farhost.devices.real_time import RealTime
from farhost.devices.tun_place import OUTSIDE, Place, TunError, check_free
from farhost.devices.tun_setup import check_name, device_faults, open_device, set_up
from farhost.network.damage import Damaged
from farhost.wire.codec import MalformedPacket, decode, encode
from farhost.wire.packet import Flow, Packet

_LARGEST = 65536
_BATCH = 64
"""Packets that are read in one go, so that nobody else waits long."""


class TunDevice:
    """One device, and the port that it stands behind."""

    def __init__(self, name: str, clock: RealTime, place: Place) -> None:
        """Make the device, give it the machine's addresses, and let it carry packets. TunError."""
        self.name = name
        self.on_gone: Callable[[str], None] | None = None
        """Called with a line for people, once, when somebody has deleted the device."""
        self.dropped: dict[str, int] = {}
        """What could not be carried, by reason."""
        self._clock = clock
        self._place = place
        self._port = place.port
        self._internet = place.port.kernel.internet
        self._flow = Flow(OUTSIDE)
        self._ordinal = 0
        check_name(name)
        check_free(place, name)
        self._number = open_device(name, place)
        try:
            self.shortcoming = set_up(name, place)
            """What is not as it should be, in a line for people, though packets go through."""
        except TunError:
            os.close(self._number)
            raise
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
                self._lost()
                return
            self._send(data)

    def _lost(self) -> None:
        """The descriptor has no device any more, and stays ready for ever."""
        self._clock.forget(self._number)
        if self.on_gone is not None:
            self.on_gone(
                f"the device {self.name} is gone: this machine is no host of the network any more, until `farhost "
                "down` and another `farhost up`"
            )

    def faults(self) -> list[str]:
        """What hinders packets now, in words: somebody has set the device down, changed or deleted it."""
        return device_faults(self._number, self._place)

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
