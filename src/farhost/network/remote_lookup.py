"""Questions about names in a form that travels: a program in another process asks, its host's resolver answers.

Questions and answers are what JSON has. An error of getaddrinfo(3) or gethostbyname(3) is an answer too:
{"error": [kind, code]}; and so is what the asking process has to ask name servers first: {"exchange": ...}, after
which it asks again, with what came of that behind its arguments.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from farhost.network.dns.exchange import (
    Exchange,
    Replies,
    exchange_as_json,
    exchange_of_json,
    replies_as_json,
    replies_of_json,
)
from farhost.network.gai_error import GaiError, HostError
from farhost.network.lookup_results import AddressInfo, HostEntry
from farhost.wire.addresses import AddressError, inet_ntop, parse_address
from farhost.wire.packet import IpAddress
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

if TYPE_CHECKING:
    from farhost.network.resolver import Resolver

Ask = Callable[..., Any]
"""`ask(question, *arguments)`: the answer."""

# The answering side.


def _address_as_json(address: SockaddrIn | SockaddrIn6) -> list[object]:
    """[text, port] or [text, port, flow information, scope id]."""
    return [inet_ntop(address.address), *(value for value in (address.port, *address[2:]))]


def _address_of_json(value: Any) -> SockaddrIn | SockaddrIn6:
    """The address again; ValueError."""
    try:
        text, port, *rest = value
        packed = parse_address(text)
        return SockaddrIn(int(port), packed) if len(packed) == 4 else SockaddrIn6(int(port), packed, *map(int, rest))
    except (AddressError, TypeError) as error:
        raise ValueError(f"no address: {value!r}") from error


def _attempt(find: Callable[[], object], convert: Callable[[Any], object]) -> object:
    try:
        found = find()
    except GaiError as error:
        return {"error": ["gai", error.code]}
    except HostError as error:
        return {"error": ["host", error.code]}
    return {"exchange": exchange_as_json(found)} if isinstance(found, Exchange) else convert(found)


def _getaddrinfo(resolver: "Resolver", *arguments: Any) -> object:
    """A list of [family, type, protocol, canonical name, address]."""
    host, service, family, type, protocol, flags, replies = arguments
    came = replies_of_json(replies)
    return _attempt(
        lambda: resolver.getaddrinfo(host, service, family, type, protocol, flags, came),
        lambda found: [[*one[:4], _address_as_json(one.address)] for one in found],
    )


def _getnameinfo(resolver: "Resolver", address: Any, flags: int, replies: Any) -> object:
    """[host, service]."""
    asked, came = _address_of_json(address), replies_of_json(replies)
    return _attempt(lambda: resolver.getnameinfo(asked, flags, came), list)


def _entry_as_json(entry: HostEntry) -> list[object]:
    return [entry.name, list(entry.aliases), [inet_ntop(address) for address in entry.addresses]]


def _gethostbyname(resolver: "Resolver", name: str, replies: Any) -> object:
    """[name, aliases, addresses]."""
    came = replies_of_json(replies)
    return _attempt(lambda: resolver.gethostbyname(name, replies=came), _entry_as_json)


def _gethostbyaddr(resolver: "Resolver", address: str, replies: Any) -> object:
    """Likewise."""
    asked, came = parse_address(address), replies_of_json(replies)
    return _attempt(lambda: resolver.gethostbyaddr(asked, came), _entry_as_json)


def _interfaces(resolver: "Resolver") -> object:
    """[number, name] of each interface."""
    return [[interface.index, interface.name] for interface in resolver.interfaces()]


QUESTIONS: dict[str, Callable[..., object]] = {
    "getaddrinfo": _getaddrinfo,
    "getnameinfo": _getnameinfo,
    "gethostbyname": _gethostbyname,
    "gethostbyaddr": _gethostbyaddr,
    "interfaces": _interfaces,
}
"""Each takes the resolver and the arguments as JSON has them; ValueError for what is none."""

# The asking side.


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


class RemoteLookups:
    """What a host's programs ask about names, asked elsewhere; the same questions as `resolver.Resolver` answers."""

    def __init__(self, ask: Ask) -> None:
        self._ask_elsewhere = ask

    def _ask(self, question: str, *arguments: object) -> Any:
        found = self._ask_elsewhere(question, *arguments)
        if isinstance(found, dict):
            if "exchange" in found:
                return exchange_of_json(found["exchange"])
            _raise(found["error"])
        return found

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
        found = self._ask("getaddrinfo", host, service, family, type, protocol, flags, replies_as_json(replies))
        if isinstance(found, Exchange):
            return found
        return [AddressInfo(one[0], one[1], one[2], one[3], _address_of_json(one[4])) for one in found]

    def getnameinfo(
        self, address: SockaddrIn | SockaddrIn6, flags: int = 0, replies: tuple[Replies, ...] = ()
    ) -> tuple[str, str] | Exchange:
        """getnameinfo(3): (host, service); likewise. GaiError."""
        found = self._ask("getnameinfo", _address_as_json(address), flags, replies_as_json(replies))
        return found if isinstance(found, Exchange) else (found[0], found[1])

    def gethostbyname(self, name: str, *, replies: tuple[Replies, ...] = ()) -> HostEntry | Exchange:
        """gethostbyname(3); likewise. HostError."""
        return _entry(self._ask("gethostbyname", name, replies_as_json(replies)))

    def gethostbyaddr(self, address: IpAddress, replies: tuple[Replies, ...] = ()) -> HostEntry | Exchange:
        """gethostbyaddr(3); likewise. HostError."""
        return _entry(self._ask("gethostbyaddr", inet_ntop(address), replies_as_json(replies)))

    def interfaces(self) -> list[InterfaceName]:
        """The host's interfaces by number and name."""
        return [InterfaceName(*pair) for pair in self._ask("interfaces")]


def _entry(found: Any) -> HostEntry | Exchange:
    if isinstance(found, Exchange):
        return found
    name, aliases, addresses = found
    return HostEntry(name, tuple(aliases), tuple(map(parse_address, addresses)))
