"""Sequence numbers around the point where they begin again."""

from hypothesis import given, settings
from hypothesis import strategies as st

from farhost.wire import sequence

numbers = st.integers(0, 0xFFFFFFFF)
steps = st.integers(1, (1 << 31) - 1)
TOP = 0xFFFFFFFF


@settings(deadline=None)
@given(numbers, steps)
def test_a_number_moved_forward_is_later_wherever_it_wraps(number: int, step: int) -> None:
    later = sequence.add(number, step)
    assert 0 <= later <= TOP
    assert sequence.before(number, later) and sequence.after(later, number)
    assert sequence.at_or_before(number, later) and sequence.at_or_after(later, number)
    assert not sequence.before(later, number) and not sequence.after(number, later)
    assert sequence.difference(later, number) == step == -sequence.difference(number, later)
    assert sequence.distance(number, later) == step
    assert sequence.latest(number, later) == later == sequence.latest(later, number)
    assert sequence.earliest(number, later) == number == sequence.earliest(later, number)


@settings(deadline=None)
@given(numbers)
def test_a_number_is_neither_before_nor_after_itself(number: int) -> None:
    assert not sequence.before(number, number) and not sequence.after(number, number)
    assert sequence.at_or_before(number, number) and sequence.at_or_after(number, number)
    assert sequence.distance(number, number) == sequence.difference(number, number) == 0
    assert not sequence.within(number, number, 0) and sequence.within(number, number, 1)


def test_windows_wrap() -> None:
    assert sequence.within(1, TOP - 1, 4) and not sequence.within(2, TOP - 1, 4)
    assert sequence.between(TOP, 0, 1) and sequence.between(5, 5, 5) and not sequence.between(0, TOP, 1)


@settings(deadline=None)
@given(st.integers(0, 1 << 70), st.integers(-(1 << 31), (1 << 31) - 1))
def test_a_number_of_the_wire_is_found_again_among_unbounded_positions(near: int, offset: int) -> None:
    position = near + offset
    assert sequence.extend(position % (1 << 32), near) == position
