"""Reassembly: any order, any overlap."""

from hypothesis import given
from hypothesis import strategies as st

from farhost.protocols.tcp.reassembly import Reassembly


def test_ranges_that_touch_come_out_together() -> None:
    held = Reassembly()
    held.insert(20, b"world")
    held.insert(15, b"hello")
    assert held.ranges() == [(15, 25)]
    assert held.take(14) == []
    assert b"".join(held.take(15)) == b"helloworld"
    assert held.starts == []


def test_what_came_first_stays_where_ranges_overlap() -> None:
    held = Reassembly()
    held.insert(3, b"DEF")
    held.insert(1, b"bcdefgh")
    assert b"".join(held.take(1)) == b"bcDEFgh"


def test_older_bytes_are_dropped_on_the_way_out() -> None:
    held = Reassembly()
    held.insert(0, b"abcdef")
    assert held.take(4) == [b"ef"]


@given(st.lists(st.tuples(st.integers(1, 80), st.integers(1, 30)), min_size=1, max_size=60))
def test_any_order_and_overlap_gives_the_stream(parts: list[tuple[int, int]]) -> None:
    stream = bytes(range(120))
    held = Reassembly()
    known: set[int] = set()
    for start, size in parts:
        held.insert(start, memoryview(stream)[start : start + size])
        known.update(range(start, start + size))
        held.check_invariants(0)
    assert sum(end - start for start, end in held.ranges()) == len(known)
    held.insert(0, stream)
    assert b"".join(held.take(0)) == stream
