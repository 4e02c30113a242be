"""The route table."""

from farhost.protocols.ip.routing import Route, RouteTable, common_prefix, mask_address
from farhost.wire.addresses import parse_address


def v(text: str) -> bytes:
    return parse_address(text)


def test_the_longest_prefix_wins_whatever_the_order_of_adding() -> None:
    table = RouteTable()
    table.add(v("0.0.0.0"), 0, "eth0", v("10.0.0.254"))
    table.add(v("10.1.0.0"), 16, "eth1")
    table.add(v("10.1.2.0"), 24, "eth2")
    table.add(v("10.1.2.3"), 32, "eth3")
    found = [table.lookup(v(text)) for text in ("8.8.8.8", "10.1.9.9", "10.1.2.9", "10.1.2.3")]
    assert [route and route.interface for route in found] == ["eth0", "eth1", "eth2", "eth3"]


def test_among_equal_lengths_the_lower_metric_wins_then_the_older_row() -> None:
    table = RouteTable()
    table.add(v("10.0.0.0"), 8, "eth0", metric=10)
    table.add(v("10.0.0.0"), 8, "eth1", metric=5)
    table.add(v("10.0.0.0"), 8, "eth2", metric=5)
    assert table.lookup(v("10.0.0.1")) == Route(v("10.0.0.0"), 8, "eth1", None, 5)


def test_families_do_not_mix() -> None:
    table = RouteTable()
    table.add(bytes(4), 0, "eth0")
    assert table.lookup(v("::1")) is None
    table.add(bytes(16), 0, "eth1")
    assert table.lookup(v("::1")) == Route(bytes(16), 0, "eth1")
    assert table.lookup(v("1.2.3.4")) == Route(bytes(4), 0, "eth0")


def test_a_change_is_seen_after_a_lookup_of_the_same_destination() -> None:
    table = RouteTable()
    assert table.lookup(v("10.0.0.1")) is None
    route = table.add(v("10.0.0.77"), 24, "eth0")
    assert route.prefix == v("10.0.0.0")
    assert table.lookup(v("10.0.0.1")) == route
    table.remove(route)
    assert table.lookup(v("10.0.0.1")) is None
    table.add(v("10.0.0.0"), 24, "eth0")
    table.remove_interface("eth0")
    assert table.routes() == ()


def test_a_lookup_can_be_bound_to_an_interface() -> None:
    table = RouteTable()
    table.add(v("fe80::"), 64, "eth0")
    table.add(v("fe80::"), 64, "eth1")
    bound = table.lookup(v("fe80::1"), "eth1")
    assert bound is not None and bound.interface == "eth1"
    assert table.lookup(v("fe80::1"), "eth9") is None


def test_the_next_hop_is_the_gateway_or_the_destination_itself() -> None:
    assert Route(bytes(4), 0, "eth0", v("10.0.0.254")).next_hop(v("8.8.8.8")) == v("10.0.0.254")
    assert Route(v("10.0.0.0"), 24, "eth0").next_hop(v("10.0.0.7")) == v("10.0.0.7")


def test_the_same_row_is_kept_once() -> None:
    table = RouteTable()
    table.add(v("10.0.0.0"), 24, "eth0")
    table.add(v("10.0.0.9"), 24, "eth0")
    assert len(table.routes()) == 1


def test_masks_and_common_prefixes() -> None:
    assert mask_address(v("255.255.255.255"), 0) == bytes(4)
    assert mask_address(v("2001:db8:ffff::1"), 32) == v("2001:db8::")
    assert common_prefix(v("10.0.0.1"), v("10.0.0.1")) == 32
    assert common_prefix(v("10.0.0.1"), v("10.0.0.2")) == 30
    assert common_prefix(v("128.0.0.0"), bytes(4)) == 0
