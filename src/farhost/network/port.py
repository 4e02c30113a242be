"""A port: where a host's interface meets its segment. It is the interface's `Wire`, and finds the neighbour's
channel.

The segment is a switch that knows who has which address; there is no ARP on the wire. What ARP (or neighbour
discovery) does when nobody answers is here, as on Linux: three questions, a second apart, and then the packets that
waited fail.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from farhost.network.channel import Channel
from farhost.network.damage import Damaged
from farhost.trace.events import PacketEvent
from farhost.trace.tracer import Tracer
from farhost.wire.addresses import is_broadcast, is_multicast
from farhost.wire.packet import IpAddress, Packet, TcpSegment

if TYPE_CHECKING:
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.kernel import Kernel

NEIGHBOUR_TIMEOUT_NS = 3_000_000_000
"""net.ipv4.neigh.default.mcast_solicit (3) times retrans_time_ms (1000)."""
UNRESOLVED_LIMIT = 101
"""How many packets wait for one neighbour's answer: net.ipv4.neigh.default.unres_qlen; beyond, the oldest is
dropped."""


class Divert(Protocol):
    """What stands behind a port instead of a simulated kernel: a real device (`farhost.devices`)."""

    def take(self, packets: list[Packet]) -> None:
        """Packets have arrived."""

    def take_damaged(self, damaged: Damaged) -> None:
        """A packet has arrived whose IP header makes no sense."""


class Port:
    """One host's place on a segment."""

    __slots__ = (
        "_channels_by_address",
        "_unresolved",
        "channels",
        "divert",
        "find",
        "host",
        "interface",
        "kernel",
        "lost",
        "number",
    )

    def __init__(self, kernel: "Kernel", number: int, find: "Callable[[Port, IpAddress], list[Port] | None]") -> None:
        self.kernel = kernel
        self.host = kernel.name
        self.number = number
        """From 1, in order of attachment; the host part of addresses that nobody chose."""
        self.find = find
        """Who has an address on the segment: ports (several for a broadcast), or None."""
        self.interface: Interface
        """Set when the kernel has made it, which is after the port, as its wire."""
        self.channels: dict[Port, Channel] = {}
        """To each neighbour that was spoken to or described."""
        self.divert: Divert | None = None
        """Who takes what arrives instead of the kernel."""
        self.lost: Tracer | None = None
        """While the host has no power: where what arrives, and is gone, is traced."""
        self._channels_by_address: dict[IpAddress, Channel] = {}
        self._unresolved: dict[IpAddress, list[Packet]] = {}

    def transmit(self, packet: Packet, next_hop: IpAddress) -> None:
        """`Wire.transmit`."""
        channel = self._channels_by_address.get(next_hop)
        if channel is not None:
            channel.transmit(packet)
        else:
            self._look_up(packet, next_hop)

    def queue(self, next_hop: IpAddress) -> tuple[int, int]:
        """`Wire.queue`."""
        channel = self._channels_by_address.get(next_hop)
        return (0, 0) if channel is None else channel.queue_ahead()

    def forget_addresses(self) -> None:
        """Somebody on the segment has a new address, or the port a new channel."""
        self._channels_by_address.clear()

    def _look_up(self, packet: Packet, next_hop: IpAddress) -> None:
        ports = self.find(self, next_hop)
        if ports is None:
            self._wait_for_neighbour(packet, next_hop)
            return
        channels = [self.channels[port] for port in ports]
        if not (is_multicast(next_hop) or is_broadcast(next_hop) or next_hop in self.interface.broadcasts()):
            self._channels_by_address[next_hop] = channels[0]
        for channel in channels:
            channel.transmit(packet)

    def _wait_for_neighbour(self, packet: Packet, next_hop: IpAddress) -> None:
        waiting = self._unresolved.get(next_hop)
        if waiting is None:
            waiting = self._unresolved[next_hop] = []
            clock = self.kernel.environment.clock
            clock.call_at(clock.now_ns + NEIGHBOUR_TIMEOUT_NS, self._give_up, next_hop, waiting)
        elif len(waiting) == UNRESOLVED_LIMIT:
            oldest = waiting.pop(0)
            self.kernel.internet.drop(self.interface, oldest, "no-neighbour", "IpOutDiscards")
        waiting.append(packet)

    def _give_up(self, next_hop: IpAddress, packets: list[Packet]) -> None:
        if self._unresolved.get(next_hop) is not packets:
            return
        del self._unresolved[next_hop]
        if self.find(self, next_hop) is not None:
            for packet in packets:
                self._look_up(packet, next_hop)
            return
        for packet in packets:
            self.kernel.internet.neighbour_failed(self.interface, packet)

    # Power.

    def go_off(self, tracer: Tracer) -> None:
        """The host has no power any more."""
        self.lost = tracer
        self._unresolved.clear()

    def come_up(self, kernel: "Kernel") -> None:
        """The host has booted: the same interface, of another kernel."""
        old = self.interface
        self.kernel = kernel
        self.interface = kernel.internet.add_interface(old.name, old.addresses, old.mtu, self, old.kind)
        self.lost = None
        self.forget_addresses()

    # What a channel asks of its ends.

    def receive(self, packets: list[Packet]) -> None:
        """Packets arrived for this port's interface."""
        if self.divert is not None:
            self.divert.take(packets)
            return
        if self.lost is not None:
            for packet in packets:
                self._miss(packet, self.lost)
            return
        self.kernel.internet.receive(self.interface, packets)

    def refuse(self, damaged: Damaged) -> None:
        """A packet arrived whose IP header makes no sense."""
        if self.divert is not None:
            self.divert.take_damaged(damaged)
            return
        if self.lost is not None:
            self._miss(damaged.packet, self.lost)
            return
        self.kernel.internet.drop(self.interface, damaged.packet, damaged.reason, "IpInHdrErrors")

    def _miss(self, packet: Packet, tracer: Tracer) -> None:
        """Nobody is there to take it."""
        if tracer.on:
            pieces = packet.body.pieces if isinstance(packet.body, TcpSegment) else 1
            name = self.interface.name
            now_ns = self.kernel.now_ns()
            tracer.emit(PacketEvent(now_ns, self.host, name, "dropped", "host-down", packet, pieces))

    def address_like(self, address: IpAddress) -> IpAddress | None:
        """The interface's first address of the family of `address`."""
        return next((own for own, _ in self.interface.addresses if len(own) == len(address)), None)
