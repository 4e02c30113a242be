"""A capture file (pcapng) of a run, for Wireshark and tshark: a reader of the trace, and of its samples.

There is one pcapng interface for each simulated network interface, named `host interface`, and each packet is there
where it was seen: outbound at its sender, inbound at its receiver. What a link or a host did to a packet (dropped,
duplicated, corrupted, reordered, and why) is the packet's comment; one that was dropped has the verdict of Linux's
traffic control for that too. Times are virtual, in ns since the start of the run; names of hosts are in a name
resolution block, and what programs' TLS agreed on in decryption secrets blocks, each before the packets that need it.
Super-segments are written as the packets that they stand for, so that headers and checksums are those of the wire.
The bytes are `farhost.wire.codec`'s; of a packet whose IP header was corrupted they are those that arrived.

A reader that looks at both ends of a link takes the second sight of a segment for a retransmission: a capture at one
host has each packet once.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable
from typing import NamedTuple, Protocol, cast

from farhost.devices.capture_comments import Strength, comment_of
from farhost.network.damage import Damaged, damage, flip
from farhost.network.network import Network
from farhost.trace.events import Event, FaultEvent, PacketEvent, TlsSecret
from farhost.wire import pcapng
from farhost.wire.codec import encode
from farhost.wire.malformed import REASONS
from farhost.wire.packet import IpAddress, Packet

_DIRECTIONS = {"sent": pcapng.OUTBOUND, "received": pcapng.INBOUND}
_UNREADABLE = frozenset(reason for reason in REASONS if reason.startswith("ip"))
"""Why a host drops a packet whose IP header it cannot read."""


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

    __slots__ = ("comments", "data", "direction", "dropped", "number")

    def __init__(self, number: int, data: bytes, direction: int) -> None:
        self.number = number
        self.data = data
        self.direction = direction
        self.comments: list[str] = []
        self.dropped = False


class CaptureSink:
    """Writes a run's packets to a pcapng file; `close` writes the last of them. It reads samples too."""

    def __init__(
        self,
        output: BinaryOutput,
        interfaces: Iterable[CapturedInterface] = (),
        names: Iterable[tuple[IpAddress, tuple[str, ...]]] = (),
        hosts: Collection[str] | None = None,
        strength: Strength = lambda kind, place: "",
        application: str = "farhost",
    ) -> None:
        """`names`: the names of each address, the first of which a reader shows; `hosts`: whose packets are written,
        None: all; `strength`: how strong faults are set. The owner of `output` closes it."""
        self._output = output
        self._hosts = hosts
        self._strength = strength
        self._numbers: dict[tuple[str, str], int] = {}
        self._now_ns = 0
        self._seen: list[_Seen] = []
        self._fault: FaultEvent | None = None
        """The last one, if no packet came since."""
        self._damaged: dict[bytes, str] = {}
        """Packets that a fault has damaged on their way, as they arrive: their comments."""
        self._unreadable: defaultdict[bytes, deque[bytes]] = defaultdict(deque)
        """Those whose IP header cannot be read, as they were sent: as they arrive, one after the other where several
        are alike."""
        self._secrets: dict[str, None] = {}
        self._new_secrets: list[str] = []
        output.write(pcapng.section_header(application, comment="times are virtual: ns since the start of the run"))
        for described in interfaces:
            self._describe(described)
        records = [pcapng.NameRecord(address, known) for address, known in names]
        if records:
            output.write(pcapng.name_resolution(records))

    def take(self, event: Event) -> None:
        """Write a packet event, or what TLS agreed on; pass over every other."""
        if isinstance(event, PacketEvent):
            self._take_packet(event)
            self._fault = None
        elif isinstance(event, FaultEvent):
            self._fault = event
        elif isinstance(event, TlsSecret) and event.line not in self._secrets:
            self._secrets[event.line] = None
            self._new_secrets.append(f"{event.line}\n")

    def flush(self) -> None:
        """Write what is held back, as what happens at this instant may still have to be said of its packets."""
        if self._new_secrets:
            self._output.write(pcapng.decryption_secrets("".join(self._new_secrets).encode()))
            self._new_secrets.clear()
        for seen in self._seen:
            block = pcapng.enhanced_packet(
                seen.number,
                self._now_ns,
                seen.data,
                flags=seen.direction,
                comment="; ".join(seen.comments),
                verdict=pcapng.TC_ACT_SHOT if seen.dropped else None,
            )
            self._output.write(block)
        self._seen.clear()

    def close(self) -> None:
        """Write what is held back; the sink takes no more."""
        self.flush()

    def _take_packet(self, event: PacketEvent) -> None:
        packet = cast(Packet, event.packet)
        direction = _DIRECTIONS.get(event.action, 0)
        comment = "" if direction else comment_of(event, self._fault, self._strength)
        if event.action == "corrupted" and self._fault is not None:
            self._note_damage(packet, self._fault.amount - 1, comment)
        if self._hosts is not None and event.host not in self._hosts:
            return
        if event.time_ns != self._now_ns:
            self.flush()
            self._now_ns = event.time_ns
        key = (event.host, event.interface)
        if key not in self._numbers:
            self._describe(CapturedInterface(*key))
        number = self._numbers[key]
        dropped = event.action == "dropped"
        for data in encode(packet):
            if direction:
                self._see(number, data, direction)
            elif dropped and event.reason in _UNREADABLE and self._unreadable[data]:
                self._comment(number, self._unreadable[data].popleft(), comment, True, pcapng.INBOUND)
            else:
                self._comment(number, data, comment, dropped)

    def _describe(self, described: CapturedInterface) -> None:
        self._numbers[described.host, described.interface] = len(self._numbers)
        self._output.write(
            pcapng.interface_description(
                name=f"{described.host} {described.interface}",
                addresses=described.addresses,
                speed_bps=described.speed_bps,
            )
        )

    def _see(self, number: int, data: bytes, direction: int) -> _Seen:
        seen = _Seen(number, data, direction)
        if direction == pcapng.INBOUND and data in self._damaged:
            seen.comments.append(self._damaged[data])
        self._seen.append(seen)
        return seen

    def _comment(self, number: int, data: bytes, comment: str, dropped: bool, direction: int = 0) -> None:
        """What happened to a packet: said of the packet as this interface saw it at this instant, or on its own."""
        for seen in reversed(self._seen):
            if seen.number == number and seen.data == data and comment not in seen.comments:
                break
        else:
            seen = self._see(number, data, direction)
        seen.comments.append(comment)
        seen.dropped = seen.dropped or dropped

    def _note_damage(self, packet: Packet, bit: int, comment: str) -> None:
        """A fault has flipped a bit of a packet, which is on its way. Where its receiver can read the IP header, the
        trace will have it as it arrives, and as it was sent where not."""
        (data,) = encode(packet)
        damaged = flip(data, bit)
        self._damaged[damaged] = comment
        if isinstance(damage(packet, bit), Damaged):
            self._unreadable[data].append(damaged)
