"""Names, services, protocols and interfaces in `_socket`: getaddrinfo and its kin over the host's resolver.

The host's hosts table answers (`farhost.network.names`), as glibc does, and for what that does not have name servers
(`farhost.programs.name_servers`); the machine's own names, services and interfaces are never asked. What is here are
the arguments, the errors and the shapes of the results, as in Modules/socketmodule.c. A lookup takes as long as a
look at a clock, so that a loop of lookups makes progress, and as long as name servers take.
"""

import os
import sys
from _socket import gaierror, herror, inet_ntoa
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from farhost.network.dns.exchange import Exchange, Replies
from farhost.network.gai_error import GaiError, HostError
from farhost.network.services import service_by_name, service_by_port
from farhost.programs.name_servers import NameServers
from farhost.programs.stdlib.socket_constants import named
from farhost.programs.stdlib.socket_convert import (
    address_result,
    index,
    int_argument,
    long_argument,
    resolve,
    type_name,
)
from farhost.programs.stdlib.socket_protocols import PROTOCOLS
from farhost.wire import linux
from farhost.wire.addresses import inet_ntop
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

if TYPE_CHECKING:
    from farhost.network.names import AddressInfo, HostEntry
    from farhost.programs.caller import Caller

T = TypeVar("T")


class Names:
    """The lookups of one process."""

    def __init__(self, process: "Caller") -> None:
        self._process = process
        self._resolver = process.resolver
        self._name_servers = NameServers(process)

    def functions(self) -> dict[str, Any]:
        """All the functions of `_socket` that are about names."""
        return {**self._host_functions(), **service_functions(), **self._interface_functions()}

    def lookup(
        self, host: str | None, service: str | None, family: int = 0, type: int = 0, protocol: int = 0, flags: int = 0
    ) -> "list[AddressInfo]":
        """getaddrinfo(3), with Python's exception."""
        self._process.look_at_clock()
        resolver = self._resolver
        try:
            return self._find(partial(resolver.getaddrinfo, host, service, family, type, protocol, flags))
        except GaiError as error:
            raise gaierror(error.code, error.message) from None

    def _find(self, ask: "Callable[..., T | Exchange]") -> T:
        """What the resolver finds, once name servers were asked what it wants to know from them."""
        replies: tuple[Replies, ...] = ()
        while isinstance(found := ask(replies=replies), Exchange):
            replies += (self._name_servers.ask(found),)
        return found

    def resolve(self, name: bytes, family: int) -> list[tuple[int, bytes]]:
        """The addresses of a name that is not numeric, for `socket_convert.resolve`."""
        return [(found.family, found.address.address) for found in self.lookup(_text(name), None, family)]

    def _host_functions(self) -> dict[str, Any]:
        def getaddrinfo(
            host: Any, port: Any, family: Any = 0, type: Any = 0, proto: Any = 0, flags: Any = 0
        ) -> list[tuple[int, int, int, str, Any]]:
            """getaddrinfo(host, port [, family, type, proto, flags])
                -> list of (family, type, proto, canonname, sockaddr)

            Resolve host and port into addrinfo struct.
            """
            numbers = [int_argument(value) for value in (family, type, proto, flags)]
            name, service = _host_argument(host), _service_argument(port)
            return [
                (found.family, found.type, found.protocol, found.canonical_name, address_result(found.address))
                for found in self.lookup(name, service, *numbers)
            ]

        def getnameinfo(sockaddr: Any, flags: Any, /) -> tuple[str, str]:
            """getnameinfo(sockaddr, flags) --> (host, port)

            Get host and port for a sockaddr.
            """
            number = int_argument(flags)
            if not isinstance(sockaddr, tuple):
                del sockaddr  # In C there is no frame that holds it for as long as the exception is looked at.
                raise TypeError("getnameinfo() argument 1 must be a tuple")
            return self.name_of(sockaddr, number)

        def gethostbyname(host: Any, /) -> str:
            """gethostbyname(host) -> address"""
            return inet_ntoa(resolve(_old_name(host, "gethostbyname"), linux.AF_INET, self.resolve)[1])

        def gethostbyname_ex(host: Any, /) -> tuple[str, list[str], list[str]]:
            """gethostbyname_ex(host) -> (name, aliaslist, addresslist)"""
            name = _old_name(host, "gethostbyname_ex")
            resolve(name, linux.AF_INET, self.resolve)
            return self._entry(partial(self._resolver.gethostbyname, _text(name)))

        def gethostbyaddr(host: Any, /) -> tuple[str, list[str], list[str]]:
            """gethostbyaddr(host) -> (name, aliaslist, addresslist)"""
            packed = resolve(_old_name(host, "gethostbyaddr"), linux.AF_UNSPEC, self.resolve)[1]
            return self._entry(partial(self._resolver.gethostbyaddr, packed))

        return named(getaddrinfo, getnameinfo, gethostbyname, gethostbyname_ex, gethostbyaddr)

    def _entry(self, ask: "Callable[..., HostEntry | Exchange]") -> tuple[str, list[str], list[str]]:
        """A struct hostent as Python shows it."""
        self._process.look_at_clock()
        try:
            entry = self._find(ask)
        except HostError as error:
            raise herror(error.code, error.message) from None
        return entry.name, list(entry.aliases), [inet_ntop(address) for address in entry.addresses]

    def name_of(self, sockaddr: tuple[Any, ...], flags: int) -> tuple[str, str]:
        """getnameinfo, after socket_getnameinfo."""
        if not 2 <= len(sockaddr) <= 4 or not isinstance(sockaddr[0], str):
            raise TypeError("getnameinfo(): illegal sockaddr argument")
        port = int_argument(sockaddr[1])
        flow_info, scope_id = (index(value) & 0xFFFFFFFF for value in (*sockaddr[2:], 0, 0)[:2])
        if flow_info > 0xFFFFF:
            raise OverflowError("getnameinfo(): flowinfo must be 0-1048575.")
        found = self.lookup(sockaddr[0], str(port), 0, linux.SOCK_DGRAM, 0, linux.AI_NUMERICHOST)
        if len(found) > 1:
            raise OSError("sockaddr resolved to multiple addresses")
        address: SockaddrIn | SockaddrIn6 = found[0].address
        if isinstance(address, SockaddrIn6):
            address = SockaddrIn6(address.port, address.address, flow_info, scope_id)
        elif len(sockaddr) != 2:
            raise OSError("IPv4 sockaddr must be 2 tuple")
        try:
            return self._find(partial(self._resolver.getnameinfo, address, flags))
        except GaiError as error:
            raise gaierror(error.code, error.message) from None

    def _interface_functions(self) -> dict[str, Any]:
        interfaces = self._resolver.interfaces

        def if_nameindex() -> list[tuple[int, str]]:
            """if_nameindex()

            Returns a list of network interface information (index, name) tuples.
            """
            return sorted((interface.index, interface.name) for interface in interfaces())

        def if_nametoindex(name: Any, /) -> int:
            """Returns the interface index corresponding to the interface name if_name."""
            wanted = os.fsdecode(name)
            for interface in interfaces():
                if interface.name == wanted:
                    return interface.index
            raise OSError("no interface with this name")

        def if_indextoname(if_index: Any, /) -> str:
            """Returns the interface name corresponding to the interface index if_index."""
            number = _unsigned(if_index)
            if number > 0xFFFFFFFF and sys.version_info >= (3, 13):
                raise OverflowError("index is too large")
            number &= 0xFFFFFFFF
            for interface in interfaces():
                if interface.index == number:
                    return interface.name
            raise OSError(linux.ENXIO, "No such device or address")

        return named(if_nameindex, if_nametoindex, if_indextoname)


def service_functions() -> dict[str, Any]:
    """The functions on services(5) and protocols(5)."""

    def getservbyname(servicename: Any, protocolname: Any = None, /) -> int:
        """getservbyname(servicename[, protocolname]) -> integer"""
        name, protocol = _two_texts("getservbyname", servicename, protocolname)
        service = service_by_name(name, protocol)
        if service is None:
            raise OSError("service/proto not found")
        return service.port

    def getservbyport(port: Any, protocolname: Any = None, /) -> str:
        """getservbyport(port[, protocolname]) -> string"""
        number = int_argument(port)
        protocol = _two_texts("getservbyport", "", protocolname)[1]
        if not 0 <= number <= 0xFFFF:
            raise OverflowError("getservbyport: port must be 0-65535.")
        service = service_by_port(number, protocol)
        if service is None:
            raise OSError("port/proto not found")
        return service.name

    def getprotobyname(name: Any, /) -> int:
        """getprotobyname(name) -> integer"""
        number = PROTOCOLS.get(_two_texts("getprotobyname", name, None)[0])
        if number is None:
            raise OSError("protocol not found")
        return number

    return named(getservbyname, getservbyport, getprotobyname)


def _two_texts(caller: str, first: Any, second: Any) -> tuple[str, str | None]:
    """PyArg_Parse's `s|s`."""
    for number, value in ((1, first), (2, second)):
        if not isinstance(value, str) and not (number == 2 and value is None):
            raise TypeError(f"{caller}() argument {number} must be str, not {_shown_type(value)}")
    return first, second


def _shown_type(value: Any) -> str:
    return "None" if value is None else type_name(value)


def _text(name: bytes) -> str:
    return name.decode("ascii", "surrogateescape")


def _old_name(value: Any, caller: str) -> bytes:
    """PyArg_Parse's `et` with the codec idna."""
    if isinstance(value, str):
        name = value.encode("idna")
    elif isinstance(value, bytes | bytearray):
        name = bytes(value)
    else:
        raise TypeError(f"{caller}() argument 1 must be str, bytes or bytearray, not {_shown_type(value)}")
    if b"\0" in name:
        raise ValueError("embedded null byte" if isinstance(value, bytes | bytearray) else "embedded null character")
    return name


def _host_argument(host: Any) -> str | None:
    if host is None:
        return None
    if isinstance(host, str):
        host = host.encode("idna")
    elif not isinstance(host, bytes):
        raise TypeError("getaddrinfo() argument 1 must be string or None")
    return _text(host.partition(b"\0")[0])


def _service_argument(port: Any) -> str | None:
    if port is None:
        return None
    if type(port) is int:
        return str(long_argument(port)) if sys.version_info < (3, 12) else str(port)
    if isinstance(port, str):
        return port.encode().decode("utf-8")
    if isinstance(port, bytes):
        return _text(port)
    raise OSError("Int or String expected")


def _unsigned(value: Any) -> int:
    """PyLong_AsUnsignedLong."""
    if not isinstance(value, int):
        raise TypeError("an integer is required")
    if value < 0:
        raise OverflowError("can't convert negative value to unsigned int")
    if value >= 1 << 64:
        raise OverflowError("Python int too large to convert to C unsigned long")
    return int(value)
