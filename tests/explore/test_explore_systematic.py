"""The systematic strategy: which replays it tries, in which order."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from farhost.explore.systematic import how_many, in_turns, sizes, systematic
from farhost.sim.choices import Choice


def asked(**kinds):
    """So many places of each kind, with a limit: loss=(3, 1)."""
    return [
        (Choice(kind, f"{kind} {number}"), limit) for kind, (count, limit) in kinds.items() for number in range(count)
    ]


def names(replay):
    return tuple(f"{choice.place}={size}" for choice, size in replay.items())


def test_kinds_take_turns_and_early_places_come_first():
    found = [choice.place for choice, _ in in_turns(asked(loss=(3, 1), pause=(2, 9), wake=(1, 1)))]
    assert found == ["loss 0", "pause 0", "wake 0", "loss 1", "pause 1", "loss 2"]


def test_every_fault_is_tried_at_every_place_before_any_is_tried_with_another_size():
    replays = [names(replay) for replay in systematic(asked(loss=(2, 1), pause=(2, 100)), pairs=2)]
    assert replays == [
        ("loss 0=1",),
        ("pause 0=100",),
        ("loss 1=1",),
        ("pause 1=100",),
        ("pause 0=1",),
        ("pause 1=1",),
        ("pause 0=10",),
        ("pause 1=10",),
        ("pause 0=50",),
        ("pause 1=50",),
        ("loss 0=1", "pause 0=100"),
        ("loss 0=1", "loss 1=1"),
    ]


def test_nothing_asked_is_nothing_to_try():
    assert list(systematic([])) == [] and how_many([]) == 0


def test_all_pairs_are_tried_once_where_the_budget_allows_it():
    choices = asked(loss=(4, 1), wake=(3, 1))
    found = [frozenset(replay) for replay in systematic(choices) if len(replay) == 2]
    every = {frozenset(pair) for pair in itertools.combinations([choice for choice, _ in choices], 2)}
    assert len(found) == len(set(found)) and set(found) == every


def test_pairs_begin_with_early_ones():
    choices = asked(loss=(100, 1))
    found = [replay for replay in systematic(choices, pairs=30) if len(replay) == 2]
    assert len(found) == 30
    assert max(int(choice.place.split()[1]) for replay in found for choice in replay) <= 11


@given(st.integers(1, 10**12))
def test_sizes_are_few_within_the_limit_and_have_both_ends(limit):
    found = sizes(limit)
    assert {1, limit} <= set(found) <= set(range(1, limit + 1)) if limit < 1000 else {1, limit} <= set(found)
    assert len(found) == len(set(found)) <= 4 and all(1 <= size <= limit for size in found)


@given(
    st.dictionaries(st.sampled_from("abcde"), st.tuples(st.integers(0, 5), st.integers(1, 9)), max_size=4),
    st.integers(0, 60),
)
def test_as_many_are_yielded_as_are_announced_and_none_twice(kinds, pairs):
    choices = asked(**kinds)
    replays = [names(replay) for replay in systematic(choices, pairs)]
    assert len(replays) == how_many(choices, pairs) == len(set(replays))
    limits = dict(choices)
    assert all(
        1 <= size <= limits[choice] for replay in systematic(choices, pairs) for choice, size in replay.items()
    )
