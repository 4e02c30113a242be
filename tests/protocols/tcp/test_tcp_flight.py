"""What is on its way: cut where it is sent again, dropped where it is acknowledged."""

from hypothesis import given
from hypothesis import strategies as st

from farhost.protocols.tcp.flight import Flight, Sent
from farhost.wire.packet import ACK, FIN, PSH


def flight_of(*ends: int) -> Flight:
    flight = Flight()
    start = 0
    for number, end in enumerate(ends):
        flight.records.append(Sent(start, end, ACK, number))
        start = end
    return flight


def test_an_acknowledgement_tells_when_its_oldest_part_was_sent() -> None:
    flight = flight_of(10, 20, 30)
    assert flight.acknowledge(20) == 0
    assert flight.acknowledge(25) == 2
    assert [(record.start, record.end) for record in flight.records] == [(25, 30)]
    assert flight.acknowledge(30) == 2


def test_what_was_sent_twice_tells_nothing() -> None:
    """Karn's rule."""
    flight = flight_of(10, 20, 30)
    flight.resend(10, 10, 99, 0)
    assert flight.acknowledge(10) == 0
    assert flight.acknowledge(20) == -1
    assert flight.acknowledge(30) == 2
    assert flight.resent == 0


def test_a_part_sent_again_becomes_a_record_of_its_own() -> None:
    flight = Flight()
    flight.records.append(Sent(0, 100, ACK | PSH | FIN, 0))
    middle = flight.resend(30, 20, 7, FIN | PSH)
    assert (middle.start, middle.end, middle.count, middle.sent_ns, middle.flags) == (30, 50, 2, 7, ACK)
    assert [(record.start, record.count) for record in flight.records] == [(0, 1), (30, 2), (50, 1)]
    assert flight.records[-1].flags == ACK | PSH | FIN
    flight.check_invariants(0, 100)


@given(
    ends=st.lists(st.integers(1, 50), min_size=1, max_size=20),
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 1000), st.integers(1, 60)), max_size=60),
)
def test_the_records_always_cover_what_is_unacknowledged(ends: list[int], steps: list[tuple[bool, int, int]]) -> None:
    positions = [sum(ends[: index + 1]) for index in range(len(ends))]
    flight = flight_of(*positions)
    start, end = 0, positions[-1]
    for acknowledges, offset, limit in steps:
        position = start + offset % (end - start)
        if acknowledges:
            position += 1
            flight.acknowledge(position)
            start = position
        else:
            record = flight.resend(position, limit, 5, 0)
            assert record.start == position and record.end - record.start <= limit
        flight.check_invariants(start, end)
        if start == end:
            return
