"""What of a TUN device needs no device: the machine's place on a segment, and routes that would be hidden."""

import pytest

from farhost.devices import tun_place
from farhost.devices.tun_place import Place, TunError, add_outside, check_free
from farhost.network.network import Network
from farhost.wire.addresses import inet_ntop, parse_address


def place(v4="10.0.0.0/24", v6="fd00::/64"):
    return add_outside(Network(v4=v4, v6=v6))


@pytest.mark.parametrize(
    ("network", "address"),
    [("10.0.0.0/24", "10.0.0.254"), ("10.1.0.0/16", "10.1.0.254"), ("10.0.0.0/29", "10.0.0.6")],
)
def test_the_machine_has_a_high_number(network, address):
    assert inet_ntop(place(network).v4) == address


def test_the_machine_is_a_host_whose_name_others_find():
    network = Network()
    found = add_outside(network)
    assert inet_ntop(found.v6) == "fd00::fe"
    assert network.names.addresses("outside") == [found.v4, found.v6]
    with pytest.raises(TunError, match="a host is called 'outside'"):
        add_outside(network)
    with pytest.raises(TunError, match="no segment 'lan': there are net"):
        add_outside(network, "lan")


def test_a_name_that_is_taken_is_not_the_machines():
    network = Network()
    network.name("outside", ["10.0.0.9"])
    with pytest.raises(TunError, match=r"'outside' stands for 10\.0\.0\.9 already"):
        add_outside(network)


@pytest.mark.parametrize(
    ("route", "hidden"),
    [
        (("10.0.0.0", 8), True),
        (("10.0.0.128", 25), True),
        (("10.0.0.7", 32), True),
        (("10.0.1.0", 24), False),
        (("0.0.0.0", 0), False),
        (("fd00::", 32), True),
        (("fd00:0:0:1::", 64), False),
        (("::", 0), False),
    ],
)
def test_routes_of_the_machine_are_not_hidden(monkeypatch, route, hidden):
    text, length = route
    monkeypatch.setattr(tun_place, "machine_routes", lambda: [(parse_address(text), length, "eth0")])
    if hidden:
        with pytest.raises(TunError, match=rf"the machine has a route to {text}/{length} by eth0"):
            check_free(place(), "fh0")
    else:
        check_free(place(), "fh0")


def test_routes_by_the_device_itself_hide_nothing(monkeypatch):
    monkeypatch.setattr(tun_place, "machine_routes", lambda: [(parse_address("10.0.0.0"), 24, "fh0")])
    check_free(place(), "fh0")
    with pytest.raises(TunError, match=r"by fh0"):
        check_free(place(), "fh1")


def test_the_machines_routes_are_read():
    found = tun_place.machine_routes()
    assert all(len(address) in (4, 16) and 0 <= length <= 128 and device for address, length, device in found)


def test_a_place_is_on_its_segment():
    found = place()
    assert isinstance(found, Place)
    assert (found.v4_length, found.v6_length, found.port.host) == (24, 64, "outside")
