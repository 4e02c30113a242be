"""Shrinking, with made-up cases: what fails is a function of the faults that happen."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shrink_cases import Case, Clock, fault, many, names_of, sizes_of

from farhost.explore.laboratory import Limits
from farhost.explore.orders import Orders, Verdict
from farhost.explore.results import failure_of
from farhost.explore.shrink import alone, shrink
from farhost.sim.choices import Choice


def test_two_of_many_faults_are_found_and_each_is_essential():
    case = Case(lambda taken: "boom" if {"x017", "x180"} <= taken.keys() else "", many(200))
    shrunk = case.shrink()
    assert names_of(shrunk) == ["x017", "x180"]
    assert [one.essential for one in shrunk.faults] == [True, True]
    assert [one.without.ok for one in shrunk.faults] == [True, True]
    assert not shrunk.capped and shrunk.diverged is None and not shrunk.needs_no_faults
    assert shrunk.verdict.signature == ("boom",) and shrunk.verdict.trail
    assert shrunk.runs == len(case.orders) < 150


def test_the_failure_is_replayed_first_from_the_faults_that_happened_and_with_nothing_else():
    case = Case(lambda taken: "boom" if "x1" in taken else "", {"x0": 1, "x1": 1})
    case.shrink()
    first = case.orders[0]
    assert first.replay == {fault("x0"): 1, fault("x1"): 1}
    assert (first.seed, first.faults, first.horizon_ns, first.trail) == (7, (), 99, True)


@pytest.mark.parametrize("batch", [1, 3, 16])
def test_what_is_found_does_not_depend_on_how_many_run_at_once(batch):
    def fails(taken):
        return "boom" if sum(taken.values()) >= 7 and "x010" in taken else ""

    case = Case(fails, many(40, limit=4))
    shrunk = case.shrink(Limits(seconds=10_000, batch=batch))
    found = [(one.choice.place, one.size, one.around) for one in shrunk.faults]
    reference = Case(fails, many(40, limit=4)).shrink(Limits(seconds=10_000, batch=5))
    assert found == [(one.choice.place, one.size, one.around) for one in reference.faults]


def test_one_of_two_independent_causes_is_enough():
    case = Case(lambda taken: "boom" if "x003" in taken or {"x030", "x031"} <= taken.keys() else "", many(64))
    shrunk = case.shrink()
    assert names_of(shrunk) in (["x003"], ["x030", "x031"])
    assert all(one.essential for one in shrunk.faults)


names = [f"x{number}" for number in range(9)]


@given(
    st.lists(
        st.dictionaries(st.sampled_from(names), st.integers(1, 30), min_size=1, max_size=4), min_size=1, max_size=3
    ),
    st.dictionaries(st.sampled_from(names), st.sampled_from(names), max_size=3),
    st.sampled_from([1, 3]),
)
def test_what_is_found_fails_and_no_fault_of_it_is_too_many(causes, needs, batch):
    """Any of some sets of faults with least sizes does it; some faults are possible only after others."""
    limits = dict.fromkeys(names, 30)
    needs = {later: earlier for later, earlier in needs.items() if later > earlier}

    def fails(taken):
        return "boom" if any(all(taken.get(name, 0) >= size for name, size in one.items()) for one in causes) else ""

    shrunk = Case(fails, limits, needs).shrink(Limits(seconds=10_000, batch=batch))
    assert not shrunk.capped and shrunk.diverged is None
    found = sizes_of(shrunk)
    assert fails(found) and dict(shrunk.verdict.taken) == {fault(name): size for name, size in found.items()}
    case = Case(fails, limits, needs)
    for name in found:
        fewer = {fault(other): size for other, size in found.items() if other != name}
        assert case.run_one(Orders(7, replay=fewer)).ok
    least = {name: max(one.get(name, 1) for one in causes) for name in names}
    assert all(found[name] <= least[name] + 1 for name in found)


def test_a_single_fault_that_removal_goes_past_is_found():
    """Three faults of the first half do it, and so does one of the second."""

    def fails(taken):
        return "boom" if {"x001", "x012", "x023"} <= taken.keys() or "x050" in taken else ""

    assert names_of(Case(fails, many(64)).shrink()) == ["x050"]


def test_a_single_fault_at_another_place_is_found():
    """In the first failure three short reads got to an offset at which none could be alone."""

    def fails(taken):
        return "boom" if {"x001", "x012", "x023"} <= taken.keys() or taken.get("y", 0) >= 7 else ""

    case = Case(fails, {**many(64), "y": 9})
    inner = case.run_one

    def run_one(orders):
        """Chance did not bring y in the first run, although it might have."""
        if orders.replay is None:
            names = [name for name in case.limits if name != "y"]
            orders = orders._replace(replay={fault(name): 1 for name in names})
        return inner(orders)

    case.run_one = run_one
    found = sizes_of(case.shrink())
    assert found == {"x001": 1, "x012": 1, "x023": 1}, "the sizes tried are those of the faults that are left, and 1"
    case.fails = lambda taken: "boom" if {"x001", "x012", "x023"} <= taken.keys() or "y" in taken else ""
    assert sizes_of(case.shrink()) == {"y": 1}


def test_which_single_faults_are_tried():
    """First the kinds that are left, with their sizes; then others; evenly spread over the places."""
    left = ((fault("a"), 5), (fault("b"), 9))
    possible = ((fault("p", "spike"), 10_000), *((fault(f"q{number}"), 100) for number in range(1000)))
    lists = alone(left, possible)
    assert lists[:3] == [{fault("q0"): 1}, {fault("q0"): 9}, {fault("q25"): 1}]
    assert lists[-2:] == [{fault("p", "spike"): 100}, {fault("p", "spike"): 10_000}] and len(lists) == 82
    assert alone(left, ((fault("a"), 3),)) == [{fault("a"): 1}, {fault("a"): 3}]


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("c.py:ask: read()", "c.py:ask: write()", ["b"]),
        ("c.py:ask: read()", "c.py:tell: write()", ["a", "b", "c"]),
        ("c.py:<module>: read()", "c.py:<module>: write()", ["a", "b", "c"]),
    ],
)
def test_another_line_of_the_function_is_the_same_failure_if_that_takes_fewer_faults(first, second, found):
    """Removal alone ends at three faults; with b alone the same exception comes in another line."""

    def fails(taken):
        return "first" if {"a", "b", "c"} <= taken.keys() else "second" if "b" in taken else ""

    case = Case(fails, {"a": 1, "b": 1, "c": 1, "d": 1})
    inner = case.run_one
    frames = {"first": first, "second": second}

    def run_one(orders):
        verdict = inner(orders)
        signature = ("failed", "c", "OSError", frames[verdict.message]) if verdict.message else ()
        return verdict._replace(signature=signature)

    case.run_one = run_one
    shrunk = case.shrink()
    assert names_of(shrunk) == found and shrunk.diverged is None
    assert shrunk.verdict.signature[-1] == (second if found == ["b"] else first)
    assert len(shrunk.others) == (0 if found == ["b"] else 1)
    assert any("another line of the function" in note for note in failure_of(shrunk).notes) == (found == ["b"])


def test_a_fault_that_hides_the_failure_is_not_needed():
    """Not monotone: fewer faults of some fail, more of them pass."""

    def fails(taken):
        return "boom" if "a" in taken and ("b" not in taken or "c" in taken) else ""

    assert names_of(Case(fails, {"a": 1, "b": 1, "c": 1, "d": 1}).shrink()) == ["a"]


def test_the_order_in_which_faults_happen_is_kept():
    def fails(taken):
        order = [name for name in taken if name in ("late", "early")]
        return "boom" if order == ["early", "late"] else ""

    shrunk = Case(fails, {"m": 1, "early": 1, "n": 1, "late": 1}).shrink()
    assert names_of(shrunk) == ["early", "late"]


def test_a_fault_whose_removal_makes_others_impossible():
    """A chain: each fault is possible only after the one before. What is left is what happened."""
    limits = {"root": 1, "second": 1, "third": 1, "other": 1}
    case = Case(lambda taken: "boom" if "third" in taken else "", limits, needs={"second": "root", "third": "second"})
    assert names_of(case.shrink()) == ["root", "second", "third"]
    case = Case(lambda taken: "boom" if "other" in taken else "", limits, needs={"second": "root", "third": "second"})
    assert names_of(case.shrink()) == ["other"]


def test_faults_asked_in_vain_are_not_in_the_list():
    """Without `a`, `b` cannot happen any more, although it is asked for."""

    def fails(taken):
        return "boom" if "c" in taken and ("a" not in taken or "b" in taken) else ""

    shrunk = Case(fails, {"a": 1, "b": 1, "c": 1}, needs={"b": "a"}).shrink()
    assert names_of(shrunk) == ["c"]
    assert shrunk.verdict.taken == ((fault("c"), 1),)


def test_it_fails_without_any_fault():
    case = Case(lambda taken: "boom", many(50))
    shrunk = case.shrink()
    assert shrunk.needs_no_faults and shrunk.faults == () and shrunk.verdict.taken == ()
    assert shrunk.runs <= 3


def test_without_faults_it_fails_otherwise():
    case = Case(lambda taken: "boom" if "x4" in taken else "another", {"x0": 1, "x4": 1})
    shrunk = case.shrink()
    assert names_of(shrunk) == ["x4"]
    assert [verdict.signature for verdict in shrunk.others] == [("another",)]
    assert shrunk.faults[0].essential and shrunk.faults[0].without.signature == ("another",)


def test_another_failure_on_the_way_is_not_the_same_and_is_told():
    def fails(taken):
        return "boom" if {"a", "b"} <= taken.keys() else "crash" if "a" in taken else ""

    shrunk = Case(fails, {"a": 1, "b": 1, "c": 1}).shrink()
    assert names_of(shrunk) == ["a", "b"]
    assert [verdict.message for verdict in shrunk.others] == ["crash"]


def test_sizes_become_as_small_as_they_can():
    def fails(taken):
        return "boom" if taken.get("a", 0) >= 300 and taken.get("b", 0) >= 1 and "c" in taken else ""

    shrunk = Case(fails, {"a": 1000, "b": 1000, "c": 1}).shrink()
    found = sizes_of(shrunk)
    assert (found["b"], found["c"]) == (1, 1) and 300 <= found["a"] <= 306


def test_times_become_round():
    case = Case(lambda taken: "boom" if 200_000_123 <= taken.get("a", 0) <= 900_000_000 else "", {"a": 872_331_123})
    shrunk = case.shrink(is_time=lambda choice: True)
    assert sizes_of(shrunk) == {"a": 300_000_000}
    around = shrunk.faults[0].around
    assert 200_000_123 <= around.low <= 230_000_000 and 800_000_000 <= around.high <= 900_000_000


def test_a_round_time_that_does_not_fail_is_not_taken():
    case = Case(lambda taken: "boom" if 287_331_123 <= taken.get("a", 0) <= 287_400_000 else "", {"a": 287_350_000})
    shrunk = case.shrink(is_time=lambda choice: True)
    assert 287_331_123 <= sizes_of(shrunk)["a"] <= 287_400_000


def test_the_neighbourhood_of_few_sizes_is_complete():
    case = Case(lambda taken: "boom" if taken.get("a", 0) in (3, 4, 5, 7) else "", {"a": 7})
    around = case.shrink().faults[0].around
    assert (around.low, around.high, around.below, around.above) == (3, 5, 2, 6)
    assert around.elsewhere == (7,)


def test_a_size_that_makes_another_fault_smaller_is_seen():
    """The second fault cannot be larger than the first leaves room for."""

    def run_with_room(case):
        inner = case.run_one

        def run_one(orders):
            if orders.replay is not None:
                room = 100 - orders.replay.get(fault("a"), 0)
                replay = {c: min(s, room) if c.place == "b" else s for c, s in orders.replay.items()}
                orders = orders._replace(replay=replay)
            return inner(orders)

        return run_one

    case = Case(lambda taken: "boom" if taken.get("a", 0) >= 5 and taken.get("b", 0) >= 5 else "", {"a": 90, "b": 10})
    case.run_one = run_with_room(case)
    shrunk = case.shrink()
    assert sizes_of(shrunk) == {"a": 5, "b": 5}
    assert dict(shrunk.verdict.taken) == {fault("a"): 5, fault("b"): 5}


def test_a_fault_of_a_piece_goes_with_where_the_piece_begins():
    """Where it is cut does not matter, as long as the second piece is late: so it becomes the smallest cut."""
    whole = "s>c s:1>c:2 data 0+12 #1"
    cut = Choice("split", whole)

    def run_one(orders):
        replay = orders.replay
        taken = {cut: min(replay[cut], 11)} if cut in replay else {}
        if taken:
            size = taken[cut]
            late = Choice("spike", f"s>c s:1>c:2 data {size}+{12 - size} #1")
            if late in replay:
                taken[late] = replay[late]
        fails = len(taken) == 2 and taken[late] >= 250
        asked = tuple((choice, 11 if choice == cut else 10_000) for choice in taken)
        shape, signature = repr(taken), ("late",) if fails else ()
        kind = "failed" if fails else "passed"
        return Verdict(7, not fails, kind, "", signature, shape, "", 9, 1, tuple(taken.items()), asked)

    replay = {cut: 5, Choice("spike", "s>c s:1>c:2 data 5+7 #1"): 900}
    failing = run_one(Orders(7, replay=replay))
    limits = Limits(seconds=1000)
    shrunk = shrink(lambda orders: [run_one(one) for one in orders], failing, Orders(7), limits=limits, clock=Clock())
    first, second = shrunk.faults
    assert (first.choice, first.size) == (cut, 1)
    assert second.choice.place.endswith("data 1+11 #1") and 250 <= second.size <= 255
    assert (first.around.low, first.around.high, first.around.tried) == (1, 11, 11)
    assert first.essential and second.essential


def test_a_chain_of_short_reads_becomes_one():
    """A read is cut short only at the offset to which those before it have got; what matters is where they end."""

    def run_one(orders):
        taken, offset = {}, 0
        while offset < 1000:
            choice = Choice("short-read", f"s:1>c:2 at {offset}")
            size = min(orders.replay.get(choice, 0), 1000 - offset)
            if not size:
                break
            taken[choice] = size
            offset += size
        fails = 600 <= offset < 1000
        kind, signature = ("failed", ("late",)) if fails else ("passed", ())
        asked = tuple((choice, 999) for choice in taken)
        return Verdict(7, not fails, kind, "", signature, repr(taken), "", 9, 1, tuple(taken.items()), asked)

    replay, offset = {}, 0
    for size in (100, 50, 300, 7, 200):
        replay[Choice("short-read", f"s:1>c:2 at {offset}")] = size
        offset += size
    failing = run_one(Orders(7, replay=replay))
    limits = Limits(seconds=1000)
    shrunk = shrink(lambda orders: [run_one(one) for one in orders], failing, Orders(7), limits=limits, clock=Clock())
    (only,) = shrunk.faults
    assert only.choice.place == "s:1>c:2 at 0" and 600 <= only.size <= 612 and only.around.high >= 950


def test_a_case_that_is_never_the_same_twice_is_said_to_be_so():
    case = Case(lambda taken: "boom", many(20), salt=itertools.count())
    shrunk = case.shrink()
    assert shrunk.diverged is not None and shrunk.diverged.steady is False
    assert shrunk.diverged.events == range(1)
    assert len(shrunk.faults) == 20 and [one.essential for one in shrunk.faults] == [None] * 20
    assert shrunk.runs == 3 and not shrunk.needs_no_faults


def test_a_replay_that_differs_from_a_run_that_repeats_itself_is_told_with_its_place():
    """The run itself is steady, but replaying it goes another way from its fourth event on."""
    case = Case(lambda taken: "boom", many(20))
    inner = case.run_one

    def run_one(orders):
        if orders.replay:
            orders = orders._replace(replay={c: s for c, s in orders.replay.items() if c.place != "x003"})
        return inner(orders)

    case.run_one = run_one
    shrunk = case.shrink()
    assert shrunk.diverged is not None and shrunk.diverged.steady is True
    assert shrunk.diverged.events == range(3, 4)


def test_a_failure_that_does_not_come_again_is_no_failure_to_shrink():
    flaky = itertools.chain(["boom"], itertools.repeat(""))
    shrunk = Case(lambda taken: next(flaky), many(5)).shrink()
    assert shrunk.diverged is not None and shrunk.diverged.got.ok and shrunk.diverged.steady is False


def test_the_smallest_run_is_replayed_too():
    """Unsteady only where few faults are left."""
    salt = itertools.count()
    case = Case(lambda taken: "boom" if "x0" in taken else "", {"x0": 1, "x1": 1, "x2": 1})
    inner = case.run_one

    def run_one(orders):
        verdict = inner(orders)
        return verdict._replace(shape=str(next(salt))) if len(verdict.taken) == 1 else verdict

    case.run_one = run_one
    shrunk = case.shrink()
    assert names_of(shrunk) == ["x0"]
    assert shrunk.diverged is not None


def test_other_bytes_alone_are_no_other_run():
    content = itertools.count()
    case = Case(lambda taken: "boom" if "x0" in taken else "", {"x0": 1, "x1": 1})
    inner = case.run_one
    case.run_one = lambda orders: inner(orders)._replace(content=str(next(content)))
    shrunk = case.shrink()
    assert names_of(shrunk) == ["x0"] and shrunk.diverged is None and not shrunk.steady_content


@pytest.mark.parametrize("seconds", [0, 5, 20, 60])
def test_the_time_is_limited_and_the_best_so_far_is_what_is_found(seconds):
    case = Case(lambda taken: "boom" if {"x017", "x180"} <= taken.keys() else "", many(200))
    shrunk = case.shrink(Limits(seconds=seconds))
    assert shrunk.capped == f"after {seconds} s"
    assert {"x017", "x180"} <= set(names_of(shrunk))
    assert shrunk.runs <= seconds + 6, "the last batch, and the replays before and after"
    assert shrunk.verdict.taken == tuple((one.choice, one.size) for one in shrunk.faults)
    assert all(one.essential is None for one in shrunk.faults)


def test_the_runs_are_limited():
    case = Case(lambda taken: "boom" if {"x017", "x180"} <= taken.keys() else "", many(200))
    shrunk = case.shrink(Limits(seconds=10_000, runs=30))
    assert shrunk.capped.endswith("runs") and shrunk.runs <= 31


def test_no_list_is_tried_twice():
    case = Case(lambda taken: "boom" if {"x017", "x180"} <= taken.keys() else "", many(200, limit=50))
    case.shrink()
    tried = [tuple(sorted(orders.replay.items())) for orders in case.orders if not orders.trail]
    assert len(tried) == len(set(tried))


def test_progress_is_told():
    seen = []
    case = Case(lambda taken: "boom" if "x017" in taken else "", many(64, limit=9))
    case.shrink(on_progress=seen.append)
    stages = list(dict.fromkeys(one.stage for one in seen))
    assert stages[0] == "replaying" and "removing faults" in stages and stages[-1] == "trying other sizes"
    assert seen[-1].faults == 1 and seen[-1].runs > 5 and seen[-1].elapsed_s > 5
