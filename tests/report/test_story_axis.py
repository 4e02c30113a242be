"""The time axis: pauses are folded, moments have room."""

from farhost.report.story.axis import AxisBuilder, Fold, TimeAxis


def builder():
    return AxisBuilder(scale_per_ms=1, smallest=2, largest=50, start=10)


def test_time_runs_evenly_between_the_least_and_the_most_room():
    axis = builder()
    assert [axis.add(ms * 1_000_000) for ms in (0, 10, 11, 41)] == [10, 20, 22, 52]
    assert axis.axis().folds == []


def test_a_long_pause_is_folded():
    axis = builder()
    axis.add(0)
    assert axis.add(1_000_000_000) == 60
    assert axis.axis().folds == [Fold(10, 60, 0, 1_000_000_000)]


def test_a_moment_may_be_told_not_to_come_before_a_place():
    axis = builder()
    assert [axis.add(0, 30), axis.add(1_000_000, 60), axis.add(2_000_000)] == [30, 60, 62]


def test_a_pause_that_has_the_room_it_needs_is_not_folded():
    axis = builder()
    axis.add(0)
    axis.add(60_000_000, 80)
    assert axis.axis().folds == []


def test_it_is_read_in_between_and_beyond():
    axis = TimeAxis.of([0, 10_000_000], scale_per_ms=1, smallest=2, largest=50, start=5)
    assert [axis.at(time_ns) for time_ns in (-5, 0, 5_000_000, 10_000_000, 99_000_000)] == [5, 5, 10, 15, 15]
    assert axis.size == 10
    assert axis.breakpoints() == ([0, 10_000_000], [5, 15])
    assert TimeAxis.of([]).at(7) == 0
