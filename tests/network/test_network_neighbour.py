"""What a host remembers of a neighbour's address, and for how long it believes it."""

from farhost.network.neighbour import DOUBT_NS, REACHABLE_NS, Neighbour

S = 1_000_000_000


def test_an_address_is_believed_for_30_seconds_and_then_doubted_for_8_from_the_next_packet_on() -> None:
    neighbour = Neighbour()
    neighbour.confirm(100 * S)
    assert neighbour.usable(100 * S) and neighbour.usable(100 * S + REACHABLE_NS - 1)
    begin_ns = 500 * S
    assert neighbour.usable(begin_ns)
    assert neighbour.usable(begin_ns + 5 * S)
    assert neighbour.usable(begin_ns + DOUBT_NS - 1)
    assert not neighbour.usable(begin_ns + DOUBT_NS)


def test_a_sign_of_life_ends_the_doubt_and_an_old_one_does_not() -> None:
    neighbour = Neighbour()
    neighbour.confirm(100 * S)
    assert neighbour.usable(200 * S)
    neighbour.confirm(90 * S)
    assert not neighbour.usable(200 * S + DOUBT_NS)
    neighbour.confirm(210 * S)
    assert neighbour.usable(220 * S)


def test_an_address_that_was_learnt_from_a_question_is_in_doubt_at_once() -> None:
    neighbour = Neighbour()
    assert neighbour.usable(0)
    assert not neighbour.usable(DOUBT_NS)
