"""A network: hosts, segments, the links between them, names, and the virtual time that all share.

It joins what does not know each other: each host's kernel gets its clock, timers, chance and trace here, and its
interfaces the wires of their segments. Building order decides addresses and every tie, so the same description is
the same network.
"""

import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from farhost.kernel.environment import Environment
from farhost.kernel.kernel import Kernel
from farhost.kernel.process import USERS, Process
from farhost.network.channel import Channel
from farhost.network.conditions import Conditions
from farhost.network.dns.conditions import NameServerConditions
from farhost.network.dns.service import NameService
from farhost.network.dns.settings import ResolverSettings
from farhost.network.dns.words import split_words
from farhost.network.host import Host
from farhost.network.hosts_table import HostsTable, check_further_name, check_host_name
from farhost.network.ledger import Account, Ledger, account_of, take_ledger, total_of
from farhost.network.port import Port
from farhost.network.power import cut_power, restore_power
from farhost.network.segment import Segment
from farhost.network.topology import Attachment, routes_for
from farhost.protocols.ip.routing import Route
from farhost.sim.choices import Choice, Choices
from farhost.sim.scheduler import End, Scheduler
from farhost.trace.tracer import Tracer
from farhost.units import parse_drift, parse_step
from farhost.wire.addresses import AddressError, inet_ntop, is_link_local, parse_address
from farhost.wire.byte_order import ByteOrder
from farhost.wire.packet import IpAddress

if TYPE_CHECKING:
    from farhost.network.dns.server import NameServer

DEFAULT_SEGMENT = "net"


class Link:
    """Both directions between two hosts on one segment."""

    def __init__(self, segment: Segment, forward: Channel, backward: Channel) -> None:
        self.segment = segment
        self.forward = forward
        self.backward = backward

    def change(self, conditions: Conditions, direction: str | None = None) -> None:
        """From now on it is like this, in both directions or in one (`a>b`)."""
        for channel in self._channels(direction):
            self.segment.set_channel(channel, conditions)

    def adjust(self, words: str, direction: str | None = None) -> None:
        """From now on these words hold (`loss=5%`); what they do not name stays as it is. UnitError."""
        for channel in self._channels(direction):
            self.segment.set_channel(channel, Conditions.parse(words, channel.conditions))

    def account(self, direction: str | None = None) -> Account:
        """What became of its packets so far, in one direction (`a>b`) or in both together. ValueError."""
        accounts = tuple(account_of(channel) for channel in self._channels(direction))
        return accounts[0] if len(accounts) == 1 else total_of(accounts, self.forward.name.replace(">", "-"))

    def set_down(self, down: bool, direction: str | None = None) -> None:
        """Cut it, or mend it; what is on its way arrives."""
        for channel in self._channels(direction):
            channel.set_down(down)

    def _channels(self, direction: str | None) -> list[Channel]:
        both = [self.forward, self.backward]
        if direction is None:
            return both
        chosen = [channel for channel in both if direction == f"{channel.source.host}>{channel.target.host}"]
        if not chosen:
            names = " or ".join(f"{channel.source.host}>{channel.target.host}" for channel in both)
            raise ValueError(f"the direction {direction!r} is none of this link's: it is {names}")
        return chosen


class Network:
    """Everything that one run simulates, but the programs."""

    def __init__(
        self,
        seed: int = 0,
        tracer: Tracer | None = None,
        replay: Mapping[Choice, int] | None = None,
        v4: str = "10.0.0.0/24",
        v6: str = "fd00::/64",
    ) -> None:
        """`seed` decides all chance; with `replay`, faults are those of the mapping instead. `v4` and `v6`: the
        networks of the segment `net`. AddressError."""
        self.scheduler = Scheduler()
        self.choices = Choices(seed, replay)
        self.tracer = tracer or Tracer()
        self.environment = Environment(self.scheduler, self.choices, self.tracer)
        self.hosts: dict[str, Host] = {}
        self.segments: dict[str, Segment] = {}
        self.names = HostsTable()
        self.name_servers: dict[str, NameServer] = {}
        """By their hosts' names, in the order in which they are asked."""
        self.resolver_words: dict[str, str] = {}
        """What every host's /etc/resolv.conf says that does not say otherwise itself."""
        self._owners: dict[IpAddress, str] = {}
        self._routes: dict[str, list[Route]] = {}
        self._settings: dict[str, Mapping[str, int | str | tuple[int, ...]]] = {}
        """The sysctls that each host was given, and boots with."""
        self.segment(DEFAULT_SEGMENT, v4, v6)

    # Building.

    def segment(
        self,
        name: str,
        v4: str | None = None,
        v6: str | None = None,
        conditions: Conditions | str | None = None,
        **words: str,
    ) -> Segment:
        """A new segment; the nth after `net` has 10.0.n.0/24 and fd00:0:0:n::/64 unless told otherwise.

        ValueError for a name that is taken or none, and for a network that is none or overlaps another segment's.
        """
        if not isinstance(name, str) or not name or any(character.isspace() for character in name):
            raise ValueError(f"{name!r} is no name of a segment: it is a word without spaces")
        if name in self.segments:
            raise ValueError(f"there is a segment {name!r} already")
        number = len(self.segments)
        chosen = _conditions(conditions, words, Conditions())
        v4 = f"10.0.{number}.0/24" if v4 is None else v4
        v6 = f"fd00:0:0:{number:x}::/64" if v6 is None else v6
        segment = Segment(name, v4, v6, chosen, self.environment)
        for other in self.segments.values():
            overlapping = segment.overlapping(other)
            if overlapping is not None:
                own, theirs = overlapping
                raise ValueError(
                    f"the network {own} of the segment {name!r} overlaps {theirs} of {other.name!r}: "
                    "give it one of its own"
                )
        self.segments[name] = segment
        return segment

    def host(
        self,
        name: str,
        *,
        segments: Sequence[str] = (DEFAULT_SEGMENT,),
        byte_order: str = "little",
        aliases: Sequence[str] = (),
        forwarding: bool = False,
        sysctls: Mapping[str, int | str | tuple[int, ...]] | None = None,
        user: str = "user",
        resolver: str = "",
        entries: Mapping[str, str] | None = None,
        clock: str = "",
        drift: str = "",
    ) -> Host:
        """A new host, attached to the segments in order: eth0, eth1, ... Others find it by its name and aliases.

        `forwarding`: it is a router. `user`: who runs its programs, `user` (uid 1000) or `root` (uid 0), who may have
        raw sockets, and otherwise has the rights of a container's root: nothing that takes CAP_NET_ADMIN or
        CAP_SYS_ADMIN. `resolver`: its /etc/resolv.conf, in words (`farhost.network.dns.settings`). `entries`: further
        lines of its own /etc/hosts, a name with its addresses, separated by commas. `clock`: how far its wall clock
        is wrong (`+5s`); `drift`: how much too fast all its clocks run (`100ppm`). Without segments it is reached by
        nobody until `attach` gives it an interface.

        ValueError for a name that is taken or is none, an alias that is another host's name, a segment that there is
        not or that is full, a setting that Linux would refuse, or another user, UnitError for a word of its resolver
        or a clock; then nothing has changed.
        """
        for word, given in (("aliases", aliases), ("segments", segments)):
            if isinstance(given, str):
                raise ValueError(f"{word} are several names: write {word}=[{given!r}]")
        for one in (name, *aliases):
            check_host_name(one)
        if name in self.hosts:
            raise ValueError(f"there is a host {name!r} already")
        if byte_order not in ("little", "big"):
            raise ValueError(f"there is no byte order {byte_order!r}: it is little or big")
        if user not in USERS:
            raise ValueError(f"there is no user {user!r}: programs run as {' or '.join(USERS)}")
        step_ns, ppm = parse_step(clock) if clock else 0, parse_drift(drift) if drift else 0
        wires = self._room_on(segments)
        settings = dict(sysctls or {})
        if forwarding:
            settings |= {"net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1}
        kernel = Kernel(name, self.environment, byte_order=cast(ByteOrder, byte_order), sysctls=settings, user=user)
        kernel.internet.name_of = self._name_of
        kernel.step_clock(step_ns)
        kernel.drift_by(ppm)
        host = Host(self, kernel, tuple(aliases), forwarding, resolver, entries)
        self._settings[name] = settings
        self.names.claim(name, aliases)
        self.hosts[name] = host
        for segment in wires:
            self.attach(host, segment)
        return host

    def _room_on(self, names: Sequence[str]) -> list[Segment]:
        """Segments that a new host can be attached to; ValueError otherwise."""
        found: list[Segment] = []
        for name in names:
            segment = self._segment(name)
            if segment in found:
                raise ValueError(f"the segment {name!r} is named twice: a host is on it once")
            segment.next_number()
            found.append(segment)
        return found

    def router(self, name: str, segments: Sequence[str]) -> Host:
        """A host that forwards between its segments."""
        return self.host(name, segments=segments, forwarding=True)

    def attach(
        self,
        host: Host,
        segment: Segment | str,
        v4: str | None = None,
        v6: str | None = None,
        number: int | None = None,
    ) -> Port:
        """One more interface for a host, with the next free number of the segment in its addresses unless `number`
        chooses one. ValueError for an unknown segment, and for an address that is taken, none, or not the segment's;
        then nothing has changed."""
        if not isinstance(segment, Segment):
            segment = self._segment(segment)
        chosen = None if v4 is None else parse_address(v4), None if v6 is None else parse_address(v6)
        port = segment.attach(host.kernel, *chosen, number)
        host.ports.append((segment, port))
        for address, _ in port.interface.addresses:
            if not (len(address) == 16 and is_link_local(address)):
                self._own(host, port, address)
        self._reroute()
        return port

    def _own(self, host: Host, port: Port, address: IpAddress) -> None:
        """Names of an address: for programs the host's and its aliases, for flows one that no other address has."""
        self.names.add_host_address(host.name, host.aliases, address)
        self._owners[address] = self._flow_name(host, port, address)

    @staticmethod
    def _flow_name(host: Host, port: Port, address: IpAddress) -> str:
        place = host.kernel.place
        name = place if host.ports[0][1] is port else f"{place}.{port.interface.name}"
        return name if len(address) == 4 else f"{name}.v6"

    def name(self, name: str, targets: Sequence[Host | str]) -> None:
        """A further name for hosts (all their addresses) and for addresses; said again, it stands for more.

        ValueError for what is no name, a host's own name, or a target that is none; then nothing has changed.
        """
        check_further_name(name)
        found = [address for target in targets for address in self._addresses_of(target)]
        if not found:
            raise ValueError(f"{name!r} stands for nothing: a name stands for hosts or addresses")
        for address in found:
            self.names.add(name, address)

    def name_server(self, host: Host | str, words: Mapping[str, str], records: Sequence[str] = ()) -> "NameServer":
        """Make a host a name server, for all hosts that are not told to ask others: it knows the names of all hosts,
        and `records` (`NAME [TTL] TYPE DATA`). `words` are `NameServerConditions`'s.

        UnitError for a word; ValueError for a record that is none, and where the host is a name server already.
        """
        place = self._host(host)
        if place.name in self.name_servers:
            raise ValueError(f"the host {place.name!r} is a name server already")
        conditions = NameServerConditions.of(words)
        # What speaks DNS is loaded where there is a name server: it takes 80 ms.
        described = importlib.import_module("farhost.network.dns.server").described
        server: NameServer = described(place.name, self.names, conditions, records, self.environment)
        NameService(place.kernel, server)
        self.name_servers[place.name] = server
        return server

    def tell_resolvers(self, words: str) -> None:
        """Say how hosts ask name servers, those that come later too (`farhost.network.dns.settings`). UnitError."""
        told = {**self.resolver_words, **split_words(words)}
        ResolverSettings.of(told)
        self.resolver_words = told

    def check_resolvers(self) -> None:
        """ValueError where a host asks a name server that there is not; call it once all hosts are there."""
        for host in self.hosts.values():
            host.names.check()

    def _addresses_of(self, target: Host | str) -> list[IpAddress]:
        """The addresses of a host, or the one that a text is."""
        if isinstance(target, str):
            try:
                return [parse_address(target)]
            except AddressError:
                pass
        host = self._host(target)
        addresses = host.addresses()
        if not addresses:
            raise ValueError(f"the host {host.name!r} has no address: attach it to a segment first")
        return addresses

    def _name_of(self, address: IpAddress) -> str:
        return self._owners.get(address) or inet_ntop(address)

    # Power.

    def crash(self, host: Host | str) -> list[Process]:
        """The host loses its power: see `farhost.network.power`. The processes that ran; none if it is off."""
        return cut_power(self._host(host))

    def boot(self, host: Host | str) -> None:
        """A host that is off comes up again: the same addresses and settings, everything else anew."""
        host = self._host(host)
        old = host.kernel
        kernel = Kernel(
            host.name,
            self.environment,
            byte_order=old.byte_order,
            sysctls=self._settings[host.name],
            user=old.user,
        )
        kernel.internet.name_of = self._name_of
        restore_power(host, kernel)
        for segment, port in host.ports:
            segment.set_rate(port)
            for address, _ in port.interface.addresses:
                if address in self._owners:
                    self._owners[address] = self._flow_name(host, port, address)
        self._routes.pop(host.name, None)
        self._reroute()
        if host.name in self.name_servers:
            NameService(kernel, self.name_servers[host.name])

    def _reroute(self) -> None:
        """Give every host the routes that follow from the topology, in place of those it had from it."""
        attachments = [
            Attachment(host.name, segment, port) for host in self.hosts.values() for segment, port in host.ports
        ]
        routers = [host.name for host in self.hosts.values() if host.forwarding]
        for name, host in self.hosts.items():
            wanted = routes_for(name, attachments, routers) if routers else []
            had = self._routes.get(name, [])
            if wanted == had:
                continue
            table = host.kernel.internet.routes
            for route in had:
                table.remove(route)
            for route in wanted:
                table.add(*route)
            self._routes[name] = wanted
            host.kernel.internet.refresh()

    # Links.

    def link(
        self,
        a: Host | str,
        b: Host | str,
        conditions: Conditions | str | None = None,
        *,
        direction: str | None = None,
        segment: str | None = None,
        **words: str,
    ) -> Link:
        """Say what the link between two hosts is like, in both directions or in one (`a>b`).

        Words left out are as on their segment: the first that both are on, unless `segment` names one. Callable at
        any time of a run. ValueError where they have none in common; UnitError for a word or a value.
        """
        link = self._find_link(self._host(a), self._host(b), segment)
        chosen = _conditions(conditions, words, link.segment.conditions)
        link.change(chosen, direction)
        return link

    def link_all(self, conditions: Conditions | str | None = None, **words: str) -> None:
        """Say what every link is like, now and later; what was said of single ones before is forgotten."""
        for segment in self.segments.values():
            segment.set_conditions(_conditions(conditions, words, Conditions()))

    def link_between(self, a: Host | str, b: Host | str) -> Link:
        """The link between two hosts, as it is. ValueError."""
        return self._find_link(self._host(a), self._host(b), None)

    def partition(self, a: Host | str, b: Host | str, *, direction: str | None = None) -> None:
        """Cut the link between two hosts: nothing gets through, and nobody is told. `heal` mends it."""
        self._find_link(self._host(a), self._host(b), None).set_down(True, direction)

    def heal(self, a: Host | str, b: Host | str, *, direction: str | None = None) -> None:
        """Mend a link that was cut."""
        self._find_link(self._host(a), self._host(b), None).set_down(False, direction)

    def _host(self, host: Host | str) -> Host:
        if isinstance(host, Host):
            return host
        if host not in self.hosts:
            raise ValueError(f"no host {host!r}: the hosts are {', '.join(self.hosts) or 'none'}")
        return self.hosts[host]

    def _segment(self, name: object) -> Segment:
        """A segment by its name. ValueError."""
        if not isinstance(name, str):
            raise ValueError(f"a segment is named by a string, not {name!r}")
        if name not in self.segments:
            raise ValueError(f"no segment {name!r}: there are {', '.join(self.segments)}")
        return self.segments[name]

    def _find_link(self, a: Host, b: Host, segment: str | None) -> Link:
        if a is b:
            raise ValueError(
                f"a link has two ends, not {a.name!r} twice; what a host sends to itself goes through lo"
            )
        wanted = None if segment is None else self._segment(segment)
        common: list[str] = []
        for shared, port in a.ports:
            for other_segment, other in b.ports:
                if shared is other_segment:
                    if wanted in (None, shared):
                        return Link(shared, port.channels[other], other.channels[port])
                    common.append(shared.name)
        if common:
            raise ValueError(f"{a.name} and {b.name} have no link on {segment!r}: they share {', '.join(common)}")
        raise ValueError(f"{a.name} and {b.name} have no link: no segment in common")

    # Running.

    def run(self, until_ns: int | None = None) -> End:
        """Take events until none is left or the time is reached; programs are run by `farhost.programs`."""
        return self.scheduler.run(until_ns)

    def channels(self) -> list[Channel]:
        """All channels, in building order."""
        return [channel for segment in self.segments.values() for channel in segment.channels()]

    def channels_between(self, source: str, target: str) -> list[tuple[Segment, Channel]]:
        """The channels from one host to another, one for each segment that they share."""
        return [
            (segment, channel)
            for segment in self.segments.values()
            for channel in segment.channels()
            if (channel.source.host, channel.target.host) == (source, target)
        ]

    def ledger(self) -> Ledger:
        """What became of every packet so far."""
        return take_ledger(self.channels())

    def check_invariants(self) -> None:
        """What always holds; tests call it after every event."""
        for channel in self.channels():
            channel.check_invariants()


def _conditions(given: Conditions | str | None, words: Mapping[str, str], base: Conditions) -> Conditions:
    """Conditions as a value, as a description, or as words; words add to the other two."""
    if isinstance(given, str):
        given = Conditions.parse(given, base)
    return Conditions.of(base if given is None else given, **words)
