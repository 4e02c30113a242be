"""The resolver of a host: what its programs ask about names, answered from its /etc/hosts and what name servers say.

It asks nobody itself. Where the hosts table does not have a name it hands out the queries that the asking process has
to send (`Exchange`), and is asked again with what came of all of them so far; so it remembers nothing, and serves
processes wherever they are.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from farhost.network import legacy_lookup, lookup, name_info
from farhost.network.dns.exchange import Exchange, Question, Replies, Server, Steps, drive
from farhost.network.dns.messages import make_queries
from farhost.network.dns.settings import ResolverSettings, server_timeout_ns
from farhost.network.hosts_table import HostsTable
from farhost.network.lookup_results import AddressInfo, HostEntry
from farhost.wire import linux
from farhost.wire.packet import IpAddress
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

if TYPE_CHECKING:
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.kernel import Kernel

T = TypeVar("T")
_IDS = 1 << 16
_NOBODY = bytes([127, 0, 0, 1])
"""Whom glibc asks where /etc/resolv.conf names nobody."""


class NameSources(NamedTuple):
    """Where a host's names come from."""

    table: HostsTable
    """Its /etc/hosts."""
    settings: ResolverSettings | None
    """Its /etc/resolv.conf; None: it asks no name servers (nsswitch.conf: `files` alone)."""
    servers: tuple[IpAddress, ...] = ()


class Resolver:
    """What one host's programs ask about names."""

    def __init__(self, sources: Callable[[], NameSources], kernel: "Kernel") -> None:
        self.sources = sources
        self.kernel = kernel
        self._asked: dict[Question, int] = {}
        """How often each question was asked: what makes the places of ids."""
        self._exchanges = 0

    def getaddrinfo(
        self,
        host: str | None,
        service: str | None,
        family: int = 0,
        type: int = 0,
        protocol: int = 0,
        flags: int = 0,
        replies: tuple[Replies, ...] = (),
    ) -> list[AddressInfo] | Exchange:
        """getaddrinfo(3), or what has to be asked first. GaiError."""
        sources = self.sources()
        arguments = host, service, family, type, protocol, flags
        return self._drive(
            lookup.getaddrinfo(sources.table, sources.settings, *arguments, self.kernel), sources, replies
        )

    def getnameinfo(
        self, address: SockaddrIn | SockaddrIn6, flags: int = 0, replies: tuple[Replies, ...] = ()
    ) -> tuple[str, str] | Exchange:
        """getnameinfo(3): (host, service); likewise. GaiError."""
        sources = self.sources()
        return self._drive(
            name_info.getnameinfo(sources.table, sources.settings, address, flags, self.kernel), sources, replies
        )

    def gethostbyname(
        self, name: str, family: int = linux.AF_INET, replies: tuple[Replies, ...] = ()
    ) -> HostEntry | Exchange:
        """gethostbyname2(3); likewise. HostError."""
        sources = self.sources()
        steps = legacy_lookup.gethostbyname(sources.table, sources.settings, name, family)
        return self._drive(steps, sources, replies)

    def gethostbyaddr(self, address: IpAddress, replies: tuple[Replies, ...] = ()) -> HostEntry | Exchange:
        """gethostbyaddr(3); likewise. HostError."""
        sources = self.sources()
        return self._drive(legacy_lookup.gethostbyaddr(sources.table, sources.settings, address), sources, replies)

    def interfaces(self) -> list["Interface"]:
        """if_nameindex(3): the host's interfaces, `lo` first."""
        return list(self.kernel.internet.interfaces.values())

    def _drive(self, steps: Steps[T], sources: NameSources, replies: tuple[Replies, ...]) -> T | Exchange:
        found: Any = drive(steps, replies)
        return self._exchange(found, sources) if isinstance(found, Question) else found

    def _exchange(self, question: Question, sources: NameSources) -> Exchange:
        """A question as queries, with ids by chance, and whom to ask."""
        settings = sources.settings
        assert settings is not None
        addresses = sources.servers or (_NOBODY,)
        count = len(addresses)
        servers = [
            Server(address, server_timeout_ns(settings, number, count)) for number, address in enumerate(addresses)
        ]
        if settings.rotate:
            first = self._draw("rotate", "", count) + self._exchanges
            servers = [servers[(first + number) % count] for number in range(count)]
        self._exchanges += 1
        return Exchange(make_queries(question, self._ids(question)), tuple(servers), settings.attempts)

    def _ids(self, question: Question) -> tuple[int, ...]:
        """One for each query, no two alike."""
        number = self._asked[question] = self._asked.get(question, 0) + 1
        ids: list[int] = []
        for type in question.types:
            one = self._draw("id", f" {question.name} {type} #{number}", _IDS)
            ids.append((one + 1) % _IDS if one in ids else one)
        return tuple(ids)

    def _draw(self, what: str, place: str, bound: int) -> int:
        return self.kernel.environment.chance.draw(f"dns {what}", f"{self.kernel.name}{place}", bound)
