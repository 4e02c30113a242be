"""What an attached process asks that is no system call: names, interfaces, its directory. Answers are what JSON has.

A name is looked up as the host's own programs do it (`farhost.network.names`); an error of getaddrinfo(3) or
gethostbyname(3) is an answer too: {"error": [kind, code]}.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from farhost.devices.attach.errors import QuestionError
from farhost.network.gai_error import GaiError, HostError
from farhost.network.legacy_lookup import HostEntry
from farhost.wire.addresses import AddressError, inet_ntop, parse_address
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

if TYPE_CHECKING:
    from farhost.devices.attach.process import AttachedProcess


def address_as_json(address: SockaddrIn | SockaddrIn6) -> list[object]:
    """[text, port] or [text, port, flow information, scope id]."""
    return [inet_ntop(address.address), *(value for value in (address.port, *address[2:]))]


def address_of_json(value: Any) -> SockaddrIn | SockaddrIn6:
    """The address again; QuestionError."""
    try:
        text, port, *rest = value
        packed = parse_address(text)
        return SockaddrIn(int(port), packed) if len(packed) == 4 else SockaddrIn6(int(port), packed, *map(int, rest))
    except (AddressError, TypeError, ValueError) as error:
        raise QuestionError(f"no address: {value!r}") from error


def _attempt(find: Callable[[], object]) -> object:
    try:
        return find()
    except GaiError as error:
        return {"error": ["gai", error.code]}
    except HostError as error:
        return {"error": ["host", error.code]}


def getaddrinfo(
    process: "AttachedProcess",
    host: str | None,
    service: str | None,
    family: int,
    type: int,
    protocol: int,
    flags: int,
) -> object:
    """getaddrinfo(3): a list of [family, type, protocol, canonical name, address]."""

    def find() -> object:
        found = process.host.resolver.getaddrinfo(host, service, family, type, protocol, flags)
        return [[*one[:4], address_as_json(one.address)] for one in found]

    return _attempt(find)


def getnameinfo(process: "AttachedProcess", address: Any, flags: int) -> object:
    """getnameinfo(3): [host, service]."""
    return _attempt(lambda: list(process.host.resolver.getnameinfo(address_of_json(address), flags)))


def _entry(entry: HostEntry) -> list[object]:
    return [entry.name, list(entry.aliases), [inet_ntop(address) for address in entry.addresses]]


def gethostbyname(process: "AttachedProcess", name: str) -> object:
    """gethostbyname(3): [name, aliases, addresses]."""
    return _attempt(lambda: _entry(process.host.resolver.gethostbyname(name)))


def gethostbyaddr(process: "AttachedProcess", address: str) -> object:
    """gethostbyaddr(3), likewise."""
    return _attempt(lambda: _entry(process.host.resolver.gethostbyaddr(parse_address(address))))


def interfaces(process: "AttachedProcess") -> object:
    """if_nameindex(3): [number, name] of each interface."""
    return [[interface.index, interface.name] for interface in process.kernel.internet.interfaces.values()]


def chdir(process: "AttachedProcess", path: str) -> object:
    """The process has changed its working directory."""
    process.change_directory(path)
    return None


QUESTIONS: dict[str, Callable[..., object]] = {
    "getaddrinfo": getaddrinfo,
    "getnameinfo": getnameinfo,
    "gethostbyname": gethostbyname,
    "gethostbyaddr": gethostbyaddr,
    "interfaces": interfaces,
    "chdir": chdir,
}
