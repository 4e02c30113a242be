"""A name server's answers, message by message: what is right, what is malformed, and what goes wrong on purpose."""

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest

from farhost.network.dns.conditions import NameServerConditions
from farhost.network.dns.server import NameServer
from farhost.network.dns.zone import Zone
from farhost.network.network import Network
from farhost.trace.events import FaultEvent
from farhost.trace.sinks import ListSink
from farhost.trace.tracer import Tracer

CLIENT = bytes((10, 0, 0, 2))


def make(words="", records=(), seed=1, sink=None):
    network = Network(seed, Tracer(sink) if sink is not None else None)
    network.host("ns")
    network.host("web")
    conditions = NameServerConditions.parse(words)
    zone = Zone(network.names, "ns", conditions.domain, conditions.ttl_s, records)
    return NameServer("ns", zone, conditions, network.environment)


def ask(server, name="web", kind="A", stream=False, **options):
    response = server.respond(dns.message.make_query(name, kind, id=7, **options).to_wire(), CLIENT, stream)
    return None if response is None else dns.message.from_wire(response.data)


def test_it_answers_with_authority():
    answer = ask(make("ttl=5s"))
    assert (answer.id, answer.rcode()) == (7, dns.rcode.NOERROR)
    assert dns.flags.to_text(answer.flags) == "QR AA RD RA"
    assert [str(records) for records in answer.answer] == ["web. 5 IN A 10.0.0.2"]
    assert answer.edns == -1
    assert ask(make(), "nobody").rcode() == dns.rcode.NXDOMAIN


def test_what_does_not_fit_a_datagram_is_truncated():
    server = make(records=[f"many A 10.1.0.{number}" for number in range(100)])
    response = server.respond(dns.message.make_query("many", "A").to_wire(), CLIENT, False)
    assert len(response.data) <= 512
    assert dns.message.from_wire(response.data).flags & dns.flags.TC
    whole = ask(server, "many", stream=True)
    assert not whole.flags & dns.flags.TC
    assert len(whole.answer[0]) == 100


def test_a_client_that_says_how_much_it_takes_gets_more():
    server = make(records=[f"many A 10.1.0.{number}" for number in range(60)])
    answer = ask(server, "many", use_edns=0, payload=4096)
    assert (len(answer.answer[0]), answer.edns, answer.payload) == (60, 0, 1232)
    assert ask(server, "many", use_edns=0, payload=300).flags & dns.flags.TC


def test_the_order_of_records_is_the_zones():
    server = make(records=[f"many A 10.1.0.{number}" for number in range(20)])
    first, second = (ask(server, "many").answer[0].to_rdataset() for _ in range(2))
    assert [str(data) for data in first] == [f"10.1.0.{number}" for number in range(20)]
    assert [str(data) for data in second] == [f"10.1.0.{number % 20}" for number in range(1, 21)]


def test_what_is_malformed_is_refused_or_passed_over():
    server = make()
    query = dns.message.make_query("web", "A", id=7).to_wire()
    assert server.respond(query[:11], CLIENT, False) is None
    assert server.respond(bytes([*query[:2], query[2] | 0x80, *query[3:]]), CLIENT, False) is None
    for broken, code in (
        (query[:-1], dns.rcode.FORMERR),
        (query[:4] + b"\0\2" + query[6:], dns.rcode.FORMERR),
        (query[:4] + bytes(8), dns.rcode.FORMERR),
        (query[:2] + b"\x10" + query[3:], dns.rcode.NOTIMP),
        (query[:-1] + b"\3", dns.rcode.REFUSED),
    ):
        response = server.respond(broken, CLIENT, False)
        assert (response.data[:2], response.data[3] & 15) == (query[:2], code)
        assert response.data[2] & 0x80


def test_it_may_be_slow():
    response = make("delay=2s").respond(dns.message.make_query("web", "A").to_wire(), CLIENT, False)
    assert response.delay_ns == 2_000_000_000


def test_some_answers_come_late_each_by_its_own_span():
    sink = ListSink()
    server = make("slow=30%:2s delay=10ms", sink=sink)
    query = dns.message.make_query("web", "A").to_wire()
    delays = [server.respond(query, CLIENT, False).delay_ns - 10_000_000 for _ in range(200)]
    late = [delay for delay in delays if delay]
    assert 40 <= len(late) <= 80 and min(late) > 0 and 10**9 < max(late) <= 2 * 10**9
    events = [event for event in sink.events if isinstance(event, FaultEvent)]
    assert [(event.kind, event.amount * 1_000_000) for event in events] == [("dns-slow", delay) for delay in late]
    assert all(event.place.startswith("ns: 10.0.0.2 asks web. A #") for event in events)


def test_without_turns_addresses_keep_their_order():
    for words, first in (("rotate=off", ["10.9.0.1"] * 3), ("", ["10.9.0.1", "10.9.0.2", "10.9.0.1"])):
        server = make(words)
        for number in (1, 2):
            server.zone.add(f"two A 10.9.0.{number}")
        assert [str(ask(server, "two").answer[0][0]) for _ in range(3)] == first
        server.change(server.conditions._replace(rotate=False))
        assert len({str(ask(server, "two").answer[0][0]) for _ in range(3)}) == 1


@pytest.mark.parametrize(
    "kind, word", [("dns-drop", "drop"), ("dns-servfail", "servfail"), ("dns-nxdomain", "nxdomain")]
)
def test_faults_come_as_often_as_they_are_told(kind, word):
    sink = ListSink()
    server = make(f"{word}=30%", sink=sink)
    outcomes = [ask(server) for _ in range(200)]
    bad = [one for one in outcomes if one is None or one.rcode() != dns.rcode.NOERROR]
    assert 40 <= len(bad) <= 80
    places = [event.place for event in sink.events if isinstance(event, FaultEvent) and event.kind == kind]
    assert len(places) == len(bad)
    assert all(place.startswith("ns: 10.0.0.2 asks web. A #") for place in places)
    assert [one is None for one in outcomes] == [one is None for one in [ask(s) for s in [make(f"{word}=30%")] * 200]]


def test_a_fault_is_about_the_question_and_moves_no_other():
    lone, other = make("drop=50%"), make("drop=50%")
    alone = [ask(lone) is None for _ in range(50)]
    among = []
    for _ in range(50):
        ask(other, "nobody")
        among.append(ask(other) is None)
    assert among == alone


def test_the_next_queries_get_no_answer():
    server = make("drop-next=2")
    assert [ask(server) is None for _ in range(4)] == [True, True, False, False]
    server.change(server.conditions._replace(drop_next=1))
    assert [ask(server) is None for _ in range(2)] == [True, False]


def test_wrong_addresses():
    assert str(ask(make("wrong=100%")).answer[0][0]) == "192.0.2.1"
    assert str(ask(make("wrong=100%"), kind="AAAA").answer[0][0]) == "2001:db8::1"
    assert str(ask(make("wrong=100% wrong-address=10.9.9.9")).answer[0][0]) == "10.9.9.9"
    assert ask(make("wrong=100%"), "nobody").rcode() == dns.rcode.NXDOMAIN


def test_the_domain_stays():
    server = make("domain=one.test")
    with pytest.raises(ValueError, match="the domain of a name server stays what it is"):
        server.change(NameServerConditions.parse("domain=two.test"))
