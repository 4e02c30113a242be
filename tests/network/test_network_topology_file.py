"""Networks described in TOML: what the words mean, and that every mistake is told with its place."""

import dns.name
import pytest

from farhost.network.topology_file import TopologyError, read_topology

EVERYTHING = """
link = "delay=5ms"
seed = 7
resolver = "timeout=1s"

[hosts.server]
aliases = ["www"]
segments = ["net", "backbone"]
router = true
byte-order = "big"
user = "root"
sysctls = { "net.ipv4.ip_default_ttl" = 32, "net.ipv4.tcp_wmem" = [4096, 8192, 16384] }

[hosts.client]
resolver = "ndots=2"
clock = "+5s"
drift = "-20ppm"
entries = { db = "10.0.0.8", far = ["10.0.0.7", "fd00::7"] }

[hosts.far]
segments = ["backbone"]

[segments.net]
ipv4 = "10.5.0.0/24"

[segments.backbone]
ipv4 = "10.9.0.0/24"
ipv6 = "fd09::/64"
link = "delay=20ms"

[[links]]
between = ["client", "server"]
delay = "40ms"
loss = "2%"

[[links]]
from = "far"
to = "server"
rate = "1mbit"

[names]
shop = ["server", "10.0.0.9"]
self = "client"

[name-servers.server]
domain = "example.com"
delay = "20ms"
drop-next = 2
records = ["more A 10.0.0.9"]
"""


def read(tmp_path, text):
    path = tmp_path / "net.toml"
    path.write_text(text)
    return read_topology(path)


def test_everything_that_can_be_said(tmp_path):
    topology = read(tmp_path, EVERYTHING)
    assert topology.hosts == ["server", "client", "far"]
    network = topology.build()
    assert network.choices.seed == 7
    assert topology.build(seed=3).choices.seed == 3
    server = network.hosts["server"]
    assert server.kernel.byte_order == "big"
    assert server.kernel.user == "root"
    assert server.kernel.sysctls["net.ipv4.ip_default_ttl"] == 32
    assert server.kernel.sysctls["net.ipv4.ip_forward"] == 1
    client = network.hosts["client"].kernel
    assert (client.realtime_ns() - server.kernel.realtime_ns(), client.drift) == (5 * 10**9, (999_980, 1_000_000))
    conditions = {
        (channel.source.host, channel.target.host): channel.conditions.words() for channel in network.channels()
    }
    assert conditions == {
        ("server", "client"): "delay=40ms loss=2%",
        ("client", "server"): "delay=40ms loss=2%",
        ("server", "far"): "delay=20ms",
        ("far", "server"): "delay=20ms rate=1mbit",
    }
    found = {
        name: [".".join(map(str, address)) for address in network.names.addresses(name) if len(address) == 4]
        for name in ("www", "shop", "self")
    }
    assert found == {
        "www": ["10.5.0.1", "10.9.0.1"],
        "shop": ["10.5.0.1", "10.9.0.1", "10.0.0.9"],
        "self": ["10.5.0.2"],
    }


def test_names_that_can_be_said(tmp_path):
    network = read(tmp_path, EVERYTHING).build()
    conditions = network.name_servers["server"].conditions
    assert (conditions.domain, conditions.delay_ns, conditions.drop_next) == ("example.com", 20_000_000, 2)
    assert network.name_servers["server"].zone.find(dns.name.from_text("more.example.com"), 1).answer
    sources = network.hosts["client"].names.sources()
    assert sources.settings == (None, ("example.com",), 2, 10**9, 2, False)
    assert [len(sources.table.addresses(name)) for name in ("db", "far", "server")] == [1, 2, 0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[hosts.a]\n[name-servers.b]", "name-servers.b: no host 'b': the hosts are a"),
        ('[hosts.a]\n[name-servers.a]\ndely = "1s"', "name-servers.a: no word 'dely' describes a name server"),
        ("[hosts.a]\n[name-servers.a]\ndelay = 1", "name-servers.a: delay: '1' has no unit"),
        ('[hosts.a]\n[name-servers.a]\nrecords = "www A 10.0.0.9"', "name-servers.a: records is an array of strings"),
        ('[hosts.a]\n[name-servers.a]\nrecords = ["www"]', "name-servers.a: 'www' is no record"),
        ("[name-servers]\na = 3", "name-servers.a: 3 is not a table"),
        ('resolver = "ndots=99"', "resolver: ndots: '99' is not 0 to 15"),
        ('[hosts.a]\nresolver = "serch=a"', "hosts.a: no word 'serch' describes a resolver"),
        ('[hosts.a]\nresolver = "nameservers=b"', "hosts: a: no name server 'b'"),
        ('[hosts.a]\nentries = { db = "far" }', "hosts.a: not an IP address: 'far'"),
        ('[hosts.a]\nclock = "5s"', "hosts.a: '5s' has no sign"),
        ('[hosts.a]\ndrift = "5"', "hosts.a: '5' is no drift"),
        ("hosts = 3", "hosts is a table, not 3"),
        ("host = {}", "nobody reads 'host'"),
        ("seed = true", "seed is an integer"),
        ('link = "delay=5"', "link: "),
        ("[hosts.a]\nrouters = true", "hosts.a: nobody reads 'routers'"),
        ("[hosts.a]\nrouter = 1", "hosts.a: router is true or false, not 1"),
        ('[hosts.a]\nsegments = ["lan"]', "hosts.a: no segment 'lan': there are net"),
        ("[hosts.a]\nsegments = [1]", "hosts.a: segments is an array of strings"),
        ('[hosts.a]\nbyte-order = "middle"', "hosts.a: there is no byte order 'middle'"),
        ('[hosts.a]\nuser = "bob"', "hosts.a: there is no user 'bob'"),
        ('[hosts.a]\nsysctls = { "net.ipv4.nothing" = 1 }', "hosts.a: there is no setting 'net.ipv4.nothing'"),
        ('[hosts."a b"]', "hosts.a b: 'a b' is no host name"),
        ('[hosts.a]\naliases = ["b c"]', "hosts.a: 'b c' is no host name"),
        ("[hosts]\na = 3", "hosts.a: 3 is not a table"),
        ('[segments.lan]\nipv4 = "10.0.0.0/99"', "segments.lan: "),
        ('[segments.net]\nipv6 = "10.0.0.0/8"', "segments.net: "),
        ('[hosts.a]\n[hosts.b]\n[[links]]\nbetween = ["a"]\ndelay = "1s"', "links, number 1: a link has two ends"),
        ('[hosts.a]\n[[links]]\nbetween = ["a", "b"]\ndelay = "1s"', "links, number 1: no host 'b': the hosts are a"),
        ('[hosts.a]\n[hosts.b]\n[[links]]\ndelay = "1s"', "links, number 1: write between"),
        ('[hosts.a]\n[hosts.b]\n[[links]]\nfrom = "a"\ndelay = "1s"', "links, number 1: write between"),
        ('[hosts.a]\n[hosts.b]\n[[links]]\nbetween = ["a", "b"]', "links, number 1: says nothing of the link"),
        ('[hosts.a]\n[hosts.b]\n[[links]]\nbetween = ["a", "b"]\nspeed = "1s"', "links, number 1: "),
        ("[hosts.a]\nsegments = []", "hosts.a: segments names none"),
        ('[hosts.a]\nsegments = ["net", "net"]', "hosts.a: the segment 'net' is named twice"),
        ('[hosts.a]\naliases = ["b"]\n[hosts.b]', "hosts.b: 'b' is an alias of the host 'a' already"),
        ('[hosts.b]\n[hosts.a]\naliases = ["b"]', "hosts.a: the alias 'b' is the name of a host"),
        ("[hosts.a]\n[hosts.A]", "hosts.A: there is a host 'a' already; names compare without regard to case"),
        ("[hosts.localhost]", "hosts.localhost: 'localhost' is every host itself"),
        ('[hosts."10.0.0.1"]', "hosts.10.0.0.1: '10.0.0.1' is read as the address 10.0.0.1"),
        ('[hosts."fe80::1"]', "hosts.fe80::1: 'fe80::1' is no host name"),
        ("[hosts.a.sysctls]\nnet.ipv4.ip_forward = 1", "hosts.a: sysctls: net is a table: quote the name"),
        (
            '[hosts.a.sysctls]\n"net.ipv4.ip_default_ttl" = 99999',
            "hosts.a: net.ipv4.ip_default_ttl takes 1 to 255, not 99999",
        ),
        (
            '[segments.lan]\nipv4 = "10.0.0.128/25"',
            "segments.lan: the network 10.0.0.128/25 of the segment 'lan' over",
        ),
        ('[segments.net]\nipv4 = "127.0.0.0/24"', "segments.net: '127.0.0.0/24' has loopback addresses"),
        (
            '[segments.net]\nipv4 = "10.1.0.0/30"\n[hosts.a]\n[hosts.b]\n[hosts.c]',
            "hosts.c: the segment net has no address left: 10.1.0.0/30 and fd00::/64 have room for 2 hosts",
        ),
        (
            '[hosts.a]\n[hosts.b]\n[[links]]\nbetween = ["a", "b"]\nsegment = 3\ndelay = "1s"',
            "links, number 1: segment is a string, not 3",
        ),
        (
            '[hosts.a]\n[hosts.b]\n[[links]]\nbetween = ["a", "b"]\nsegment = "lan"\ndelay = "1s"',
            "links, number 1: no segment 'lan': there are net",
        ),
        ('[hosts.a]\n[hosts.b]\n[names]\na = ["b"]', "names.a: 'a' is the name of a host"),
        ('[names]\nlocalhost = ["10.0.0.9"]', "names.localhost: 'localhost' is every host itself"),
        ('[names]\n"fe80::1" = ["10.0.0.9"]', "names.fe80::1: 'fe80::1' is no host name"),
        ("[names]\nx = []", "names.x: a name stands for hosts or addresses"),
        ('[names]\nx = ["b"]', "names.x: no host 'b': the hosts are none"),
        ("[hosts.a", "net.toml: "),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path, text, why):
    with pytest.raises(TopologyError) as caught:
        read(tmp_path, text).build()
    assert str(caught.value).startswith(str(tmp_path / "net.toml"))
    assert why in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(TopologyError, match=r"nothing\.toml: No such file or directory"):
        read_topology(tmp_path / "nothing.toml")


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "net.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(TopologyError, match=r"net\.toml: "):
        read_topology(tmp_path / "net.toml")
