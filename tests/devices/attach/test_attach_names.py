"""Names asked for over a network that is up, by processes of the machine; and `farhost dig` there."""

import pytest
from terminals import finish

LOOK_UP = """
import socket, sys
for name in sys.argv[1:]:
    print(socket.gethostbyname_ex(name))
    print(socket.getfqdn(name))
"""


@pytest.fixture
def named(terminals):
    words = ["--name-server", "ns: domain=example.com", "--record", "www CNAME server", "--link", "delay=10ms"]
    terminals.up("--host", "server", "--host", "client", *words)
    return terminals


def test_a_process_asks_the_name_server(named):
    found = finish(named.python("client", "-c", LOOK_UP, "www", "localhost"))
    assert found.splitlines() == [
        "('server.example.com', ['www.example.com'], ['10.0.0.1'])",
        "server.example.com",
        "('localhost', ['ip6-localhost', 'ip6-loopback'], ['127.0.0.1'])",
        "localhost",
    ]
    assert named.status()["packets"]["sent"] >= 6, "three questions: two of gethostbyname_ex, one of getfqdn"


def test_dig_asks_the_name_server_on_its_host_or_from_another(named):
    found = named.farhost("dig", "www.example.com")
    assert "www.example.com.\t60\tIN\tCNAME\tserver.example.com.\n" in found
    assert "server.example.com.\t60\tIN\tA\t10.0.0.1\n" in found
    assert ";; SERVER: 10.0.0.3#53 (ns, on its own host; --from HOST asks over the network)\n" in found
    assert named.farhost("dig", "-x", "10.0.0.1", "+short") == "server.example.com.\n"
    assert "status: NXDOMAIN" in named.farhost("dig", "nobody", "@ns")
    other = named.farhost("dig", "www.example.com", "--from", "client")
    assert ";; SERVER: 10.0.0.3#53 (UDP)\n" in other
    words = ["dig", "server.example.com", "AAAA", "@ns.example.com", "+short", "--from", "client"]
    assert named.farhost(*words) == "fd00::1\n"
    assert "'client' is no name server: there are ns" in named.farhost("dig", "www", "@client", status=2)
