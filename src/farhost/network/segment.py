"""A segment: a switched network that several hosts are attached to, with a prefix of each family.

Addresses are predictable: the first host has .1, the second .2; the same number ends its IPv6 and link-local
addresses. Any two attached hosts have a channel in each direction, which starts with the segment's conditions.
"""

from farhost.kernel.environment import Environment
from farhost.kernel.kernel import Kernel
from farhost.network.channel import Channel
from farhost.network.conditions import Conditions
from farhost.network.port import Port
from farhost.network.prefixes import format_prefix, overlap, parse_prefix
from farhost.wire.addresses import AddressError, in_network, inet_ntop, is_broadcast, is_multicast
from farhost.wire.packet import IpAddress

LINK_LOCAL = bytes.fromhex("fe80") + bytes(14)
_BURST_LIMIT = 65535
_BURST_NS = 1_000_000
"""A super-segment takes at most so long at the link's rate (DESIGN 9)."""


class Segment:
    """One network that hosts are attached to."""

    def __init__(self, name: str, v4: str, v6: str, conditions: Conditions, environment: Environment) -> None:
        """`v4` and `v6`: its networks, `10.0.0.0/24` and `fd00::/64`. AddressError."""
        self.name = name
        self.v4, self.v4_length = parse_prefix(v4, 4)
        self.v6, self.v6_length = parse_prefix(v6, 16)
        self.capacity = min((1 << (32 - self.v4_length)) - 2, (1 << (128 - self.v6_length)) - 1)
        """How many hosts have numbers: the last number."""
        self.conditions = conditions
        self._environment = environment
        self.ports: list[Port] = []
        self._owners: dict[IpAddress, Port] = {}
        self._numbered = 0
        """The last number that was given out."""

    def attach(
        self,
        kernel: Kernel,
        v4: IpAddress | None = None,
        v6: IpAddress | None = None,
        number: int | None = None,
    ) -> Port:
        """Give a host an interface on this segment: eth0, eth1, ... with the next number that is free, or a chosen
        one. ValueError for an address that is taken or not the segment's; then nothing has changed."""
        chosen = number
        if number is None:
            number = self.next_number()
        elif not 1 <= number <= self.capacity:
            raise ValueError(f"the segment {self.name} has no number {number}: {self._room()}")
        addresses = [
            (v4 or _numbered(self.v4, number), self.v4_length),
            (v6 or _numbered(self.v6, number), self.v6_length),
            (_numbered(LINK_LOCAL, number), 64),
        ]
        self._check_addresses(*(address for address, _ in addresses))
        if chosen is None:
            self._numbered = number
        port = Port(kernel, number, self._find)
        name = f"eth{sum(1 for interface in kernel.internet.interfaces.values() if interface.kind != 'loopback')}"
        port.interface = kernel.internet.add_interface(name, addresses, self.conditions.mtu, port)
        for other in self.ports:
            other.look_again()
            self._connect(port, other)
            self._connect(other, port)
        self.ports.append(port)
        for address, _ in addresses:
            self._owners[address] = port
        self.set_rate(port)
        return port

    def next_number(self) -> int:
        """The number that the next host gets; ValueError if none is left."""
        number = self._numbered + 1
        while any(_numbered(prefix, number) in self._owners for prefix in (self.v4, self.v6, LINK_LOCAL)):
            number += 1
        if number > self.capacity:
            raise ValueError(f"the segment {self.name} has no address left: {self._room()}: take larger networks")
        return number

    def overlapping(self, other: "Segment") -> tuple[str, str] | None:
        """A network of this segment's and one of another's that have addresses in common; None if there are none."""
        for own, theirs in zip(self._networks(), other._networks()):
            if overlap(own, theirs):
                return format_prefix(*own), format_prefix(*theirs)
        return None

    def _networks(self) -> tuple[tuple[IpAddress, int], tuple[IpAddress, int]]:
        return (self.v4, self.v4_length), (self.v6, self.v6_length)

    def _room(self) -> str:
        """`10.0.0.0/30 and fd00::/64 have room for 2 hosts`."""
        return f"{' and '.join(format_prefix(*one) for one in self._networks())} have room for {self.capacity} hosts"

    def _check_addresses(self, v4: IpAddress, v6: IpAddress, link_local: IpAddress) -> None:
        """ValueError unless a new interface may have these."""
        for address, (prefix, length) in zip((v4, v6), self._networks()):
            if len(address) != len(prefix):
                family = "IPv4" if len(prefix) == 4 else "IPv6"
                raise AddressError(f"{inet_ntop(address)} is no {family} address")
            network = format_prefix(prefix, length)
            if not in_network(address, prefix, length):
                raise ValueError(f"the address {inet_ntop(address)} is not in {self.name}'s network {network}")
            last = _numbered(prefix, (1 << 8 * len(prefix) - length) - 1)
            if address == prefix or (len(address) == 4 and address == last):
                meaning = "broadcast" if address == last else "network"
                raise ValueError(f"{inet_ntop(address)} is the {meaning} address of {network}: no host has it")
        for address in (v4, v6, link_local):
            if address in self._owners:
                owner = self._owners[address].host
                raise ValueError(f"the address {inet_ntop(address)} on {self.name} is {owner}'s already")

    def _connect(self, source: Port, target: Port) -> None:
        name = f"{source.host}>{target.host}"
        if self.name != "net":
            name = f"{self.name} {name}"
        source.channels[target] = Channel(name, source, target, self.conditions, self._environment)

    def _find(self, asker: Port, address: IpAddress) -> list[Port] | None:
        owner = self._owners.get(address)
        if owner is not None and owner is not asker:
            return [owner]
        if is_multicast(address) or is_broadcast(address) or address in asker.interface.broadcasts():
            return [port for port in self.ports if port is not asker]
        return None

    # Conditions.

    def set_conditions(self, conditions: Conditions) -> None:
        """Every channel is like this from now on, those that come later too; the MTU is that of the interfaces."""
        self.conditions = conditions
        for port in self.ports:
            port.interface.mtu = conditions.mtu
            for channel in port.channels.values():
                channel.set_conditions(conditions)
            self.set_rate(port)
            port.kernel.internet.refresh()

    def set_channel(self, channel: Channel, conditions: Conditions) -> None:
        """One channel is like this from now on. An MTU below the interfaces' is found out by ICMP, as that of a
        path."""
        channel.set_conditions(conditions)
        self.set_rate(channel.source)
        channel.source.kernel.internet.refresh()

    def set_rate(self, port: Port) -> None:
        """Tell an interface how fast its slowest channel is, which bounds its bursts."""
        rates = [channel.conditions.rate_bps for channel in port.channels.values()] or [self.conditions.rate_bps]
        rate_bps = min((rate for rate in rates if rate), default=0)
        interface = port.interface
        interface.rate_bps = rate_bps
        interface.burst_bytes = _BURST_LIMIT
        if rate_bps:
            least = 2 * (interface.mtu - 40)
            interface.burst_bytes = min(_BURST_LIMIT, max(least, rate_bps * _BURST_NS // 8_000_000_000))

    def channels(self) -> list[Channel]:
        """All channels, in order of attachment."""
        return [channel for port in self.ports for channel in port.channels.values()]


def _numbered(prefix: IpAddress, number: int) -> IpAddress:
    return (int.from_bytes(prefix, "big") + number).to_bytes(len(prefix), "big")
