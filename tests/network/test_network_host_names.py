"""Where a host's names come from: the network's table, its own, name servers; and what is refused."""

import pytest

from farhost.network.dns.exchange import Exchange
from farhost.network.network import Network
from farhost.units import UnitError
from farhost.wire.addresses import inet_ntop, parse_address


def servers(host):
    return [inet_ntop(address) for address in host.names.sources().servers]


def test_without_a_name_server_every_host_knows_all():
    network = Network()
    a, b = network.host("a"), network.host("b")
    sources = a.names.sources()
    assert sources.table is network.names
    assert (sources.settings, sources.servers) == (None, ())
    assert b.resolver.gethostbyname("a").addresses == (parse_address("10.0.0.1"),)


def test_with_one_a_host_knows_itself_and_asks_for_the_others():
    network = Network()
    ns, a = network.host("ns"), network.host("a", aliases=("self",))
    network.name_server(ns, {"domain": "example.com"})
    network.host("b")
    found = a.names.sources()
    assert found.table.names(parse_address("10.0.0.2")) == ["a", "self"]
    assert "b" not in found.table
    assert "localhost" in found.table
    assert (servers(a), found.settings.search) == (["10.0.0.1"], ("example.com",))
    assert isinstance(a.resolver.gethostbyname("b"), Exchange)
    assert a.resolver.gethostbyname("self").name == "a"


def test_servers_are_asked_in_the_order_in_which_they_were_made():
    network = Network()
    one, two, client = network.host("one"), network.host("two"), network.host("client")
    network.name_server(two, {"domain": "a.test"})
    network.name_server(one, {"domain": "b.test"})
    assert servers(client) == ["10.0.0.2", "10.0.0.1"]
    assert client.names.sources().settings.search == ("a.test", "b.test")


def test_a_host_may_ask_others_or_nobody():
    network = Network()
    network.name_server(network.host("ns"), {})
    other = network.host("other", resolver="nameservers=other,10.9.9.9,fd00::1 search=x.test")
    nobody = network.host("nobody", resolver="nameservers=")
    assert servers(other) == ["10.0.0.2", "10.9.9.9", "fd00::1"]
    assert other.names.sources().settings.search == ("x.test",)
    assert nobody.names.sources().table is network.names


def test_what_is_told_to_all_holds_where_a_host_says_nothing():
    network = Network()
    plain, own = network.host("plain"), network.host("own", resolver="timeout=2s")
    network.tell_resolvers("timeout=1s attempts=3")
    assert (plain.names.settings.timeout_ns, plain.names.settings.attempts) == (10**9, 3)
    assert (own.names.settings.timeout_ns, own.names.settings.attempts) == (2 * 10**9, 3)
    own.names.tell("attempts=4")
    assert (own.names.settings.timeout_ns, own.names.settings.attempts) == (2 * 10**9, 4)


def test_entries_are_a_hosts_own():
    network = Network()
    a = network.host("a", entries={"db": "10.9.9.9,fd09::9", "b": "10.9.9.8"})
    b = network.host("b")
    assert a.resolver.gethostbyname("db").addresses == (parse_address("10.9.9.9"),)
    assert a.resolver.gethostbyname("b").addresses == (parse_address("10.9.9.8"),), "its own line is first"
    assert a.resolver.gethostbyname("a").addresses == (parse_address("10.0.0.1"),)
    assert "db" not in b.names.sources().table
    assert "db" not in network.names


@pytest.mark.parametrize(
    "words, error, complaint",
    [
        ({"resolver": "timeout=5"}, UnitError, "timeout: '5' has no unit"),
        ({"entries": {"localhost": "10.0.0.1"}}, ValueError, "is every host itself"),
        ({"entries": {"db": "nowhere"}}, ValueError, "not an IP address"),
    ],
)
def test_what_is_wrong_makes_no_host(words, error, complaint):
    network = Network()
    with pytest.raises(error, match=complaint):
        network.host("a", **words)
    assert "a" not in network.hosts
    network.host("a")


def test_name_servers_that_there_are_not_are_told():
    network = Network()
    network.host("a", resolver="nameservers=ns")
    with pytest.raises(ValueError, match=r"a: no name server 'ns': it is an address or a host: a"):
        network.check_resolvers()
    network.host("ns")
    network.check_resolvers()


def test_a_host_is_a_name_server_once():
    network = Network()
    network.name_server(network.host("ns"), {})
    with pytest.raises(ValueError, match="is a name server already"):
        network.name_server("ns", {})
    with pytest.raises(UnitError, match="no word 'dely' describes a name server"):
        network.name_server(network.host("other"), {"dely": "1s"})
    with pytest.raises(ValueError, match="no host 'third'"):
        network.name_server("third", {})
    assert list(network.name_servers) == ["ns"]
