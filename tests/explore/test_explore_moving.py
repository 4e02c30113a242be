"""Faults that move with another one's size."""

import pytest

from farhost.explore.moving import joined, moved, with_size
from farhost.sim.choices import Choice

CUT = "s>c s:1>c:2 data 10+12 #1"


@pytest.mark.parametrize(
    ("place", "then"),
    [
        ("s>c s:1>c:2 data 10+5 #1", "s>c s:1>c:2 data 10+3 #1"),
        ("s>c s:1>c:2 data 15+7 #1", "s>c s:1>c:2 data 13+9 #1"),
        ("s>c s:1>c:2 fin 15+7 #2", "s>c s:1>c:2 fin 13+9 #2"),
        ("s>c s:1>c:2 data 10+12 #2", "s>c s:1>c:2 data 10+12 #2"),
        ("s>c s:1>c:2 data 22+5 #1", "s>c s:1>c:2 data 22+5 #1"),
        ("c>s c:2>s:1 data 15+7 #1", "c>s c:2>s:1 data 15+7 #1"),
        ("s:1>c:2 at 15", "s:1>c:2 at 15"),
    ],
)
def test_pieces_move_and_nothing_else_does(place, then):
    assert moved(place, CUT, 5, 3) == then


def test_only_the_size_of_a_cut_moves_others():
    late = Choice("spike", "s>c s:1>c:2 data 15+7 #1")
    spike = Choice("spike", CUT)
    assert with_size({spike: 5, late: 9}, spike, 3) == {spike: 3, late: 9}
    cut = Choice("split", CUT)
    assert list(with_size({cut: 5, late: 9}, cut, 3).values()) == [3, 9]


def reads(*sizes, start=0, kind="short-read"):
    found, offset = {}, start
    for size in sizes:
        found[Choice(kind, f"s:1>c:2 at {offset}")] = size
        offset += size
    return found


def test_reads_in_a_row_move_together():
    faults = {**reads(5, 7, 2), **reads(9, start=100)}
    first, second, *_ = faults
    assert with_size(faults, first, 1) == {**reads(1, 7, 2), **reads(9, start=100)}
    assert with_size(faults, second, 9) == {**reads(5, 9, 2), **reads(9, start=100)}
    other = {**reads(5, 7), **reads(5, 7, kind="short-write")}
    assert with_size(other, first, 6) == {**reads(6, 7), **reads(5, 7, kind="short-write")}


def test_reads_in_a_row_become_one():
    faults = reads(5, 7, 2)
    first, second, third = faults
    assert joined(faults, first) == reads(12, 2)
    assert joined(faults, second) == reads(5, 9)
    assert joined(faults, third) is None
    others = reads(5, 7, kind="loss")
    assert joined(others, next(iter(others))) is None
