"""Ports, segments and the ledger at their edges."""

import pytest
from network_programs import Program

from farhost.network.ledger import Account
from farhost.network.neighbour import UNRESOLVED_LIMIT
from farhost.network.network import Network
from farhost.wire import linux
from farhost.wire.addresses import inet_ntop, parse_address
from farhost.wire.sockaddr import SockaddrIn


def test_only_so_many_packets_wait_for_a_neighbour_and_the_oldest_goes_first() -> None:
    network = Network()
    program = Program(network.host("client").kernel).open(linux.AF_INET)
    for number in range(UNRESOLVED_LIMIT + 9):
        target = SockaddrIn(5000, parse_address("10.0.0.2"))
        program.call("sendto", program.fd, number.to_bytes(2, "big"), 0, target)
    network.run(until_ns=1)
    late = Program(network.host("server").kernel).open(linux.AF_INET)
    late.call("bind", late.fd, SockaddrIn(5000, bytes(4)))
    network.run()
    first = late.receive()
    assert first == (9).to_bytes(2, "big")
    assert network.ledger().total.delivered == UNRESOLVED_LIMIT


def test_a_segment_without_an_address_left_says_so() -> None:
    network = Network()
    network.segment("tiny", "10.9.9.0/30")
    for number in range(2):
        network.host(f"h{number}", segments=["tiny"])
    with pytest.raises(ValueError, match="tiny"):
        network.host("h2", segments=["tiny"])


def test_an_address_that_was_chosen_is_not_given_again() -> None:
    network = Network()
    network.host("first", segments=()).attach("net", v4="10.0.0.2")
    second = network.host("second")
    third = network.host("third")
    addresses = [inet_ntop(host.address(linux.AF_INET)) for host in (second, third)]
    assert len({*addresses, "10.0.0.2"}) == 3


def test_an_account_out_of_balance_is_found() -> None:
    good = Account("a>b", 10, 1, 7, {"loss": 3}, 1, {})
    assert good.balance == 0
    assert good._replace(delivered=8).balance == 1
