"""A capture file (pcapng) of a run, for Wireshark and tshark: a reader of the trace.

There is one pcapng interface for each simulated network interface, named `host interface`, and each packet is there
where it was seen: outbound at its sender, inbound at its receiver. What a link or a host did to a packet (dropped,
duplicated, corrupted, reordered, and why) is the packet's comment. Times are virtual, in ns since the start of the
run; names of hosts are in a name resolution block. Super-segments are written as the packets that they stand for, so
that headers and checksums are those of the wire. The bytes are `farhost.wire.codec`'s.

A reader that looks at both ends of a link takes the second sight of a segment for a retransmission: a capture at one
host (a `FilterSink` before this one) has each packet once.
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol, cast

from farhost.network.network import Network
from farhost.trace.events import Event, PacketEvent
from farhost.wire import pcapng
from farhost.wire.codec import encode
from farhost.wire.packet import IpAddress, Packet

_DIRECTIONS = {"sent": pcapng.OUTBOUND, "received": pcapng.INBOUND}


class BinaryOutput(Protocol):
    """Where a capture goes: an open binary file."""

    def write(self, data: bytes, /) -> object:
        """Write it."""


class CapturedInterface(NamedTuple):
    """A network interface that the file describes from its beginning; others are described when they first appear."""

    host: str
    interface: str
    addresses: tuple[tuple[IpAddress, int], ...] = ()
    """Each with the length of its network's prefix."""
    speed_bps: int = 0


def interfaces_of(network: Network, hosts: Iterable[str]) -> list[CapturedInterface]:
    """The interfaces of some hosts of a network; a `lo` is described only when something goes through it."""
    return [
        CapturedInterface(host.name, interface.name, tuple(interface.addresses), interface.rate_bps)
        for host in map(network.hosts.__getitem__, hosts)
        for interface in host.kernel.internet.interfaces.values()
        if interface.kind != "loopback"
    ]


def names_of(network: Network) -> list[tuple[IpAddress, tuple[str, ...]]]:
    """The names of every address of a network's hosts."""
    addresses = [address for host in network.hosts.values() for address in host.addresses()]
    return [(address, tuple(network.names.names(address))) for address in addresses]


class _Seen:
    """A packet of the present instant, which may still get comments."""

    __slots__ = ("comments", "data", "direction", "number")

    def __init__(self, number: int, data: bytes, direction: int) -> None:
        self.number = number
        self.data = data
        self.direction = direction
        self.comments: list[str] = []


class CaptureSink:
    """Writes a run's packets to a pcapng file; `close` writes the last of them."""

    def __init__(
        self,
        output: BinaryOutput,
        interfaces: Iterable[CapturedInterface] = (),
        names: Iterable[tuple[IpAddress, tuple[str, ...]]] = (),
        application: str = "farhost",
    ) -> None:
        """`names`: the names of each address, the first of which a reader shows. The owner of `output` closes it."""
        self._output = output
        self._numbers: dict[tuple[str, str], int] = {}
        self._now_ns = 0
        self._seen: list[_Seen] = []
        output.write(pcapng.section_header(application, comment="times are virtual: ns since the start of the run"))
        for described in interfaces:
            self._describe(described)
        records = [pcapng.NameRecord(address, known) for address, known in names]
        if records:
            output.write(pcapng.name_resolution(records))

    def take(self, event: Event) -> None:
        """Write a packet event; pass over every other."""
        if not isinstance(event, PacketEvent):
            return
        if event.time_ns != self._now_ns:
            self._flush()
            self._now_ns = event.time_ns
        key = (event.host, event.interface)
        if key not in self._numbers:
            self._describe(CapturedInterface(*key))
        number = self._numbers[key]
        direction = _DIRECTIONS.get(event.action, 0)
        for data in encode(cast(Packet, event.packet)):
            if direction:
                self._seen.append(_Seen(number, data, direction))
            else:
                self._comment(number, data, f"{event.action}: {event.reason}" if event.reason else event.action)

    def close(self) -> None:
        """Write what is held back; the sink takes no more."""
        self._flush()

    def _describe(self, described: CapturedInterface) -> None:
        self._numbers[described.host, described.interface] = len(self._numbers)
        self._output.write(
            pcapng.interface_description(
                name=f"{described.host} {described.interface}",
                addresses=described.addresses,
                speed_bps=described.speed_bps,
            )
        )

    def _comment(self, number: int, data: bytes, comment: str) -> None:
        """What happened to a packet: said of the packet as this interface saw it at this instant, or on its own."""
        for seen in reversed(self._seen):
            if seen.number == number and seen.data == data and comment not in seen.comments:
                break
        else:
            seen = _Seen(number, data, 0)
            self._seen.append(seen)
        seen.comments.append(comment)

    def _flush(self) -> None:
        for seen in self._seen:
            comment = "; ".join(seen.comments)
            self._output.write(
                pcapng.enhanced_packet(seen.number, self._now_ns, seen.data, flags=seen.direction, comment=comment)
            )
        self._seen.clear()
