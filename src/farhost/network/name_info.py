"""getnameinfo(3) over a hosts table and name servers, as glibc answers: from a socket address to the names of its
host and service."""

from typing import TYPE_CHECKING

from farhost.network.dns.exchange import Steps
from farhost.network.dns.settings import ResolverSettings
from farhost.network.gai_error import TRY_AGAIN, GaiError, HostError
from farhost.network.hosts_table import HostsTable
from farhost.network.legacy_lookup import gethostbyaddr
from farhost.network.services import service_by_port
from farhost.wire import linux
from farhost.wire.addresses import inet_ntop, is_link_local
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel

_KNOWN_FLAGS = 0xFF


def getnameinfo(
    table: HostsTable,
    settings: ResolverSettings | None,
    address: SockaddrIn | SockaddrIn6,
    flags: int = 0,
    kernel: "Kernel | None" = None,
) -> Steps[tuple[str, str]]:
    """(host, service): names where the tables and name servers have them, else numbers. GaiError.

    `kernel` is the asking host's, whose interfaces name the scope of a link-local address. NI_NOFQDN changes nothing,
    as no host here has a domain by its own name.
    """
    if flags & ~_KNOWN_FLAGS:
        raise GaiError(linux.EAI_BADFLAGS)
    host = yield from _host(table, settings, address, flags, kernel)
    return host, _service(address.port, flags)


def _host(
    table: HostsTable,
    settings: ResolverSettings | None,
    address: SockaddrIn | SockaddrIn6,
    flags: int,
    kernel: "Kernel | None",
) -> Steps[str]:
    if not flags & linux.NI_NUMERICHOST:
        try:
            entry = yield from gethostbyaddr(table, settings, address.address)
        except HostError as error:
            if error.code == TRY_AGAIN:
                raise GaiError(linux.EAI_AGAIN) from None
        else:
            return entry.name
    if flags & linux.NI_NAMEREQD:
        raise GaiError(linux.EAI_NONAME)
    text = inet_ntop(address.address)
    if isinstance(address, SockaddrIn6) and address.scope_id:
        return f"{text}%{_scope(address, kernel)}"
    return text


def _scope(address: SockaddrIn6, kernel: "Kernel | None") -> str:
    """An interface's name for an address that is link-local, if there is such an interface; else the number."""
    local = is_link_local(address.address) or (address.address[0] == 0xFF and address.address[1] & 15 in (1, 2))
    interface = kernel.internet.interface_at(address.scope_id) if kernel is not None and local else None
    return str(address.scope_id) if interface is None else interface.name


def _service(port: int, flags: int) -> str:
    if not flags & linux.NI_NUMERICSERV:
        service = service_by_port(port, "udp" if flags & linux.NI_DGRAM else "tcp")
        if service is not None:
            return service.name
    return str(port)
