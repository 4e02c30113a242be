"""Recorded runs without some of their faults."""

from pathlib import Path

import pytest

from farhost.explore.orders import Verdict
from farhost.explore.replay_file import Replay, ReplayFault
from farhost.explore.replaying import Replayed
from farhost.explore.table_reading import ReplayError
from farhost.explore.without import facts_of_faults, fault_numbers, without, without_lines
from farhost.sim.choices import Choice

SPLIT = ReplayFault(Choice("split", "a>b a:1>b:2 data 0+12 #1"), 5, True, "every size from 1 to 11 fails")
LATE = ReplayFault(Choice("spike", "a>b a:1>b:2 data 5+7 #1"), 300_000_000)
REPLAY = Replay("0.1.0", "3.11.7", 7, {}, faults=(SPLIT, LATE), signature=("failed", "b"), shape="ab", events=9)
FILE = Path("failures/one two.toml")


def test_a_list_of_numbers_names_faults():
    assert fault_numbers("2", REPLAY, FILE) == (2,)
    assert fault_numbers("2, 1,2", REPLAY, FILE) == (1, 2)


@pytest.mark.parametrize("text", ["0", "3", "", "1,", "-1", "x", "1 2", "²"])
def test_a_wrong_number_is_told_with_what_there_is(text):
    with pytest.raises(ReplayError) as found:
        fault_numbers(text, REPLAY, FILE)
    assert "there are 1. split: bytes 0 to 12 of a:1>b:2 arrived as 5 + 7 bytes; 2. spike: " in str(found.value)


def test_a_file_without_faults_has_none_to_leave_out():
    with pytest.raises(ReplayError, match=r"no \[\[fault\]\] in it"):
        fault_numbers("1", REPLAY._replace(faults=()), FILE)


def test_what_is_left_is_compared_with_nothing():
    left = without(REPLAY, (1,))
    assert (left.faults, left.shape, left.events, left.seed) == ((LATE,), "", 0, 7)


def verdict(kind, signature=(), taken=()):
    return Verdict(7, kind == "passed", kind, "", signature, "", "", 3, 5_000, taken)


def replayed(kind, signature=(), taken=()):
    return Replayed(without(REPLAY, (1,)), verdict(kind, signature, taken), ())


def texts(found):
    return [text for text, _ in without_lines(REPLAY, (1,), found)]


def test_a_run_that_passes_without_it_says_so_and_what_else_did_not_happen():
    assert texts(replayed("passed"))[:2] == [
        "passed without fault 1",
        "  1. split: bytes 0 to 12 of a:1>b:2 arrived as 5 + 7 bytes",
    ]
    assert texts(replayed("passed"))[2].startswith("  did not happen this time: spike: ")
    assert len(texts(replayed("passed", taken=((LATE.choice, LATE.size),)))) == 2


def test_a_run_that_fails_is_the_same_failure_or_another():
    assert texts(replayed("failed", ("failed", "b")))[0] == "it fails without fault 1 as well"
    assert texts(replayed("failed", ("failed", "a")))[0] == (
        "it fails without fault 1, in another way than was recorded"
    )


def test_facts_have_words_and_the_command_without_each():
    first, second = facts_of_faults(REPLAY, FILE)
    assert (first.kind, first.place, first.size) == (*SPLIT.choice, 5)
    assert first.words == "bytes 0 to 12 of a:1>b:2 arrived as 5 + 7 bytes"
    assert (first.essential, first.around) == (True, "every size from 1 to 11 fails")
    assert first.without == "farhost replay 'failures/one two.toml' --without 1"
    assert (second.essential, second.without) == (None, "farhost replay 'failures/one two.toml' --without 2")


def test_a_fault_of_a_test_is_left_out_by_pytest():
    (fact, _) = facts_of_faults(REPLAY._replace(test="test_a.py::test_it"), "it.toml")
    assert fact.without == "pytest test_a.py::test_it --farhost-replay it.toml --farhost-without 1"
