"""gethostbyname(3) and gethostbyaddr(3) over a hosts table and name servers (nsswitch.conf(5): `files dns`)."""

from farhost.network.dns.exchange import Steps
from farhost.network.dns.messages import AAAA, PTR, A, Answer, is_host_name
from farhost.network.dns.search import Failure, Messages, query, read_all, search
from farhost.network.dns.settings import ResolverSettings
from farhost.network.dns_answer import reverse_name
from farhost.network.gai_error import HOST_NOT_FOUND, NO_RECOVERY, HostError
from farhost.network.hosts_table import HostsTable
from farhost.network.lookup_results import HostEntry
from farhost.wire import linux
from farhost.wire.addresses import AddressError, family_of, inet_aton_exact, inet_pton, is_v4_mapped, unmap_v4
from farhost.wire.packet import IpAddress


def gethostbyname(
    table: HostsTable, settings: ResolverSettings | None, name: str, family: int = linux.AF_INET
) -> Steps[HostEntry]:
    """A host's entry by name, in one family; a numeric address is its own name. HostError."""
    numeric = _numeric(name, family)
    if numeric is not None:
        return HostEntry(name, (), (numeric,))
    addresses = table.addresses(name, family)
    if addresses:
        return HostEntry(table.canonical(name), tuple(table.aliases(name)), tuple(addresses))
    if settings is None:
        raise HostError(HOST_NOT_FOUND)
    if not is_host_name(name):
        raise HostError(HOST_NOT_FOUND)
    found = yield from search(name, (A if family == linux.AF_INET else AAAA,), settings)
    answer = _the_answer(found)
    if not answer.addresses:
        raise HostError(NO_RECOVERY)
    return HostEntry(answer.canonical, answer.aliases, answer.addresses)


def gethostbyaddr(table: HostsTable, settings: ResolverSettings | None, address: IpAddress) -> Steps[HostEntry]:
    """A host's entry by one of its addresses. HostError."""
    names = table.names(address)
    if names:
        canonical = table.canonical(names[0])
        return HostEntry(canonical, tuple(name for name in names if name != canonical), (address,))
    if settings is None:
        raise HostError(HOST_NOT_FOUND)
    plain = unmap_v4(address) if is_v4_mapped(address) else address
    found = yield from query(reverse_name(plain).removesuffix("."), (PTR,))
    answer = _the_answer(found)
    if not answer.names:
        raise HostError(NO_RECOVERY)
    return HostEntry(answer.names[0], answer.names[1:], (address,))


def _the_answer(found: Messages | Failure) -> Answer:
    """What name servers say to one question. HostError."""
    if isinstance(found, Failure):
        raise HostError(found.code)
    answers = read_all(found)
    if not answers:
        raise HostError(NO_RECOVERY)
    return answers[0]


def _numeric(name: str, family: int) -> IpAddress | None:
    try:
        address = inet_aton_exact(name) if family == linux.AF_INET else inet_pton(family, name)
    except AddressError:
        return None
    return address if family_of(address) == family else None
