"""The order in which ports are looked at, and that what is remembered of them changes nothing but the cost."""

import random
from itertools import chain

import pytest

from farhost.kernel.inet.port_search import (
    NEVER,
    PATIENCE,
    PortSearch,
    bind_order,
    connect_order,
    datagram_order,
)
from farhost.kernel.inet.ports import Binding, PortTable, tcp_conflict, udp_conflict


def looked_at(order):
    return [list(chain.from_iterable(ranges)) for ranges in order]


def drawn(*numbers):
    """A draw that gives these numbers, and checks that they are below the bound."""
    left = list(numbers)

    def draw(bound):
        number = left.pop(0)
        assert number < bound
        return number

    return draw


@pytest.mark.parametrize(
    ("low", "high", "offset", "ports"),
    [
        (10, 15, 3, [12, 14, 10, 13, 15, 11]),
        (10, 15, 0, [10, 12, 14, 11, 13, 15]),
        (11, 15, 2, [13, 15, 14, 12]),
        (10, 11, 1, [10, 11]),
        (10, 10, 0, [10]),
    ],
)
def test_connect_takes_the_parity_of_the_ranges_start_first(low, high, offset, ports):
    assert looked_at(connect_order(low, high, drawn(offset), False)) == [ports]


def test_connect_with_a_range_of_its_own_takes_ports_one_by_one():
    assert looked_at(connect_order(10, 14, drawn(3), True)) == [[13, 14, 10, 11, 12]]
    assert looked_at(connect_order(10, 10, drawn(), True)) == [[10]]


@pytest.mark.parametrize(
    ("low", "high", "offset", "ports"),
    [
        (10, 15, 2, [13, 15, 11, 12, 14, 10]),
        (10, 14, 3, [13, 11, 12, 14]),
        (10, 14, 1, [11, 13, 10, 12]),
        (10, 12, 0, [11, 10]),
        (10, 10, 0, [10]),
    ],
)
def test_bind_takes_the_other_parity_first_and_may_miss_a_port(low, high, offset, ports):
    assert looked_at(bind_order(low, high, drawn(offset), False)) == [ports]


def test_bind_with_reuse_takes_the_lower_half_first():
    assert looked_at(bind_order(10, 17, drawn(0, 2), True)) == [[11, 13, 10, 12], [17, 15, 16, 14]]
    assert looked_at(bind_order(10, 12, drawn(1), True)) == [[11, 10]]
    lazy = bind_order(10, 17, drawn(0), True)
    assert [list(ports) for ports in next(lazy)] == [[11, 13], [], [10, 12], []]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8, 9])
def test_datagrams_see_every_port(size):
    for offset in range(max(size & ~1, 1)):
        (ports,) = looked_at(datagram_order(10, 9 + size, drawn(offset), False))
        assert sorted(ports) == list(range(10, 10 + size))


def test_what_is_remembered_changes_no_result():
    """Random searches, releases and times, beside a search that remembers nothing."""
    chance = random.Random(5)
    search, free_from, now_ns = PortSearch(), {}, 0
    for _ in range(4000):
        now_ns += chance.randrange(3)
        port = chance.randrange(100, 220)
        if chance.random() < 0.3 and port in free_from:
            del free_from[port]
            search.forget(port)
            continue
        kind = chance.choice((connect_order, bind_order, datagram_order))
        offset = chance.randrange(120)
        order = [list(ranges) for ranges in kind(100, 219, lambda bound, offset=offset: offset % bound, False)]
        expected = None
        for candidate in chain.from_iterable(chain.from_iterable(order)):
            if free_from.get(candidate, 0) <= now_ns:
                expected = candidate
                break
        found = search.find(order, lambda candidate: free_from.get(candidate, 0), "asker", now_ns)
        assert found == expected
        if found is not None:
            free_from[found] = chance.choice((NEVER, now_ns + chance.randrange(1, 200)))
            search.forget(found)


def count_looks(size, order, until=lambda port: NEVER):
    """How many verdicts it takes to use up a range, and to find ten times that nothing is left."""
    search, taken, looks = PortSearch(), {}, 0
    chance = random.Random(7)

    def verdict(port):
        nonlocal looks
        looks += 1
        return taken.get(port, 0)

    for _ in range(size + 10):
        ports = order(32768, 32767 + size, chance.randrange, False)
        found = search.find(ports, verdict, "asker", 0)
        if found is None:
            assert len(taken) == size
        else:
            taken[found] = until(found)
    return looks


@pytest.mark.parametrize("order", [connect_order, bind_order, datagram_order])
@pytest.mark.parametrize("until", [lambda port: NEVER, lambda port: 1 + port % 7])
def test_using_up_the_whole_range_costs_its_size(order, until):
    """28,232 ports: a search without memory would look 200 million times."""
    assert count_looks(28_232, order, until) < 6 * 28_232


def test_a_short_search_remembers_nothing_and_askers_are_few():
    search = PortSearch()
    ports = [[range(100, 100 + PATIENCE)]]
    assert search.find(ports, lambda port: NEVER, "short", 0) is None
    assert not search._known
    for asker in range(50):
        assert search.find([[range(100, 200)]], lambda port: NEVER, asker, 0) is None
    assert list(search._known) == list(range(34, 50))


def test_what_was_taken_for_a_while_is_free_again():
    search = PortSearch()
    ports = [[range(100, 200)]]
    assert search.find(ports, lambda port: 5 if port == 150 else 9, "asker", 0) is None
    assert search.find(ports, lambda port: 5 if port == 150 else 9, "asker", 5) == 150
    assert search.find(ports, lambda port: NEVER, "asker", 8) is None


@pytest.mark.parametrize(
    ("conflict", "change"),
    [
        (tcp_conflict, lambda old: setattr(old, "address", b"\x7f\0\0\x02")),
        (tcp_conflict, lambda old: setattr(old, "device", "eth1")),
        (udp_conflict, lambda old: setattr(old, "reuse_address", True)),
    ],
)
def test_a_binding_that_changes_is_looked_at_again(conflict, change):
    table = PortTable(conflict, bind_order)

    def binding():
        made = Binding(b"\x7f\0\0\1", 1000)
        made.reuse_address = True
        made.device = "eth0"
        return made

    def find():
        return table.find_bind_port(binding(), 100, 199, lambda bound: 0, 0)

    held = {}
    while (port := find()) is not None:
        held[port] = binding()
        held[port].reuse_address = False
        table.add(held[port], port)
    assert len(held) == 100
    change(held[150])
    table.changed(held[150])
    assert find() == 150
    table.remove(held[120])
    assert find() == 120
