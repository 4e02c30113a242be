"""A name server without its sockets: a query's bytes in, its answer's bytes and when to send them out.

It answers every question from its zone alone, with authority, and says that it would recurse, as nobody else is
there. RFC 1035 §4.1, §7; EDNS(0): RFC 6891. What it gets wrong on purpose is decided by `choose()`, named by who asks
for what for the how many-th time.
"""

from collections.abc import Sequence
from typing import NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from farhost.kernel.environment import Environment
from farhost.network.dns.conditions import NOWHERE, NameServerConditions
from farhost.network.dns.exchange import FORMAT_ERROR, HEADER_SIZE, NOT_IMPLEMENTED, REFUSED
from farhost.network.dns.library import load_library
from farhost.network.dns.zone import Found, Zone
from farhost.network.faults.setting import Ratio
from farhost.network.faults.span_fault import MILLISECOND_NS
from farhost.network.hosts_table import HostsTable
from farhost.trace.events import FaultEvent
from farhost.wire.addresses import inet_ntop
from farhost.wire.packet import IpAddress

PLAIN_SIZE = 512
"""What a datagram may carry without EDNS (RFC 1035 §2.3.4)."""
EDNS_SIZE = 1232
"""What it says that it takes, and gives at most (the size of the DNS flag day of 2020)."""
STREAM_SIZE = 65535
_ADDRESSES = (dns.rdatatype.A, dns.rdatatype.AAAA)


class Response(NamedTuple):
    """An answer."""

    data: bytes
    delay_ns: int
    """How long it takes."""


class NameServer:
    """One name server."""

    def __init__(self, host: str, zone: Zone, conditions: NameServerConditions, environment: Environment) -> None:
        self.host = host
        self.zone = zone
        self.conditions = conditions
        self._environment = environment
        self._drop_next = conditions.drop_next
        zone.rotates = conditions.rotate
        self._asked: dict[str, int] = {}

    @property
    def domain(self) -> str:
        """The domain of its names; empty for the root."""
        return self.conditions.domain

    def change(self, conditions: NameServerConditions) -> None:
        """From now on it is like this; its domain stays. ValueError."""
        if conditions.domain != self.conditions.domain:
            raise ValueError("the domain of a name server stays what it is")
        self.conditions = conditions
        self.zone.ttl_s = conditions.ttl_s
        self.zone.rotates = conditions.rotate
        self._drop_next = conditions.drop_next

    def respond(self, query: bytes, client: IpAddress, stream: bool) -> Response | None:
        """What it answers, if anything; `stream`: by TCP."""
        if len(query) < HEADER_SIZE or query[2] & 0x80:
            return None
        try:
            message = dns.message.from_wire(query)
        except (dns.exception.DNSException, ValueError):
            return self._refusal(query, FORMAT_ERROR)
        if message.opcode() != dns.opcode.QUERY:
            return self._refusal(query, NOT_IMPLEMENTED)
        if len(message.question) != 1:
            return self._refusal(query, FORMAT_ERROR)
        question = message.question[0]
        if question.rdclass != dns.rdataclass.IN:
            return self._refusal(query, REFUSED)
        place = self._place(question, client)
        found = self._find(question, place)
        return None if found is None else self._message(message, found, stream, self._slow_ns(place))

    def _refusal(self, query: bytes, code: int) -> Response:
        """The header of the query with an error, and nothing else."""
        flags = bytes([0x80 | query[2] & 0x79, code])
        return Response(query[:2] + flags + bytes(8), self.conditions.delay_ns)

    def _place(self, question: dns.rrset.RRset, client: IpAddress) -> str:
        """What a query is, for choices about it: who asks for what for the how many-th time."""
        type = dns.rdatatype.to_text(question.rdtype)
        what = f"{self.host}: {inet_ntop(client)} asks {question.name.to_text().lower()} {type}"
        number = self._asked[what] = self._asked.get(what, 0) + 1
        return f"{what} #{number}"

    def _slow_ns(self, place: str) -> int:
        """How much later than usual it answers."""
        ratio, size, _ = self.conditions.slow
        late_ms = self._environment.chance.fault("dns-slow", place, ratio, size, rather_small=True)
        if late_ms:
            self._note("dns-slow", place, late_ms)
        return late_ms * MILLISECOND_NS

    def _find(self, question: dns.rrset.RRset, place: str) -> Found | None:
        """What it finds, or makes up; None: it says nothing."""
        conditions = self.conditions
        if self._drop_next:
            self._drop_next -= 1
            self._note("dns-drop", place)
            return None
        if self._strikes("dns-drop", place, conditions.drop):
            return None
        if self._strikes("dns-servfail", place, conditions.servfail):
            return Found(dns.rcode.SERVFAIL, [], [])
        if self._strikes("dns-nxdomain", place, conditions.nxdomain):
            return self.zone.nothing(question.name)
        found = self.zone.find(question.name, question.rdtype)
        has_addresses = any(one.rdtype in _ADDRESSES for one in found.answer)
        if has_addresses and self._strikes("dns-wrong", place, conditions.wrong):
            return found._replace(answer=[self._falsified(one) for one in found.answer])
        return found

    def _strikes(self, kind: str, place: str, ratio: Ratio) -> bool:
        struck = self._environment.chance.chance(kind, place, *ratio)
        if struck:
            self._note(kind, place)
        return struck

    def _note(self, kind: str, place: str, size: int = 1) -> None:
        tracer = self._environment.tracer
        if tracer.on:
            tracer.emit(FaultEvent(self._environment.clock.now_ns, self.host, kind, place, size))

    def _falsified(self, records: dns.rrset.RRset) -> dns.rrset.RRset:
        """The same set with wrong addresses."""
        if records.rdtype not in _ADDRESSES:
            return records
        size = 4 if records.rdtype == dns.rdatatype.A else 16
        wrong = [one for one in self.conditions.wrong_addresses if len(one) == size]
        wrong = wrong or [one for one in NOWHERE if len(one) == size]
        texts = [inet_ntop(one) for one in wrong]
        return dns.rrset.from_text_list(records.name, records.ttl, dns.rdataclass.IN, records.rdtype, texts)

    def _message(self, query: dns.message.Message, found: Found, stream: bool, slow_ns: int) -> Response:
        response = dns.message.make_response(query, recursion_available=True, our_payload=EDNS_SIZE)
        response.flags |= dns.flags.AA
        response.set_rcode(found.code)
        response.answer = found.answer
        response.authority = found.authority
        if stream:
            size = STREAM_SIZE
        elif query.edns >= 0:
            size = min(max(query.payload, PLAIN_SIZE), EDNS_SIZE)
        else:
            size = PLAIN_SIZE
        # dnspython would put the records of a set into an order by chance.
        data = response.to_wire(max_size=size, prefer_truncation=True, want_shuffle=False)
        return Response(data, self.conditions.delay_ns + slow_ns)


def described(
    host: str, names: HostsTable, conditions: NameServerConditions, records: Sequence[str], environment: Environment
) -> NameServer:
    """A name server that knows the names of all hosts, and `records`. ValueError for a record that is none."""
    load_library()
    zone = Zone(names, host, conditions.domain, conditions.ttl_s, records)
    return NameServer(host, zone, conditions, environment)
