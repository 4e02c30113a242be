"""What `--host` says of a host: what it means, and that every mistake is named with its remedy."""

import pytest

from farhost.network.network import Network
from farhost.scenario.description import build_network
from farhost.scenario.host_words import HostWords, parse_host
from farhost.scenario.words import WordError

HOSTS = ["client", "server", "web-1"]


def test_a_host_has_a_byte_order():
    assert parse_host("web-1: byte-order=big", HOSTS) == HostWords("web-1", "big", "user")


def test_a_host_has_a_user_and_several_words_together():
    assert parse_host("web-1: user=root", HOSTS) == HostWords("web-1", "little", "root")
    assert parse_host("web-1: user=root byte-order=big", HOSTS) == HostWords("web-1", "big", "root")


def test_a_host_has_few_ports_and_little_memory():
    network = build_network(["server"], 0, None, ["server: ports=40000-40010 rmem=4KiB wmem=16KiB"])
    sysctls = network.hosts["server"].kernel.sysctls
    assert sysctls.integers("net.ipv4.ip_local_port_range") == (40000, 40010)
    assert sysctls.integers("net.ipv4.tcp_rmem") == (4096, 4096, 4096)
    assert (sysctls["net.core.rmem_default"], sysctls["net.core.rmem_max"]) == (4096, 4096)
    assert sysctls.integers("net.ipv4.tcp_wmem") == (4096, 16384, 16384)
    assert (sysctls["net.core.wmem_default"], sysctls["net.core.wmem_max"]) == (16384, 16384)


def test_a_host_has_clocks_that_are_wrong():
    network = build_network(["server", "client"], 0, None, ["server: clock=-5s drift=100ppm", "client: drift=-20ppm"])
    server, client = network.hosts["server"].kernel, network.hosts["client"].kernel
    assert server.realtime_ns() - client.realtime_ns() == -5 * 10**9
    network.scheduler.call_at(10**9, lambda: None)
    network.run()
    assert server.realtime_ns() - client.realtime_ns() == -5 * 10**9 + 120_000
    assert network.host("other").kernel.has_right_clocks() and not client.has_right_clocks()


def test_less_memory_than_linux_takes_is_what_it_takes():
    sysctls = build_network(["server"], 0, None, ["server: rmem=1KiB wmem=2KiB"]).hosts["server"].kernel.sysctls
    assert sysctls.integers("net.ipv4.tcp_rmem") == (1024, 1024, 1024)
    assert (sysctls["net.core.rmem_default"], sysctls["net.core.wmem_max"]) == (2304, 4608)


def test_a_host_of_which_nothing_is_said_has_the_usual_settings():
    usual = Network().host("server").kernel.sysctls
    told = build_network(["server"], 0, None, ["server: user=root"]).hosts["server"].kernel.sysctls
    assert told.integers("net.ipv4.tcp_rmem") == usual.integers("net.ipv4.tcp_rmem")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nobody: byte-order=big", "no host 'nobody'"),
        ("server: byte-order=middle", "it is little or big"),
        ("server: user=admin", "no user 'admin': it is user or root"),
        (
            "server: user",
            "no word 'user': a host has byte-order=little or byte-order=big, user=user or user=root, ports=",
        ),
        ("server: user=root user=user", "user is said twice: write it once"),
        ("server: colour=red", "no word 'colour=red'"),
        ("server:", "a colon and what it is"),
        ("byte-order=big", "a colon and what it is"),
        ("server: ports=40000", "the first and the last port, such as ports=40000-40010"),
        ("server: ports=40010-40000", "lower integer first"),
        ("server: ports=0-70000", "takes 1 to 65535, not 0"),
        ("server: rmem=8", "8"),
        ("server: wmem=0KiB", "takes 1 to"),
        ("server: clock=5s", "'5s' has no sign"),
        ("server: drift=1%", "'1%' is no drift: it is a whole number with ppm"),
        ("server: drift=100001ppm", "at most 100000ppm"),
    ],
)
def test_a_host_that_is_none_is_refused(text, says):
    with pytest.raises(WordError, match=says):
        parse_host(text, HOSTS)
