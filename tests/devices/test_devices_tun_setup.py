"""What of setting up a TUN device needs no device: names, and what root is asked to run."""

import os

import pytest

from farhost.devices.tun_place import TunError, add_outside
from farhost.devices.tun_setup import Setup, check_name, read_setup, recipe, set_up
from farhost.network.conditions import Conditions
from farhost.network.network import Network


def place(words=""):
    network = Network(v4="10.77.0.0/24", v6="fd77::/64")
    network.segments["net"].set_conditions(Conditions.parse(words))
    return add_outside(network)


@pytest.mark.parametrize("name", ["", "a" * 16, "a/b", "a b", "tun%d", "tün", "a:1", "a\n"])
def test_names_that_no_device_has(name):
    with pytest.raises(TunError, match="no name of a device"):
        check_name(name)


def test_root_is_asked_for_the_whole_device_where_there_is_none():
    assert recipe("fh3", place("mtu=1400"), None) == [
        f"ip tuntap add dev fh3 mode tun user {os.geteuid()}",
        "ip link set dev fh3 mtu 1400 txqueuelen 5000 up",
        "ip addr add 10.77.0.254/24 dev fh3",
        "ip addr add fd77::fe/64 dev fh3",
    ]


def test_root_is_asked_for_what_a_device_lacks():
    assert recipe("fh3", place(), Setup(up=False, mtu=1500, queue=500, v4_length=24, v6_length=128)) == [
        "ip link set dev fh3 mtu 1500 txqueuelen 5000 up",
        "ip addr del fd77::fe/128 dev fh3",
        "ip addr add fd77::fe/64 dev fh3",
    ]


def test_a_name_means_nothing_to_the_shell():
    check_name("fh;reboot")
    assert all("dev 'fh;reboot'" in line for line in recipe("fh;reboot", place(), None))


def test_a_device_is_read():
    found = read_setup("lo", place())
    assert (found.v4_length, found.v6_length) == (None, None)
    with pytest.raises(OSError, match="No such device"):
        read_setup("fh-none", place())


def test_the_machine_needs_an_mtu_for_ipv6():
    with pytest.raises(TunError, match="the segment's MTU is 1000, and with less than 1280"):
        set_up("fh3", place("mtu=1000"))
