"""The trail: which event is the first that differs, however long the run was."""

import pytest

from farhost.trace import trail as module
from farhost.trace.events import Wake
from farhost.trace.hashes import HashSink
from farhost.trace.trail import MOST_BYTES, TrailError, TrailSink, first_difference


def trail_of(times):
    sink = TrailSink()
    for time_ns in times:
        sink.take(Wake(time_ns, "a", "p", 100, "ready"))
    return sink.trail()


def changed(count, where, by=10**9):
    """Times that from one event on are later."""
    return [number + (by if number >= where else 0) for number in range(count)]


def test_equal_runs_have_no_difference():
    assert first_difference(trail_of(range(50)), trail_of(range(50))) is None
    assert first_difference(trail_of([]), trail_of([])) is None


@pytest.mark.parametrize("where", [0, 1, 30, 49])
def test_the_first_event_that_differs_is_named(where):
    assert first_difference(trail_of(range(50)), trail_of(changed(50, where))) == range(where, where + 1)


def test_a_run_that_ends_early_differs_where_it_ends():
    whole, part = trail_of(range(50)), trail_of(range(20))
    assert first_difference(whole, part) == first_difference(part, whole) == range(20, 21)
    assert first_difference(trail_of([]), part) == range(1)


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 8)


@pytest.mark.parametrize("count", [7, 8, 9, 16, 17, 31, 33, 100])
def test_a_long_run_has_a_byte_for_so_many_events(short, count):
    trail = trail_of(range(count))
    assert len(trail) <= 7 + 8
    assert first_difference(trail, trail_of(range(count))) is None
    for where in range(0, count, 3):
        found = first_difference(trail, trail_of(changed(count, where)))
        assert found is not None and where in found and len(found) <= 1 << trail[0]


@pytest.mark.parametrize("longer", [13, 15, 20, 63, 64, 65, 200])
@pytest.mark.parametrize("shorter", [0, 1, 3, 5, 9, 12])
def test_trails_of_unequal_steps_are_compared(short, shorter, longer):
    one, other = trail_of(range(shorter)), trail_of(range(longer))
    found = first_difference(one, other)
    assert found == first_difference(other, one)
    assert found is not None and found.start <= shorter and shorter in found
    for where in range(shorter):
        found = first_difference(trail_of(changed(shorter, where)), other)
        assert found is not None and where in found


def test_a_trail_has_a_bounded_size_and_the_hashes_are_those_of_the_hash_sink():
    sink, hashes = TrailSink(), HashSink()
    for time_ns in range(3 * MOST_BYTES):
        event = Wake(time_ns, "a", "p", 100, "ready")
        sink.take(event)
        hashes.take(event)
    assert len(sink.trail()) <= MOST_BYTES + 7
    assert sink.result() == hashes.result()


@pytest.mark.parametrize("data", [b"", b"123456", b"\0" * 7 + b"x", b"\xff" * 8])
def test_bytes_that_are_no_trail_are_refused(data):
    with pytest.raises(TrailError):
        first_difference(data, trail_of(range(3)))
