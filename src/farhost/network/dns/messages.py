"""DNS messages of a stub resolver: queries as glibc makes them, and what answers say (dnspython builds and reads).

RFC 1035 §4; glibc's resolv/res_mkquery.c and nss_dns/dns-host.c (getanswer_r, gaih_getanswer).
"""

import re
from typing import NamedTuple

from farhost.network.dns.exchange import Question
from farhost.network.dns.library import dns
from farhost.wire.packet import IpAddress

_HOST_NAME = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*", re.ASCII)
A, AAAA, PTR, CNAME = 1, 28, 12, 5
LONGEST_CHAIN = 16
"""Aliases that are followed in one answer."""


class MessageError(ValueError):
    """An answer that is none."""


class Answer(NamedTuple):
    """What one answer says about the name that was asked for."""

    canonical: str
    """Where its aliases end."""
    aliases: tuple[str, ...]
    """The names on the way there, the one that was asked for first; none if that is the canonical one."""
    addresses: tuple[IpAddress, ...]
    """Of the type that was asked for, in the order of the answer."""
    names: tuple[str, ...]
    """Those that PTR records give."""


def is_name(text: str) -> bool:
    """Whether a message can carry a name: no label is empty or longer than 63 bytes, nor all of it than 255."""
    try:
        _name(text)
    except (dns.exception.DNSException, ValueError):
        return False
    return True


def is_host_name(text: str) -> bool:
    """Whether name servers are asked for it as the name of a host (glibc's res_hnok)."""
    return _HOST_NAME.fullmatch(text) is not None


def make_queries(question: Question, ids: tuple[int, ...]) -> tuple[bytes, ...]:
    """One query for each type, with recursion desired; the name is one (`is_name`)."""
    name = _name(question.name)
    queries = []
    for number, type in zip(ids, question.types, strict=True):
        message = dns.message.make_query(name, dns.rdatatype.RdataType.make(type), use_edns=False, id=number)
        message.flags = dns.flags.Flag(dns.flags.RD)
        queries.append(message.to_wire())
    return tuple(queries)


def read_answer(data: bytes) -> Answer:
    """What an answer says. MessageError for one that is malformed."""
    try:
        message = dns.message.from_wire(data, ignore_trailing=True)
        (question,) = message.question
    except (dns.exception.DNSException, ValueError) as error:
        raise MessageError(str(error)) from error
    name = question.name
    aliases: list[str] = []
    while len(aliases) < LONGEST_CHAIN:
        alias = message.get_rrset(message.answer, name, dns.rdataclass.IN, dns.rdatatype.CNAME)
        if alias is None:
            break
        aliases.append(as_text(name))
        name = alias[0].target
    found = message.get_rrset(message.answer, name, dns.rdataclass.IN, question.rdtype)
    records = [] if found is None else list(found)
    is_pointer = question.rdtype == PTR
    addresses = () if is_pointer else tuple(record.to_wire() for record in records)
    names = tuple(as_text(record.target) for record in records) if is_pointer else ()
    return Answer(as_text(name), tuple(aliases), addresses, names)


def as_text(name: "dns.name.Name") -> str:
    """A name without the dot at its end, as getaddrinfo(3) gives it."""
    return name.to_text(omit_final_dot=True)


def _name(text: str) -> "dns.name.Name":
    """A name relative to the root; a backslash is no escape here, as it is in master files."""
    return dns.name.from_text(text.replace("\\", "\\\\"), dns.name.root)
