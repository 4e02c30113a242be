"""From words to a network: what each link, host and name is like afterwards."""

import pytest

from farhost.scenario.description import build_network
from farhost.scenario.words import WordError
from farhost.wire.addresses import parse_address

HOSTS = ["client", "server", "third"]


def channels(*links):
    network = build_network(HOSTS, 0, None, links=links)
    return {channel.name: channel.conditions for channel in network.channels()}


def test_without_words_links_are_perfect():
    assert {(found.delay_ns, found.ratio("loss")) for found in channels().values()} == {(0, (0, 1))}


def test_words_without_a_place_hold_everywhere_and_add_up():
    found = channels("delay=40ms", "loss=2%")
    assert len(found) == 6
    assert {(one.delay_ns, one.ratio("loss")) for one in found.values()} == {(40_000_000, (1, 50))}


def test_a_direction_has_its_own_words_on_top_of_those_for_all():
    found = channels("client>server: delay=200ms", "delay=40ms loss=2%")
    assert (found["client>server"].delay_ns, found["client>server"].ratio("loss")) == (200_000_000, (1, 50))
    assert found["server>client"].delay_ns == 40_000_000


def test_a_pair_has_its_words_in_both_directions():
    found = channels("client-server: loss=20%", "client>server: delay=1ms")
    assert found["client>server"].ratio("loss") == found["server>client"].ratio("loss") == (1, 5)
    assert (found["client>server"].delay_ns, found["server>client"].delay_ns) == (1_000_000, 0)
    assert found["third>server"].ratio("loss") == (0, 1)


def test_a_host_has_its_byte_order():
    network = build_network(HOSTS, 0, None, ["third: byte-order=big"])
    assert [host.kernel.byte_order for host in network.hosts.values()] == ["little", "little", "big"]


def test_a_host_has_its_user():
    network = build_network(HOSTS, 0, None, ["third: byte-order=big user=root"])
    assert [host.kernel.user for host in network.hosts.values()] == ["user", "user", "root"]
    assert network.hosts["third"].kernel.byte_order == "big"


def test_a_host_is_described_once():
    with pytest.raises(WordError, match="described twice"):
        build_network(HOSTS, 0, None, ["third: byte-order=big", "third: byte-order=little"])


@pytest.mark.parametrize(
    ("hosts", "names", "networks", "why"),
    [
        (["a", "b", "c"], [], {"v4": "10.0.0.0/30"}, "host 'c': the segment net has no address left"),
        (["a", "A"], [], {}, "host 'A': there is a host 'a' already"),
        (["localhost"], [], {}, "host 'localhost': 'localhost' is every host itself"),
        (["a", "b"], ["a=b"], {}, "'a=b': 'a' is the name of a host"),
        (["a"], ["localhost=a"], {}, "'localhost=a': 'localhost' is every host itself"),
        ([], ["www=nosuch"], {}, "'www=nosuch': no host 'nosuch': the hosts are none"),
    ],
)
def test_what_the_network_refuses_is_told_with_its_word(hosts, names, networks, why):
    with pytest.raises(WordError, match=why):
        build_network(hosts, 0, None, names=names, networks=networks)


def test_a_name_stands_for_all_addresses_of_its_hosts():
    network = build_network(HOSTS, 0, None, names=["www=client,server", "www=10.9.9.9"])
    expected = ["10.0.0.1", "fd00::1", "10.0.0.2", "fd00::2", "10.9.9.9"]
    assert network.names.addresses("www") == [parse_address(text) for text in expected]
