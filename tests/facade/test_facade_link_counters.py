"""Counters of links: what they count, under every fault; and that no packet appears from nowhere, or vanishes."""

import socket
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from farhost import Network
from farhost.network.faults.table import FAULTS
from farhost.on_system.network import Network as NetworkOnSystem
from farhost.on_system.program import NotOnSystem
from farhost.strategies import Shape, fault_lists, link_conditions, networks

QUICK = settings(max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


def holds(account):
    made = account.sent + account.duplicated + account.split
    gone = account.delivered + sum(account.dropped.values()) + account.in_flight
    return made == gone and account.in_flight >= 0


def stream(network, size=100_000):
    """A transfer, and datagrams beside it; the client comes through whatever happens."""
    address = network.hosts["server"].address

    def serve():
        with socket.create_server(("", 5000)) as listener, socket.socket(type=socket.SOCK_DGRAM) as own:
            own.bind(("", 5000))
            while True:
                connection, _ = listener.accept()
                with connection:
                    try:
                        while connection.recv(65536):
                            own.sendto(b"news", connection.getpeername())
                    except OSError:
                        continue

    def send():
        try:
            with socket.create_connection((address, 5000), timeout=20) as connection:
                for _ in range(4):
                    connection.sendall(bytes(size // 4))
                    time.sleep(0.02)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(1)
        except OSError:
            return

    network.hosts["server"].start(serve)
    network.hosts["client"].start(send)


def pair(**words):
    network = Network(2)
    server, client = network.host("server"), network.host("client")
    return network, network.link(server, client, **words)


def watch(network):
    """The law, looked at whenever a call has returned; how often that was."""
    looks = []

    def law():
        looks.append(all(holds(account) for account in network.link_counters().values()))
        return looks[-1]

    network.always(law, "packets appear from nowhere, or vanish")
    return looks


SAID = {
    "split": "20%",
    "loss": "10%",
    "gemodel": "5%:50%",
    "drop": "DATA#3",
    "blackhole": "1000",
    "corrupt": "10%",
    "duplicate": "10%",
    "reorder": "10%",
    "spike": "10%:50ms",
}


def test_every_fault_of_a_link_is_tried_here():
    assert list(SAID) == list(FAULTS)


@pytest.mark.parametrize("fault", SAID)
def test_each_fault_moves_its_counter_and_no_other_fault_s(fault):
    network, link = pair(delay="5ms", **{fault: SAID[fault]})
    looks = watch(network)
    stream(network)
    network.run(until="60s", check=False)
    total = link.counters()
    assert set(total.struck) == {fault}
    struck = total.struck[fault]
    assert struck >= 1
    if fault == "gemodel":  # What is struck is a burst, in which several are lost.
        assert total.dropped["gemodel"] > struck
    else:
        assert total.dropped == ({fault: struck} if fault in ("loss", "drop", "blackhole") else {})
    assert total.duplicated == (struck if fault == "duplicate" else 0)
    assert total.split == (struck if fault == "split" else 0)
    assert len(looks) > 20


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("queue", {"rate": "2mbit", "limit": "5"}),
        ("mtu", {"delay": "1ms", "mtu": "1000"}),
        ("down", {"delay": "1ms"}),
    ],
)
def test_what_a_link_drops_without_a_fault_has_its_reason(reason, words):
    network, link = pair(**words)
    watch(network)
    stream(network)
    if reason == "down":
        network.at("30ms", link.cut)
        network.at("500ms", link.mend)
    network.run(until="60s", check=False)
    total = link.counters()
    assert set(total.dropped) == {reason}
    assert total.dropped[reason] >= 1
    assert holds(total)
    assert not total.struck


def test_a_packet_on_its_way_is_in_flight():
    network, link = pair(delay="100ms")
    stream(network)
    seen = []
    network.at("50ms", lambda: seen.append(link.counters(direction="client>server")))
    network.at("50ms", lambda: seen.append(link.counters(direction="server>client")))
    network.run(until="60s")
    there, back = seen
    assert (there.name, there.sent, there.delivered, there.in_flight) == ("client>server", 1, 0, 1)
    assert (back.sent, back.in_flight) == (0, 0)
    assert link.counters().in_flight == 0


def test_both_directions_together_are_the_sum():
    network, link = pair(delay="5ms", loss="5%")
    stream(network)
    network.run(until="60s")
    there, back, both = (link.counters(direction=way) for way in ("client>server", "server>client", None))
    assert (both.name, both.sent, both.delivered) == (
        "server-client",
        there.sent + back.sent,
        there.delivered + back.delivered,
    )
    assert network.link_counters() == {"server>client": back, "client>server": there}


def test_a_direction_that_is_none_is_refused_as_elsewhere():
    _, link = pair()
    with pytest.raises(ValueError, match="'a>b' is none of this link's: it is server>client or client>server"):
        link.counters(direction="a>b")


@QUICK
@given(link_conditions(), st.sampled_from(["", *SAID]), fault_lists(["client", "server"]), st.integers(0, 99))
def test_the_law_holds_whatever_befalls(words, word, faults, seed):
    network = Network(seed)
    server, client = network.host("server"), network.host("client")
    network.link(server, client, **(words | ({word: SAID[word]} if word else {})))
    network.add_faults(faults)
    stream(network, 40_000)
    watch(network)
    network.run(until="60s", check=False)
    assert all(holds(account) for account in network.link_counters().values())


def ends(network, host):
    """What the channels say of a host's packets: sent by it, and delivered to it."""
    sent = sum(one.sent for one in network.link_counters().values() if one.name.split()[-1].startswith(f"{host}>"))
    received = sum(
        one.delivered for one in network.link_counters().values() if one.name.split()[-1].endswith(f">{host}")
    )
    return sent, received


def counted(host):
    """What its kernel says of them."""
    interfaces = [one for name, one in host.netstat().interfaces.items() if name != "lo"]
    return sum(one.sent for one in interfaces), sum(one.received for one in interfaces)


@QUICK
@given(link_conditions(), networks(max_hosts=3), st.integers(0, 99))
def test_what_a_kernel_sent_and_received_is_what_the_links_say(words, shape, seed):
    network = Network(seed)
    shape.build(network)
    network.link_all(**words)
    stream(network, 40_000)
    network.run(until="60s", check=False)
    for name, host in network.hosts.items():
        unanswered = host.netstat()["IpOutDiscards"]
        sent, received = counted(host)
        assert (sent - unanswered, received) == ends(network, name)


def test_the_same_holds_where_nothing_is_merged():
    shape = Shape(2, (("client", 0), ("server", 1)))
    network = Network()
    shape.build(network)
    network.link_all(delay="3ms", loss="3%", bursts="off")
    stream(network)
    network.run(until="60s")
    for name, host in network.hosts.items():
        assert counted(host) == ends(network, name)
    assert network.hosts["router1"].netstat()["IpForwDatagrams"] == counted(network.hosts["router1"])[0]


def test_on_the_operating_system_they_are_refused_with_the_reason():
    network = NetworkOnSystem()
    link = network.link(network.host("a"), network.host("b"))
    for ask in (link.counters, network.link_counters):
        with pytest.raises(NotOnSystem, match="`ip -s link show lo`"):
            ask()
