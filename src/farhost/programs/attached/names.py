"""Names in an attached process: the host's resolver is asked over the thread's connection.

The same four questions as `farhost.network.lookup.Resolver` answers, and the interfaces of the host.
"""

from typing import Any, NoReturn

from farhost.network.gai_error import GaiError, HostError
from farhost.network.legacy_lookup import HostEntry
from farhost.network.lookup import AddressInfo
from farhost.programs.attached.attachment import Attachment
from farhost.wire.addresses import inet_ntop, parse_address
from farhost.wire.packet import IpAddress
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6


class InterfaceName:
    """An interface of the host."""

    def __init__(self, index: int, name: str) -> None:
        self.index = index
        self.name = name


def _raise(error: list[Any]) -> NoReturn:
    kind, code = error
    if kind == "gai":
        raise GaiError(code)
    raise HostError(code)


class RemoteNames:
    """What a host's programs ask about names."""

    def __init__(self, attachment: Attachment) -> None:
        self._attachment = attachment

    def _ask(self, question: str, **arguments: object) -> Any:
        found = self._attachment.ask(question, **arguments)
        if isinstance(found, dict):
            _raise(found["error"])
        return found

    def getaddrinfo(
        self, host: str | None, service: str | None, family: int = 0, type: int = 0, protocol: int = 0, flags: int = 0
    ) -> list[AddressInfo]:
        """getaddrinfo(3). GaiError."""
        asked = {"host": host, "service": service, "family": family, "type": type, "protocol": protocol}
        found = self._ask("getaddrinfo", **asked, flags=flags)
        return [AddressInfo(one[0], one[1], one[2], one[3], _sockaddr(one[4])) for one in found]

    def getnameinfo(self, address: SockaddrIn | SockaddrIn6, flags: int = 0) -> tuple[str, str]:
        """getnameinfo(3): (host, service). GaiError."""
        fields = [inet_ntop(address.address), address.port, *address[2:]]
        host, service = self._ask("getnameinfo", address=fields, flags=flags)
        return host, service

    def gethostbyname(self, name: str) -> HostEntry:
        """gethostbyname(3). HostError."""
        return _entry(self._ask("gethostbyname", name=name))

    def gethostbyaddr(self, address: IpAddress) -> HostEntry:
        """gethostbyaddr(3). HostError."""
        return _entry(self._ask("gethostbyaddr", address=inet_ntop(address)))

    def interfaces(self) -> list[InterfaceName]:
        """The host's interfaces by number and name."""
        return [InterfaceName(*pair) for pair in self._ask("interfaces")]


def _sockaddr(value: list[Any]) -> SockaddrIn | SockaddrIn6:
    text, port, *rest = value
    packed = parse_address(text)
    return SockaddrIn(port, packed) if len(packed) == 4 else SockaddrIn6(port, packed, *rest)


def _entry(found: list[Any]) -> HostEntry:
    name, aliases, addresses = found
    return HostEntry(name, tuple(aliases), tuple(map(parse_address, addresses)))
