"""getaddrinfo(3) over a hosts table and name servers (nsswitch.conf(5): `files dns`), as glibc answers on Linux.

Read beside glibc's getaddrinfo.c and compared with the operating system's by the tests: which errors come first,
that a port of 99999 wraps, that a service name needs a protocol that knows it, that one host name becomes one entry
for each of its addresses and each of SOCK_STREAM, SOCK_DGRAM and SOCK_RAW.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from farhost.kernel.waiting import KernelError
from farhost.network.destination_order import Source, destination_order
from farhost.network.dns.exchange import Steps
from farhost.network.dns.messages import AAAA, A, Answer, is_host_name
from farhost.network.dns.search import Failure, read_all, search
from farhost.network.dns.settings import ResolverSettings
from farhost.network.gai_error import HOST_NOT_FOUND, NO_DATA, NO_RECOVERY, TRY_AGAIN, GaiError
from farhost.network.hosts_table import HostsTable
from farhost.network.lookup_results import AddressInfo
from farhost.network.services import service_by_name
from farhost.wire import linux
from farhost.wire.addresses import (
    ANY_V4,
    ANY_V6,
    LOOPBACK_V4,
    LOOPBACK_V6,
    AddressError,
    family_of,
    inet_aton_exact,
    inet_pton,
    is_link_local,
    is_loopback,
    is_v4_mapped,
    map_v4,
    unmap_v4,
)
from farhost.wire.packet import IpAddress
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel

_KNOWN_FLAGS = (
    linux.AI_PASSIVE
    | linux.AI_CANONNAME
    | linux.AI_NUMERICHOST
    | linux.AI_ADDRCONFIG
    | linux.AI_V4MAPPED
    | linux.AI_ALL
    | linux.AI_NUMERICSERV
    | linux.AI_IDN
    | linux.AI_CANONIDN
)
_TYPES = {linux.AF_UNSPEC: (A, AAAA), linux.AF_INET: (A,), linux.AF_INET6: (AAAA,)}
"""What is asked for when addresses of a family are wanted; both at the same time."""
_ERRORS = {TRY_AGAIN: linux.EAI_AGAIN, NO_DATA: linux.EAI_NODATA}
"""What getaddrinfo(3) makes of an h_errno; of any other it makes EAI_NONAME."""
_UNUSABLE = Failure(NO_RECOVERY)
"""Answers came, but no address in them."""
Answers = tuple[Answer, ...]


class _Way(NamedTuple):
    """A socket type with its protocol, as getaddrinfo's table has them."""

    type: int
    protocol: int
    name: str
    """What services(5) calls the protocol; empty: it has no services, and any protocol number will do."""
    by_default: bool


_WAYS = (
    _Way(linux.SOCK_STREAM, linux.IPPROTO_TCP, "tcp", True),
    _Way(linux.SOCK_DGRAM, linux.IPPROTO_UDP, "udp", True),
    _Way(6, 33, "dccp", False),
    _Way(linux.SOCK_DGRAM, 136, "udplite", False),
    _Way(linux.SOCK_STREAM, 132, "sctp", False),
    _Way(linux.SOCK_SEQPACKET, 132, "sctp", False),
    _Way(linux.SOCK_RAW, 0, "", True),
)


class _Target(NamedTuple):
    address: IpAddress
    scope_id: int = 0


def getaddrinfo(
    table: HostsTable,
    settings: ResolverSettings | None,
    host: str | None,
    service: str | None,
    family: int = 0,
    type: int = 0,
    protocol: int = 0,
    flags: int = 0,
    kernel: "Kernel | None" = None,
) -> Steps[list[AddressInfo]]:
    """The addresses of a host and a service, best first. GaiError.

    Name servers are asked for what the table does not have; None as `settings`: there are none. `kernel` is the
    asking host's: its addresses decide AI_ADDRCONFIG and the order, its interfaces the scope names.
    """
    host = None if host == "*" else host
    service = None if service == "*" else service
    if host is None and service is None:
        raise GaiError(linux.EAI_NONAME)
    if flags & ~_KNOWN_FLAGS or (flags & linux.AI_CANONNAME and host is None):
        raise GaiError(linux.EAI_BADFLAGS)
    if family not in (linux.AF_UNSPEC, linux.AF_INET, linux.AF_INET6):
        raise GaiError(linux.EAI_FAMILY)
    if flags & linux.AI_ADDRCONFIG and kernel is not None:
        family = _configured_family(family, kernel)
    number, name = _split_service(service, flags)
    ways = _find_ways(number, name, type, protocol)
    canonical = ""
    if host is None:
        targets = _own_targets(family, flags)
    else:
        targets, canonical = yield from _find_host(table, settings, host, family, flags, kernel)
    order = destination_order([target.address for target in targets], _source_finder(targets, kernel))
    answers: list[AddressInfo] = []
    for index in order:
        for way, port in ways:
            named = canonical if flags & linux.AI_CANONNAME and not answers else ""
            answers.append(_entry(targets[index], way, port, protocol, named))
    return answers


def _entry(target: _Target, way: _Way, port: int, protocol: int, canonical: str) -> AddressInfo:
    number = way.protocol if way.name else protocol
    if len(target.address) == 4:
        return AddressInfo(linux.AF_INET, way.type, number, canonical, SockaddrIn(port, target.address))
    address = SockaddrIn6(port, target.address, 0, target.scope_id)
    return AddressInfo(linux.AF_INET6, way.type, number, canonical, address)


def _configured_family(family: int, kernel: "Kernel") -> int:
    """AI_ADDRCONFIG: only families of which the host has an address that is not loopback."""
    own = [address for address in kernel.internet.local if not is_loopback(address)]
    has_v4 = any(len(address) == 4 for address in own)
    has_v6 = any(len(address) == 16 for address in own)
    if family == linux.AF_UNSPEC:
        if has_v4 == has_v6:
            return family
        return linux.AF_INET if has_v4 else linux.AF_INET6
    if not (has_v4 if family == linux.AF_INET else has_v6):
        raise GaiError(linux.EAI_NONAME)
    return family


# Services.


def _split_service(service: str | None, flags: int) -> tuple[int, str]:
    """(port, "") for a number, as strtoul reads it and 16 bits hold it; (-1, name) for a name."""
    if not service:
        return 0, ""
    text = service.lstrip(" \t\n\v\f\r")
    digits = text[1:] if text[:1] in ("+", "-") else text
    if digits.isascii() and digits.isdigit():
        value = min(int(digits), (1 << 64) - 1)
        if text[0] == "-":
            value = -value % (1 << 64)
        number = value & 0xFFFFFFFF
        return (-1, service) if number >> 31 else (number & 0xFFFF, "")
    if flags & linux.AI_NUMERICSERV:
        raise GaiError(linux.EAI_NONAME)
    return -1, service


def _find_ways(port: int, name: str, type: int, protocol: int) -> list[tuple[_Way, int]]:
    """The socket types that were asked for, each with the port that the service has there."""
    chosen = [
        way for way in _WAYS if type in (0, way.type) and (protocol == 0 or not way.name or protocol == way.protocol)
    ]
    asked = bool(type or protocol)
    if not chosen:
        raise GaiError(linux.EAI_SOCKTYPE if type else linux.EAI_SERVICE)
    if asked and not chosen[0].name and (port or name):
        raise GaiError(linux.EAI_SERVICE)
    if not name:
        return [(way, port) for way in (chosen[:1] if asked else [way for way in _WAYS if way.by_default])]
    found = []
    for way in chosen[:1] if asked else chosen:
        service = service_by_name(name, way.name) if way.name else None
        if service is not None:
            found.append((way, service.port))
    if not found:
        raise GaiError(linux.EAI_SERVICE)
    return found


# Hosts.


def _own_targets(family: int, flags: int) -> list[_Target]:
    passive = flags & linux.AI_PASSIVE
    v6 = _Target(ANY_V6 if passive else LOOPBACK_V6)
    v4 = _Target(ANY_V4 if passive else LOOPBACK_V4)
    return {linux.AF_INET: [v4], linux.AF_INET6: [v6]}.get(family, [v6, v4])


def _find_host(
    table: HostsTable,
    settings: ResolverSettings | None,
    host: str,
    family: int,
    flags: int,
    kernel: "Kernel | None",
) -> Steps[tuple[list[_Target], str]]:
    """The addresses of a host, numeric or by name, and its canonical name."""
    numeric = parse_numeric(host, kernel)
    if numeric is not None:
        return [_in_family(numeric, family, flags)], host
    if flags & linux.AI_NUMERICHOST:
        raise GaiError(linux.EAI_NONAME)
    mapped = family == linux.AF_INET6 and flags & linux.AI_V4MAPPED
    addresses = table.addresses(host, family or None)
    if mapped and (not addresses or flags & linux.AI_ALL):
        addresses += [map_v4(address) for address in table.addresses(host, linux.AF_INET)]
    if addresses:
        return [_Target(address) for address in addresses], table.canonical(host)
    if settings is None:
        raise GaiError(linux.EAI_NONAME)
    found = yield from _ask(host, _TYPES[family], settings)
    if mapped and (isinstance(found, Failure) or flags & linux.AI_ALL):
        further = yield from _ask(host, (A,), settings)
        found = _together(found, further)
    if isinstance(found, Failure):
        raise GaiError(_error(found, family == linux.AF_INET and not flags & linux.AI_CANONNAME))
    addresses = [address for answer in found for address in answer.addresses]
    if family == linux.AF_INET6:
        addresses = [map_v4(address) if len(address) == 4 else address for address in addresses]
    return [_Target(address) for address in addresses], found[0].canonical


def _ask(host: str, types: tuple[int, ...], settings: ResolverSettings) -> Steps[Answers | Failure]:
    """What name servers say of a host: the answers with addresses."""
    if not is_host_name(host):
        return Failure(HOST_NOT_FOUND)
    messages = yield from search(host, types, settings)
    if isinstance(messages, Failure):
        return messages
    return tuple(answer for answer in read_all(messages) if answer.addresses) or _UNUSABLE


def _together(one: Answers | Failure, other: Answers | Failure) -> Answers | Failure:
    """What two questions come to, for AAAA records and for A records to be mapped."""
    if not isinstance(one, Failure):
        return one if isinstance(other, Failure) else (*one, *other)
    if not isinstance(other, Failure):
        return other
    if one.code in _ERRORS and other.code in _ERRORS:
        return one if one.code == other.code else Failure(NO_DATA)
    return Failure(HOST_NOT_FOUND)


def _error(failure: Failure, simple: bool) -> int:
    """What getaddrinfo(3) says to a failure; `simple`: glibc goes the way of gethostbyname2_r(3), which has another
    word for answers without an address."""
    if failure is _UNUSABLE and simple:
        return linux.EAI_NODATA
    return _ERRORS.get(failure.code, linux.EAI_NONAME)


def parse_numeric(host: str, kernel: "Kernel | None") -> _Target | None:
    """An address in numbers, in any form that inet_aton(3) or inet_pton(3) takes, perhaps with a scope; None for a
    name. GaiError EAI_NONAME for a scope that does not exist."""
    try:
        return _Target(inet_aton_exact(host))
    except AddressError:
        pass
    text, percent, scope = host.partition("%")
    try:
        address = inet_pton(linux.AF_INET6, text)
    except AddressError:
        return None
    return _Target(address, _scope_number(address, scope, kernel) if percent else 0)


def _in_family(target: _Target, family: int, flags: int) -> _Target:
    own = family_of(target.address)
    if family in (linux.AF_UNSPEC, own):
        return target
    if family == linux.AF_INET6 and flags & linux.AI_V4MAPPED:
        return _Target(map_v4(target.address))
    if family == linux.AF_INET and is_v4_mapped(target.address):
        return _Target(unmap_v4(target.address))
    raise GaiError(linux.EAI_ADDRFAMILY)


def _scope_number(address: IpAddress, scope: str, kernel: "Kernel | None") -> int:
    """What stands behind the %: an interface's name where the address is link-local, or a number."""
    if is_link_local(address) or (address[0] == 0xFF and address[1] & 15 in (1, 2)):
        interface = kernel.internet.interfaces.get(scope) if kernel is not None else None
        if interface is not None:
            return interface.index
    if scope.isascii() and scope.isdigit() and int(scope) < 1 << 32:
        return int(scope)
    raise GaiError(linux.EAI_NONAME)


def _source_finder(targets: list[_Target], kernel: "Kernel | None") -> Callable[[IpAddress], Source | None]:
    """With which of its addresses the host would speak to a destination, as connect(2) on a datagram socket tells."""
    scopes = {target.address: target.scope_id for target in targets}

    def find(destination: IpAddress) -> Source | None:
        if kernel is None:
            return None
        internet = kernel.internet
        address = unmap_v4(destination)
        if not any(address):
            address = LOOPBACK_V4 if len(address) == 4 else LOOPBACK_V6
        device = ""
        if len(address) == 16 and is_link_local(address):
            interface = internet.interface_at(scopes[destination])
            if interface is None:
                return None
            device = interface.name
        try:
            source = internet.path(address, None, device).source
        except KernelError:
            return None
        lengths = {own: length for interface in internet.interfaces.values() for own, length in interface.addresses}
        if len(destination) == 16:
            return Source(map_v4(source), lengths.get(source, 128))
        return Source(source, lengths.get(source, 8))

    return find
