"""A port: where a host's interface meets its segment. It is the interface's `Wire`, and finds the neighbour's
channel.

The segment is a switch that knows who has which address; there is no ARP on the wire. What ARP (or neighbour
discovery) does when nobody answers is here, as on Linux: where the way to a neighbour or back is cut, or it has no
power, the address is used as long as it is remembered (`farhost.network.neighbour`), and then packets fail that have
waited for three questions.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from farhost.network.channel import Channel
from farhost.network.damage import Damaged
from farhost.network.neighbour import QUESTION_NS, QUESTIONS, UNRESOLVED_LIMIT, Neighbour
from farhost.trace.events import PacketEvent
from farhost.trace.tracer import Tracer
from farhost.wire.addresses import is_broadcast, is_multicast
from farhost.wire.packet import IpAddress, Packet, TcpSegment

if TYPE_CHECKING:
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.kernel import Kernel


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
        "_neighbours",
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
        """Those that a packet may be sent to without a look: the way there and back works."""
        self._neighbours: dict[IpAddress, Neighbour] = {}

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

    def look_again(self) -> None:
        """Something has changed on the segment: an address, a channel, somebody's power."""
        for address, channel in self._channels_by_address.items():
            self._neighbours[address].confirm(self._last_use_ns(channel))
        self._channels_by_address.clear()

    def _last_use_ns(self, channel: Channel) -> int:
        """When a packet to or from a neighbour arrived last: as long as the way works, that confirms its address."""
        back = channel.target.channels[self]
        return min(max(channel.last_ns, back.last_ns), self.kernel.environment.clock.now_ns)

    def _look_up(self, packet: Packet, next_hop: IpAddress) -> None:
        ports = self.find(self, next_hop)
        if ports is not None and self._is_group(next_hop):
            for port in ports:
                self.channels[port].transmit(packet)
            return
        target = None if ports is None else ports[0]
        neighbour = self._neighbours.get(next_hop)
        waits = neighbour is not None and neighbour.waiting is not None
        if target is None or waits or not self._knows(target, next_hop, neighbour):
            self._wait_for_answer(packet, next_hop)
        else:
            self.channels[target].transmit(packet)

    def _is_group(self, next_hop: IpAddress) -> bool:
        return is_multicast(next_hop) or is_broadcast(next_hop) or next_hop in self.interface.broadcasts()

    # Neighbours and their addresses.

    def _answers(self, target: "Port") -> bool:
        """Whether a question to a neighbour is answered: it arrives, somebody is there, and the answer comes back."""
        return self._reaches(target) and not target.channels[self].cut

    def _reaches(self, target: "Port") -> bool:
        return not self.channels[target].cut and target.lost is None

    def _knows(self, target: "Port", next_hop: IpAddress, neighbour: Neighbour | None) -> bool:
        """Whether a packet can leave at once: the address is remembered, or the neighbour answers."""
        if self._answers(target):
            self._found(next_hop, target)
            return True
        return neighbour is not None and neighbour.usable(self.kernel.environment.clock.now_ns)

    def _found(self, next_hop: IpAddress, target: "Port") -> None:
        """A neighbour has answered: packets go to it without a look."""
        neighbour = self._neighbours.get(next_hop)
        if neighbour is None:
            neighbour = self._neighbours[next_hop] = Neighbour()
            self._introduce(next_hop, target)
        neighbour.confirm(self.kernel.environment.clock.now_ns)
        self._channels_by_address[next_hop] = self.channels[target]
        self._send_waiting(next_hop, target)

    def _introduce(self, next_hop: IpAddress, target: "Port") -> None:
        """Who gets a question learns the address of the one who asks (RFC 826), and needs not ask for it itself."""
        own = self.address_like(next_hop)
        if own is not None:
            target.learn(own, self)

    def learn(self, address: IpAddress, asker: "Port") -> None:
        """A neighbour has asked for this port's address."""
        if address not in self._neighbours:
            self._neighbours[address] = Neighbour()
        self._send_waiting(address, asker)

    def _send_waiting(self, address: IpAddress, target: "Port") -> None:
        neighbour = self._neighbours[address]
        packets, neighbour.waiting = neighbour.waiting, None
        for packet in packets or ():
            self.channels[target].transmit(packet)

    def _wait_for_answer(self, packet: Packet, next_hop: IpAddress) -> None:
        neighbour = self._neighbours.get(next_hop)
        if neighbour is None or neighbour.waiting is None:
            neighbour = self._neighbours[next_hop] = Neighbour()
            neighbour.waiting = []
            self._ask(next_hop, neighbour)
        assert neighbour.waiting is not None
        if len(neighbour.waiting) == UNRESOLVED_LIMIT:
            oldest = neighbour.waiting.pop(0)
            self.kernel.internet.drop(self.interface, oldest, "no-neighbour", "IpOutDiscards")
        neighbour.waiting.append(packet)

    def _ask(self, next_hop: IpAddress, neighbour: Neighbour) -> None:
        """Ask who has an address, and see a second later what came of it."""
        neighbour.questions += 1
        ports = self.find(self, next_hop)
        if ports is not None and self._reaches(ports[0]):
            self._introduce(next_hop, ports[0])
        clock = self.kernel.environment.clock
        clock.call_at(clock.now_ns + QUESTION_NS, self._look_for_answer, next_hop, neighbour)

    def _look_for_answer(self, next_hop: IpAddress, neighbour: Neighbour) -> None:
        packets = neighbour.waiting
        if packets is None or self._neighbours.get(next_hop) is not neighbour:
            return
        ports = self.find(self, next_hop)
        if ports is not None and self._answers(ports[0]):
            self._found(next_hop, ports[0])
        elif neighbour.questions < QUESTIONS:
            self._ask(next_hop, neighbour)
        else:
            del self._neighbours[next_hop]
            for packet in packets:
                self.kernel.internet.neighbour_failed(self.interface, packet)

    # Power.

    def go_off(self, tracer: Tracer) -> None:
        """The host has no power any more."""
        self.lost = tracer
        self._channels_by_address.clear()
        self._neighbours.clear()
        for other in self.channels:
            other.look_again()

    def come_up(self, kernel: "Kernel") -> None:
        """The host has booted: the same interface, of another kernel."""
        old = self.interface
        self.kernel = kernel
        self.interface = kernel.internet.add_interface(old.name, old.addresses, old.mtu, self, old.kind)
        self.lost = None
        self.look_again()

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
