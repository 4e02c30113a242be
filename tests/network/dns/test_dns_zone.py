"""What a name server knows: hosts, aliases, further records, addresses in turn, and what there is not."""

import dns.name
import dns.rcode
import dns.rdatatype
import pytest

from farhost.network.dns.zone import Zone
from farhost.network.network import Network


def zone(domain="example.com", records=()):
    network = Network()
    network.host("ns")
    network.host("web", aliases=("www",))
    network.host("web2", aliases=("www2",))
    network.name("both", ["web", "web2"])
    network.name("shop.other.org", ["web"])
    return Zone(network.names, "ns", domain, 60, records)


def ask(zone, name, kind="A"):
    """(rcode, answer, authority), each record as text."""
    found = zone.find(dns.name.from_text(name), dns.rdatatype.from_text(kind))
    return dns.rcode.to_text(found.code), *[
        [f"{records.name} {dns.rdatatype.to_text(records.rdtype)} {data}" for records in part for data in records]
        for part in (found.answer, found.authority)
    ]


SOA = "example.com. SOA ns.example.com. hostmaster.example.com. 1 3600 600 86400 60"
ROOT_SOA = ". SOA ns.example.com. hostmaster.example.com. 1 3600 600 86400 60"


def test_hosts_are_in_the_domain():
    assert ask(zone(), "web.example.com") == ("NOERROR", ["web.example.com. A 10.0.0.2"], [])
    assert ask(zone(), "WEB.Example.com", "AAAA") == ("NOERROR", ["WEB.Example.com. AAAA fd00::2"], [])
    assert ask(zone(), "web") == ("NXDOMAIN", [], [ROOT_SOA])
    assert ask(zone(""), "web")[1] == ["web. A 10.0.0.2"]


def test_a_name_with_dots_stands_as_it_is():
    assert ask(zone(), "shop.other.org")[1] == ["shop.other.org. A 10.0.0.2"]
    assert ask(zone(), "shop.other.org.example.com")[0] == "NXDOMAIN"
    assert ask(zone(""), "shop.other.org")[1] == ["shop.other.org. A 10.0.0.2"]


def test_an_alias_points_to_its_host():
    answer = ["www.example.com. CNAME web.example.com.", "web.example.com. A 10.0.0.2"]
    assert ask(zone(), "www.example.com")[1] == answer
    assert ask(zone(), "www.example.com", "CNAME")[1] == answer[:1]


def test_addresses_take_turns():
    found = zone()
    turns = [ask(found, "both.example.com")[1] for _ in range(3)]
    assert turns[0] == ["both.example.com. A 10.0.0.2", "both.example.com. A 10.0.0.3"]
    assert turns[1] == turns[0][::-1]
    assert turns[2] == turns[0]
    assert ask(found, "both.example.com", "AAAA")[1][0].endswith("fd00::2"), "each type has turns of its own"


def test_what_there_is_not_comes_with_the_start_of_authority():
    assert ask(zone(), "nobody.example.com") == ("NXDOMAIN", [], [SOA])
    assert ask(zone(), "web.example.com", "MX") == ("NOERROR", [], [SOA])
    assert ask(zone(), "example.com") == ("NOERROR", [], [SOA])
    assert ask(zone(), "com")[0] == "NOERROR", "there are names below"
    assert ask(zone(), "other.org")[0] == "NOERROR"
    assert ask(zone(), "example.com", "SOA")[1] == [SOA]
    assert ask(zone(), "example.com", "NS")[1] == ["example.com. NS ns.example.com."]


def test_addresses_have_names():
    assert ask(zone(), "2.0.0.10.in-addr.arpa", "PTR")[1] == [
        "2.0.0.10.in-addr.arpa. PTR web.example.com.",
        "2.0.0.10.in-addr.arpa. PTR both.example.com.",
        "2.0.0.10.in-addr.arpa. PTR shop.other.org.",
    ]
    reverse = "2." + "0." * 29 + "d.f.ip6.arpa"
    assert ask(zone(), reverse, "PTR")[1][0] == f"{reverse}. PTR web.example.com."
    assert ask(zone(), "9.0.0.10.in-addr.arpa", "PTR")[0] == "NXDOMAIN"
    assert ask(zone(), "x.in-addr.arpa", "PTR")[0] == "NXDOMAIN"


def test_localhost_is_no_name_servers_business():
    assert ask(zone(""), "localhost")[0] == "NXDOMAIN"
    assert ask(zone(""), "1.0.0.127.in-addr.arpa", "PTR")[0] == "NXDOMAIN"


def test_further_records():
    records = [
        "extra A 10.0.0.9",
        "extra 5 IN AAAA fd00::9",
        "here CNAME extra",
        "there CNAME far.away.net.",
        "@ MX 10 web",
        'text TXT "two words" three',
        "_http._tcp SRV 1 2 80 web",
        "9.0.0.10.in-addr.arpa. PTR extra",
    ]
    found = zone(records=records)
    assert ask(found, "extra.example.com", "AAAA")[1] == ["extra.example.com. AAAA fd00::9"]
    assert ask(found, "here.example.com")[1] == [
        "here.example.com. CNAME extra.example.com.",
        "extra.example.com. A 10.0.0.9",
    ]
    assert ask(found, "there.example.com")[:2] == ("NXDOMAIN", ["there.example.com. CNAME far.away.net."])
    assert ask(found, "example.com", "MX")[1] == ["example.com. MX 10 web.example.com."]
    assert ask(found, "text.example.com", "TXT")[1] == ['text.example.com. TXT "two words" "three"']
    assert ask(found, "_http._tcp.example.com", "SRV")[1] == ["_http._tcp.example.com. SRV 1 2 80 web.example.com."]
    assert ask(found, "9.0.0.10.in-addr.arpa", "PTR")[1] == ["9.0.0.10.in-addr.arpa. PTR extra.example.com."]
    ttls = found.find(dns.name.from_text("extra.example.com"), dns.rdatatype.ANY).answer
    assert [records.ttl for records in ttls] == [60, 5]


def test_aliases_in_a_circle_are_a_failure():
    assert ask(zone(records=["a CNAME b", "b CNAME a"]), "a.example.com")[0] == "SERVFAIL"


@pytest.mark.parametrize(
    "record, complaint",
    [
        ("", "'' is no record: write NAME"),
        ("www A", "'www A' is no record"),
        ("www B 10.0.0.1", "the types are A, AAAA, CNAME"),
        ("extra A ten", "the record 'extra A ten'"),
        ("web CNAME ns", "an alias (CNAME) is all that a name has"),
        ("www A 10.0.0.9", "an alias (CNAME) is all that a name has"),
    ],
)
def test_what_is_no_record_is_refused(record, complaint):
    with pytest.raises(ValueError) as caught:
        zone(records=[record])
    assert complaint in str(caught.value)
