"""An interface of a host: a name, addresses, an MTU, and the wire behind it. `lo` is one like the others.

What travels between hosts is the business of `farhost.network`; the wire of `lo` is here: a packet is queued and
delivered by the kernel's soft interrupts before the system call that sent it returns, in no virtual time, as Linux
does it.
"""

from collections import deque
from collections.abc import Callable, Sequence

from farhost.kernel.environment import Wire
from farhost.wire.packet import IpAddress, Packet

LOOPBACK_MTU = 65536


class Interface:
    """One network interface (netdevice(7))."""

    __slots__ = (
        "addresses",
        "burst_bytes",
        "index",
        "kind",
        "mtu",
        "name",
        "peer",
        "rate_bps",
        "received",
        "sent",
        "up",
        "wire",
    )

    def __init__(
        self,
        name: str,
        index: int,
        addresses: Sequence[tuple[IpAddress, int]],
        mtu: int,
        wire: Wire,
        kind: str = "ethernet",
        burst_bytes: int = 65535,
        rate_bps: int = 0,
    ) -> None:
        self.name = name
        self.index = index
        """As in `ip link`: lo is 1."""
        self.addresses = list(addresses)
        """(address, prefix length), in the order in which they were given."""
        self.mtu = mtu
        self.wire = wire
        self.kind = kind
        """loopback, ethernet, ...: what a capture of it is called."""
        self.burst_bytes = burst_bytes
        """The most payload of one super-segment (DESIGN 9)."""
        self.rate_bps = rate_bps
        """Bits per second of the link, 0 for no limit: for those who size bursts."""
        self.up = True
        self.sent = 0
        """Packets, as they are on the wire, that the host gave to it."""
        self.received = 0
        """Those that came in by it."""

    def broadcasts(self) -> list[IpAddress]:
        """The directed broadcast addresses of its IPv4 networks (RFC 919); none for /31 and /32."""
        found = []
        for address, length in self.addresses:
            if len(address) == 4 and length < 31:
                number = int.from_bytes(address, "big") | ((1 << (32 - length)) - 1)
                found.append(number.to_bytes(4, "big"))
        return found


class Nowhere:
    """The wire of a host that is off."""

    __slots__ = ()

    def transmit(self, packet: Packet, next_hop: IpAddress) -> None:
        """`Wire.transmit`: it is gone."""

    def queue(self, next_hop: IpAddress) -> tuple[int, int]:
        """`Wire.queue`."""
        return 0, 0


NOWHERE = Nowhere()


class LoopbackWire:
    """The wire of `lo`."""

    __slots__ = ("_deliver", "_queue", "_soft")

    def __init__(self, soft: deque[Callable[[], None]], deliver: Callable[[list[Packet]], None]) -> None:
        self._soft = soft
        self._deliver = deliver
        self._queue: list[Packet] = []

    def transmit(self, packet: Packet, next_hop: IpAddress) -> None:
        """Queue the packet; the first one of a batch asks for a soft interrupt."""
        queue = self._queue
        if not queue:
            self._soft.append(self._run)
        queue.append(packet)

    def queue(self, next_hop: IpAddress) -> tuple[int, int]:
        """`Wire.queue`: the loopback has no rate."""
        return 0, 0

    def _run(self) -> None:
        packets = self._queue
        self._queue = []
        self._deliver(packets)
