"""What a name server knows: the names of a network's hosts with their addresses and back, and further records.

Hosts are looked up in the hosts table of the network at each query, so one that comes later is known too. Answers
with several addresses begin with another one each time (round robin). RFC 1034 §3.6, §4.3.2; RFC 2308.
"""

from collections.abc import Iterable
from typing import NamedTuple

import dns.exception
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.reversename
import dns.rrset

from farhost.network.dns.messages import LONGEST_CHAIN, as_text
from farhost.network.hosts_table import HostsTable
from farhost.wire.addresses import inet_ntop, is_loopback, parse_address
from farhost.wire.packet import IpAddress

Name = dns.name.Name
Type = dns.rdatatype.RdataType
_A, _AAAA, _ANY, _CNAME, _NS, _PTR, _SOA = (
    dns.rdatatype.A,
    dns.rdatatype.AAAA,
    dns.rdatatype.ANY,
    dns.rdatatype.CNAME,
    dns.rdatatype.NS,
    dns.rdatatype.PTR,
    dns.rdatatype.SOA,
)
TYPES = ("A", "AAAA", "CNAME", "MX", "NS", "PTR", "SRV", "TXT")
"""What further records may be."""
_IN_ADDR = dns.name.from_text("in-addr.arpa.")
_IP6 = dns.name.from_text("ip6.arpa.")
_TIMERS = "1 3600 600 86400"
"""Of the SOA record: serial, refresh, retry, expire."""


class Record(NamedTuple):
    """One record."""

    ttl_s: int
    type: Type
    data: str


class Found(NamedTuple):
    """The answer to one question."""

    code: dns.rcode.Rcode
    answer: list[dns.rrset.RRset]
    authority: list[dns.rrset.RRset]


class Zone:
    """The names that one server answers for: all of them, as there is nobody else to ask."""

    def __init__(self, table: HostsTable, server: str, domain: str, ttl_s: int, records: Iterable[str] = ()) -> None:
        """`server`: the name of its own host. `records`: `NAME [TTL] TYPE DATA`, as in master files; names are
        relative to the domain unless they end with a dot. ValueError."""
        self._table = table
        self._server = server
        self.origin = dns.name.from_text(domain, dns.name.root)
        self.ttl_s = ttl_s
        self.rotates = True
        """Whether several addresses of a name take turns in being the first."""
        self._further: dict[Name, list[Record]] = {}
        self._turns: dict[tuple[Name, Type], int] = {}
        for text in records:
            self.add(text)

    def add(self, text: str) -> None:
        """One more record. ValueError for what is none, and for an alias that has other records, or other records of
        an alias (RFC 1034 §3.6.2)."""
        words = text.split()
        owner, *rest = words or [""]
        ttl_s = self.ttl_s
        if rest and rest[0].isascii() and rest[0].isdigit():
            ttl_s = int(rest.pop(0))
        if rest and rest[0].upper() == "IN":
            rest.pop(0)
        if len(rest) < 2 or rest[0].upper() not in TYPES:
            raise ValueError(
                f"{text!r} is no record: write NAME [TTL] TYPE DATA, such as 'www A 10.0.0.9'; "
                f"the types are {', '.join(TYPES)}"
            )
        type = dns.rdatatype.from_text(rest[0])
        data = text.split(None, len(words) - len(rest) + 1)[-1]
        try:
            name = dns.name.from_text(owner, self.origin)
            parsed = dns.rdata.from_text(dns.rdataclass.IN, type, data, self.origin, relativize=False)
        except (dns.exception.DNSException, ValueError) as error:
            raise ValueError(f"the record {text!r}: {error}") from None
        others = self._records(name)
        if others and any(_CNAME in (type, other.type) for other in others):
            raise ValueError(f"the record {text!r}: an alias (CNAME) is all that a name has")
        self._further.setdefault(name, []).append(Record(ttl_s, type, parsed.to_text()))

    # Questions.

    def find(self, name: Name, type: Type) -> Found:
        """The records of a name, those of the name that it stands for too."""
        answer: list[dns.rrset.RRset] = []
        while len(answer) < LONGEST_CHAIN:
            records = self._records(name)
            if records is None:
                return self.nothing(name)._replace(answer=answer)
            wanted = [record for record in records if type in (record.type, _ANY)]
            if wanted:
                answer += self._sets(name, wanted)
                return Found(dns.rcode.NOERROR, answer, [])
            alias = next((record for record in records if record.type == _CNAME), None)
            if alias is None:
                return Found(dns.rcode.NOERROR, answer, [self._authority(name)])
            answer += self._sets(name, [alias])
            name = dns.name.from_text(alias.data)
        return Found(dns.rcode.SERVFAIL, answer, [])

    def nothing(self, name: Name) -> Found:
        """The answer that there is no such name."""
        return Found(dns.rcode.NXDOMAIN, [], [self._authority(name)])

    def _sets(self, name: Name, records: list[Record]) -> list[dns.rrset.RRset]:
        """Records as sets, one a type; addresses in turn."""
        found = []
        for type in dict.fromkeys(record.type for record in records):
            same = [record for record in records if record.type == type]
            data = [record.data for record in same]
            if self.rotates and len(data) > 1 and type in (_A, _AAAA):
                turn = self._turns.get((name, type), 0)
                self._turns[name, type] = turn + 1
                first = turn % len(data)
                data = data[first:] + data[:first]
            found.append(dns.rrset.from_text_list(name, same[0].ttl_s, dns.rdataclass.IN, type, data))
        return found

    def _authority(self, name: Name) -> dns.rrset.RRset:
        """The SOA record that goes with the answer that there is nothing (RFC 2308 §3)."""
        owner = self.origin if name.is_subdomain(self.origin) else dns.name.root
        return dns.rrset.from_text(owner, self.ttl_s, dns.rdataclass.IN, _SOA, self._start())

    def _start(self) -> str:
        mailbox = dns.name.from_text("hostmaster", self.origin)
        return f"{self._full(self._server)} {mailbox} {_TIMERS} {self.ttl_s}"

    # Records.

    def _records(self, name: Name) -> list[Record] | None:
        """All records of a name; None: there is no such name."""
        found = [*self._of_host(name), *self._of_address(name), *self._further.get(name, ())]
        if name == self.origin:
            found += [self._record(_SOA, self._start()), self._record(_NS, self._full(self._server).to_text())]
        if found or self._is_above(name):
            return found
        return None

    def _record(self, type: Type, data: str) -> Record:
        return Record(self.ttl_s, type, data)

    def _is_above(self, name: Name) -> bool:
        """Whether there are names in a domain that is none itself (RFC 8020)."""
        known = [self.origin, *self._further, *map(self._full, self._table.every_name())]
        return name in (_IN_ADDR, _IP6) or any(one.is_subdomain(name) for one in known)

    def _full(self, host: str) -> Name:
        """The name of a host: one without a dot is in the domain."""
        return dns.name.from_text(host, dns.name.root if "." in host else self.origin)

    def _of_host(self, name: Name) -> list[Record]:
        """What the hosts table has: an alias is one here too, unless it stands for other addresses than its host."""
        if self.origin != dns.name.root and name.is_subdomain(self.origin) and name != self.origin:
            host = as_text(name.relativize(self.origin))
            host = as_text(name) if "." in host else host
        else:
            host = as_text(name)
            if "." not in host and self.origin != dns.name.root:
                return []
        addresses = self._addresses(host)
        if not addresses:
            return []
        canonical = self._table.canonical(host)
        if canonical.lower() != host.lower() and set(self._addresses(canonical)) == set(addresses):
            return [self._record(_CNAME, self._full(canonical).to_text())]
        return [self._record(_A if len(one) == 4 else _AAAA, inet_ntop(one)) for one in addresses]

    def _addresses(self, host: str) -> list[IpAddress]:
        """Loopback addresses are no name server's business (RFC 6761 §6.3)."""
        return [address for address in self._table.addresses(host) if not is_loopback(address)]

    def _of_address(self, name: Name) -> list[Record]:
        """The names of an address, the canonical one first; not its aliases."""
        if not (name.is_subdomain(_IN_ADDR) or name.is_subdomain(_IP6)):
            return []
        try:
            address = parse_address(dns.reversename.to_address(name))
        except (dns.exception.DNSException, ValueError):
            return []
        if is_loopback(address):
            return []
        names = [self._full(host) for host in self._table.names(address)]
        return [
            self._record(_PTR, one.to_text())
            for one in names
            if all(record.type != _CNAME for record in self._of_host(one))
        ]
